"""Every filter means the same on both stores, and reveals nothing."""

from datetime import timedelta
from typing import cast

import pytest

from db import grids, incidents
from db.lists import pages
from db.lists.costs import rare_values
from db.lists.filters import All, AnyOf, Asked, Not, Op, Test
from db.lists.pages import Slice
from domain.clock import Light
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.viewer import Viewer
from tests.db.factories import NOW, District, a_case, a_district, new_id

pytestmark = pytest.mark.usefixtures("store")


async def numbers(viewer: Viewer, *tests: Test) -> set[str]:
    page = await incidents.page(viewer=viewer, tests=tests, slice_=Slice(100))
    assert await incidents.count(viewer=viewer, tests=tests, search=None) == (len(page.rows), True)
    return {it.no for it in page.rows}


async def put_three(district: District) -> None:
    await a_case(district, no="A", title="院内路灯 Lamp_1 100%")
    await a_case(
        district, IncidentState.HANDLING, no="B", title="井盖松动", region_id=district.regions["C3"].id
    )
    noise = district.categories["NOISE"].id
    await a_case(district, IncidentState.CLOSED, no="C", title="夜间施工", category_id=noise, grid_id=None)


async def test_each_kind_of_test_finds_its_cases() -> None:
    district = await a_district()
    await put_three(district)
    viewer = district.viewer("director")
    late = NOW + timedelta(hours=1)
    expected: list[tuple[Test, set[str]]] = [
        (Test("no", "eq", "A"), {"A"}),
        (Test("no", "in", ["A", "C", "Z"]), {"A", "C"}),
        (Test("no", "in", []), set()),
        (Test("state", "eq", IncidentState.HANDLING), {"B"}),
        (Test("state", "in", [IncidentState.HANDLING, IncidentState.CLOSED]), {"B", "C"}),
        (Test("light", "eq", Light.GREEN), {"A", "B", "C"}),
        (Test("closedAt", "isnull", value=True), {"A", "B"}),
        (Test("closedAt", "isnull", value=False), {"C"}),
        (Test("closedAt", "gt", late), {"C"}),
        (Test("grid", "eq", None), {"C"}),
        (Test("onTime", "eq", value=True), {"C"}),
        (Test("round", "gte", 1), {"A", "B", "C"}),
        (Test("round", "gt", 1), set()),
        (Test("orgUnit", "eq", district.orgs["HOUSING"].id), {"B", "C"}),
        (Test("orgUnit", "eq", district.orgs["CIVIL"].id), set()),
        (Test("reporter", "eq", district.people["volunteer"].id), {"A", "B", "C"}),
    ]
    for test, found in expected:
        assert await numbers(viewer, test) == found, test
    assert await numbers(viewer, expected[0][0], Test("state", "eq", IncidentState.HANDLING)) == set()


async def test_texts_are_found_within_and_at_the_beginning_of_a_column() -> None:
    district = await a_district()
    await put_three(district)
    viewer = district.viewer("director")
    window = (
        Test("reportedAt", "gte", NOW - timedelta(days=1)),
        Test("reportedAt", "lt", NOW + timedelta(days=9)),
    )
    expected: list[tuple[Op, str, set[str]]] = [
        ("contains", "lAMP_1 100%", {"A"}),
        ("contains", "L_mp", set()),
        ("contains", "松动", {"B"}),
        ("startsWith", "井盖", {"B"}),
        ("startsWith", "松动", set()),
        ("startsWith", "", {"A", "B", "C"}),
        ("startsWith", "夜\U0010ffff", set()),
    ]
    for op, text, found in expected:
        assert await numbers(viewer, Test("title", op, text), *window) == found, text
    assert await numbers(viewer, Test("no", "startsWith", "B")) == {"B"}
    assert await numbers(viewer, Test("no", "startsWith", "b")) == set()


async def test_a_region_or_category_means_what_is_below_it_too() -> None:
    district = await a_district()
    await put_three(district)
    viewer = district.viewer("director")
    for field, node, found in (
        ("region", district.regions["D"].id, {"A", "B", "C"}),
        ("region", district.regions["S2"].id, {"B"}),
        ("region", district.regions["C1"].id, {"A", "C"}),
        ("category", district.categories["CITY"].id, {"A", "B", "C"}),
        ("category", district.categories["STREETS"].id, {"A", "B"}),
        ("category", district.categories["NOISE"].id, {"C"}),
    ):
        assert await numbers(viewer, Test(field, "eq", node)) == found
        assert await numbers(viewer, Test(field, "in", [node, new_id()])) == found


async def test_what_a_filter_cannot_mean_is_refused_with_its_field() -> None:
    district = await a_district()
    viewer = district.viewer("director")
    bad: list[tuple[str, str, object]] = [
        ("content", "contains", "李"),
        ("no", "like", "A"),
        ("no", "eq", 1),
        ("no", "eq", "\x00"),
        ("no", "eq", "\ud800"),
        ("no", "startsWith", "x" * 201),
        ("no", "in", "AB"),
        ("no", "in", ["A"] * 201),
        ("no", "in", [None]),
        ("round", "eq", True),
        ("round", "contains", 1),
        ("reportedAt", "gt", NOW.replace(tzinfo=None)),
        ("state", "gt", IncidentState.FILED),
        ("state", "eq", "FILED"),
        ("grid", "lt", new_id()),
        ("orgUnit", "isnull", True),
    ]
    for field, op, value in bad:
        with pytest.raises(DomainError) as refused:
            await numbers(viewer, Test(field, cast("Op", op), value))
        assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, f"where.{field}")


async def test_the_reporter_of_a_complaint_cannot_be_guessed_by_the_unit_it_is_about() -> None:
    district = await a_district()
    about = district.orgs["HOUSING"].id
    await a_case(district, IncidentState.HANDLING, no="A", complained_org_id=about)
    test = Test("reporter", "eq", district.people["volunteer"].id)
    assert await numbers(district.viewer("housing")) == {"A"}
    assert await numbers(district.viewer("housing"), test) == set()
    assert await numbers(district.viewer("director"), test) == {"A"}


async def test_retired_grids_are_listed_only_when_asked_for() -> None:
    district = await a_district()
    viewer = district.viewer("director")
    retired = Test("retired", "eq", value=True)
    assert await grids.count(viewer=viewer) == (4, True)
    assert await grids.count(viewer=viewer, tests=[retired]) == (0, True)
    below = Test("region", "eq", district.regions["S1"].id)
    page = await grids.page(viewer=viewer, tests=[below], slice_=Slice(9), order="CODE_DESC")
    assert [it.code for it in page.rows] == ["G3", "G2", "G1"]


async def test_a_text_is_looked_for_among_rare_values_first_and_with_the_same_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    district = await a_district()
    await put_three(district)
    await a_case(district, IncidentState.HANDLING, no="D", title="路灯不亮")
    lamps = Test("title", "contains", "灯")
    unclosed = Test("state", "in", [it for it in IncidentState if it.open])
    handled = Test("state", "eq", IncidentState.HANDLING)
    red = Test("light", "in", [Light.RED, Light.YELLOW])
    for few in (5_000, -1):  # by the rare values, then by meeting every row
        monkeypatch.setattr(pages, "FEW", few)
        for username, both in (("director", {"A", "D"}), ("housing", {"D"}), ("civil", set())):
            viewer = district.viewer(username)
            assert await numbers(viewer, lamps, unclosed) == both, (few, username)
            assert await numbers(viewer, lamps, handled) == both - {"A"}
            assert await numbers(viewer, lamps, handled, red) == set()


def test_only_tests_that_every_row_has_to_meet_narrow_a_list() -> None:
    lamps, filed = Test("title", "contains", "灯"), Test("state", "eq", IncidentState.FILED)
    closed = Test("state", "in", [IncidentState.CLOSED, IncidentState.FILED])
    rare: list[tuple[Asked, Test | None]] = [
        ([lamps, filed], filed),
        (All((lamps, All((filed,)))), filed),
        ([filed], None),
        ([lamps, closed], None),
        ([lamps, Not(filed)], None),
        (AnyOf((lamps, filed)), None),
        ([lamps, AnyOf((filed, Test("light", "eq", Light.RED)))], None),
        ([lamps, Test("light", "eq", Light.GREEN)], None),
        ([lamps, Test("light", "eq", Light.RED)], Test("light", "eq", Light.RED)),
    ]
    for asked, found in rare:
        assert rare_values(asked, incidents.COLUMNS) == found, asked
