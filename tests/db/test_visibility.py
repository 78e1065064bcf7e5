"""One policy, evaluated three ways: by the store, on an event's scopes, and naively here (design §7)."""

import random
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import assignments, cases, clocks, complainants, incidents
from db.rows import identity, read, select
from db.unit_of_work import Work, in_transaction
from db.visibility import condition
from domain.assignment import AssignmentState
from domain.case import Case
from domain.complainant import Complainant
from domain.incident import IncidentState
from domain.visibility import Visibility
from tests.db.factories import (
    District,
    a_case,
    a_complainant,
    a_district,
    an_assignment,
    build_case,
    new_id,
)

CASES = 60


async def put_random_cases(district: District) -> list[Case]:
    chance = random.Random(7)  # noqa: S311 - made-up data, the same in every run
    found = [_random_case(district, chance) for _ in range(CASES)]

    async def store(work: Work) -> None:
        for case in found:
            await cases.insert(work, case)

    await in_transaction(store)
    return found


def _random_case(district: District, chance: random.Random) -> Case:
    persons, grids = list(district.people.values()), list(district.grids.values())
    region = chance.choice(list(district.regions.values()))
    asking = chance.choice([None, None, a_complainant(person_id=chance.choice(persons).id)])
    case = build_case(
        district,
        complainant=asking,
        region_id=region.id,
        grid_id=chance.choice([None, chance.choice(grids).id]),
        reporter_id=chance.choice([None, chance.choice(persons).id]),
    )
    orgs = chance.sample(sorted(district.orgs.values(), key=lambda it: it.code), chance.randrange(3))
    rows = (an_assignment(case.incident, org.id, chance.choice(list(AssignmentState))) for org in orgs)
    return replace(case, assignments=tuple(replace(row, seq=n) for n, row in enumerate(rows, 1)))


def naive(visibility: Visibility, case: Case, parents: dict[UUID, UUID | None]) -> bool:
    """The words of design §7, read once more."""
    region: UUID | None = case.incident.region_id
    while region is not None and region not in visibility.region_under:
        region = parents[region]
    lost = {"RETURNED", "CANCELLED", "REJECTED_RESULT"}
    own = case.complainant and case.complainant.person_id
    return case.incident.id not in visibility.apart and any(
        (
            visibility.everything,
            region is not None,
            any(row.org_id in visibility.org_holds for row in case.assignments if row.state not in lost),
            case.incident.grid_id in visibility.grid_is,
            case.incident.reporter_id is not None and case.incident.reporter_id == visibility.reporter_is,
            own is not None and own == visibility.complainant_is,
        )
    )


@pytest.fixture
async def filled(store: str) -> tuple[District, list[Case]]:
    assert store
    district = await a_district()
    return district, await put_random_cases(district)


def some(ids: list[UUID]) -> st.SearchStrategy[frozenset[UUID]]:
    return st.frozensets(st.sampled_from(ids), max_size=2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_store_event_and_naive_evaluator_agree(
    filled: tuple[District, list[Case]], data: st.DataObject
) -> None:
    district, stored = filled
    persons = st.none() | st.sampled_from([it.id for it in district.people.values()])
    visibility = data.draw(
        st.builds(
            Visibility,
            everything=st.sampled_from([False, False, False, True]),
            org_holds=some([it.id for it in district.orgs.values()]),
            region_under=some([it.id for it in district.regions.values()]),
            grid_is=some([it.id for it in district.grids.values()]),
            reporter_is=persons,
            complainant_is=persons,
            apart=st.frozensets(st.sampled_from([it.incident.id for it in stored]), max_size=20),
        )
    )
    parents = {it.id: it.parent_id for it in district.regions.values()}
    rows = await read(select("i.id", "incident i", condition(visibility)))
    by_store = {identity(row["id"]) for row in rows}
    assert by_store == {case.incident.id for case in stored if visibility.sees(case.scopes())}
    assert by_store == {case.incident.id for case in stored if naive(visibility, case, parents)}
    assert not (visibility.nothing and by_store)


async def test_every_role_sees_its_own(filled: tuple[District, list[Case]]) -> None:
    district, stored = filled
    one = await a_case(district, IncidentState.DISPATCHED, complainant=_of_resident(district))
    every = [case.incident.id for case in stored] + [one.incident.id]
    sees = {
        username: set(await incidents.get(every, viewer=district.viewer(username)))
        for username in district.people
    }
    assert sees["director"] == sees["auditor"] == set(every)
    assert sees["sysadmin"] == set()
    for username in ("housing", "clerk", "worker", "volunteer", "resident"):
        assert one.incident.id in sees[username]
        assert sees[username] < set(every)
    assert one.incident.id not in sees["civil"]


async def test_cases_read_whole_have_the_scopes_they_were_stored_with(
    filled: tuple[District, list[Case]],
) -> None:
    district, stored = filled
    ids = [case.incident.id for case in stored]
    found = await cases.cases([*ids, new_id()], viewer=district.viewer("director"))
    assert {it: found[it].scopes() for it in ids} == {case.incident.id: case.scopes() for case in stored}


def _of_resident(district: District) -> Complainant:
    return a_complainant(person_id=district.people["resident"].id)


async def test_of_nothing_asked_nothing_is_read(filled: tuple[District, list[Case]]) -> None:
    district, _ = filled
    viewer = district.viewer("director")
    assert await cases.cases([], viewer=viewer) == {}
    assert await complainants.get([], viewer=viewer) == {}
    assert await clocks.of_incidents([], viewer=viewer) == {}
    assert await assignments.get([], viewer=viewer) == {}
