"""A mapping: how the columns of a district's export become cases; read from TOML (docs/import.md)."""

import codecs
import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, TypeVar

from domain.incident import IncidentDomain, IncidentKind, Source, Urgency
from domain.org import OrgKind
from domain.term import Term

TERMS: Table[str, type[Term]] = {
    "source": Source,
    "kind": IncidentKind,
    "domain": IncidentDomain,
    "urgency": Urgency,
}
REQUIRED = ("external_id", "reported_at", "title", "source", "kind")
OPTIONAL = ("content", "address", "closed_at", "domain", "urgency")
LEVELS = 3
FLAGS = ("overdue_closed", "in_progress", "closed_on_time")
TABLES = ("file", "columns", "values", "defaults", "category", "unit", "region", "flags")
OPTIONAL_TABLES = frozenset({"file", "values", "defaults"})
OFFSET_HOURS = (-14.0, 14.0)
KINDS: Table[type, str] = {str: "text", bool: "true or a false", list: "list"}

T = TypeVar("T")


class MappingError(Exception):
    """The mapping or the file cannot be used; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a code and a name come from: columns, with `prefix` before the code; one column can be both."""

    code: str
    name: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Units:
    """Where the handling unit comes from, and of which kind a new one is, by a part of its name."""

    entry: Entry
    kinds: tuple[tuple[str, OrgKind], ...] = ()
    default: OrgKind = OrgKind.DEPARTMENT
    create: bool = False


@dataclass(frozen=True, slots=True)
class Regions:
    """The district (code and name, fixed), then the columns of street and community."""

    district: tuple[str, str]
    street: Entry | None
    community: Entry | None
    create: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """Everything a file needs. `values` translates a column's words; `defaults` stand where there is no column."""

    columns: Table[str, str]
    values: Table[str, Table[str, str]]
    defaults: Table[str, str]
    categories: tuple[Entry, ...]
    create_categories: bool
    units: Units
    regions: Regions
    flags: Table[str, str]
    encoding: str = "utf-8"
    delimiter: str = ","
    offset: timezone = field(default_factory=lambda: timezone(timedelta(hours=8)))

    @property
    def needed(self) -> frozenset[str]:
        """Every column the file must have."""
        entries = [*self.categories, self.units.entry, self.regions.street, self.regions.community]
        named = {column for entry in entries if entry for column in (entry.code, entry.name)}
        return frozenset(named | set(self.columns.values()) | set(self.flags.values()))


def read_mapping(path: Path) -> Mapping:
    """The mapping in a TOML file; raises MappingError naming what is wrong."""
    try:
        return _mapping(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from None
    except ValueError as error:  # what is wrong with the TOML, its encoding, or what it says
        raise MappingError(f"{path}: {error}") from None


class _Section:
    """One table of the file. Every key is known and of its type; anything else raises ValueError naming it."""

    def __init__(self, name: str, raw: object, *known: str) -> None:
        if not isinstance(raw, dict):
            raise ValueError(f"[{name}] must be a table")  # noqa: TRY004 - what the file says is a value
        unknown = sorted(set(raw) - set(known)) if known else ()
        if unknown:
            raise ValueError(f"[{name}] knows {', '.join(known)}, not {', '.join(unknown)}")
        self._name = name
        self._raw = raw

    def __contains__(self, key: str) -> bool:
        return key in self._raw

    def section(self, key: str, *known: str) -> "_Section":
        """A table inside this one; absent, it is empty."""
        return _Section(f"{self._name}.{key}", self._raw.get(key, {}), *known)

    def list(self, key: str) -> list[Any]:
        """A list."""
        return self._typed(key, None, list)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; needed where no default is given."""
        return self._typed(key, default, str)

    def flag(self, key: str) -> bool:
        """True or false; false when absent."""
        return self._typed(key, False, bool)

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A number of that range."""
        found = self._raw.get(key, default)
        if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
            raise ValueError(f"{self._name}.{key}: give a number from {least:g} to {most:g}")
        return float(found)

    def texts(self) -> dict[str, str]:
        """All of it, as texts by their keys."""
        return {key: self.text(key) for key in self._raw}

    def _typed(self, key: str, default: T | None, kind: type[T]) -> T:
        found = self._raw.get(key, default)
        if found is None:
            raise ValueError(f"{self._name}.{key} is missing")
        if not isinstance(found, kind):
            raise ValueError(f"{self._name}.{key} must be a {KINDS[kind]}")  # noqa: TRY004 - what the file says is a value
        return found


def _mapping(raw: dict[str, Any]) -> Mapping:
    _Section("the mapping", raw, *TABLES)
    missing = [name for name in TABLES if name not in raw and name not in OPTIONAL_TABLES]
    if missing:
        raise ValueError(f"[{missing[0]}] is missing")
    columns = _Section("columns", raw["columns"], *REQUIRED, *OPTIONAL).texts()
    defaults = _Section("defaults", raw.get("defaults", {}), *TERMS).texts()
    translated = _Section("values", raw.get("values", {}), *TERMS)
    values = {name: translated.section(name).texts() for name in TERMS if name in translated}
    for name in REQUIRED:
        if name not in columns and (name not in TERMS or name not in defaults):
            raise ValueError(f"columns.{name} is missing")
    _check_words(values, defaults)
    category = _Section("category", raw["category"], "prefix", "create", "levels")
    file = _Section("file", raw.get("file", {}), "encoding", "delimiter", "utc_offset_hours")
    return Mapping(
        columns=columns,
        values=values,
        defaults=defaults,
        categories=_levels(category),
        create_categories=category.flag("create"),
        units=_units(
            _Section("unit", raw["unit"], "code", "name", "prefix", "create", "default_kind", "kinds")
        ),
        regions=_regions(
            _Section("region", raw["region"], "district", "street", "community", "prefix", "create")
        ),
        flags=_Section("flags", raw["flags"], *FLAGS).texts(),
        encoding=_encoding(file),
        delimiter=_delimiter(file),
        offset=timezone(timedelta(hours=file.number("utc_offset_hours", 8, *OFFSET_HOURS))),
    )


def _encoding(file: _Section) -> str:
    """A text encoding that this Python knows."""
    name = file.text("encoding", "utf-8")
    try:
        codecs.getincrementaldecoder(name)
        "".encode(name)
    except LookupError:
        raise ValueError(f"[file] encoding: {name} is unknown") from None
    return name


def _delimiter(file: _Section) -> str:
    delimiter = file.text("delimiter", ",")
    if len(delimiter) != 1 or delimiter in {"\n", "\r", '"'}:
        raise ValueError("[file] delimiter: give one character")
    return delimiter


def _check_words(values: Table[str, Table[str, str]], defaults: Table[str, str]) -> None:
    """Every translation must be a word of the trade."""
    words = [(name, word) for name, table in values.items() for word in table.values()]
    for name, word in [*words, *defaults.items()]:
        if word not in TERMS[name].__members__:
            raise ValueError(f"{name}: {word!r} is none of {', '.join(TERMS[name].__members__)}")


def _entry(section: _Section, prefix: str) -> Entry:
    code = section.text("code")
    return Entry(code, section.text("name", code), prefix)


def _levels(category: _Section) -> tuple[Entry, ...]:
    """The levels of the category tree, at most three; the prefix stands before the first."""
    levels = [_Section("category.levels", level, "code", "name") for level in category.list("levels")]
    if not 1 <= len(levels) <= LEVELS:
        raise ValueError(f"[category] levels: give 1 to {LEVELS}")
    prefix = category.text("prefix", "")
    return tuple(_entry(level, "" if number else prefix) for number, level in enumerate(levels))


def _units(unit: _Section) -> Units:
    kinds = tuple((part, OrgKind(kind)) for part, kind in unit.section("kinds").texts().items())
    default = OrgKind(unit.text("default_kind", "DEPARTMENT"))
    return Units(_entry(unit, unit.text("prefix", "")), kinds, default, unit.flag("create"))


def _regions(region: _Section) -> Regions:
    district = region.section("district", "code", "name")
    street, community = (
        _entry(region.section(level, "code", "name"), region.text("prefix", "")) if level in region else None
        for level in ("street", "community")
    )
    return Regions((district.text("code"), district.text("name")), street, community, region.flag("create"))
