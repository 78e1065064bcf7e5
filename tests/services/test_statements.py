"""How many statements each command of the main path sends, on both stores: not one more than it needs.

BEGIN and COMMIT come on top. What is kept in the process (limits, calendar, categories, duties, rules, units,
regions, the map) costs nothing here: its stamp is asked once a second, whatever the rate.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import pytest

from db.connection import dialect
from db.unit_of_work import Work
from db.work import reference
from db.work.groups import in_group
from services import command, incidents
from tests.services.desk import Desk, a_desk

T = TypeVar("T")

WORDS: Mapping[str, str] = {
    r'INSERT INTO "idempotency"': "claim",  # the key, first of all
    r'INSERT INTO "day_counter"': "number",  # the day's next case number
    r"SELECT i\.\* FROM incident": "case",  # locked
    r"SELECT \(SELECT JSON_AGG": "parts",  # everything that hangs on the case, in one answer
    r"SELECT c\.\* FROM (\w+)": r"\1?",  # the same, table by table: SQLite is no journey away
    r'WITH w0 AS \(UPDATE "idempotency"': "end",  # what a replay is answered, and the log's entries
    r"WITH w0": "changes",  # everything that the command changes
    r"SELECT pg_advisory_xact_lock": "lock",  # of the log, for itself
    r"SELECT seq, hash FROM event_log": "head",  # the entry that the next one is chained to
    r'INSERT INTO "?(\w+)': r"+\1",
    r'UPDATE "?(\w+)': r"=\1",
}
LOAD = "claim case assignment? clock? verification? follow_up? supervision? media? note? complainant?"
END = "head =idempotency +event_log"
SQLITE: Mapping[str, str] = {
    "report": f"claim number +complainant +incident +incident_text +incident_words +clock {END}",
    "file": f"{LOAD} =incident +clock =clock {END}",
    "dispatch": f"{LOAD} =dispatch_rule =incident +assignment +clock =clock {END}",
    "accept": f"{LOAD} =incident =assignment =clock {END}",
    "contact": f"{LOAD} =incident =assignment =clock {END}",
    "submit": f"{LOAD} =incident =assignment +clock =clock +follow_up {END}",
    "request_check": f"{LOAD} =incident =assignment +clock =clock =clock +verification {END}",
    "check": f"{LOAD} =incident +clock =clock =verification +follow_up {END}",
    "ask": f"{LOAD} =incident =follow_up {END}",
    "close": f"{LOAD} =incident =assignment +clock =clock +note {END}",
}
POSTGRES: Mapping[str, str] = {
    "report": "claim number changes lock head end",
    **dict.fromkeys(list(SQLITE)[1:], "claim case parts changes lock head end"),
}


class Recorder(logging.Handler):
    """What the client of either store says it runs, while a command is in its transaction."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = str(record.args[0]) if isinstance(record.args, tuple) and record.args else str(record.msg)
        pattern = next((it for it in WORDS if re.match(it, text)), None)
        found = re.match(pattern, text) if pattern else None
        self.said.append(found.expand(WORDS[pattern]) if found and pattern else text)

    async def run(self, body: Callable[[Work], Awaitable[T]]) -> T:
        """Run a command's transaction and listen."""
        logger = logging.getLogger("tortoise.db_client")
        level = logger.level
        self.said = []
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        try:
            return await in_group(body)
        finally:
            logger.setLevel(level)
            logger.removeHandler(self)


@pytest.fixture
async def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Listens to every command from now on, in a process that has kept what it keeps."""
    heard = Recorder()
    monkeypatch.setattr(command, "in_group", heard.run)
    monkeypatch.setattr(reference, "CHECKED_SECONDS", 3600.0)
    return heard


@pytest.mark.usefixtures("store")
async def test_each_command_of_the_main_path_sends_what_it_needs_and_no_more(recorder: Recorder) -> None:
    desk = await (await a_desk()).walk(10)
    sent = {}
    for step in Desk(desk.district)._steps():
        await step()
        sent[step.__name__] = " ".join(recorder.said)
    assert sent == (SQLITE if dialect() == "sqlite" else POSTGRES)


@pytest.mark.usefixtures("store")
async def test_a_replay_sends_two_statements(recorder: Recorder) -> None:
    desk = await (await a_desk()).walk(1)
    call, note = desk.call("acceptor"), incidents.AddNote(**await desk.target(), text="一")
    await incidents.add_note(call, note)
    await incidents.add_note(call, note)
    assert [it.split(" WHERE")[0] for it in recorder.said] == ["claim", "SELECT * FROM idempotency"]
