"""What load data stands on: the demo's ground by code, and the accounts of those who act."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from channels.demo import cast
from db import dictionaries, grids, orgs, people, regions
from db.dictionaries import Rulebook
from demo import data
from domain.complainant import Complainant, Confidentiality
from domain.dictionary import Category
from domain.grid import Grid
from domain.incident import Source
from domain.person import Person
from services.command import SYSTEM


@dataclass(frozen=True, slots=True)
class Known:
    """What the demo's ground offers: by code, and by account the people who act."""

    categories: Mapping[str, Category]
    grids: Mapping[str, Grid]
    regions: Mapping[UUID, tuple[UUID, ...]]
    orgs: Mapping[str, UUID]
    workers: Mapping[str, UUID]
    leads: Mapping[str, UUID]
    public: Mapping[Source, Complainant]
    acceptor: UUID
    dispatcher: UUID
    book: Rulebook
    end: datetime


async def known_at(end: datetime, new_id: Callable[[datetime], UUID]) -> Known:
    """The ground as it stands at `end`; the two accounts of the public get an entry as complainants."""
    accounts = data.people()
    found = [await people.by_username(it.username) for it in accounts]
    there = {it.username: it for it in found if it}
    areas = {it.code: it for it in await grids.in_force()}
    leads: dict[str, UUID] = {}
    for it in accounts:
        if it.post_type == "HANDLER_LEAD" and it.org_code:
            leads.setdefault(it.org_code, there[it.username].id)
    asking = {Source.VOLUNTEER_MP: there[cast.VOLUNTEER], Source.RESIDENT_MP: there[cast.RESIDENT]}
    return Known(
        categories={it.code: it for it in await dictionaries.categories(viewer=SYSTEM)},
        grids=areas,
        regions=await regions.ancestors_of({it.region_id for it in areas.values()}),
        orgs={code: unit.id for code, unit in (await orgs.all_by_code()).items()},
        workers={it.grid_code: there[it.username].id for it in accounts if it.grid_code},
        leads=leads,
        public={source: _own(person, new_id(end)) for source, person in asking.items()},
        acceptor=there[cast.ACCEPTOR].id,
        dispatcher=there[cast.DISPATCHER].id,
        book=await dictionaries.rulebook(end),
        end=end,
    )


def _own(person: Person, entry_id: UUID) -> Complainant:
    return Complainant(
        id=entry_id,
        name=person.name,
        phone=person.phone,
        confidentiality=Confidentiality.NORMAL,
        reply_wanted=True,
        preferred_channel=None,
        person_id=person.id,
    )
