"""Levels of whole cases: what is kept ready of them is not read again, nor written again; and who acted in them."""

from dataclasses import dataclass, field
from typing import Any

from api.execution.levels import CASE, Hung, Level, Link, Rows, Table
from api.execution.ready import REVISION, Audience
from api.execution.run import Deviation, Run
from db.reads import statements
from db.reads.statements import Columns

_NARROW = Columns(CASE, ("id", REVISION))


@dataclass(slots=True)
class Cases:
    """A level of cases whose text may be kept.

    Mostly their ids and revisions are enough. After a read that found less than half of them ready everything is read
    at once, so that cases that nobody asked for before cost no more than one way to the store.
    """

    level: Level
    _wide: bool = field(default=True)

    @property
    def columns(self) -> Columns:
        """What the next statement should read."""
        return self.level.columns if self._wide else _NARROW

    async def texts(self, rows: Rows, columns: Columns, run: Run, hung: Hung | None = None) -> list[bytes]:
        """The JSON of each row of these columns, in order. Deviates where one is gone meanwhile."""
        audience = Audience.of(self.level.shape, run.viewer)
        found = run.ready.find(audience, rows, columns.names.index(REVISION))
        missing = [row for row, text in zip(rows, found, strict=True) if text is None]
        if rows:
            self._wide = 2 * len(missing) > len(rows)
        if not missing:
            return [text for text in found if text is not None]
        made = await self._made(missing, columns, audience, run, hung)
        return [made[row[0]] if text is None else text for row, text in zip(rows, found, strict=True)]

    async def _made(
        self, rows: Rows, columns: Columns, audience: Audience, run: Run, hung: Hung | None
    ) -> dict[str, bytes]:
        """Written as the viewer's whole class reads them, and kept."""
        generation, whole, written = (
            run.ready.generation,
            self.level.columns,
            run.for_all(audience.peers.viewer),
        )
        if columns is _NARROW:
            narrow, rows = rows, await statements.by_ids(whole, [row[0] for row in rows], run.viewer)
            if len(rows) != len(narrow):
                raise Deviation("a case is gone meanwhile")
        texts = [text.encode() for text in await self.level.texts(rows, written, hung=hung)]
        if generation == run.ready.generation:  # otherwise what was read may be older than an event
            run.ready.keep(audience, rows, whole.names.index(REVISION), texts, written.people)
        return dict(zip([row[0] for row in rows], texts, strict=True))


@dataclass(slots=True)
class Disclosed:
    """A person that a row names, unless that would name a protected reporter: `case` is the column of its case."""

    level: Level
    column: str
    case: str
    settled: bool = False

    async def table(self, rows: Rows, objects: Rows, shows: list[Any], run: Run) -> Table:
        """The text of each row's person."""
        keys = []
        for row in rows:
            person_id = getattr(row, self.column)
            hidden = person_id is None or await run.hides(getattr(row, self.case), person_id)
            keys.append(None if hidden else str(person_id))
        return await Link(self.level, lambda *_: keys, aligned=True).table(rows, objects, shows, run)
