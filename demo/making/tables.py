"""Reading the sources and writing the shipped tables."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent.parent / "files"
HAND_MADE = Path(__file__).parent


def read(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write(name: str, header: str, rows: Iterable[Sequence[object]]) -> None:
    """A CSV file, UTF-8 with plain line ends, so that every run gives the same bytes."""
    with (FILES / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split())
        writer.writerows(rows)


def write_features(name: str, features: Iterable[tuple[Mapping[str, object], Mapping[str, Any]]]) -> None:
    """A GeoJSON feature collection (properties, geometry), one feature a line."""
    lines = [
        json.dumps(
            {"type": "Feature", "properties": properties, "geometry": geometry},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for properties, geometry in features
    ]
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"
    (FILES / name).write_text(text, encoding="utf-8")
