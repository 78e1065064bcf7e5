"""Relay's compiler accepts the schema, and the server answers what the compiler wrote."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.desks import Desks, dispatched
from tests.acceptance.town import ROOT, Town
from tests.conformance import node

SOURCES = Path(__file__).parent / "relay"
CONFIG = {
    "src": "./src",
    "schema": "./schema.graphql",
    "language": "javascript",
    "artifactDirectory": "./made",
}
TEXT = re.compile(r'^    "text": (".*")$', re.MULTILINE)


def compiled(
    tools: Path, folder: Path, *, schema: str | None = None, more: str = ""
) -> tuple[str, dict[str, str]]:
    """The compiler's words, and the text of each operation it wrote."""
    shutil.copytree(SOURCES, folder / "src")
    (folder / "made").mkdir()
    given = (ROOT / "schema.graphql").read_text(encoding="utf-8") if schema is None else schema
    (folder / "schema.graphql").write_text(given, encoding="utf-8")
    (folder / "src" / "More.js").write_text(more, encoding="utf-8")
    (folder / "relay.config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    done = node.run(tools / "relay-compiler" / "cli.js", "relay.config.json", folder=folder)
    made = {file.name.split(".")[0]: file.read_text(encoding="utf-8") for file in folder.glob("made/*")}
    texts = {name: json.loads(found[1]) for name, text in made.items() if (found := TEXT.search(text))}
    return done.stdout + done.stderr, texts if not done.returncode else {}


@pytest.fixture(scope="module")
def operations(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The operations the compiler made of our documents."""
    words, texts = compiled(tools, tmp_path_factory.mktemp("relay"))
    assert texts, words
    return texts


@pytest.fixture(scope="module")
async def case(town: Town) -> dict[str, Any]:
    """A case with an assignment."""
    incident, _ = await dispatched(Desks(town))
    return incident


def test_every_document_is_compiled(operations: dict[str, str]) -> None:
    assert set(operations) == {
        "CaseHistoryPageQuery",
        "IncidentListPageQuery",
        "IncidentListQuery",
        "IncidentPageAddNoteMutation",
        "IncidentPageQuery",
        "IncidentPageRefetchQuery",
        "IncidentPageSubscription",
    }


def test_a_field_that_does_not_exist_is_refused(tools: Path, tmp_path: Path) -> None:
    words, texts = compiled(tools, tmp_path, more="graphql`fragment More_it on Incident { noSuchField }`;")
    assert not texts
    assert "noSuchField" in words


def test_a_connection_without_page_info_is_refused(tools: Path, tmp_path: Path) -> None:
    schema = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    words, texts = compiled(
        tools, tmp_path, schema=schema.replace("  pageInfo: PageInfo!", "  pages: PageInfo!")
    )
    assert not texts
    assert "pageInfo" in words


async def test_a_list_is_read_page_by_page_with_the_compilers_queries(
    town: Town, operations: dict[str, str], case: dict[str, Any]
) -> None:
    desk = await town.desk("command")
    where = {"state": {"eq": "DISPATCHED"}}
    first = await desk.ask(operations["IncidentListQuery"], first=1, where=where)
    edge = first["incidents"]["edges"][0]
    assert edge["node"]["id"] == case["id"]
    assert edge["node"]["__typename"] == "Incident"
    rest = await desk.ask(
        operations["IncidentListPageQuery"],
        first=1,
        after=first["incidents"]["pageInfo"]["endCursor"],
        where=where,
        orderBy="REPORTED_AT_DESC",
    )
    assert rest["incidents"]["edges"] == []


async def test_an_object_is_fetched_again_by_its_id(
    town: Town, operations: dict[str, str], case: dict[str, Any]
) -> None:
    desk = await town.desk("command")
    page = await desk.ask(operations["IncidentPageQuery"], id=case["id"], withNotes=True)
    again = await desk.ask(
        operations["IncidentPageRefetchQuery"], id=case["id"], withNotes=False, crs="WGS84"
    )
    assert page["node"]["no"] == again["node"]["no"] == case["no"]
    assert page["node"]["notes"] == []
    (line,) = page["node"]["assignments"]
    assert line["assignmentState"] == "PENDING"
    beside = await desk.ask(operations["IncidentPageQuery"], id=line["id"], withNotes=False)
    assert beside["node"]["__typename"] == "Assignment"


async def test_a_connection_inside_an_object_goes_on_where_it_ended(
    town: Town, operations: dict[str, str], case: dict[str, Any]
) -> None:
    desk, kinds, cursor = await town.desk("command"), [], None
    for _ in range(20):
        asked = await desk.ask(operations["CaseHistoryPageQuery"], id=case["id"], count=1, cursor=cursor)
        history = asked["node"]["history"]
        kinds += [edge["node"]["kind"] for edge in history["edges"]]
        cursor = history["pageInfo"]["endCursor"]
        if not history["pageInfo"]["hasNextPage"]:
            break
    whole = await desk.ask(operations["CaseHistoryPageQuery"], id=case["id"], count=50, cursor=None)
    assert kinds == [edge["node"]["kind"] for edge in whole["node"]["history"]["edges"]]
    assert len(kinds) > 2
