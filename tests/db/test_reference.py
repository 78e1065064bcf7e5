"""What the process keeps: as long as nothing changed, and never what was not committed; writes that go together."""

from dataclasses import replace

import pytest

from db import dictionaries, orgs, regions
from db.connection import fetch
from db.rows import Connection, Sql, select
from db.unit_of_work import Work, begin, in_transaction
from db.work import reference
from db.work.batch import Batch
from db.work.reference import Reference
from domain.dictionary import Category
from tests.db.district import new_id
from tests.db.factories import a_district

pytestmark = pytest.mark.usefixtures("store")

STAMP = select("COUNT(*) AS days, SUM(value) AS total", "day_counter")
COUNT = "INSERT INTO day_counter (day, value) VALUES ('x', 1) ON CONFLICT (day) DO UPDATE SET value = 2"


class Days:
    """How often the whole was read."""

    def __init__(self) -> None:
        self.reads = 0
        self.kept: Reference[dict[str, int]] = Reference(STAMP, self._whole)

    async def _whole(self, connection: Connection | None) -> dict[str, int]:
        self.reads += 1
        found = await fetch("SELECT day, value FROM day_counter", connection=connection)
        return {row["day"]: row["value"] for row in found}


async def count(work: Work) -> None:
    await work.connection.execute_query(COUNT)


async def test_it_is_read_once_and_asked_for_its_stamp_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    days = Days()
    assert await days.kept.get() == {}
    await in_transaction(count)  # silently, as another process might
    assert (await days.kept.get(), days.reads) == ({}, 1)
    monkeypatch.setattr(reference, "CHECKED_SECONDS", 0.0)
    assert (await days.kept.get(), days.reads) == ({"x": 1}, 2)
    assert (await days.kept.get(), days.reads) == ({"x": 1}, 2)


async def test_what_is_looked_for_and_not_kept_is_asked_for_at_once() -> None:
    days = Days()
    await days.kept.get()
    await in_transaction(count)
    assert await days.kept.get(has=lambda known: "x" in known) == {"x": 1}
    assert await days.kept.get(has=lambda known: "y" in known) == {"x": 1}
    assert days.reads == 2


async def test_a_change_is_seen_inside_its_transaction_and_by_everyone_after_it() -> None:
    days = Days()

    async def change(work: Work) -> None:
        days.kept.change(work)
        await count(work)
        assert await days.kept.get(work.connection) == {"x": 1}
        assert await days.kept.get() == {}

    await days.kept.get()
    await in_transaction(change)
    assert await days.kept.get() == {"x": 1}
    assert (await days.kept.get(), days.reads) == ({"x": 1}, 4)


async def test_a_change_that_is_not_committed_is_never_kept() -> None:
    days = Days()

    async def change(work: Work) -> None:
        days.kept.change(work)
        await count(work)
        await days.kept.get(work.connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await in_transaction(change)
    assert await days.kept.get() == {}


async def test_a_category_a_division_or_a_unit_is_known_as_soon_as_it_is_stored() -> None:
    district = await a_district()
    category: Category = replace(district.categories["PIT"], id=new_id(), code="PIT2")
    region = replace(district.regions["C1"], id=new_id(), code="C9")
    unit = replace(district.orgs["HOUSING"], id=new_id(), code="HOUSING9")
    assert await dictionaries.category_by_code("PIT2") is None
    await regions.ancestors(district.regions["C1"].id)
    await orgs.known([district.orgs["HOUSING"].id])

    async def store(work: Work) -> None:
        await dictionaries.insert_categories(work, [category])
        await regions.insert_all(work, [region])
        await orgs.insert(work, unit)

    await in_transaction(store)
    assert await dictionaries.category_by_code("PIT2") == category
    above = (region.id, district.regions["S1"].id, district.regions["D"].id)
    assert await regions.ancestors(region.id) == above
    assert await orgs.known([unit.id, new_id()]) == {unit.id: unit}


async def test_what_waits_in_a_batch_is_written_with_the_end_and_only_once() -> None:
    async with begin() as work:
        work.writes.insert("day_counter", [{"day": "a", "value": 1}, {"day": "b", "value": 1}])
        work.writes.insert("day_counter", [])
        await work.writes.flush(work.connection)
        work.writes.update("day_counter", {"value": 5}, Sql("day = ?", ("a",)))
        work.writes.update("day_counter", {}, Sql("day = ?", ("b",)))
        other = Batch()
        other.insert("day_counter", [{"day": "c", "value": 3}])
        work.writes.take(other)
        await other.flush(work.connection)
        assert len(await fetch("SELECT day FROM day_counter", connection=work.connection)) == 2
    found = await fetch("SELECT day, value FROM day_counter ORDER BY day")
    assert [(row["day"], row["value"]) for row in found] == [("a", 5), ("b", 1), ("c", 3)]
