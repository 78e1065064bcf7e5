"""A store with something of everything: each state, each null, each role, odd texts, marked personal data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from api.ids import encode
from db import cases, connection, grids, media, orgs, regions
from db.rows import select
from db.unit_of_work import Work, in_transaction
from domain.case import Case
from domain.incident import IncidentState
from domain.org import OrgKind
from domain.person import GRID_POSTS, PUBLIC_POSTS, Person, PostType
from domain.region import RegionLevel
from domain.viewer import Viewer
from tests.db.district import square
from tests.db.factories import (
    NOW,
    District,
    an_outline,
    build_case,
    new_id,
    put_district,
    put_person,
    put_post,
)
from tests.differential.store.planted import Marks, Secret
from tests.differential.store.rows import ODD, furnished
from tests.services.desk import Desk

PRESENT = NOW + timedelta(days=2, hours=3, microseconds=123456)
"""The business time of every question: some clocks are late by then."""

CASES = 72
WALKS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
_TABLES: Mapping[str, str] = {
    "Assignment": "assignment",
    "Category": "category",
    "Clock": "clock",
    "Complainant": "complainant",
    "Grid": "grid",
    "Incident": "incident",
    "Media": "media",
    "OrgUnit": "org_unit",
    "Person": "person",
    "Post": "post",
    "Region": "region",
}


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is stored and who may ask."""

    district: District
    viewers: Mapping[str, Viewer | None]
    cases: Sequence[Case]
    marks: Marks
    ids: Mapping[str, Sequence[str]]
    numbers: Sequence[str]
    codes: Sequence[str]


async def a_ground(seed: int = 1) -> Ground:
    """Fill the open store; the same seed gives the same rows."""
    rng, marks = Random(seed), Marks()  # noqa: S311 - reproducible, no secret
    district, people = await in_transaction(lambda work: _town(work, marks))
    made = [_case(rng, district, people, marks, number) for number in range(CASES)]

    async def write(work: Work) -> None:
        for number, case in enumerate(made):
            await _store(work, rng, marks, case, made[number - 1] if number else None)

    await in_transaction(write)
    for steps in WALKS:
        await Desk(district).walk(steps)
    listed = {noun: await _column(table) for noun, table in _TABLES.items()}
    return Ground(
        district=district,
        viewers=_viewers(district, people),
        cases=made,
        marks=marks,
        ids={noun: [encode(noun, UUID(str(key))) for key in keys] for noun, keys in listed.items()},
        numbers=await _column("incident", "no"),
        codes=await _column("incident", "public_code"),
    )


async def _column(table: str, name: str = "id") -> list[str]:
    query = select(name, table, tail="ORDER BY id")
    return [str(row[name]) for row in await connection.fetch(query.text)]


async def _town(work: Work, marks: Marks) -> tuple[District, dict[str, Person]]:
    district = await put_district(work)
    region, org = district.regions["C1"], district.orgs
    await _leftovers(work, district)
    people: dict[str, Person] = {}
    for kind in PostType:
        public = kind in PUBLIC_POSTS
        unit = None if public else org["COMMUNITY" if kind in GRID_POSTS else "CENTER"].id
        people[kind.value] = await _named(work, marks, f"the-{kind.value.lower()}", unit)
        grid = district.grids["G2"].id if kind in GRID_POSTS else None
        await put_post(work, people[kind.value], kind, org_id=unit, grid_id=grid)
    people["several"] = await _named(work, marks, "several", org["CIVIL"].id)
    await put_post(work, people["several"], PostType.HANDLER, org_id=org["HOUSING"].id)
    await put_post(work, people["several"], PostType.INSPECTOR, org_id=org["CENTER"].id)
    people["accused"] = await _named(work, marks, "accused", org["HOUSING"].id)
    await put_post(work, people["accused"], PostType.COMMAND_DIRECTOR, org_id=org["CENTER"].id)
    people["idle"] = await _named(work, marks, "idle", org["CIVIL"].id)
    ended = NOW - timedelta(days=30)
    await put_post(work, people["idle"], PostType.ACCEPTOR, org_id=org["CENTER"].id, ends_at=ended)
    people["asking"] = await _named(work, marks, "asking", None)
    await put_post(work, people["asking"], PostType.RESIDENT)
    assert region.parent_id is not None
    return district, people


async def _named(work: Work, marks: Marks, username: str, org_id: UUID | None) -> Person:
    person = await put_person(work, username, name=f"欧{marks.mark()}", phone=None, org_id=org_id)
    marks.plant(person.name, Secret("person", person=person))
    return person


async def _leftovers(work: Work, district: District) -> None:
    """What is no longer in force: a unit, a grid and a region, with names that must be escaped."""
    parent = district.orgs["CIVIL"]
    unit = replace(
        parent, id=new_id(), code="OLD", name=ODD[0], short_name=ODD[1], kind=OrgKind.STATION,
        parent_id=parent.id, region_id=district.regions["S2"].id, active=False, version=7,
    )  # fmt: skip
    await orgs.insert(work, unit)
    region = replace(
        district.regions["C1"], id=new_id(), code="C9", level=RegionLevel.COMMUNITY, name=ODD[2],
        polygon=None, valid_to=date(2021, 5, 1), supersedes=("C7", "C8"),
    )  # fmt: skip
    await regions.insert_all(work, [region])
    grid = district.grids["G1"]
    retired = replace(
        grid, id=new_id(), code="G0", name=ODD[3], households=None, population=None, area_m2=0.1,
        polygon=square(113.0, 33.0, 0.01, 0.01), valid_to=datetime(2022, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    await grids.insert(work, retired, an_outline(retired))


def _case(rng: Random, district: District, people: Mapping[str, Person], marks: Marks, number: int) -> Case:
    states = list(IncidentState)
    state = states[number % len(states)]
    plain = {IncidentState.REPORTED, IncidentState.DISPATCHED, IncidentState.HANDLING, IncidentState.FOLLOWUP}
    at = NOW - timedelta(hours=rng.randrange(900), microseconds=rng.choice((0, 0, 999, 1000, 654321)))
    base = state if state in plain else rng.choice([*sorted(plain), IncidentState.CLOSED])
    case = build_case(district, base, org=rng.choice(("HOUSING", "CIVIL")), at=at)
    return furnished(rng, case, state, district, people, marks)


async def _store(work: Work, rng: Random, marks: Marks, case: Case, before: Case | None) -> None:
    if before is not None and rng.random() < 0.2:
        case = replace(case, incident=replace(case.incident, master_id=before.incident.id))
    for upload in case.media:
        await media.insert(work, replace(upload, incident_id=None, purpose=None))
    await cases.insert(work, case)
    plant(marks, case)


def plant(marks: Marks, case: Case) -> None:
    """Remember what the marks of a case stand for."""
    asking = case.complainant
    marks.plant(case.incident.content, Secret("content", case))
    marks.plant(case.incident.address, Secret("address", case))
    marks.plant(f"{asking.name} {asking.phone}" if asking else None, Secret("complainant", case))
    texts: dict[str, Sequence[Any]] = {
        "opinion": [it.opinion for it in case.followups],
        "media": [it.sha256 for it in case.media],
        "note": [it.text for it in case.notes],
    }
    for kind, found in texts.items():
        marks.plant(json.dumps(found, ensure_ascii=False), Secret(kind, case))


def _viewers(district: District, people: Mapping[str, Person]) -> dict[str, Viewer | None]:
    """Nobody, each account of the district, one for each post, and some with unusual rights."""
    plain = {name: district.viewer(name) for name in district.people}
    found: dict[str, Viewer | None] = {"nobody": None, **plain}
    held = {viewer.posts[0].type: viewer for viewer in plain.values()}
    for kind in PostType:
        person = people[kind.value]
        like = held.get(kind, plain["director"]).posts[0]
        grid = district.grids["G2"].id if kind in GRID_POSTS else None
        post = replace(like, person_id=person.id, type=kind, org_id=person.org_id, grid_id=grid)
        found[person.username] = _signed_in(person, post)
    inspector, handler = plain["inspector"].posts[0], plain["housing"].posts[0]
    found["several"] = _signed_in(people["several"], handler, inspector)
    found["accused"] = _signed_in(people["accused"], plain["director"].posts[0])
    found["idle"] = _signed_in(people["idle"])
    found["asking"] = _signed_in(people["asking"], plain["resident"].posts[0])
    return found


def _signed_in(person: Person, *posts: Any) -> Viewer:
    return Viewer(
        person_id=person.id,
        username=person.username,
        name=person.name,
        org_id=person.org_id,
        posts=tuple(replace(post, person_id=person.id) for post in posts),
        session_id=person.id,
    )
