"""regions.csv: the real division codes with their history, from four yearly snapshots."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from demo.making import tables

DISTRICT = "211005000000"

SINCE = {
    "2016-07-31": "2016-01-01",
    "2019-10-31": "2019-01-01",
    "2021-10-31": "2020-01-01",
    "2023-06-30": "2023-01-01",
}
"""A change is dated 1 January of the year it is known to belong to: 2020 for the abolished street, else the
year of the first snapshot that shows it. What the first snapshot shows is dated 1 January of its year."""

SUPERSEDES = {
    "211005001004": "211005002005",
    "211005001005": "211005002003",
    "211005003010": "211005002002",
}
"""Communities that moved when 团山街道 was abolished: new code -> old code."""


class Region(NamedTuple):
    """One version of a division, as written; empty text for none."""

    code: str
    level: str
    name: str
    short_name: str
    parent_code: str
    valid_from: str
    valid_to: str
    supersedes: str


def _short(name: str) -> str:
    """苏家社区居民委员会 -> 苏家社区, 柳河汤村民委员会 -> 柳河汤村."""
    return name.removesuffix("居民委员会").removesuffix("民委员会")


def _snapshots(source: Path) -> dict[str, dict[str, tuple[str, str]]]:
    """Date -> code -> (level, name); 街道办事处 is only the older files' way to write 街道."""
    found: dict[str, dict[str, tuple[str, str]]] = {day: {} for day in SINCE}
    for row in tables.read(source / "divisions" / "gongchangling_by_year.csv"):
        name = row["name"].removesuffix("办事处") if row["level"] == "STREET" else row["name"]
        found[row["as_of"]][row["code12"]] = (row["level"], name)
    return found


def _spans(names: list[tuple[str, str | None]]) -> Iterator[tuple[str, str, str]]:
    """(name, from, to) of every stretch of equal names; None where the code is absent."""
    current, since = None, ""
    for day, name in names:
        if name != current:
            if current is not None:
                yield current, since, SINCE[day]
            current, since = name, SINCE[day]
    if current is not None:
        yield current, since, ""


def _versions(code: str, level: str, names: list[tuple[str, str | None]]) -> Iterator[Region]:
    """Every version of one code; a renamed division supersedes itself."""
    parent = DISTRICT if level == "STREET" else code[:9] + "000"
    supersedes = SUPERSEDES.get(code, "")
    for name, since, until in _spans(names):
        yield Region(code, level, name, _short(name), parent, since, until, supersedes)
        supersedes = code


def regions(source: Path) -> list[Region]:
    """All versions, parents before children, then by code and time."""
    snapshots = _snapshots(source)
    levels = {code: level for day in snapshots.values() for code, (level, _) in day.items()}
    rows = [Region(DISTRICT, "DISTRICT", "弓长岭区", "弓长岭区", "", SINCE["2016-07-31"], "", "")]
    for code, level in sorted(levels.items(), key=lambda item: (item[1] == "COMMUNITY", item[0])):
        names = [(day, found[code][1] if code in found else None) for day, found in snapshots.items()]
        rows.extend(_versions(code, level, names))
    return rows


def present(rows: list[Region], level: str) -> list[Region]:
    """The versions of a level that are valid today."""
    return [row for row in rows if row.level == level and not row.valid_to]


def write(rows: list[Region]) -> None:
    """regions.csv."""
    tables.write("regions.csv", " ".join(Region._fields), rows)
