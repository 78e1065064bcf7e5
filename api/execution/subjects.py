"""What an event is about, read once per process and shown to every class as it may see it (design §5).

A row is dropped as soon as an event of its case is heard of, so that whoever is told of that event later sees what it
did; who may see a row is decided here, by the scopes that were read with it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any
from uuid import UUID

from api.execution.run import Run
from api.execution.word import Rule, Shows
from db.reads import subjects
from db.reads.statements import Columns, Hanging, Tuples
from db.rows import Kept
from domain.event import Event, EventKind, LoggedEvent, Scopes
from domain.masking import protected_from
from domain.viewer import Viewer
from domain.visibility import visibility_of

_ROWS = "Assignment"
MOST = 2048  # rows of cases and assignments, and lists of what hangs on one
_OF_MANY = frozenset({EventKind.DICTIONARY, EventKind.GRID})  # regions move

Key = tuple[Hashable, str]
Sees = Callable[[str, Sequence[Any], Scopes], bool]
Read = Callable[[list[str]], Awaitable[dict[str, Any]]]


class Subjects:
    """The rows of one process; `reads` counts the statements."""

    def __init__(self) -> None:
        self._held: OrderedDict[Key, asyncio.Future[Any]] = OrderedDict()
        self._of_case: dict[str, set[Key]] = {}
        self._here: Kept[bool] = Kept()
        self._generation = 0
        self._takes: dict[Columns, Callable[[Sequence[Any]], Any]] = {}
        self.reads = 0

    @property
    def generation(self) -> int:
        """Another one after every event that was heard of."""
        return self._generation

    def hear(self, events: Iterable[Event]) -> None:
        """Drop what these events change."""
        self._generation += 1
        for event in events:
            if event.kind in _OF_MANY:
                self.forget()
            elif event.incident_id is not None:
                for key in self._of_case.pop(str(event.incident_id), ()):
                    self._held.pop(key, None)

    def forget(self) -> None:
        """Drop everything."""
        self._generation += 1
        self._held.clear()
        self._of_case.clear()

    async def ahead(self, entries: Sequence[LoggedEvent]) -> None:
        """Read at once what these entries are about."""
        await self._seen("Incident", {str(it.event.incident_id) for it in entries if it.event.incident_id})
        await self._seen(
            "Assignment", {str(it.event.assignment_id) for it in entries if it.event.assignment_id}
        )

    async def rows(self, columns: Columns, keys: Sequence[str], sees: "Sees") -> Tuples:
        """These columns of the visible ones of these rows, in no order."""
        take, noun = self._take(columns), columns.noun
        return [take(row) for row, scopes in await self._seen(noun, set(keys)) if sees(noun, row, scopes)]

    async def hides(self, incident_id: UUID | None, person_id: UUID, viewer: Viewer) -> bool:
        """As `Context.hides_actor`."""
        if incident_id is None:
            return False
        for row, scopes in await self._seen("Incident", {str(incident_id)}):
            if visibility_of(viewer).sees(scopes):
                about = row[_ABOUT]
                return person_id == scopes.reporter and protected_from(viewer, UUID(about) if about else None)
        return True

    async def hanging(self, hanging: Hanging, parents: Sequence[str]) -> Tuples:
        """The rows that hang on cases, in their order."""

        async def read(missing: list[str]) -> dict[str, Any]:
            lists: dict[str, list[Any]] = {parent: [] for parent in missing}
            for row in await hanging.of(missing):
                lists[row[-1]].append(row)
            return lists

        found = await self._once(hanging, parents, read)
        return [row for parent in parents for row in found[parent]]

    async def _seen(self, noun: str, keys: set[str]) -> list[subjects.Seen]:
        async def read(missing: list[str]) -> dict[str, Any]:
            return {it[0][0]: it for it in await subjects.seen(noun, missing)}

        found = await self._once(noun, keys, read) if keys else {}
        return [it for it in found.values() if it is not None]

    async def _once(self, kind: Hashable, keys: Iterable[str], read: Read) -> dict[str, Any]:
        """What is held, and what is not, read by whoever asks first."""
        if self._here.get(0) is None:  # another store was opened
            self.forget()
            self._here.keep(0, True)
        found: dict[str, Any] = {}
        missing = []
        for key in keys:
            future = self._held.get((kind, key))
            if future is None:
                missing.append(key)
            elif future.done():
                found[key] = future.result()
            else:
                await asyncio.wait((future,))
                if future.cancelled():
                    missing.append(key)
                else:
                    found[key] = future.result()
        if missing:
            found |= await self._read(kind, missing, read)
        return found

    async def _read(self, kind: Hashable, missing: list[str], read: Read) -> dict[str, Any]:
        generation, futures = self._generation, self._promised(kind, missing)
        self.reads += 1
        try:
            found = await read(missing)
        except BaseException:
            for key, future in futures.items():
                future.cancel()  # whoever waits reads for itself, and meets what is wrong
                self._drop((kind, key), future)
            raise
        for key, future in futures.items():
            made = found.setdefault(key, None)
            future.set_result(made)
            if kind != _ROWS:
                continue
            if made is None or generation != self._generation:
                self._drop((kind, key), future)
            else:
                self._of_case.setdefault(made[0][_CASE], set()).add((kind, key))
        return found

    def _promised(self, kind: Hashable, missing: list[str]) -> dict[str, asyncio.Future[Any]]:
        """What is about to be read; an event meanwhile drops it."""
        loop = asyncio.get_running_loop()
        if len(self._held) + len(missing) > MOST:
            self.forget()
        futures: dict[str, asyncio.Future[Any]] = {key: loop.create_future() for key in missing}
        for key, future in futures.items():
            self._held[kind, key] = future
            if kind != _ROWS:  # of which case an assignment is shows only when it was read
                self._of_case.setdefault(key, set()).add((kind, key))
        return futures

    def _drop(self, key: Key, future: "asyncio.Future[Any]") -> None:
        if self._held.get(key) is future:
            del self._held[key]

    def _take(self, columns: Columns) -> Callable[[Sequence[Any]], Any]:
        take = self._takes.get(columns)
        if take is None:
            if len(self._takes) >= MOST:
                self._takes.clear()
            names = subjects.whole(columns.noun).names
            places = [names.index(it) for it in columns.names]
            take = itemgetter(*places) if len(places) > 1 else (lambda row: (row[0],))
            self._takes[columns] = take
        return take


def _place(noun: str, column: str) -> int:
    return subjects.whole(noun).names.index(column)


_ORG = _place("Assignment", "org_id")
_CASE = _place("Assignment", "incident_id")
_ABOUT = _place("Incident", "complained_org_id")


class Eyes:
    """What one class of viewers sees and is shown; `reads` is the viewer as whom it reads."""

    def __init__(self, reads: Viewer) -> None:
        self.reads = reads
        self._visibility, self._own = visibility_of(reads), reads.handler_orgs
        self._rules: dict[Rule, Shows] = {}

    def sees(self, noun: str, row: Sequence[Any], scopes: Scopes) -> bool:
        """Whether a row is visible: by the scopes of its case, an assignment also by its own unit."""
        if self._visibility.sees(scopes):
            return True
        own = noun == _ROWS and self._own and UUID(row[_ORG]) in self._own
        return bool(own) and scopes.incident not in self._visibility.apart

    def shows(self, rule: Rule) -> Shows:
        """A masking rule, settled for the class."""
        known = self._rules.get(rule)
        if known is None:
            known = self._rules[rule] = rule(self.reads)
        return known


@dataclass(slots=True)
class SharedRun(Run):
    """One item for one class: what it shows is read by whoever is told of it first."""

    subjects: Subjects = field(kw_only=True)
    eyes: Eyes = field(kw_only=True)

    async def rows(self, columns: Columns, keys: Sequence[str]) -> Tuples:
        """The visible ones of these rows."""
        if columns.noun in subjects.NOUNS_OF_EVENTS:
            return await self.subjects.rows(columns, keys, self.eyes.sees)
        return await Run.rows(self, columns, keys)

    async def hanging(self, hanging: Hanging, parents: Sequence[str]) -> Tuples:
        """The rows that hang on these."""
        return await self.subjects.hanging(hanging, parents)

    async def hides(self, incident_id: UUID | None, person_id: UUID) -> bool:
        """Whether naming who acted would name a protected reporter."""
        return await self.subjects.hides(incident_id, person_id, self.viewer)
