"""Pages are the list, forwards and backwards, whatever arrives meanwhile."""

import itertools
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from db import assignments, grids, incidents, orgs
from db.lists import pages, sizes
from db.lists.filters import Test
from db.lists.pages import Listing, Order, Page, Slice
from domain.clock import Light
from domain.errors import DomainError, ErrorCode
from domain.incident import Incident, IncidentState
from tests.db.factories import NOW, District, a_case, a_district

pytestmark = pytest.mark.usefixtures("store")

FAR = datetime(9000, 1, 1, tzinfo=UTC)


async def many(district: District, chance: random.Random, number: int = 13) -> list[Incident]:
    """Cases with many equal and many absent due times."""
    hours = [chance.choice([None, 1, 2, 2, 3]) for _ in range(number)]
    stored = []
    for hour in hours:
        at = NOW + timedelta(minutes=chance.randrange(4))
        closed = None if hour is None else NOW + timedelta(hours=hour)
        case = await a_case(district, IncidentState.CLOSED, closed_at=closed, at=at)
        stored.append(case.incident)
    return stored


async def walked(
    read: Callable[[Slice], Awaitable[Page[Incident]]],
    size: int,
    *,
    forward: bool,
    between: Callable[[], Awaitable[object]] | None = None,
) -> list[UUID]:
    """The ids of a whole list page by page, something happening between two pages."""
    found: list[UUID] = []
    position: tuple[object, ...] | None = None
    while True:
        page = await read(Slice(size, forward, position))
        ids = [it.id for it in page.rows]
        found = found + ids if forward else ids + found
        assert (page.has_previous if forward else page.has_next) is (position is not None)
        if not (page.has_next if forward else page.has_previous):
            return found
        position = page.positions[-1 if forward else 0]
        if between:
            await between()


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("order", sorted(incidents.ORDERS))
async def test_pages_are_the_list_though_rows_arrive_between_them(order: str, *, forward: bool) -> None:
    district, chance = await a_district(), random.Random(f"{order}{forward}")  # noqa: S311 - same in every run
    stored = {it.id for it in await many(district, chance)}
    viewer = district.viewer("director")

    async def read(slice_: Slice) -> Page[Incident]:
        return await incidents.page(viewer=viewer, order=order, slice_=slice_)

    before = [it.id for it in (await read(Slice(100))).rows]
    found = await walked(read, 4, forward=forward, between=lambda: many(district, chance, 1))
    assert len(found) == len(set(found))
    assert [it for it in found if it in stored] == before


async def test_rows_without_a_value_come_last_both_ways() -> None:
    district = await a_district()
    await many(district, random.Random(1))  # noqa: S311 - same in every run
    for order in ("CLOSED_AT_ASC", "CLOSED_AT_DESC"):
        page = await incidents.page(viewer=district.viewer("director"), order=order, slice_=Slice(100))
        empty = [it.closed_at is None for it in page.rows]
        assert empty == sorted(empty)
        assert any(empty)
        times = [it.closed_at for it in page.rows if it.closed_at]
        assert times == sorted(times, reverse=order.endswith("DESC"))


async def test_positions_are_equal_texts_on_both_stores_and_forgeries_are_refused() -> None:
    district = await a_district()
    case = await a_case(district)
    viewer = district.viewer("director")
    page = await incidents.page(viewer=viewer, slice_=Slice(1))
    assert page.positions == [("2024-10-24T01:00:00+00:00", str(case.incident.id))]
    for forged in (("yesterday", str(case.incident.id)), (NOW.isoformat(), "no id"), (1,)):
        with pytest.raises(DomainError) as refused:
            await incidents.page(viewer=viewer, slice_=Slice(1, position=forged))
        assert refused.value.code is ErrorCode.BAD_CURSOR


async def test_other_lists_have_pages_too() -> None:
    district = await a_district()
    viewer = district.viewer("housing")
    first = await grids.page(viewer=viewer, slice_=Slice(3))
    assert ([it.code for it in first.rows], first.has_next) == (["G1", "G2", "G3"], True)
    last = await grids.page(viewer=viewer, slice_=Slice(3, position=first.positions[-1]))
    assert ([it.code for it in last.rows], last.has_next) == (["G4"], False)
    units = await orgs.page(viewer=viewer, slice_=Slice(9), order="CODE_DESC")
    assert [it.code for it in units.rows] == ["HOUSING", "COMMUNITY", "CIVIL", "CENTER"]
    case = await a_case(district, IncidentState.DISPATCHED)
    rows = await assignments.page(viewer=viewer, slice_=Slice(9))
    assert rows.rows == list(case.assignments)
    assert await assignments.count(viewer=viewer) == (1, True)
    assert await assignments.count(viewer=district.viewer("civil")) == (0, True)
    assert await orgs.count(viewer=viewer, cap=2) == (2, False)


async def test_counts_are_exact_up_to_the_cap() -> None:
    district = await a_district()
    await many(district, random.Random(2), 5)  # noqa: S311 - same in every run
    viewer = district.viewer("director")
    assert await incidents.count(viewer=viewer, tests=(), search=None) == (5, True)
    assert await incidents.count(viewer=viewer, tests=(), search=None, cap=5) == (5, True)
    assert await incidents.count(viewer=viewer, tests=(), search=None, cap=4) == (4, False)
    assert await incidents.count(viewer=district.viewer("sysadmin"), tests=(), search=None) == (0, True)


async def test_an_unknown_order_is_refused() -> None:
    district = await a_district()
    with pytest.raises(DomainError) as refused:
        await incidents.page(viewer=district.viewer("director"), order="id; DROP", slice_=Slice(1))
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "orderBy")


async def test_times_of_any_offset_compare_as_moments() -> None:
    district = await a_district()
    case = await a_case(district)
    moment = NOW.astimezone(timezone(timedelta(hours=8)))
    viewer = district.viewer("director")
    for op, found in (("gte", 1), ("lte", 1), ("gt", 0), ("lt", 0), ("eq", 1)):
        tests = [Test("reportedAt", op, moment)]  # type: ignore[arg-type]  # the operators of the loop
        page = await incidents.page(viewer=viewer, tests=tests, slice_=Slice(5))
        assert [it.id for it in page.rows] == [case.incident.id] * found


# how many rows count as few, and how many of an order are looked through for a page; with them the way is sure
WAYS = ROWS_OWN, ROWS_OF_ORDER, ROWS_NEAR = (10_000, 0), (-1, 0), (-1, 10_000)


def decide(monkeypatch: pytest.MonkeyPatch, few: int, near: int) -> None:
    """From now on lists are read by these bounds."""
    monkeypatch.setattr(pages, "FEW", few)
    monkeypatch.setattr(pages, "NEAR", near)


async def statement(listing: Listing, order: Order) -> str:
    """How the first page is read."""
    return (await pages.page_of("1", listing, order, Slice(2))).text


async def listed(table: Any, size: int, *, forward: bool = True, **asked: Any) -> list[UUID]:
    """The ids of a whole list, read in pages of that size."""

    async def read(slice_: Slice) -> Page[Any]:
        page: Page[Any] = await table.page(slice_=slice_, **asked)
        return page

    return await walked(read, size, forward=forward)


@pytest.mark.parametrize("tests", [(), (Test("light", "eq", Light.GREEN),)], ids=["all", "filtered"])
async def test_every_way_of_reading_a_list_finds_the_same_pages(
    monkeypatch: pytest.MonkeyPatch, tests: tuple[Test, ...]
) -> None:
    district, chance = await a_district(), random.Random(3)  # noqa: S311 - same in every run
    await many(district, chance)
    await a_case(district, IncidentState.HANDLING, org="CIVIL", at=NOW + timedelta(minutes=9))
    tables: tuple[Any, ...] = (incidents, assignments)
    for username, table in itertools.product(("housing", "civil", "clerk", "worker"), tables):
        asked = {"viewer": district.viewer(username), "tests": tests}
        number, exact = await table.count(**asked)
        assert number
        assert exact
        for order, forward in itertools.product(sorted(table.ORDERS), (True, False)):
            found = []
            for way in WAYS:
                decide(monkeypatch, *way)
                found.append(await listed(table, 4, forward=forward, order=order, **asked))
            assert len(found[0]) == number
            assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("few", "near", "before"), [(2, 0, 2), (2, 10_000, 2), (10_000, 7, 2), (10_000, 4, 4)]
)
async def test_a_size_out_of_date_changes_the_way_of_reading_but_no_row(
    monkeypatch: pytest.MonkeyPatch, few: int, near: int, before: int
) -> None:
    decide(monkeypatch, few, near)
    district = await a_district()
    viewer, order = district.viewer("housing"), incidents.ORDERS["REPORTED_AT_DESC"]
    listing = incidents.listing(viewer)
    early, soon = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    own = [await a_case(district, IncidentState.HANDLING, at=early) for _ in range(before)]
    remembered = await statement(listing, order)
    own += [await a_case(district, IncidentState.HANDLING) for _ in range(5)]
    for _ in range(3):
        await a_case(district, IncidentState.HANDLING, org="CIVIL", at=soon)
    assert await statement(listing, order) == remembered
    stale = await listed(incidents, 2, viewer=viewer)
    assert sorted(stale) == sorted(it.incident.id for it in own)
    monkeypatch.setattr(sizes, "monotonic", lambda: time.monotonic() + sizes.REMEMBERED_SECONDS + 1)
    assert await statement(listing, order) != remembered
    assert await listed(incidents, 2, viewer=viewer) == stale
