"""One row of an export as a case to be: every word translated, or the row rejected with its field and reason."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Never, TypeVar

from channels.casefile.mapping import TERMS, Entry, Mapping
from channels.casefile.reading import Line
from domain.incident import IncidentDomain, IncidentKind, Source, Urgency
from domain.org import OrgKind
from domain.region import RegionLevel
from domain.term import Term
from domain.text import TITLE

YES = frozenset({"1", "true", "yes", "y", "是"})
NO = frozenset({"0", "false", "no", "n", "否", ""})
LONGEST_TITLE = TITLE[1]

T = TypeVar("T", bound=Term)


class Rejected(Exception):  # noqa: N818 - it is a finding about a row, not a failure of ours
    """The row cannot become a case; `field` is the column, `reason` a sentence for a person."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Named:
    """A code and the name it goes by in this row."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case of an earlier system, still with codes where ids belong."""

    line: int
    external_id: str
    reported_at: datetime
    closed_at: datetime | None
    title: str
    content: str | None
    address: str | None
    source: Source
    kind: IncidentKind
    domain: IncidentDomain
    urgency: Urgency
    categories: tuple[Named, ...]
    unit: Named
    unit_kind: OrgKind
    regions: tuple[tuple[RegionLevel, Named], ...]
    closed: bool
    on_time: bool | None


def wanted(line: Line, mapping: Mapping) -> Wanted:
    """The case in a row; raises Rejected with the first thing that is wrong."""
    if line.surplus:
        raise Rejected("", "字段多于列 more fields than columns")
    row = _Row(line, mapping)
    closed, on_time = row.ending()
    unit = row.named(mapping.units.entry)
    return Wanted(
        line=line.number,
        external_id=row.required("external_id"),
        reported_at=row.moment("reported_at") or row.missing("reported_at"),
        closed_at=row.moment("closed_at") if closed else None,
        title=row.title(),
        content=row.text("content"),
        address=row.text("address"),
        source=row.term("source", Source),
        kind=row.term("kind", IncidentKind),
        domain=row.term("domain", IncidentDomain),
        urgency=row.term("urgency", Urgency),
        categories=tuple(row.named(entry) for entry in mapping.categories),
        unit=unit,
        unit_kind=next(
            (kind for part, kind in mapping.units.kinds if part in unit.name), mapping.units.default
        ),
        regions=row.regions(),
        closed=closed,
        on_time=on_time,
    )


class _Row:
    """One row's fields under one mapping."""

    def __init__(self, line: Line, mapping: Mapping) -> None:
        self._fields = line.fields
        self._mapping = mapping

    def text(self, name: str) -> str | None:
        """The text of our field, None when empty or without a column."""
        column = self._mapping.columns.get(name)
        return (self._fields[column] or None) if column else None

    def required(self, name: str) -> str:
        return self.text(name) or self.missing(name)

    def missing(self, name: str) -> Never:
        raise Rejected(self._mapping.columns.get(name, name), "为空 empty")

    def title(self) -> str:
        """The title, cut where ours ends; the whole text is in the export."""
        title = self.required("title")
        return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"

    def moment(self, name: str) -> datetime | None:
        """A time in UTC; one without an offset is in the mapping's."""
        text = self.text(name)
        if text is None:
            return None
        try:
            found = datetime.fromisoformat(text)
            return (found if found.tzinfo else found.replace(tzinfo=self._mapping.offset)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise Rejected(self._mapping.columns[name], f"不是时间 not a time: {text[:40]}") from None

    def term(self, name: str, kind: type[T]) -> T:
        """A word translated: by the mapping, as our own word, else the default."""
        column = self._mapping.columns.get(name)
        word = self._fields[column] if column else ""
        translated = self._mapping.values.get(name, {}).get(word) if column else None
        code = translated or (word if word in TERMS[name].__members__ else self._mapping.defaults.get(name))
        if code is None:
            raise Rejected(column or name, f"未映射的值 no mapping for: {word[:40] or '(空 empty)'}")
        return kind(code)

    def named(self, entry: Entry) -> Named:
        """The code and name of an entry."""
        code, name = self._fields[entry.code], self._fields[entry.name]
        if not code or not name:
            raise Rejected(entry.name if code else entry.code, "为空 empty")
        return Named(entry.prefix + code, name)

    def regions(self) -> tuple[tuple[RegionLevel, Named], ...]:
        """From the district down to the smallest division the row names."""
        found = [(RegionLevel.DISTRICT, Named(*self._mapping.regions.district))]
        levels = (
            (RegionLevel.STREET, self._mapping.regions.street),
            (RegionLevel.COMMUNITY, self._mapping.regions.community),
        )
        for level, entry in levels:
            if entry is None or not self._fields[entry.code]:
                break
            found.append((level, self.named(entry)))
        return tuple(found)

    def ending(self) -> tuple[bool, bool | None]:
        """Whether the case has ended, and on time, by the flags; exactly one of them must say yes."""
        said = [name for name in self._mapping.flags if self._flag(name)]
        if len(said) != 1:
            columns = " ".join(self._mapping.flags.values())
            raise Rejected(columns, "须恰有一个状态标记 exactly one of the flags must say yes")
        return said[0] != "in_progress", {"overdue_closed": False, "closed_on_time": True}.get(said[0])

    def _flag(self, name: str) -> bool:
        column = self._mapping.flags[name]
        word = self._fields[column].lower()
        if word not in YES | NO:
            raise Rejected(column, f"不是是否标记 neither yes nor no: {word[:40]}")
        return word in YES
