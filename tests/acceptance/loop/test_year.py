"""Two weeks of the bench's year: lived by the test clock, and its books done twice by code that shares no rule."""

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.year.again.audit import audit, retell
from bench.year.again.books import Book, books, tables
from bench.year.diary import Deed
from bench.year.run import KEYS, lived
from db import event_log, sealed
from services import media
from services.command import forget_clock
from tests.text_rules import ROOT

START = datetime(2024, 4, 2, 16, tzinfo=UTC)  # the eve of Qingming: three days of rest, then a make-up Sunday
END = START + timedelta(days=21)
CASES, SEED = 110, 7
HAPPENED = {
    *("dispatchIncident", "submitResult", "recordCheck", "closeIncident", "returnResult", "requestReturn"),
    *("decideReturn", "requestHang", "replySupervision", "reworkIncident", "mergeIncident"),
}

Found = dict[UUID, Book]
Spoil = Callable[[Found], None]


async def test_two_books_of_the_same_weeks_agree_and_a_spoilt_one_is_caught(
    sqlite_store: str, tmp_path: Path
) -> None:
    assert sqlite_store
    sealed.install_keys(KEYS)
    media.install(tmp_path / "media")
    try:
        diary, _, _ = await lived(START, END, CASES, SEED)
    finally:
        forget_clock()
    found, published = await books(), await tables()
    world = retell(diary, published, found, END)
    verdict = audit(world, diary, found)
    assert verdict.differences == []
    assert {it.action for it in diary} >= HAPPENED
    assert {it["level"] for book in found.values() for it in book.cards} >= {"URGE", "YELLOW", "RED"}
    assert verdict.compared["clock"] > 4 * CASES
    assert (await event_log.verify()).first_broken is None
    for spoil in SPOILS:
        spoilt = {key: copied(book) for key, book in found.items()}
        spoil(spoilt)
        assert audit(world, diary, spoilt).differences, spoil.__name__
    for forgotten in ("acceptAssignment", "submitResult", "fileIncident"):
        torn = without(diary, forgotten)
        assert audit(retell(torn, published, found, END), torn, found).differences, forgotten


def without(diary: list[Deed], action: str) -> list[Deed]:
    """The diary with the last such deed torn out."""
    last = max(number for number, deed in enumerate(diary) if deed.action == action)
    return diary[:last] + diary[last + 1 :]


def copied(book: Book) -> Book:
    parts = tuple(it.name for it in fields(Book) if it.name != "case")
    lines: dict[str, Any] = {name: [dict(it) for it in getattr(book, name)] for name in parts}
    return Book(dict(book.case), **lines)


def line(found: Found, part: str, **wanted: object) -> tuple[list[Any], Any]:
    """A list of the books and the first of its lines that fits."""
    for book in found.values():
        for it in getattr(book, part):
            if all(it[name] == value for name, value in wanted.items()):
                return getattr(book, part), it
    raise AssertionError(f"no {part} with {wanted}")


def later(value: object) -> datetime:
    """The same moment, a millisecond later."""
    return datetime.fromisoformat(str(value)) + timedelta(milliseconds=1)


def a_due_time_moved(found: Found) -> None:
    _, it = line(found, "clocks", type="HANDLE")
    it["due_at"] = later(it["due_at"])


def a_yellow_time_moved(found: Found) -> None:
    _, it = line(found, "clocks", type="SIGN")
    it["yellow_at"] = later(it["yellow_at"])


def a_clock_runs_on_after_the_end(found: Found) -> None:
    book = next(it for it in found.values() if it.case["state"] == "CLOSED")
    book.clocks[0] = {**book.clocks[0], "stopped_at": None}


def a_breach_undone(found: Found) -> None:
    _, it = line(found, "clocks", breached=True)
    it["breached"] = False


def a_step_fired_twice(found: Found) -> None:
    steps, it = line(found, "steps", step="RED")
    steps.append(it)


def a_step_never_fired(found: Found) -> None:
    steps, it = line(found, "steps", step="YELLOW")
    steps.remove(it)


def a_card_lost(found: Found) -> None:
    cards, it = line(found, "cards", level="YELLOW")
    cards.remove(it)


def a_card_given_twice(found: Found) -> None:
    cards, it = line(found, "cards", level="URGE")
    cards.append(it)


def points_booked_twice(found: Found) -> None:
    scores, it = line(found, "scores", type="LATE_SIGN")
    scores.append(it)


def points_of_another_amount(found: Found) -> None:
    _, it = line(found, "scores", type="LATE_HANDLE")
    it["amount"] = -1.0


def late_work_called_on_time(found: Found) -> None:
    _, it = line(found, "rows", on_time_handle=False)
    it["on_time_handle"] = True


def a_reply_forgotten(found: Found) -> None:
    book = next(
        it for it in found.values() if it.replies and it.case["state"] == "CLOSED" and it.case["closed_at"]
    )
    book.replies.pop()


def a_case_left_open_without_a_clock(found: Found) -> None:
    book = next(it for it in found.values() if it.case["state"] == "HANDLING")
    book.clocks.clear()


def a_command_nobody_gave(found: Found) -> None:
    acts, it = line(found, "acts", action="acceptAssignment")
    acts.append({**it, "at": later(it["at"])})


def a_step_of_the_ladder_forgotten(found: Found) -> None:
    book = next(it for it in found.values() if it.case["escalation_step"] > 4)
    book.case = {**book.case, "escalation_step": 4}


def a_stage_done_later(found: Found) -> None:
    _, it = line(found, "clocks", type="MILESTONE", breached=False)
    it["stopped_at"] = later(it["stopped_at"] or it["start_at"])


SPOILS: tuple[Spoil, ...] = (
    a_due_time_moved,
    a_yellow_time_moved,
    a_clock_runs_on_after_the_end,
    a_breach_undone,
    a_step_fired_twice,
    a_step_never_fired,
    a_card_lost,
    a_card_given_twice,
    points_booked_twice,
    points_of_another_amount,
    late_work_called_on_time,
    a_reply_forgotten,
    a_case_left_open_without_a_clock,
    a_command_nobody_gave,
    a_step_of_the_ladder_forgotten,
    a_stage_done_later,
)


def imported(file: Path) -> Counter[str]:
    """The packages a module imports."""
    tree = ast.walk(ast.parse(file.read_text()))
    return Counter(
        name.split(".")[0]
        for it in tree
        if isinstance(it, ast.Import | ast.ImportFrom)
        for name in (
            [it.module or ""] if isinstance(it, ast.ImportFrom) else [alias.name for alias in it.names]
        )
    )


def test_the_second_books_share_no_rule_with_the_product() -> None:
    year = ROOT / "bench" / "year"
    second = [year / "diary.py", *(year / "again").glob("*.py")]
    assert len(second) > 9
    for file in second:
        assert not imported(file).keys() & {"domain", "services", "channels", "api"}, file.name
    assert imported(year / "desks.py")["domain"]
