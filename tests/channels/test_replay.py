"""Cases replayed over the API: each once, at the server's pace, stopped and gone on with; a wrong clock is refused."""

import asyncio
import re
import shlex
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels.demo.replay.agenda import STEPS, Told, of_demo, of_export
from domain.incident import IncidentDomain, IncidentKind, Source, Urgency
from tests.channels.house import House, lay_ground
from tests.text_rules import ROOT

START = datetime(2024, 10, 21, 1, tzinfo=UTC)
SPEED = 43200  # a working day in a second or two


@pytest.fixture
async def house(sqlite_store_url: str, tmp_path: Path) -> AsyncIterator[House]:
    await lay_ground(sqlite_store_url, START)  # so that its people are in office then
    with closing(sqlite3.connect(sqlite_store_url.removeprefix("sqlite://"))) as store, store:
        store.execute("UPDATE policy_value SET amount = 100 WHERE key LIKE 'OPINION_SAMPLE%'")
    house = House(tmp_path, sqlite_store_url, FENGQIAO_CLOCK=f"2024-10-21T09:00+08:00 x{SPEED}")
    await house.start()
    yield house
    await house.end()


def _states(house: House) -> list[tuple[str, int]]:
    """How many cases lie in which state."""
    file = house.environment["FENGQIAO_DATABASE_URL"].removeprefix("sqlite://")
    with closing(sqlite3.connect(file)) as store:
        rows = store.execute("SELECT state, COUNT(*) FROM incident GROUP BY state").fetchall()
    return [(str(state), int(count)) for state, count in rows]


def _opinions(house: House) -> dict[str, int]:
    """How many households were asked, by what became of it."""
    file = house.environment["FENGQIAO_DATABASE_URL"].removeprefix("sqlite://")
    with closing(sqlite3.connect(file)) as store:
        asked = "SELECT state, COUNT(*) FROM follow_up WHERE layer = 'COMMUNITY' GROUP BY state"
        return dict(store.execute(asked).fetchall())


async def test_cases_pass_from_report_to_close_and_a_second_run_sends_nothing(house: House) -> None:
    words = ("replay", "--speed", str(SPEED), "--cases", "3")
    status, said, complained = await house.run(*words)
    assert status == 0, complained
    assert "开始 begun" in said
    assert "stopped" not in said, said
    ends = dict(_states(house))
    assert sum(ends.values()) == 3
    assert ends.keys() <= {"CLOSED", "ARCHIVED"}
    assert _opinions(house) == {
        "DONE": 3
    }  # S49: every household is asked here, so that none stays open for it
    status, said, _ = await house.run(*words)
    assert status == 0
    assert "续作 resumed" in said
    assert "已发送 sent: 无 nothing" in said
    assert sum(dict(_states(house)).values()) == 3


async def test_stopped_by_ctrl_c_it_says_what_was_sent_and_goes_on_without_doubling(house: House) -> None:
    words = (sys.executable, "-m", "cli", "replay", "--speed", str(SPEED), "--cases", "3")
    process = await asyncio.create_subprocess_exec(
        *words, cwd=house.folder, env={**house.environment, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"report" not in (line := await process.stdout.readline()):
            assert line, await process.communicate()
        process.send_signal(signal.SIGINT)
        said, complained = await process.communicate()
    assert process.returncode == 130, complained
    assert "已发送 sent: " in said.decode()
    assert b"Traceback" not in complained
    status, text, complained_again = await house.run("replay", "--speed", str(SPEED), "--cases", "3")
    assert status == 0, complained_again
    assert "续作 resumed" in text
    assert sum(dict(_states(house)).values()) == 3


async def test_a_clock_of_another_speed_is_refused_in_a_sentence(house: House) -> None:
    status, _, complained = await house.run("replay", "--speed", "60")
    assert status == 1
    assert "times, not 60" in complained
    assert 'FENGQIAO_CLOCK="<ISO start> x60"' in complained.replace("\n", " ")
    status, _, complained = await house.run("replay", "--speed", "0")
    assert (status, "numbers above 0" in complained) == (2, True)


async def test_until_ends_the_run_before_later_steps(house: House) -> None:
    status, said, complained = await house.run(
        "replay", "--speed", str(SPEED), "--cases", "3", "--until", "2024-10-21T09:00"
    )
    assert status == 0, complained
    assert "已发送 sent: 无 nothing" in said


async def test_the_two_lines_of_the_guide_do_what_it_says(sqlite_store_url: str, tmp_path: Path) -> None:
    serve, send = re.findall(
        r"(?ms)^```sh\n(.*?)\n```$", (ROOT / "docs/replay.md").read_text(encoding="utf-8")
    )
    clock = dict(word.split("=", 1) for word in shlex.split(serve) if "=" in word)["FENGQIAO_CLOCK"]
    await lay_ground(sqlite_store_url, datetime.fromisoformat(clock.split()[0]))
    house = House(tmp_path, sqlite_store_url, FENGQIAO_CLOCK=clock)
    await house.start()
    try:
        status, said, complained = await house.run(*shlex.split(send)[3:])
    finally:
        await house.end()
    assert status == 0, complained
    assert "3600×" in said
    assert "stopped" not in said


def test_equal_starts_give_equal_cases_and_each_step_follows_the_one_before() -> None:
    first, again = list(of_demo(START, 30)), list(of_demo(START, 30))
    assert first == again
    assert all(START <= it.due(0) <= START + timedelta(days=2) for it in first)
    assert all(list(it.moments) == sorted(it.moments) and len(it.moments) == len(STEPS) for it in first)


def _told(number: int, code: str, closed_after: timedelta | None) -> Told:
    reported = datetime(2019, 3, 1, 2, tzinfo=UTC) + timedelta(hours=number)
    return Told(
        external_id=f"E{number}",
        reported_at=reported,
        closed_at=None if closed_after is None else reported + closed_after,
        title=f"井盖松动 {number}",
        content=None,
        address="安胜社区",
        source=Source.HOTLINE_12345,
        kind=IncidentKind.HELP,
        domain=IncidentDomain.LIVELIHOOD,
        urgency=Urgency.NORMAL,
        categories=(code,),
    )


def test_an_export_is_sent_at_its_own_pace_and_unknown_categories_are_named() -> None:
    code = next(of_demo(START, 1)).plan.category.code
    rows = [_told(2, code, timedelta(hours=9)), _told(1, "none", None), _told(0, code, None)]
    agendas, unknown = of_export(rows, START, 10)
    assert unknown == ["E1"]
    assert [(it.plan.title, it.due(0) - START) for it in agendas] == [
        ("井盖松动 0", timedelta()),
        ("井盖松动 2", timedelta(hours=2)),
    ]
    assert agendas[1].due(len(STEPS) - 1) - agendas[1].due(0) == timedelta(hours=9)
