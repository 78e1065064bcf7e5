"""Imports a case file batch by batch: idempotent by external id, so it may be stopped and started at any time."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Self

from channels.casefile.mapping import Mapping, MappingError
from channels.casefile.places import Places
from channels.casefile.reading import CaseFile, opened
from channels.casefile.rows import Rejected, Wanted, wanted
from domain.term import Language
from services.command import Call
from services.imports import ImportCase, Imported, import_cases

BATCH = 100
TOLD = (
    "external_id",
    "reported_at",
    "closed_at",
    "title",
    "content",
    "address",
    "source",
    "kind",
    "domain",
    "urgency",
)
HEADER = ["line", "external_id", "field", "reason"]

Told = Callable[["Tally", int, int], None]


@dataclass(slots=True)
class Tally:
    """What became of the rows read so far; every row is counted once."""

    imported: int = 0
    known: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """All rows read."""
        return self.imported + self.known + self.rejected

    def summary(self, refused: Path) -> str:
        """What became of the rows, for a terminal."""
        said = [f"读取 read {self.rows}：导入 imported {self.imported}，已有 known {self.known}，"]
        said.append(f"退回 rejected {self.rejected}" + (f" → {refused}" if self.rejected else ""))
        reasons = [f"  {count} × {reason}" for reason, count in self.reasons.most_common(10)]
        return "\n".join(["".join(said), *reasons])


class Rejects:
    """The file of rejected rows: line, external id, field, reason; made with the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closing = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> Self:
        if self._path.exists() and not self._earlier():
            raise MappingError(
                f"{self._path}: 已有别的文件，不覆盖 another file, not replaced; name a new one with --rejects"
            )
        self._path.unlink(missing_ok=True)  # every run reads the whole file, so it lists every rejected row
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def add(self, line: int, external_id: str, column: str, reason: str) -> None:
        """List one row."""
        if self._writer is None:
            file = self._closing.enter_context(self._path.open("w", encoding="utf-8-sig", newline=""))
            self._writer = csv.writer(file)
            self._writer.writerow(HEADER)
        self._writer.writerow([line, external_id, column, reason])

    def _earlier(self) -> bool:
        """Whether what is there is empty or the rejects of an earlier run."""
        head = ("\ufeff" + ",".join(HEADER)).encode()
        with self._path.open("rb") as file:
            return file.read(len(head)) in {head, b""}


async def import_file(
    call: Call, path: Path, mapping: Mapping, rejects: Path, told: Told | None = None
) -> Tally:
    """Import a file of any size; what became of its rows. Raises MappingError when it cannot be read.

    `told(tally, bytes read, bytes in all)` hears of the progress after each batch.
    """
    places, tally = Places(mapping, call), Tally()
    await places.load()
    with opened(path, mapping) as file, _rejecting(rejects) as refused:
        rows = _rows(file, mapping, refused, tally)
        while batch := list(islice(rows, BATCH)):
            await places.prepare(batch)
            await _import(call, batch, places, refused, tally)
            if told:
                told(tally, file.position, file.size)
    return tally


def told_by(path: Path, mapping: Mapping) -> Iterator[dict[str, Any]]:
    """What a file tells of each case, without those rows that cannot become one; `categories` are codes.

    Raises MappingError when it cannot be read.
    """
    with opened(path, mapping) as file:
        for line in file.lines():
            with suppress(Rejected):
                row = wanted(line, mapping)
                told = {name: getattr(row, name) for name in TOLD}
                yield {**told, "categories": tuple(it.code for it in row.categories)}


async def _import(call: Call, batch: list[Wanted], places: Places, refused: Rejects, tally: Tally) -> None:
    """One transaction: all rows of the batch, or none; refused rows harm no other."""
    ready: list[tuple[Wanted, ImportCase]] = []
    for row in batch:
        try:
            ready.append((row, _case(row, places)))
        except Rejected as rejected:
            _reject(refused, tally, row.line, row.external_id, rejected)
    done = await import_cases(call, [case for _, case in ready])
    for (row, _), outcome in zip(ready, done, strict=True):
        if outcome.refusal is not None:
            _reject(refused, tally, row.line, row.external_id, _said(outcome))
        elif outcome.new:
            tally.imported += 1
        else:
            tally.known += 1


def _rows(file: CaseFile, mapping: Mapping, refused: Rejects, tally: Tally) -> Iterator[Wanted]:
    """The rows that can become cases; the others are listed."""
    for line in file.lines():
        try:
            yield wanted(line, mapping)
        except Rejected as rejected:
            _reject(refused, tally, line.number, line.fields[mapping.columns["external_id"]], rejected)


def _case(row: Wanted, places: Places) -> ImportCase:
    return ImportCase(
        external_id=row.external_id,
        source=row.source,
        domain=row.domain,
        kind=row.kind,
        category_id=places.category(row),
        title=row.title,
        content=row.content,
        address=row.address,
        urgency=row.urgency,
        region_id=places.region(row),
        org_id=places.unit(row),
        reported_at=row.reported_at,
        closed=row.closed,
        closed_at=row.closed_at,
        on_time=row.on_time,
    )


def _said(outcome: Imported) -> Rejected:
    """A refusal of the platform in the words of the file of rejects."""
    refusal = outcome.refusal
    if refusal is None:
        raise TypeError("it was not refused")
    return Rejected(refusal.field or "", f"{refusal.message()} {refusal.message(Language.EN)}")


def _reject(refused: Rejects, tally: Tally, line: int, external_id: str, rejected: Rejected) -> None:
    tally.rejected += 1
    tally.reasons[f"{rejected.field}: {rejected.reason}"] += 1
    refused.add(line, external_id, rejected.field, rejected.reason)


@contextmanager
def _rejecting(path: Path) -> Iterator[Rejects]:
    try:
        with Rejects(path) as refused:
            yield refused
    except (PermissionError, IsADirectoryError, FileNotFoundError, NotADirectoryError) as error:
        raise MappingError(f"{error.filename}: {error.strerror}") from None
