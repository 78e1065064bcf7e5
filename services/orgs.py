"""Units (domain.md A.1)."""

import re
from dataclasses import dataclass
from uuid import UUID

from db import orgs, regions
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.errors import DomainError, ErrorCode
from domain.event import Event, EventKind, Subject
from domain.org import OrgKind, OrgUnit
from domain.permission import permit
from domain.text import line
from services.command import Call, Result, perform

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
NAME, SHORT_NAME = 100, 60
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrgUnit:
    """A new unit; `region_id` is the division a street or community serves."""

    code: str
    name: str
    kind: OrgKind
    short_name: str | None = None
    parent_id: UUID | None = None
    region_id: UUID | None = None


async def create(call: Call, given: CreateOrgUnit) -> Result:
    """A unit; `made["org"]`. BAD_INPUT (code, name, shortName), NOT_FOUND (parentId, regionId)."""
    permit(call.actor, A.createOrgUnit)

    async def body(work: Work) -> Result:
        if not CODE.fullmatch(given.code):
            raise DomainError(ErrorCode.BAD_INPUT, "code", zh="单位代码无效", en="Not a code of a unit")
        name = line(given.name, "name", most=NAME)
        org = OrgUnit(
            id=call.new_id(),
            code=given.code,
            name=name,
            short_name=line(given.short_name or name[:SHORT_NAME], "shortName", most=SHORT_NAME),
            kind=given.kind,
            parent_id=await _parent(work, call, given.parent_id),
            region_id=await _region(work, call, given.region_id),
        )
        await orgs.insert(work, org)
        work.append(_created(call, org))
        return Result(made={"org": (org.id,)})

    return await perform(call, A.createOrgUnit, given, body)


async def _parent(work: Work, call: Call, org_id: UUID | None) -> UUID | None:
    if org_id and org_id not in await orgs.get([org_id], viewer=call.actor, connection=work.connection):
        raise DomainError(ErrorCode.NOT_FOUND, "parentId")
    return org_id


async def _region(work: Work, call: Call, region_id: UUID | None) -> UUID | None:
    if region_id and region_id not in await regions.get(
        [region_id], viewer=call.actor, connection=work.connection
    ):
        raise DomainError(ErrorCode.NOT_FOUND, "regionId")
    return region_id


def _created(call: Call, org: OrgUnit) -> Event:
    return Event(
        at=call.now,
        kind=EventKind.DICTIONARY,
        subject=Subject("OrgUnit", org.id, org.version),
        row="A.1",
        action=A.createOrgUnit,
        actor_id=None if call.actor.system else call.actor.person_id,
        data={"code": org.code, "kind": org.kind.value},
    )
