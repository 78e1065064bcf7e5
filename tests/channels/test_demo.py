"""The demo: a living district out of nothing, the same every time, and never twice."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from channels.demo import loading
from channels.demo.cases import load_cases
from channels.demo.driver import Passage, drive, left_behind, pass_through
from channels.demo.full import END, START, load_full
from channels.demo.ground import PASSWORD, Ground, load_ground
from channels.demo.loading import Demo
from channels.demo.plans import Drawing
from channels.demo.steps import PATH
from db import connection, regions, sealed
from db.event_log import verify
from db.unit_of_work import Work, in_transaction
from demo import data
from domain.errors import DomainError, ErrorCode
from domain.region import Region, RegionLevel
from services import media, sessions
from services.command import new_id

NOW = datetime(2024, 10, 24, 3, tzinfo=UTC)
ACCOUNTS = {
    *("command", "acceptor", "shift", "dispatcher", "inspector", "callback"),
    *("civil", "civil-handler", "civility", "enforcement", "housing", "community"),
    *("grid", "volunteer", "resident", "auditor", "admin"),
}


@pytest.fixture(autouse=True)
def keys(tmp_path: Path) -> None:
    sealed.install_keys(sealed.generate_key())
    sessions.install(sessions.Mint(b"the demo's tests" * 4))
    media.install(tmp_path / "media")


@pytest.fixture
async def ground(sqlite_store: str) -> Ground:
    assert sqlite_store
    return await load_ground(NOW)


async def count(table: str, where: str = "1 = 1") -> int:
    (found,) = await connection.fetch(f"SELECT COUNT(*) AS n FROM {table} WHERE {where}")  # noqa: S608 - words of this file
    return int(found["n"])


async def cases() -> list[dict[str, Any]]:
    return await connection.fetch("SELECT id, no, title, state, light, reported_at FROM incident ORDER BY no")


@pytest.mark.usefixtures("store")
async def test_the_ground_is_a_district_with_units_grids_and_people_and_loading_again_adds_nothing() -> None:
    first = await load_ground(NOW)
    tables = ("region", "category", "duty_item", "dispatch_rule", "org_unit", "grid", "person", "post")
    sizes = {table: await count(table) for table in tables}
    assert sizes["region"] == len(data.regions())
    assert sizes["grid"] == len(data.grids()) >= 60
    assert sizes["person"] == sizes["post"] == len(data.people())
    assert min(sizes.values()) > 0
    later = await load_ground(NOW + timedelta(days=3))
    assert later == first, "a later load stands on the same moment"
    assert {table: await count(table) for table in tables} == sizes


@pytest.mark.usefixtures("ground")
async def test_every_account_of_the_design_signs_in_with_the_public_password() -> None:
    wall_now = datetime.now(UTC)
    for username in ("command", "housing", "resident"):
        tokens = await sessions.sign_in(username, PASSWORD, now=NOW, wall_now=wall_now, new_id=new_id)
        assert tokens.viewer.username == username
        assert tokens.viewer.roles
        assert not tokens.must_change
    known = await connection.fetch("SELECT username FROM person")
    assert {it["username"] for it in known} >= ACCOUNTS
    assert {it.username for it in data.people()[: len(ACCOUNTS)]} == ACCOUNTS


@pytest.mark.usefixtures("sqlite_store")
async def test_a_store_of_another_district_is_refused() -> None:
    async def settle(work: Work) -> None:
        other = Region(
            id=new_id(),
            code="210999000000",
            level=RegionLevel.DISTRICT,
            name="别处",
            short_name="别处",
            parent_id=None,
            path="210999000000",
            polygon=None,
            valid_from=NOW.date(),
            valid_to=None,
            supersedes=(),
        )
        await regions.insert_all(work, [other])

    await in_transaction(settle)
    with pytest.raises(DomainError) as refused:
        await load_ground(NOW)
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert await count("person") == 0


@pytest.mark.usefixtures("store")
async def test_recent_cases_went_through_the_services_in_the_order_of_time() -> None:
    assert await load_cases(await load_ground(NOW), count=60) == 60
    found = await cases()
    states = Counter(it["state"] for it in found)
    assert len(found) == 60
    assert states["CLOSED"] > 30
    assert len(states) >= 3
    logged = "SELECT at FROM event_log WHERE incident_id IS NOT NULL ORDER BY seq"
    moments = [row["at"] for row in await connection.fetch(logged)]
    assert moments == sorted(moments)
    assert (await verify()).reason is None
    assert await count("supervision", "level = 'URGE'") > 0, "someone was late, and the sweep urged"
    assert await count("media") > 0
    assert await count("incident", "grid_id IS NULL") == 0


async def test_loading_again_adds_no_case(ground: Ground) -> None:
    await load_cases(ground, count=20)
    before = await cases()
    await load_cases(await load_ground(NOW + timedelta(days=1)), count=20)
    assert await cases() == before


async def test_a_load_that_was_killed_midway_goes_on_where_it_stopped(ground: Ground) -> None:
    class Killed(Exception):  # noqa: N818 - it stands for a signal
        pass

    def kill(done: int, _: int) -> None:
        if done == 15:
            raise Killed

    with pytest.raises(Killed):
        await load_cases(ground, kill, count=30)
    halfway = {it["no"]: it["title"] for it in await cases()}
    assert len(halfway) == 15
    await load_cases(await load_ground(NOW + timedelta(hours=2)), count=30)
    found = {it["no"]: it["title"] for it in await cases()}
    assert len(found) == 30
    assert halfway.items() <= found.items()
    assert len({it["reported_at"] for it in await cases()}) == 30
    assert await count("incident", "state = 'CLOSED'") > 15


async def test_the_driver_takes_its_own_case_through_the_whole_path_and_touches_no_other(
    ground: Ground,
) -> None:
    await load_cases(ground, count=10)
    before = await cases()
    journey = await pass_through(Passage(7, NOW, "a series"), asyncio.Event(), 0)
    mine = str(journey.incident_id)
    after = {str(it["id"]): it for it in await cases()}
    assert after.pop(mine)["state"] == "CLOSED"
    assert list(after.values()) == before
    actions = await connection.fetch("SELECT action FROM event_log WHERE incident_id = ?", [mine])
    assert {"reportIncident", "dispatchIncident", "submitResult", "closeIncident"} <= {
        it["action"] for it in actions
    }
    assert len(PATH) == 10


async def test_the_driver_finishes_its_own_case_after_a_restart(ground: Ground, tmp_path: Path) -> None:
    assert ground.loaded_at == NOW
    kept, stop = tmp_path / "demo.case", asyncio.Event()
    driving = asyncio.create_task(drive(stop, kept, 0.05))
    async with asyncio.timeout(20):
        while await count("assignment") < 1:  # noqa: ASYNC110 - the driver dispatches its case
            await asyncio.sleep(0.02)
    driving.cancel()  # as a crash would: nothing is finished
    await asyncio.gather(driving, return_exceptions=True)
    (unfinished,) = await cases()
    passage = Passage.kept(kept)
    assert passage is not None
    assert str(passage.incident_id) == str(unfinished["id"])
    passage.step -= 1  # it ended between a step and its note: the step is not taken twice
    passage.keep(kept)
    driving = asyncio.create_task(drive(stop, kept, 0.01))
    async with asyncio.timeout(20):
        while await count("incident", "state = 'CLOSED'") < 1:  # noqa: ASYNC110 - the driver closes it
            await asyncio.sleep(0.02)
    stop.set()
    await driving
    (closed,) = await connection.fetch("SELECT id FROM incident WHERE state = 'CLOSED'")
    assert str(closed["id"]) == str(unfinished["id"])


async def test_what_the_driver_cannot_read_or_find_is_no_case_of_its(ground: Ground, tmp_path: Path) -> None:
    assert ground.loaded_at == NOW
    kept = tmp_path / "demo.case"
    assert await left_behind(kept) is None
    for words in ("", "torn [", "[1]", '["x", 1, 2, 3, 4]'):
        kept.write_text(words, encoding="utf-8")
        assert await left_behind(kept) is None
    Passage(1, NOW, "another store's", 3, new_id()).keep(kept)
    assert await left_behind(kept) is None


async def test_the_driver_survives_what_goes_wrong(ground: Ground, tmp_path: Path) -> None:
    assert ground.loaded_at == NOW
    stop = asyncio.Event()
    off = "UPDATE person SET active = 0 WHERE username = 'acceptor'"
    await in_transaction(lambda work: work.connection.execute_query(off))
    driving = asyncio.create_task(drive(stop, tmp_path / "demo.case", 0.01))
    async with asyncio.timeout(20):
        while await count("incident") < 3:  # noqa: ASYNC110 - those that need no acceptor are reported and stop there
            await asyncio.sleep(0.05)
    stop.set()
    await driving


async def test_the_founding_totals_resume_and_lie_within_their_months(ground: Ground) -> None:
    assert await load_full(ground, count=150) == 150
    assert await load_full(ground, count=150) == 0
    (found,) = await connection.fetch(
        "SELECT COUNT(*) AS n, MIN(reported_at) AS first, MAX(closed_at) AS last FROM incident"
    )
    assert found["n"] == 150
    assert datetime.fromisoformat(str(found["first"])) >= START
    assert datetime.fromisoformat(str(found["last"])) <= END
    assert await count("incident", "state <> 'CLOSED'") == 0
    assert await count("clock") == 0


@pytest.mark.usefixtures("sqlite_store")
async def test_of_two_processes_one_loads_and_one_drives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "load_cases", lambda ground, told: load_cases(ground, told, count=5))
    demos, stop = [Demo(tmp_path), Demo(tmp_path)], asyncio.Event()
    await asyncio.gather(*(demo.load() for demo in demos))
    assert [demo.ready for demo in demos] == [True, True]
    assert await count("incident") == 5
    monkeypatch.setattr(loading, "LOOK_SECONDS", 0.01)
    first = asyncio.create_task(demos[0].drive(stop))
    await asyncio.sleep(0)
    second = asyncio.create_task(demos[1].drive(stop))
    async with asyncio.timeout(20):
        while await count("incident") < 6:  # noqa: ASYNC110 - whoever drives reports a case
            await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    filed = await count("event_log", "action = 'fileIncident'")
    async with asyncio.timeout(20):
        while await count("event_log", "action = 'fileIncident'") <= filed:  # noqa: ASYNC110 - the other one goes on
            await asyncio.sleep(0.01)
    stop.set()
    await second


def test_equal_seeds_draw_equal_plans() -> None:
    def drawn() -> list[object]:
        drawing = Drawing(3)
        moments = drawing.arrivals(50, NOW - timedelta(days=9), NOW)
        assert moments == sorted(moments)
        return list(drawing.plans(moments))

    assert drawn() == drawn()
