"""Load data: the same from the same seed, as commands would have left it, and never beside other cases."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import cli
import settings
from channels.demo import bulk
from channels.demo.bulk import load_bulk
from channels.demo.cases import load_cases
from channels.demo.ground import load_ground
from db import cases, clocks, connection, event_log, incidents, people, sealed
from db.lists.pages import Slice
from db.rows import identity, moment
from domain.case import Case
from domain.clock import case_light
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.life.derivation import derive
from services import media
from services.command import SYSTEM

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
COUNT = 600


@pytest.fixture(autouse=True)
def keys(tmp_path: Path) -> None:
    sealed.install_keys("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    media.install(tmp_path / "media")


async def told() -> dict[str, list[tuple[Any, ...]]]:
    """Ids, numbers, texts and times of everything that hangs on a case, as both stores tell them alike."""
    return {
        "cases": [
            (
                identity(it["id"]),
                it["no"],
                it["public_code"],
                it["title"],
                it["content"],
                moment(it["reported_at"]),
            )
            for it in await connection.fetch("SELECT * FROM incident ORDER BY no")
        ],
        "rows": [
            (identity(it["id"]), it["state"], identity(it["org_id"]))
            for it in await connection.fetch(
                "SELECT id, state, org_id FROM assignment ORDER BY incident_no, seq"
            )
        ],
        "clocks": [
            (identity(it["id"]), moment(it["due_at"]))
            for it in await connection.fetch("SELECT id, due_at FROM clock ORDER BY due_at, id")
        ],
    }


async def everything() -> list[Case]:
    ids = [identity(it["id"]) for it in await connection.fetch("SELECT id FROM incident ORDER BY no")]
    found: dict[UUID, Case] = {}
    for start in range(0, len(ids), 200):
        found |= await cases.cases(ids[start : start + 200], viewer=SYSTEM)
    return list(found.values())


@pytest.mark.usefixtures("store")
async def test_every_case_stands_as_its_rows_and_clocks_say() -> None:
    assert await load_bulk(COUNT, NOW) == COUNT
    found = await everything()
    assert len(found) == COUNT
    for case in found:
        lit = [
            replace(it, light=case_light(c for c in case.clocks if c.assignment_id == it.id))
            for it in case.assignments
        ]
        assert derive(replace(case, assignments=tuple(lit))) == case
        closed = case.incident.state is IncidentState.CLOSED
        assert closed == (case.incident.closed_at is not None)
        assert not (closed and any(clock.running for clock in case.clocks))
    shares = [case.incident.state.open for case in found]
    assert sum(shares) <= len(shares) / 50
    assert any(len(case.assignments) == 2 for case in found)


@pytest.mark.usefixtures("store")
async def test_nothing_is_due_that_has_not_fired_and_the_log_and_search_are_whole() -> None:
    await load_bulk(COUNT, NOW)
    ground = await load_ground(NOW)
    assert await clocks.due(ground.loaded_at, 10) == []
    assert (await event_log.verify()).first_broken is None
    first = (await everything())[0].incident
    command = await people.by_username("command")
    viewer = await people.viewer_of(command.id, ground.loaded_at) if command else None
    assert viewer is not None
    page = await incidents.page(viewer=viewer, search=first.no, slice_=Slice(5))
    assert [it.id for it in page.rows] == [first.id]
    latest = await connection.fetch("SELECT no FROM incident ORDER BY reported_at DESC, id DESC LIMIT 1")
    day, value = str(latest[0]["no"]).split("-")[2:]
    (counter,) = await connection.fetch("SELECT value FROM day_counter WHERE day = ?", [day])
    assert counter["value"] == int(value)


async def test_both_stores_get_the_same_ids_numbers_and_texts(
    sqlite_store_url: str, postgres_store_url: str
) -> None:
    answers = []
    for url in (sqlite_store_url, postgres_store_url):
        await connection.connect(url)
        await load_bulk(200, NOW)
        answers.append(await told())
        await connection.disconnect()
    assert answers[0] == answers[1]
    assert len(answers[0]["cases"]) == 200


async def test_a_load_that_was_killed_goes_on_where_it_stopped(
    sqlite_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH", 100)

    class Killed(Exception):  # noqa: N818 - it stands for a signal
        pass

    def kill(done: int, _: int) -> None:
        if done == 200:
            raise Killed

    await connection.connect(sqlite_store_url)
    try:
        epoch = await event_log.epoch()
        with pytest.raises(Killed):
            await load_bulk(350, NOW, kill)
        halfway = (await told())["cases"]
        assert len(halfway) == 200
        assert await load_bulk(350, NOW) == 150
        whole = (await told())["cases"]
        assert whole[:200] == halfway
        assert len(whole) == 350
        assert await load_bulk(350, NOW) == 0
        assert await event_log.epoch() != epoch, "a cursor from before the load is void"
    finally:
        await connection.disconnect()


@pytest.mark.usefixtures("sqlite_store")
async def test_a_store_with_other_cases_is_refused() -> None:
    await load_cases(await load_ground(NOW), count=5)
    with pytest.raises(DomainError) as refused:
        await load_bulk(10, NOW)
    assert refused.value.code is ErrorCode.FORBIDDEN


@pytest.mark.usefixtures("sqlite_store")
@pytest.mark.parametrize("count", [0, -1, bulk.MOST + 1])
async def test_a_number_of_cases_that_makes_no_sense_is_refused(count: int) -> None:
    with pytest.raises(DomainError) as refused:
        await load_bulk(count, NOW)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "cases")


async def test_production_takes_no_load_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FENGQIAO_ENV", "production")
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", f"sqlite://{tmp_path / 'real.db'}")
    monkeypatch.setattr(cli, "load", lambda: settings.read(tmp_path))
    with pytest.raises(SystemExit):
        await cli.demo(cases=10)
    assert not (tmp_path / "real.db").exists()
