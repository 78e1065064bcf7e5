"""Changes of the schema since the last release, as GraphQL Inspector sees them."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.town import ROOT
from tests.conformance import node

RELEASED = node.HERE / "released.graphql"
CURRENT = ROOT / "schema.graphql"
ACCEPTED = node.HERE / "accepted.toml"
BREAKING, DANGEROUS = "BREAKING", "DANGEROUS"


@dataclass(frozen=True)
class Change:
    """One change: how grave, which kind of Inspector's, where, and in words."""

    level: str
    kind: str
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.level} {self.kind} {self.path}: {self.message}"


def changes(old: Path = RELEASED, current: Path = CURRENT) -> list[Change]:
    """What changed from one schema to another."""
    return [Change(**found) for found in node.answer("diff.mjs", old, current)]


def accepted(file: Path = ACCEPTED) -> dict[tuple[str, str], str]:
    """The breaking changes that are wanted, (kind, path), each with its reason."""
    listed = tomllib.loads(file.read_text(encoding="utf-8")).get("change", [])
    return {(entry["kind"], entry["path"]): entry["reason"] for entry in listed}


def unnoticed(found: Iterable[Change], listed: dict[tuple[str, str], str]) -> Iterator[str]:
    """Breaking changes that are not listed, and lines of the list that no change answers to."""
    breaking = {(change.kind, change.path): change for change in found if change.level == BREAKING}
    yield from (str(change) for key, change in breaking.items() if key not in listed)
    yield from (
        f"listed in {ACCEPTED.name}, but not there: {' '.join(key)}" for key in listed.keys() - breaking
    )


def dangerous(found: Iterable[Change]) -> list[Change]:
    """Changes that may surprise a client, though none has to change."""
    return [change for change in found if change.level == DANGEROUS]
