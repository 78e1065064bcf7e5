"""Typed loaders of the shipped demo data; `demo/README.md` names the origin and licence of every file."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent / "files"

GeoJSON = dict[str, Any]

# 既有违建: the published example of staged limits (R24): name, limit, unit.
MILESTONES = {"SG-WJ-YJ": (("停工", 240, "WORK_MIN"), ("处罚", 7, "WORK_DAY"), ("拆除", 20, "WORK_DAY"))}


@dataclass(frozen=True, slots=True)
class DemoRegion:
    """One version of a division: valid in [valid_from, valid_to). A code may return under a new name."""

    code: str
    level: str
    name: str
    short_name: str
    parent_code: str | None
    valid_from: date
    valid_to: date | None
    supersedes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoArea:
    """A synthetic community cell; `polygon` is a GeoJSON geometry in WGS84."""

    code: str
    name: str
    polygon: GeoJSON


@dataclass(frozen=True, slots=True)
class DemoGrid:
    """A synthetic grid cell; `polygon` is a GeoJSON geometry in WGS84, the counts are made up."""

    code: str
    name: str
    community_code: str
    kind: str
    households: int
    population: int
    polygon: GeoJSON


@dataclass(frozen=True, slots=True)
class DemoOrg:
    """A unit; `region_code` is the division it serves."""

    code: str
    name: str
    short_name: str
    kind: str
    parent_code: str | None
    region_code: str | None


@dataclass(frozen=True, slots=True)
class DemoCategory:
    """An entry of the category tree, `level` 1 to 3, parents before children."""

    code: str
    name: str
    level: int
    parent_code: str | None
    requires_photo: bool
    requires_after_photo: bool
    requires_onsite_verify: bool
    default_urgency: str
    milestones: tuple[tuple[str, int, str], ...] = ()  # name, limit, unit


@dataclass(frozen=True, slots=True)
class DemoDuty:
    """职责清单项: a unit answers for a category, by law."""

    org_code: str
    category_code: str
    legal_basis: str


@dataclass(frozen=True, slots=True)
class DemoRule:
    """派单目录: who leads a category; the first code is the lead of a single dispatch."""

    category_code: str
    lead_org_codes: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class DemoDay:
    """A day the yearly notice names: off, or worked although a weekend day."""

    day: date
    name: str
    is_workday: bool
    source: str


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A made-up person with one post; `grid_code` only for grid workers, `org_code` not for residents."""

    username: str
    display_name: str
    org_code: str | None
    post_type: str
    role: str
    region_code: str | None
    grid_code: str | None


@dataclass(frozen=True, slots=True)
class DemoShares:
    """Shares (each map sums to 1) and profiles measured on real cases.

    `arrivals[weekday][hour]` (Monday first, +08:00) sums to 1; `hours_to_close` maps a quantile (`p50`)
    to natural hours.
    """

    source: Mapping[str, float]
    kind: Mapping[str, float]
    category: Mapping[str, float]
    arrivals: tuple[tuple[float, ...], ...]
    on_time: float
    hours_to_close: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DemoTemplate:
    """A made-up report; `{place}` in title or content stands for an address."""

    category_code: str
    title: str
    content: str


@dataclass(frozen=True, slots=True)
class DemoSurname:
    """A surname with its share in per cent."""

    surname: str
    weight_percent: float


@dataclass(frozen=True, slots=True)
class DemoGivenName:
    """A given name; `sex` is M or F."""

    given_name: str
    sex: str


def _rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one CSV file."""
    with (FILES / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _features(name: str) -> list[GeoJSON]:
    """The features of one GeoJSON file."""
    features: list[GeoJSON] = json.loads((FILES / name).read_text(encoding="utf-8"))["features"]
    return features


def _records(name: str) -> Iterator[dict[str, Any]]:
    """The rows of one CSV file, None where a field is empty."""
    return ({key: value or None for key, value in row.items()} for row in _rows(name))


def regions() -> list[DemoRegion]:
    """The divisions of the district with their history, parents before children."""
    return [
        DemoRegion(
            row["code"],
            row["level"],
            row["name"],
            row["short_name"],
            row["parent_code"] or None,
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            supersedes=tuple(row["supersedes"].split()),
        )
        for row in _rows("regions.csv")
    ]


def outline() -> GeoJSON:
    """The simplified outline of the district: a GeoJSON geometry in WGS84."""
    geometry: GeoJSON = _features("outline.geojson")[0]["geometry"]
    return geometry


def communities() -> list[DemoArea]:
    """The synthetic cells of the present communities, by code."""
    return [
        DemoArea(feature["properties"]["code"], feature["properties"]["name"], feature["geometry"])
        for feature in _features("communities.geojson")
    ]


def grids() -> list[DemoGrid]:
    """The synthetic grids, by code."""
    found = ((dict(it["properties"]), it["geometry"]) for it in _features("grids.geojson"))
    return [
        DemoGrid(**{key: value for key, value in named.items() if key != "synthetic"}, polygon=polygon)
        for named, polygon in found
    ]


def orgs() -> list[DemoOrg]:
    """The units, parents before children."""
    return [DemoOrg(**row) for row in _records("orgs.csv")]


def categories() -> list[DemoCategory]:
    """The category tree, parents before children."""
    return [
        DemoCategory(
            code=row["code"],
            name=row["name"],
            level=int(row["level"]),
            parent_code=row["parent_code"] or None,
            requires_photo=row["requires_photo"] == "1",
            requires_after_photo=row["requires_after_photo"] == "1",
            requires_onsite_verify=row["requires_onsite_verify"] == "1",
            default_urgency=row["default_urgency"],
            milestones=MILESTONES.get(row["code"], ()),
        )
        for row in _rows("categories.csv")
    ]


def duties() -> list[DemoDuty]:
    """Who answers for which level-3 category."""
    return [
        DemoDuty(row["org_code"], row["category_code"], row["legal_basis"]) for row in _rows("duties.csv")
    ]


def rules() -> list[DemoRule]:
    """The dispatch rules, one per level-3 category."""
    return [
        DemoRule(row["category_code"], tuple(row["lead_org_codes"].split()), row["basis"])
        for row in _rows("rules.csv")
    ]


def calendar_days() -> list[DemoDay]:
    """The days named by the notices of 2016 to 2026, in order."""
    return [
        DemoDay(date.fromisoformat(row["date"]), row["name"], row["is_workday"] == "1", row["source"])
        for row in _rows("calendar.csv")
    ]


def people() -> list[DemoPerson]:
    """The demo accounts first (design §10), then grid workers and unit leads."""
    return [DemoPerson(**row) for row in _records("people.csv")]


def shares() -> DemoShares:
    """Shares and profiles to draw cases from."""
    raw = json.loads((FILES / "shares.json").read_text(encoding="utf-8"))
    return DemoShares(
        source=raw["source"],
        kind=raw["kind"],
        category=raw["category"],
        arrivals=tuple(tuple(hours) for hours in raw["arrivals_by_hour_of_week"]),
        on_time=raw["on_time"],
        hours_to_close=raw["hours_to_close"],
    )


def templates() -> list[DemoTemplate]:
    """Made-up reports, at least one per level-3 category."""
    return [
        DemoTemplate(row["category_code"], row["title"], row["content"]) for row in _rows("templates.csv")
    ]


def surnames() -> list[DemoSurname]:
    """Surnames for made-up people, most frequent first."""
    return [DemoSurname(row["surname"], float(row["weight_percent"])) for row in _rows("surnames.csv")]


def given_names() -> list[DemoGivenName]:
    """Given names for made-up people."""
    return [DemoGivenName(row["given_name"], row["sex"]) for row in _rows("given_names.csv")]
