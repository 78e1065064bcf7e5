"""Valid documents of every root field, made by Schemathesis with words of a real town, and what came of them."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import graphql
import httpx2
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from tests.acceptance.town import ROOT

Nodes = st.SearchStrategy[graphql.ValueNode]

POLYGON = """{type: "Polygon", coordinates: [[[123.42, 41.15], [123.44, 41.15], [123.43, 41.17], [123.42, 41.15]]]}"""
SHAPES = (
    POLYGON,
    POLYGON.replace("123.44", "1e300"),
    POLYGON.replace("41.17", "null"),
    '{type: "MultiPolygon", coordinates: []}',
    '{type: "Point", coordinates: [123.42, 41.15]}',
    "{type: 7, coordinates: {}}",
    "[]",
    '"POLYGON EMPTY"',
)
TIMES = ("2024-10-21T09:30:00+08:00", "1900-01-01T00:00:00Z", "2100-12-31T23:59:59.999999-12:00", "09:30", "")
DAYS = ("2024-10-21", "1900-01-01", "2100-12-31", "2024-02-30", "")
OUR_FAULT = {"INTERNAL", "UNAVAILABLE"}
LEAVING = {"Mutation.signOut"}  # sent without a token: it would end the session the others use


@dataclass(frozen=True)
class Words:
    """What a town really has: ids, names and codes, and cursors of its lists."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    cursors: tuple[str, ...]


@dataclass
class Findings:
    """What came of the documents: how many of each root field, how they were answered, and our faults."""

    sent: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def take(self, label: str, document: str, answer: httpx2.Response) -> None:
        """Note one answer; anything but data or a refusal with a code is a fault of ours."""
        self.sent[label] += 1
        codes = _codes(answer)
        self.codes.update(codes)
        if answer.status_code >= 500 or OUR_FAULT & set(codes):
            self.faults.append(f"{label}: {answer.status_code} {answer.text[:500]}\n{document}")


def find_faults(address: str, tokens: list[str], words: Words, examples: int, *, fixed: bool) -> Findings:
    """Send that many documents of every command, and twice as many of every question, by each person in turn.

    Commands are mostly refused for what is made up. `fixed`: the same documents every time.
    """
    findings, turns = Findings(), itertools.cycle(tokens)
    with httpx2.Client(base_url=f"http://{address}", timeout=60) as http:

        def send(case: schemathesis.Case[Any]) -> None:
            label, document = case.operation.label, str(case.body)
            head = {} if label in LEAVING else {"Authorization": f"Bearer {next(turns)}"}
            findings.take(label, document, http.post("/graphql", json={"query": document}, headers=head))

        for asks, strategy in _strategies(words):
            how = settings(
                max_examples=examples * (1 + asks),
                derandomize=fixed,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            how(given(case=strategy)(send))()
    return findings


def _strategies(words: Words) -> Iterator[tuple[bool, st.SearchStrategy[schemathesis.Case[Any]]]]:
    """One for each field of Query and Mutation, with values that often exist in the town; whether it asks."""
    for name, strategy in _values(words).items():
        schemathesis.graphql.scalar(name, strategy)
    schema = schemathesis.graphql.from_path(ROOT / "schema.graphql")
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        yield operation.label.startswith("Query."), operation.as_strategy()


def _values(words: Words) -> dict[str, Nodes]:
    text = st.text(st.characters(codec="utf-8"), max_size=40)
    moments = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    numbers = st.integers(0, 4), st.integers(0, 120), st.integers(-(2**31), 2**31 - 1)
    return {
        "ID": _mostly(words.ids, text),
        "String": _mostly(words.texts, text),
        "Cursor": _mostly(words.cursors, text),
        "DateTime": _mostly(TIMES, moments),
        "Date": _mostly(DAYS, st.dates().map(str)),
        "UUID": st.uuids().map(str).map(nodes.String),
        "GeoJSON": st.sampled_from([graphql.parse_value(shape) for shape in SHAPES]),
        "Int": st.one_of(numbers).map(nodes.Int),
    }


def _mostly(known: tuple[str, ...], other: st.SearchStrategy[str]) -> Nodes:
    """Three of four are known words."""
    return st.one_of(*[st.sampled_from(known)] * 3, other).map(nodes.String)


def _codes(answer: httpx2.Response) -> list[str]:
    try:
        body = answer.json()
        errors = body.get("errors") or []
        return [error["extensions"]["code"] for error in errors] or ["OK" if body.get("data") else "INTERNAL"]
    except (json.JSONDecodeError, AttributeError, KeyError, TypeError):
        return ["INTERNAL"]
