"""No valid document makes the server fail: Schemathesis asks for every root field, as several roles."""

import asyncio
import os
from pathlib import Path

from graphql import build_schema

from tests.acceptance.desks import Desks, answered, checked, dispatched, filed, in_checking, report
from tests.acceptance.town import ROOT, Town
from tests.conformance.documents import Findings, Words, find_faults
from tests.conformance.town import lay, serving

EXAMPLES = int(
    os.environ.get("CONFORMANCE_EXAMPLES", "5")
)  # of each root field; `make conformance` asks more
FIXED = "CONFORMANCE_EXAMPLES" not in os.environ
ROLES = ("command", "dispatcher", "housing", "community", "resident", "auditor", "admin", "acceptor")
LISTS = """{ incidents(first: 50) { edges { cursor node { id no title address assignments { id }
    notes { id } reporter { id } category { code } } } }
  orgUnits(first: 4) { edges { cursor node { id code shortName } } }
  grids(first: 4) { edges { cursor node { id code name } } }
  people(first: 4) { edges { cursor node { id name } } }
  regions { id code } events(first: 20) { edges { cursor node { subjectId } } } }"""


async def settled(desks: Desks) -> None:
    """Cases in several states."""
    await report(await desks("acceptor"))
    await filed(desks)
    await dispatched(desks)
    await answered(await desks("callback"), await checked(await desks("inspector"), await in_checking(desks)))


async def words_of(desks: Desks) -> Words:
    """Ids, texts and cursors of the town's lists."""
    found: dict[str, list[str]] = {"id": [], "text": [], "cursor": []}

    def gather(value: object, key: str = "") -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                gather(inner, name)
        elif isinstance(value, list):
            for inner in value:
                gather(inner, key)
        elif isinstance(value, str):
            kind = "id" if key in {"id", "subjectId"} else "cursor" if key == "cursor" else "text"
            found[kind].append(value)

    gather(await (await desks("command")).ask(LISTS))
    return Words(tuple(found["id"]), (*found["text"], "HJ-JS-YP", "GCL-ZJJ"), tuple(found["cursor"]))


def root_fields() -> set[str]:
    """Every field of Query and Mutation."""
    schema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    roots = (schema.query_type, schema.mutation_type)
    return {f"{root.name}.{name}" for root in roots if root for name in root.fields}


async def tried(town: Town) -> Findings:
    """What came of the documents in this town."""
    desks = Desks(town)
    await settled(desks)
    tokens = [(await desks(role)).token for role in ROLES]
    words = await words_of(desks)
    return await asyncio.to_thread(find_faults, town.addresses[0], tokens, words, EXAMPLES, fixed=FIXED)


async def test_no_valid_document_makes_the_server_fail(store_url: str, tmp_path: Path) -> None:
    await lay(store_url)
    async with serving(store_url, tmp_path) as town:
        findings = await tried(town)
    assert not findings.faults, "\n\n".join(findings.faults[:10])
    assert set(findings.sent) == root_fields()
    assert findings.codes["OK"] > sum(findings.sent.values()) / 10
