"""A mapping: how the columns of a district's export become cases; read from TOML (docs/import.md)."""

import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

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
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return _mapping(raw)
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: {error}") from None
    except KeyError as error:
        raise MappingError(f"{path}: {error.args[0]!r} is missing") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise MappingError(f"{path}: {error}") from None


def _mapping(raw: dict[str, Any]) -> Mapping:
    file, columns, values = raw.get("file", {}), raw["columns"], raw.get("values", {})
    defaults = raw.get("defaults", {})
    _check_names("columns", columns, (*REQUIRED, *OPTIONAL))
    _check_names("defaults", defaults, tuple(TERMS))
    _check_names("flags", raw["flags"], FLAGS)
    for name in REQUIRED:
        if name not in columns and name not in defaults:
            raise KeyError(f"columns.{name}")
    _check_words(values, defaults)
    return Mapping(
        columns=columns,
        values=values,
        defaults=defaults,
        categories=_levels(raw["category"]),
        create_categories=bool(raw["category"].get("create", False)),
        units=_units(raw["unit"]),
        regions=_regions(raw["region"]),
        flags=raw["flags"],
        encoding=file.get("encoding", "utf-8"),
        delimiter=file.get("delimiter", ","),
        offset=timezone(timedelta(hours=float(file.get("utc_offset_hours", 8)))),
    )


def _check_names(table: str, given: Table[str, object], known: tuple[str, ...]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(f"[{table}] knows {', '.join(known)}, not {', '.join(unknown)}")


def _check_words(values: Table[str, Table[str, str]], defaults: Table[str, str]) -> None:
    """Every translation must be a word of the trade."""
    _check_names("values", values, tuple(TERMS))
    words = [(name, word) for name, table in values.items() for word in table.values()]
    for name, word in [*words, *defaults.items()]:
        if word not in TERMS[name].__members__:
            raise ValueError(f"{name}: {word!r} is none of {', '.join(TERMS[name].__members__)}")


def _entry(raw: Table[str, str], table: Table[str, Any]) -> Entry:
    return Entry(raw["code"], raw.get("name", raw["code"]), table.get("prefix", ""))


def _levels(raw: Table[str, Any]) -> tuple[Entry, ...]:
    """The levels of the category tree, at most three; the prefix stands before the first."""
    levels = raw["levels"]
    if not 1 <= len(levels) <= LEVELS:
        raise ValueError(f"[category] levels: give 1 to {LEVELS}")
    return tuple(_entry(level, {} if number else raw) for number, level in enumerate(levels))


def _units(raw: Table[str, Any]) -> Units:
    kinds = tuple((part, OrgKind(kind)) for part, kind in raw.get("kinds", {}).items())
    default = OrgKind(raw.get("default_kind", "DEPARTMENT"))
    return Units(_entry(raw, raw), kinds, default, bool(raw.get("create", False)))


def _regions(raw: Table[str, Any]) -> Regions:
    district = raw["district"]
    return Regions(
        (district["code"], district["name"]),
        _entry(raw["street"], raw) if "street" in raw else None,
        _entry(raw["community"], raw) if "community" in raw else None,
        bool(raw.get("create", False)),
    )
