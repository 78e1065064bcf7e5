"""Units."""

from typing import Annotated

import strawberry

from api.pages import Connection, page_request
from api.schema.argument import After, Before, First, Last, Saved, said
from api.schema.command import ground as command
from api.schema.command.given import given
from api.schema.command.made import one
from api.schema.filter import OrgUnitFilter
from api.schema.listing import Table, listed
from api.schema.org import OrgUnit
from api.schema.words import Info, Input, page, resolver
from db import orgs as table
from domain.saved_filter import FilterNoun
from services import orgs

ORGS = Table(OrgUnit, table, FilterNoun.ORG_UNIT)


@strawberry.type
class OrgQueries:
    """What may be asked about units."""

    @page("OrgUnit", "单位。Units.")
    async def org_units(
        self,
        info: Info,
        where: Annotated[OrgUnitFilter | None, said("过滤。Which units.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        saved: Saved = None,
    ) -> Connection[OrgUnit] | None:
        """By code. PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        return await listed(info, ORGS, page_request(first, after, last, before), where, saved)


@strawberry.type
class OrgMutations:
    """Units."""

    @resolver("新建单位。Create a unit.")
    async def create_org_unit(
        self, info: Info, asked: Input[command.CreateOrgUnitInput]
    ) -> command.CreateOrgUnitPayload | None:
        """BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await orgs.create(call, given(orgs.CreateOrgUnit, asked))
        return command.CreateOrgUnitPayload(org_unit=await one(info, OrgUnit, result.made["org"][0]))

    @resolver("修订单位（S40）。Revise a unit; what it was called before stays in its history.")
    async def revise_org_unit(
        self, info: Info, asked: Input[command.ReviseOrgUnitInput]
    ) -> command.ReviseOrgUnitPayload | None:
        """NOT_FOUND, CONFLICT, BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await orgs.revise(call, given(orgs.ReviseOrgUnit, asked))
        return command.ReviseOrgUnitPayload(org_unit=await one(info, OrgUnit, result.made["org"][0]))
