"""shares.json, calendar.csv and the name lists: facts derived from, or copied out of, the sources."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from statistics import quantiles

from demo.making import categories, tables

SOURCES = {
    "@坪山": "RESIDENT_MP",
    "美丽深圳": "VOLUNTEER_MP",
    "12345": "HOTLINE_12345",
    "12319": "GRID_PATROL",
    "政府信箱": "MINXIN",
    "固话投诉": "PLATFORM",
}
"""The measured channels by the founding district's nearest one: apps, hotline, city patrol, mailbox, window."""

KINDS = {"投诉": "COMPLAINT", "咨询": "CONSULT", "建议": "SUGGESTION", "求决": "HELP", "感谢": "PRAISE"}

PERCENTILES = {"p10": 10, "p25": 25, "p50": 50, "p75": 75, "p90": 90, "p95": 95}


def _packed(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {key: round(count / total, 6) for key, count in sorted(counts.items())}


def _category_counts(cases: list[dict[str, str]]) -> Counter[str]:
    """Cases by our own level-3 code; one is added to each so that every category can be drawn."""
    mapping = {
        (row["type"], row["main_type"], row["sub_type"]): row["category_code"]
        for row in tables.read(tables.HAND_MADE / "mapping.csv")
    }
    counts = Counter(row["code"] for row in categories.leaves())
    for case in cases:
        kind, main, sub = case["type"], case["main_type"], case["sub_type"]
        keys = [(kind, main, sub), (kind, main, ""), (kind, "", "")]
        code = next((mapping[key] for key in keys if key in mapping), "QT-ZH-QT")
        counts[code] += 1
    return counts


def _arrivals(source: Path) -> list[list[float]]:
    """Shares by weekday (Monday first) and local hour."""
    path = source / "profiles" / "arrivals_by_hour_of_week.csv"
    rows = [row for row in tables.read(path) if row["dataset"] == "pingshan"]
    total = sum(int(row["cases"]) for row in rows)
    week = [[0.0] * 24 for _ in range(7)]
    for row in rows:
        week[int(row["iso_weekday"]) - 1][int(row["hour"])] = round(int(row["cases"]) / total, 6)
    return week


def _hours_to_close(source: Path) -> dict[str, float]:
    """Quantiles of natural hours from opening to closing; cases closed as they were opened do not count."""
    opened = [
        (row["opened_at"], row["closed_at"])
        for row in _packed(source / "cases_boston" / "boston_311_2011h2.early.csv.gz")
    ]
    opened += [
        (row["created_at"], row["closed_at"]) for row in _packed(source / "cases_la" / "la_311.early.csv.gz")
    ]
    hours = [
        (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600
        for start, end in opened
        if end
    ]
    cuts = quantiles((hour for hour in hours if hour > 0), n=100)
    return {name: round(cuts[percent - 1], 2) for name, percent in PERCENTILES.items()}


def _write_shares(source: Path) -> None:
    cases = list(_packed(source / "cases_pingshan" / "pingshan_2018.early.csv.gz"))
    on_time = sum(case["closed_on_time"] == "1" for case in cases)
    overdue = sum(case["overdue_closed"] == "1" for case in cases)
    shares = {
        "source": _shares(Counter(SOURCES[case["source"]] for case in cases)),
        "kind": _shares(Counter(KINDS[case["property"]] for case in cases if case["property"] in KINDS)),
        "category": _shares(_category_counts(cases)),
        "on_time": round(on_time / (on_time + overdue), 6),
        "hours_to_close": _hours_to_close(source),
        "arrivals_by_hour_of_week": _arrivals(source),
    }
    text = json.dumps(shares, ensure_ascii=False, indent=1)
    (tables.FILES / "shares.json").write_text(text + "\n", encoding="utf-8")


def _write_calendar(source: Path) -> None:
    rows = tables.read(source / "calendar" / "holidays_2016_2026.csv")
    tables.write(
        "calendar.csv",
        "date name is_workday source",
        [
            (
                row["date"],
                row["name"],
                1 - int(row["is_off_day"]),
                f"国务院办公厅关于{row['notice_year']}年部分节假日安排的通知",
            )
            for row in rows
        ],
    )


def _copy(source: Path, name: str) -> None:
    rows = list(tables.read(source / "names" / name))
    tables.write(name, " ".join(rows[0]), [list(row.values()) for row in rows])


def write(source: Path) -> None:
    """The four files."""
    _write_shares(source)
    _write_calendar(source)
    _copy(source, "surnames.csv")
    _copy(source, "given_names.csv")
