"""Filters put together with and, or and not mean the same on both stores as in Python, and reveal nothing."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from shapely.geometry import Point as Spot
from shapely.geometry import Polygon

from db import assignments, cases, incidents
from db.lists.costs import MAX_CONDITIONS, MAX_DEPTH, MAX_POSITIONS, check_depth, check_size
from db.lists.filters import All, AnyOf, Condition, Not, Test, canonical
from db.lists.pages import Slice
from db.unit_of_work import in_transaction
from domain.assignment import AssignmentState
from domain.case import put
from domain.clock import Light
from domain.errors import DomainError, ErrorCode
from domain.incident import CaseOutcome, Incident, IncidentState
from domain.place import Crs, Point, distance_m
from domain.viewer import Viewer
from tests.db.factories import NOW, SOUTH, WEST, District, a_case, a_district, a_spot

pytestmark = pytest.mark.usefixtures("store")

HERE = Point(WEST + 0.005, SOUTH + 0.01, Crs.WGS84)
LEAF: dict[str, Callable[[Incident], Any]] = {
    "state": lambda it: it.state,
    "light": lambda it: it.light,
    "outcome": lambda it: it.outcome,
    "dueAt": lambda it: it.due_at,
    "closedAt": lambda it: it.closed_at,
    "onTime": lambda it: it.on_time,
    "grid": lambda it: it.grid_id,
    "escalationStep": lambda it: it.escalation_step,
    "returnPending": lambda it: it.return_pending,
}


async def numbers(viewer: Viewer, condition: Condition) -> set[str]:
    page = await incidents.page(viewer=viewer, tests=condition, slice_=Slice(100), now=NOW)
    assert await incidents.count(viewer=viewer, tests=condition, now=NOW) == (len(page.rows), True)
    return {it.no for it in page.rows}


def holds(condition: Condition, it: Incident) -> bool:
    """The same in Python: a comparison with an absent value does not hold."""
    if isinstance(condition, Not):
        return not holds(condition.part, it)
    if isinstance(condition, All):
        return all(holds(part, it) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(part, it) for part in condition.parts)
    return agrees(condition, LEAF[condition.field](it))


def agrees(test: Test, value: Any) -> bool:
    if test.op == "isnull":
        return (value is None) is test.value
    asked: Any = test.value
    if value is None:
        return False
    if test.op == "gte":
        return bool(value >= asked)
    return value in (asked if test.op == "in" else [asked])


def leaf(chance: random.Random, district: District) -> Test:
    return chance.choice(
        [
            Test("state", "in", [IncidentState.HANDLING, IncidentState.CLOSED]),
            Test("state", "eq", IncidentState.REPORTED),
            Test("light", "eq", Light.RED),
            Test("outcome", "eq", CaseOutcome.SOLVED),
            Test("outcome", "isnull", chance.random() < 0.5),
            Test("dueAt", "gte", NOW + timedelta(hours=chance.randrange(4))),
            Test("closedAt", "isnull", value=True),
            Test("onTime", "eq", chance.random() < 0.5),
            Test("grid", "eq", district.grids[chance.choice(["G1", "G2"])].id),
            Test("escalationStep", "in", [0, 3]),
            Test("returnPending", "eq", value=True),
        ]
    )


def tree(chance: random.Random, district: District, depth: int) -> Condition:
    kind = chance.choice(["test", "all", "any", "not"]) if depth else "test"
    if kind == "test":
        return leaf(chance, district)
    if kind == "not":
        return Not(tree(chance, district, depth - 1))
    parts = tuple(tree(chance, district, depth - 1) for _ in range(chance.randrange(4)))
    return All(parts) if kind == "all" else AnyOf(parts)


async def many(district: District, chance: random.Random) -> list[Incident]:
    stored = []
    for number in range(24):
        state = chance.choice([IncidentState.REPORTED, IncidentState.HANDLING, IncidentState.CLOSED])
        case = await a_case(
            district,
            state,
            no=f"N{number:02d}",
            grid_id=chance.choice([None, *(district.grids[code].id for code in ("G1", "G2"))]),
            escalation_step=chance.choice([0, 1, 3]),
            return_pending=chance.random() < 0.3,
        )
        due = chance.choice([None, NOW + timedelta(hours=chance.randrange(5))])
        light = chance.choice(list(Light))
        after = replace(case, incident=replace(case.incident, due_at=due, light=light))
        await in_transaction(lambda work, before=case, after=after: cases.save(work, before, after))  # type: ignore[misc]  # bound now
        stored.append(after.incident)
    return stored


async def test_trees_mean_in_sql_what_they_mean_in_python() -> None:
    chance = random.Random(4)  # noqa: S311 - same in every run
    district = await a_district()
    stored = await many(district, chance)
    viewer = district.viewer("director")
    for _ in range(120):
        asked = tree(chance, district, 4)
        expected = {it.no for it in stored if holds(asked, it)}
        assert await numbers(viewer, asked) == expected, asked
        assert await numbers(viewer, canonical(asked)) == expected, canonical(asked)
    assert await numbers(viewer, All()) == {it.no for it in stored}
    assert await numbers(viewer, AnyOf()) == set()


async def test_pages_under_a_tree_are_its_list() -> None:
    chance = random.Random(5)  # noqa: S311 - same in every run
    district = await a_district()
    await many(district, chance)
    viewer = district.viewer("director")
    asked = AnyOf((Not(Test("dueAt", "gte", NOW + timedelta(hours=2))), Test("light", "eq", Light.RED)))
    whole = (await incidents.page(viewer=viewer, tests=asked, order="DUE_AT_ASC", slice_=Slice(100))).rows
    found: list[Incident] = []
    position: tuple[object, ...] | None = None
    more = True
    while more:
        page = await incidents.page(
            viewer=viewer, tests=asked, order="DUE_AT_ASC", slice_=Slice(3, position=position)
        )
        found, position, more = found + page.rows, page.positions[-1], page.has_next
    assert found == whole
    assert len(whole) > 3


async def test_what_is_near_and_what_lies_within_an_outline() -> None:
    chance = random.Random(6)  # noqa: S311 - same in every run
    district = await a_district()
    viewer = district.viewer("director")
    spots = {}
    for number in range(30):
        spot = a_spot(HERE.lng + chance.uniform(-0.004, 0.004), HERE.lat + chance.uniform(-0.004, 0.004))
        await a_case(district, no=f"N{number}", spot=spot)
        spots[f"N{number}"] = spot
    await a_case(district, no="NOWHERE", spot=None)
    near = Test("place.near", "near", (HERE.lng, HERE.lat, 250.0))
    inside = {no for no, it in spots.items() if distance_m(Point(it.lng, it.lat, Crs.WGS84), HERE) <= 250}
    assert inside
    assert await numbers(viewer, near) == inside
    assert await numbers(viewer, Not(near)) == {*spots, "NOWHERE"} - inside
    outer = [(-0.004, -0.003), (0.003, -0.004), (0.001, 0.0), (0.004, 0.004), (-0.003, 0.003)]
    shell = [(HERE.lng + x, HERE.lat + y) for x, y in [*outer, outer[0]]]
    hole = [
        (HERE.lng + x, HERE.lat + y) for x, y in [(-0.002, -0.002), (0, -0.002), (0, 0), (-0.002, -0.002)]
    ]
    within = Test("place.within", "within", (tuple(shell), tuple(hole)))
    area = Polygon(shell, [hole])
    inside = {no for no, it in spots.items() if area.contains(Spot(it.lng, it.lat))}
    assert inside
    assert await numbers(viewer, within) == inside
    assert await numbers(viewer, Not(within)) == {*spots, "NOWHERE"} - inside


async def test_a_case_is_overdue_for_minutes_of_the_business_time() -> None:
    district = await a_district()
    viewer = district.viewer("director")
    for no, state, minutes in (
        ("LATE", IncidentState.HANDLING, 90),
        ("JUST", IncidentState.HANDLING, 10),
        ("SOON", IncidentState.HANDLING, -5),
        ("OVER", IncidentState.CLOSED, 90),
    ):
        before = await a_case(district, state, no=no)
        due = NOW - timedelta(minutes=minutes)
        row = replace(before.assignments[0], handle_due_at=due)
        after = replace(
            before, incident=replace(before.incident, due_at=due), assignments=put(before.assignments, row)
        )
        await in_transaction(lambda work, before=before, after=after: cases.save(work, before, after))  # type: ignore[misc]  # bound now
    for test, expected in (
        (Test("overdueBy", "gte", 60), {"LATE"}),
        (Test("overdueBy", "gte", 0), {"LATE", "JUST"}),
        (Test("overdueBy", "lt", 60), {"JUST"}),
        (Test("overdueBy", "lt", 0), set()),
    ):
        assert await numbers(viewer, test) == expected, test
        rows = await assignments.page(viewer=viewer, tests=test, slice_=Slice(9), now=NOW)
        assert {it.incident_no for it in rows.rows} == expected, test
    for op, value in (("gte", -1), ("eq", 5), ("gte", True)):
        with pytest.raises(DomainError) as refused:
            await numbers(viewer, Test("overdueBy", op, value))  # type: ignore[arg-type]  # the operators of the loop
        assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "where.overdueBy")


async def test_assignments_are_found_by_their_case_while_it_is_visible() -> None:
    district = await a_district()
    await a_case(district, IncidentState.HANDLING, no="OURS", title="路灯")
    given_up = await a_case(district, IncidentState.HANDLING, no="LOST", title="井盖")
    row = replace(given_up.assignments[0], state=AssignmentState.RETURNED)
    after = replace(given_up, assignments=put(given_up.assignments, row))
    await in_transaction(lambda work: cases.save(work, given_up, after))
    viewer, director = district.viewer("housing"), district.viewer("director")

    async def found(viewer: Viewer, condition: Condition) -> set[str]:
        page = await assignments.page(viewer=viewer, tests=condition, slice_=Slice(9))
        return {it.incident_no for it in page.rows}

    lost = Test("incidentIs.title", "eq", "井盖")
    assert await found(viewer, All()) == {"OURS", "LOST"}
    assert await found(director, lost) == {"LOST"}
    assert await found(viewer, lost) == set()
    assert await found(viewer, Not(lost)) == {"OURS"}
    assert await found(viewer, AnyOf((lost, All()))) == {"OURS"}


async def test_a_protected_field_reveals_nothing_however_deep_it_stands() -> None:
    district = await a_district()
    about = district.orgs["HOUSING"].id
    await a_case(district, IncidentState.HANDLING, no="A", complained_org_id=about)
    await a_case(district, IncidentState.HANDLING, no="B")
    housing, director = district.viewer("housing"), district.viewer("director")
    reporter = district.people["volunteer"].id
    for protected in (Test("reporter", "eq", reporter), Test("complainedOrgUnit", "eq", about)):
        for asked in (protected, Not(protected), AnyOf((protected, All())), Not(Not(protected))):
            assert "A" not in await numbers(housing, asked), asked
            of_case = replace(protected, field=f"incidentIs.{protected.field}")
            rows = await assignments.page(viewer=housing, tests=Not(Not(of_case)), slice_=Slice(9))
            assert "A" not in {it.incident_no for it in rows.rows}
    assert await numbers(director, Not(Test("complainedOrgUnit", "eq", about))) == {"B"}
    assert await numbers(director, Test("complainedOrgUnit", "eq", about)) == {"A"}


async def test_text_is_looked_for_only_where_an_index_narrows_the_list() -> None:
    district = await a_district()
    viewer = district.viewer("director")
    text = Test("title", "contains", "灯")
    opened = Test("state", "eq", IncidentState.HANDLING)
    closed = Test("state", "in", [IncidentState.HANDLING, IncidentState.CLOSED])
    start = Test("reportedAt", "gte", NOW)
    costly: list[Condition] = [
        text,
        Not(text),
        All((text, closed)),
        All((text, start)),
        All((text, start, Test("reportedAt", "lt", NOW + timedelta(days=93)))),
        AnyOf((text, opened)),
        All((text, Not(opened))),
        All((text, Test("no", "startsWith", "GCL-I-2024"))),
    ]
    for asked in costly:
        with pytest.raises(DomainError) as refused:
            await numbers(viewer, asked)
        assert (refused.value.code, refused.value.field) == (ErrorCode.TOO_COSTLY, "where.title")
    affordable: list[Condition] = [
        All((text, opened)),
        All((text, start, Test("reportedAt", "lt", NOW + timedelta(days=92)))),
        AnyOf((All((text, opened)), Test("grid", "eq", district.grids["G1"].id))),
        All((text, Test("no", "startsWith", "GCL-I-202410"))),
        All((text, Test("place.near", "near", (HERE.lng, HERE.lat, 50.0)))),
    ]
    for asked in affordable:
        assert await numbers(viewer, asked) == set()
    assert (await incidents.count(viewer=viewer, tests=text, search="路灯"))[1]


def test_a_filter_has_one_canonical_form() -> None:
    a, b, c = (Test("round", "eq", number) for number in (1, 2, 3))
    same: list[tuple[Condition, Condition]] = [
        (All((a, b)), All((b, All((a, a))))),
        (a, All((AnyOf((a,)),))),
        (Not(Not(a)), a),
        (Test("round", "in", [2, 1, 1]), Test("round", "in", [1, 2])),
        (Test("round", "in", [1]), a),
        (Test("grid", "eq", None), Test("grid", "isnull", value=True)),
        (AnyOf((a, AnyOf((b, c)))), AnyOf((c, b, a))),
    ]
    for one, other in same:
        assert canonical(one) == canonical(other)
        assert hash(canonical(one)) == hash(canonical(other))
    assert canonical(All((a, b))) != canonical(AnyOf((a, b)))
    assert canonical(Not(a)) != canonical(a)


def test_a_filter_is_not_too_large() -> None:
    ring = tuple((float(number), 0.0) for number in range(MAX_POSITIONS + 1))
    check_size(All((Test("round", "eq", 1),) * MAX_CONDITIONS))
    check_depth(MAX_DEPTH)
    too_many = Not(All((Test("round", "eq", 1),) * (MAX_CONDITIONS + 1)))
    outline = Test("place.within", "within", (ring,))
    refused = [
        refusal_of(check_size, too_many),
        refusal_of(check_size, outline),
        refusal_of(check_depth, MAX_DEPTH + 1),
    ]
    assert {(it.code, it.field) for it in refused} == {(ErrorCode.TOO_COSTLY, "where")}
    assert [it.facts["what"] for it in refused] == ["conditions", "positions", "depth"]


def refusal_of(check: Callable[[Any], None], value: object) -> DomainError:
    with pytest.raises(DomainError) as refused:
        check(value)
    return refused.value
