"""The units, categories and regions that an entry names: known, and in use."""

from datetime import datetime
from uuid import UUID

from db import dictionaries, orgs, regions
from db.unit_of_work import Work
from domain.dictionary import Category
from domain.errors import DomainError, ErrorCode
from domain.org import OrgUnit
from domain.region import Region
from services.command import Call


async def units_in_use(work: Work, ids: tuple[UUID, ...], field: str) -> tuple[OrgUnit, ...]:
    """The units. NOT_FOUND naming the field for one that is unknown or closed."""
    found = await orgs.known(ids, work.connection) if ids else {}
    if any(it not in found or not found[it].active for it in ids):
        raise DomainError(ErrorCode.NOT_FOUND, field)
    return tuple(found[it] for it in ids)


async def category_in_use(work: Work, category_id: UUID, at: datetime) -> Category:
    """The category. NOT_FOUND (categoryId) for one that is unknown or not in use then."""
    found = (await dictionaries.tree([category_id], work.connection)).get(category_id)
    if found is None or not found.in_use(at):
        raise DomainError(ErrorCode.NOT_FOUND, "categoryId")
    return found


async def region_of(work: Work, call: Call, region_id: UUID) -> Region:
    """The region. NOT_FOUND (regionId) for one that is unknown or not in force."""
    found = await regions.get([region_id], viewer=call.actor, connection=work.connection)
    if region_id not in found or found[region_id].valid_to is not None:
        raise DomainError(ErrorCode.NOT_FOUND, "regionId")
    return found[region_id]


async def region_in_force(work: Work, call: Call, region_id: UUID | None) -> UUID | None:
    """The region's id, if one was named."""
    return None if region_id is None else (await region_of(work, call, region_id)).id
