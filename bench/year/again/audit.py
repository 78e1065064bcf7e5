"""The product's books beside the second bookkeeping: every clock, row, card and point, and what else must hold."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import bench.year.again.beside
import bench.year.again.joining
import bench.year.again.working  # noqa: F401 - these register what commands mean
from bench.year.again.books import Book, Line
from bench.year.again.escalation import Listing, escalated, sampled
from bench.year.again.hours import Hours
from bench.year.again.parts import Whistled
from bench.year.again.passing import advance
from bench.year.again.story import ENDED, ENDED_ROWS, Story, World
from bench.year.again.tables import Tables
from bench.year.again.telling import TELLERS
from bench.year.diary import Deed
from db.rows import identity, moment

FIRST, LAST = date(2023, 6, 1), date(2026, 12, 31)
Item = tuple[object, ...]
Told = dict[str, Counter[Any]]


@dataclass(slots=True)
class Verdict:
    """What was compared, and every difference in words."""

    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def retell(diary: Iterable[Deed], tables: Tables, found: Mapping[UUID, Book], end: datetime) -> World:
    """Every case from what was done to it, in the order of time; `found` says which of equal moments was first."""
    world = World(Hours({}, FIRST, LAST), tables)
    for deed in diary:
        try:
            _tell(world, deed, found)
        except (
            StopIteration,
            ValueError,
        ) as fault:  # the rules do not know how this could be done there and then
            world.impossible.append(f"{deed.case} {deed.action} at {deed.at:%Y-%m-%dT%H:%MZ}: {fault!r}")
    for story in world.stories.values():
        advance(story, end)
    escalated(world, {key: [_listing(it, book) for it in book.listings] for key, book in found.items()})
    return world


def _tell(world: World, deed: Deed, found: Mapping[UUID, Book]) -> None:
    if deed.case is None:
        _published(world, deed)
        return
    story = world.stories.get(deed.case)
    if story is None:
        story = world.stories[deed.case] = Story(world, hints=_hints(found.get(deed.case)))
    advance(story, deed.at)
    if "master" in deed.facts:
        advance(world.stories[deed.facts["master"]], deed.at)
    TELLERS[deed.action](story, deed.at, deed.facts)


def _published(world: World, deed: Deed) -> None:
    """R78: what is late by then is late; whatever runs on runs by the calendar that is in force now."""
    world.hours = Hours(deed.facts["days"], FIRST, LAST)
    for story in world.stories.values():
        advance(story, deed.at)
        for clock in story.clocks:
            clock.recount(world.hours, handed_in=story.may_be_sent_back(clock))


def _hints(book: Book | None) -> frozenset[tuple[str, datetime, str | None, str | None]]:
    if book is None:
        return frozenset()
    names = book.names()
    return frozenset(
        (it["level"], moment(it["issued_at"]), _org(names, it["assignment_id"]), it["trigger"])
        for it in book.cards
    )


def _org(names: Mapping[UUID, tuple[Any, ...]], row_id: object) -> str | None:
    return names[identity(row_id)][0] if row_id else None


def audit(world: World, diary: Iterable[Deed], found: Mapping[UUID, Book]) -> Verdict:
    """Compare case by case; nothing is tolerated."""
    verdict = Verdict(differences=list(world.impossible))
    deeds: dict[UUID, list[Deed]] = defaultdict(list)
    for deed in diary:
        if deed.case is not None:
            deeds[deed.case].append(deed)
        if "master" in deed.facts:  # the log tells it of both cases
            deeds[deed.facts["master"]].append(deed)
    if world.stories.keys() != found.keys():
        verdict.differences.append(f"{len(found)} cases are stored, {len(world.stories)} were reported")
    for key, book in found.items():
        if key in world.stories:
            _compare(verdict, book, _retold(world.stories[key], deeds[key]), _stored(book))
    verdict.differences += sampled(world)
    return verdict


def _compare(verdict: Verdict, book: Book, ours: Told, theirs: Told) -> None:
    no = book.case["no"]
    for what, expected in ours.items():
        verdict.compared[what] += expected.total()
        for item, times in (expected - theirs[what]).items():
            verdict.differences.append(f"{no} {what}: expected {_shown(item)}, {times} more")
        for item, times in (theirs[what] - expected).items():
            verdict.differences.append(f"{no} {what}: stored {_shown(item)}, {times} more")
    verdict.differences += [f"{no} {it}" for it in _broken(book)]


def _retold(story: Story, deeds: Iterable[Deed]) -> Told:
    return {
        "case": Counter([story.state]),
        "clock": Counter(
            (
                it.kind,
                it.row.name if it.row else None,
                it.round,
                (it.limit.amount, it.limit.unit),
                it.start,
                it.due,
                it.share(80),
                it.stopped_at,
                it.breached,
                tuple(it.pauses),
                tuple(sorted(_plain(name) for name, _ in it.fired)),
            )
            for it in story.clocks
        ),
        "assignment": Counter((it.name, it.state, it.on_time_accept, it.on_time_handle) for it in story.rows),
        "card": Counter(
            (it.level, it.at, it.row.name if it.row else None, it.trigger, it.open) for it in story.cards
        ),
        "score": Counter((org, kind, part, *booked) for (org, kind, part), booked in story.scores.items()),
        "closing": Counter({at: replies for at, replies in story.closings if replies}),
        "command": Counter({(it.action, it.at) for it in deeds}),
        "escalation": Counter([story.step, *story.listings]),
        "whistle": Counter(_whistle(it) for it in story.whistles),
    }


def _whistle(called: Whistled) -> Item:
    done = (called.done.get(step) for step in ("SIGN", "CONTACT", "ARRIVE"))
    return (called.org, *called.due, *done, called.rated.get(False), called.rated.get(True))


def _plain(step: str) -> str:
    """The first I4 has no number."""
    return step.removesuffix(".0")


def _stored(book: Book) -> Told:
    names = book.names()
    steps, pauses = defaultdict(list), defaultdict(list)
    for it in book.steps:
        steps[identity(it["clock_id"])].append(it["step"])
    for it in book.pauses:
        pauses[identity(it["clock_id"])].append((moment(it["from_at"]), moment(it["to_at"])))
    closings = {identity(it["incident_id"]) for it in book.replies}
    return {
        "case": Counter([book.case["state"]]),
        "clock": Counter(_clock(it, names, steps, pauses) for it in book.clocks),
        "assignment": Counter(
            (names[identity(it["id"])], it["state"], _flag(it["on_time_accept"]), _flag(it["on_time_handle"]))
            for it in book.rows
        ),
        "card": Counter(_card(it, names) for it in book.cards),
        "score": Counter(_score(it) for it in book.scores),
        "closing": Counter(moment(it["at"]) for it in book.replies if closings and _closing(book, it)),
        "command": Counter(
            {
                (it["action"], moment(it["at"]))
                for it in book.acts
                if it["actor_id"]
                and it["action"] != "importCalendar"  # not done to a case; its due times are compared
            }
        ),
        "escalation": Counter([book.case["escalation_step"], *(_listing(it, book) for it in book.listings)]),
        "whistle": Counter(_called(it) for it in book.called),
    }


def _listing(line: Line, book: Book) -> Listing:
    """E6 names the unit by its id."""
    codes = {str(identity(it["org_id"])): it["code"] for it in book.rows}
    return (moment(line["at"]), codes[json.loads(line["data"])["org"]])


def _called(line: Line) -> Item:
    due = (moment(line[f"{it}_due_at"]) for it in ("sign", "contact", "arrive"))
    done = (line[f"{it}_at"] and moment(line[f"{it}_at"]) for it in ("signed", "contacted", "arrived"))
    return (line["code"], *due, *done, line["rating"], line["rated_back"])


def _clock(
    line: Line, names: Mapping[UUID, Any], steps: Mapping[UUID, Any], pauses: Mapping[UUID, Any]
) -> Item:
    key = identity(line["id"])
    return (
        line["type"],
        names[identity(line["assignment_id"])] if line["assignment_id"] else None,
        line["round"],
        (line["limit"], line["unit"]),
        moment(line["start_at"]),
        moment(line["due_at"]),
        moment(line["yellow_at"]),
        moment(line["stopped_at"]) if line["stopped_at"] else None,
        bool(line["breached"]),
        tuple(pauses.get(key, ())),
        tuple(sorted(steps.get(key, ()))),
    )


def _card(line: Line, names: Mapping[UUID, Any]) -> Item:
    row = names[identity(line["assignment_id"])] if line["assignment_id"] else None
    still = line["replied_at"] is None and line["cancelled_at"] is None
    return (line["level"], moment(line["issued_at"]), row, line["trigger"], still)


def _score(line: Line) -> Item:
    """A key is case.unit.type, and the round or the day where one is part of it (B.6 decided 10)."""
    part = line["key"].split(f".{line['type']}", 1)[1].removeprefix(".")
    return (line["code"], line["type"], part, line["amount"], moment(line["at"]))


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)


def _closing(book: Book, reply: Line) -> bool:
    """Whether somebody closed the case at that moment; other replies answer a refusal or a withdrawal."""
    return any(
        it["action"] == "closeIncident" and moment(it["at"]) == moment(reply["at"]) for it in book.acts
    )


def _broken(book: Book) -> Iterator[str]:
    """The properties of B.6 that a stored case shows by itself."""
    running = [it for it in book.clocks if not it["stopped_at"] and it["type"] != "ARCHIVE"]
    live = [it for it in book.rows if it["state"] not in ENDED_ROWS and it["role"] != "CC"]
    state = book.case["state"]
    if state in ENDED and running:
        yield f"{state} with running clocks: {[it['type'] for it in running]}"
    if state in ENDED and live:
        yield f"{state} with live rows: {[it['state'] for it in live]}"
    if state not in ENDED and not any(not it["paused_at"] for it in running):
        yield f"{state} without a running clock"


def _shown(item: object) -> str:
    if isinstance(item, datetime):
        return f"{item:%Y-%m-%dT%H:%M:%S.%fZ}"
    if isinstance(item, tuple):
        return "(" + ", ".join(_shown(it) for it in item) + ")"
    return str(item)
