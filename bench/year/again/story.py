"""One case retold: from what was done to it and when, every clock, card and point follows a second time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bench.year.again.hours import Hours
from bench.year.again.ledger import LATE_DAYS, Clock, Row
from bench.year.again.limits import LEVELS, POINTS, Limit
from bench.year.again.parts import Before, Card, Whistled
from bench.year.again.tables import Place, Tables

ENDED_ROWS = frozenset({"RETURNED", "CANCELLED", "REJECTED_RESULT", "DONE"})
ENDED = frozenset({"CLOSED", "ARCHIVED", "REJECTED", "MERGED", "TRANSFERRED", "VOIDED"})
SET_BY_TABLE = frozenset({"REPORTED", "VERIFYING", "CHECKING", "FOLLOWUP"}) | ENDED
LATE = {
    ("LEAD", "SIGN"): "LATE_SIGN",
    ("LEAD", "CONTACT"): "NO_CONTACT",
    ("LEAD", "HANDLE"): "LATE_HANDLE",
    ("SUPPORT", "SIGN"): "LATE_SIGN",
    ("SUPPORT", "HANDLE"): "LATE_REPLY",
}
EACH_ROUND = frozenset({"REWORK", "DISSATISFIED"})
SHIRKED_WITHIN = timedelta(days=30)


@dataclass(slots=True)
class World:
    """What cases know of each other: calendar and tables, and when which unit's returns were refused (R27).

    `impossible`: deeds that do not fit the case as it is retold.
    """

    hours: Hours
    tables: Tables
    refused: dict[str, list[datetime]] = field(default_factory=dict)
    stories: dict[UUID, "Story"] = field(default_factory=dict)
    impossible: list[str] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Story:
    """The case as the rules say it is. `hints`: cards of the store, for moments that are equal."""

    world: World
    hints: frozenset[tuple[str, datetime, str | None, str | None]] = frozenset()
    state: str = "REPORTED"
    urgency: str = "NORMAL"
    consult: bool = False
    place: Place = field(default_factory=Place)
    source_due: datetime | None = None
    before: Before | None = None
    sampled: bool | None = None
    share: int = 0
    done_stages: set[Clock] = field(default_factory=set)
    whistles: list[Whistled] = field(default_factory=list)
    round: int = 1
    ruling: bool = False
    boundary_returns: int = 0
    rows: list[Row] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    level: str = "NONE"
    step: int = 0
    listings: list[tuple[datetime, str]] = field(default_factory=list)
    scores: dict[tuple[str, str, str], tuple[float, datetime]] = field(default_factory=dict)
    asking: list[bool] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    withdrawn: int = 0
    opinions: set[str | None] = field(default_factory=set)
    unhappy_rounds: set[int] = field(default_factory=set)
    notes: list[tuple[str, datetime]] = field(default_factory=list)
    volunteers: set[str] = field(default_factory=set)
    closings: list[tuple[datetime, int]] = field(default_factory=list)

    @property
    def hours(self) -> Hours:
        """The calendar."""
        return self.world.hours

    @property
    def leads(self) -> list[Row]:
        """L of B.5."""
        return self.live("LEAD")

    def live(self, *roles: str) -> list[Row]:
        """Rows of the present round that have not ended, of these roles or of any."""
        return [
            it
            for it in self.rows
            if it.state not in ENDED_ROWS and it.round == self.round and (not roles or it.role in roles)
        ]

    def row(self, org: str, *roles: str) -> Row:
        """The unit's live row."""
        return next(it for it in self.live(*roles) if it.org == org)

    def start(
        self,
        kind: str,
        at: datetime,
        *,
        row: Row | None = None,
        of: Limit | None = None,
        due: datetime | None = None,
    ) -> Clock:
        """A clock that runs from now on; `due` when it was given from outside."""
        chosen = of or self.limit(kind, at)
        clock = Clock(
            kind=kind,
            row=row,
            round=self.round,
            limit=chosen,
            start=at,
            due=due or chosen.due(self.hours, at),
            urgency=self.urgency,
            hours=self.hours,
            external=due is not None,
        )
        self.clocks.append(clock)
        return clock

    def limit(self, kind: str, at: datetime) -> Limit:
        """What a clock of that kind gets that starts now."""
        return self.world.tables.limit(kind, self.urgency, at, self.place)

    def stop(self, at: datetime, kinds: Iterable[str] = (), row: Row | None = None) -> None:
        """End these clocks (none named: all) of that row or of the whole case."""
        wanted = frozenset(kinds)
        for clock in self.clocks:
            if (not wanted or clock.kind in wanted) and (row is None or clock.row is row):
                clock.stop(at)

    def running(self, kind: str, row: Row | None = None) -> list[Clock]:
        """Clocks of that kind that run or stand still."""
        return [it for it in self.clocks if it.kind == kind and not it.stopped_at and row in {None, it.row}]

    def score(self, org: str, kind: str, at: datetime, *, round_: int = 0, day: str = "") -> None:
        """Points, once for each key (B.6 decided 10)."""
        part = str(round_) if kind in EACH_ROUND else day
        self.scores.setdefault((org, kind, part), (POINTS[kind], at))

    def card(self, level: str, at: datetime, row: Row | None, trigger: str | None) -> None:
        """A higher card with its reply due; at or below the present level it is nothing."""
        if LEVELS.index(level) <= LEVELS.index(self.level):
            return
        self.level = level
        clock = self.start("REPLY", at, row=row, of=self.world.tables.reply(level, at, self.place))
        concerned = tuple(it.org for it in ([row] if row else self.leads))
        self.cards.append(Card(level, at, row, trigger, clock, concerned))
        for org in concerned:
            if level != "URGE":
                self.score(org, f"{level}_CARD", at)

    def derive(self) -> None:
        """B.5: what state follows from the rows."""
        if self.state in SET_BY_TABLE:
            return
        states = {row.state for row in self.leads}
        only = {"RETURN_REQ": "RETURN_REVIEW", "SUBMITTED": "SUBMITTED", "PENDING": "DISPATCHED"}
        if self.ruling:
            self.state = "ARBITRATING"
        elif not states:
            self.state = "FILED"
        elif len(states) == 1 and states <= only.keys():
            self.state = only[next(iter(states))]
        elif "HUNG" in states and states <= {"HUNG", "SUBMITTED"}:
            self.state = "HUNG"
        else:
            self.state = "HANDLING"

    def settle(self, at: datetime) -> None:
        """The state by derivation; SUBMIT_WAIT and HANG_REVIEW as B.6's table of clocks has them."""
        self.derive()
        if self.state == "SUBMITTED" and not self.running("SUBMIT_WAIT"):
            self.start("SUBMIT_WAIT", at)
        if not any(row.state == "HUNG" for row in self.rows):
            self.stop(at, ["HANG_REVIEW"])

    def end(self, state: str, at: datetime, *, done: bool = False, copies: bool = False) -> None:
        """B.6 C: the case leaves the open set; with `done` results are done, with `copies` they can still be read."""
        self.stop(at)
        for row in self.rows:
            if row.state in ENDED_ROWS or (row.role == "CC" and copies):
                continue
            row.state = "DONE" if done and row.state in {"SUBMITTED", "REPLIED"} else "CANCELLED"
        self.state, self.ruling = state, False
        if state != "MERGED":
            self.start("ARCHIVE", at)

    def begin_check(self, at: datetime) -> None:
        """T27: whoever submitted and was not late is on time (B.6 D)."""
        self.stop(at, ["SUBMIT_WAIT"])
        for row in self.rows:
            if row.state == "SUBMITTED":
                row.on_time_handle = row.on_time_handle is not False
        self.state = "CHECKING"
        self.start("CHECK", at)

    def ask_household(self, at: datetime, who: str | None) -> None:
        """S49: this person's household is asked, and FOLLOWUP is not due before the term of that."""
        if who in self.opinions:
            return
        self.opinions.add(who)
        for clock in self.running("FOLLOWUP"):
            clock.not_before(at, self.world.tables.opinion(at, self.place))

    def sample(self, at: datetime, *, asked: bool) -> None:
        """S49: chance alone says of which results the household is asked, and says the same of a case again."""
        self.share = self.world.tables.sample(at, self.place)
        known = self.sampled if self.share else False
        if known is not None and asked is not known:
            raise ValueError("asked against the sample")
        self.sampled = asked
        if asked:
            self.ask_household(at, None)

    def stages(self, row: Row) -> list[Clock]:
        """R24: the row's stages that are not done."""
        return [
            it
            for it in self.clocks
            if it.kind == "MILESTONE" and it.row is row and it not in self.done_stages
        ]

    def may_be_sent_back(self, clock: Clock) -> bool:
        """T26: whether a waiting result stopped it: its row's latest HANDLE, or a stage that is not done."""
        row = clock.row
        if row is None or row.state != "SUBMITTED" or row not in self.leads or self.state in SET_BY_TABLE:
            return False
        latest = [it for it in self.clocks if it.kind == "HANDLE" and it.row is row][-1:]
        return clock in (*latest, *self.stages(row))

    def again(self, orgs: Iterable[str], at: datetime) -> list[Row]:
        """T30, T32, T34: a new round for these leads, born accepted; their rows of before."""
        old = [row for row in self.leads if row.org in set(orgs)] or self.leads
        for row in self.live():
            if row in old:
                row.state = "REJECTED_RESULT"
            elif row.role != "CC":
                row.state = "DONE" if row.state in {"SUBMITTED", "REPLIED"} else "CANCELLED"
        for clock in self.clocks:
            if clock.kind != "REPLY":  # B.6: replies to cards run on in any open state
                clock.stop(at)
        self.born([row.org for row in old], at)
        self._pass_on(at)
        return old

    def _pass_on(self, at: datetime) -> None:
        """A card of a row that ended is its unit's new row's; of a unit that is let go it ends (rule C)."""
        heirs = {row.org: row for row in self.live()}
        for card in self.cards:
            row = card.row
            if card.clock.stopped_at or row is None or row.state not in ENDED_ROWS:
                continue
            if row.org in heirs:
                card.row = card.clock.row = heirs[row.org]
            else:
                card.clock.stop(at)

    def born(self, orgs: Iterable[str], at: datetime) -> None:
        """Rows of a new round with the rework limit."""
        self.round, self.state = self.round + 1, "HANDLING"
        self.opinions.clear()
        for org in orgs:
            row = Row(org, "LEAD", self.round, at, state="ACCEPTED")
            self.rows.append(row)
            self.start("HANDLE", at, row=row, of=self.limit("REWORK", at))

    def late(self, clock: Clock) -> None:
        """What a breach writes on its row, and what it costs (B.6 D, decided 10)."""
        row = clock.row
        if row is None:
            return
        if clock.kind == "SIGN":
            row.on_time_accept = False
        if clock.kind == "HANDLE":
            row.on_time_handle = False
        if (row.role, clock.kind) in LATE:
            self.score(row.org, LATE[row.role, clock.kind], max(clock.due, clock.start))

    def day_late(self, clock: Clock, name: str, at: datetime) -> None:
        """T25: half a point for each further working day, the lead's alone."""
        if name in LATE_DAYS and clock.row and clock.row.role == "LEAD":
            self.score(clock.row.org, "LATE_DAYS", at, day=name[1:])

    def rise(self, step: int) -> None:
        """B.4: the highest step that fired."""
        self.step = max(self.step, step)


Teller = Callable[[Story, datetime, Mapping[str, Any]], None]
