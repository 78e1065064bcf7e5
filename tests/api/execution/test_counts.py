"""How many statements each read of the guide sends on its compiled way, on both stores: not one more than it needs.

Cold is an engine that has seen nothing, warm the same question again. What the process keeps whatever is asked
(dictionaries, whose stamp is looked at once a second) was read before and costs nothing here.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from api.engine import Engine, GraphQLRequest
from api.graphql import build_schema
from api.stored_documents import StoredDocuments
from db import cases, orgs, saved_filters
from db.unit_of_work import in_transaction
from db.work import reference
from domain.clock import Light
from domain.incident import IncidentState
from domain.saved_filter import FilterNoun, SavedFilter
from domain.term import Language
from services import documents, integration_keys
from services.command import Call, new_id
from services.documents import StoreDocument
from services.integration_keys import CreateIntegrationKey
from tests.api.client import Client, gid
from tests.api.client import engine as shared
from tests.api.execution.guide import Sent, documented
from tests.db.factories import NOW, SOUTH, WEST, District, a_complainant, a_district, build_case
from tests.services.desk import Desk

Counts = tuple[int, int]
"""Statements of the first answer, and of the next."""

SQLITE: Mapping[str, Counts] = {
    "Me": (1, 0),  # the unit's name is kept
    "Labels": (0, 0),
    "Where": (1, 0),
    "Detail": (12, 12),  # `availableActions` loads what hangs on the case as a command does, eight of these
    "Units": (1, 1),
    "Open": (4, 2),  # a case read before is not read again
    "Late": (2, 2),
    "Kept": (3, 3),
    "Search": (2, 2),
    "Events": (2, 2),
    "Keys": (3, 2),
    "Desk": (2, 2),  # the entries, and how many of each desk
    "Refusals": (2, 2),
}
POSTGRES: Mapping[str, Counts] = {
    **SQLITE,
    "Detail": (5, 5),  # the eight in one
    "Open": (3, 2),  # the assignments come with the page
}
ROWS = 12
_READERS = {
    "acceptor": "acceptor",
    "dispatcher": "dispatcher",
    "command": "director",
    "admin": "sysadmin",
    "housing": "housing",
}
_SIZE = re.compile(r"first: \d+")
_FEWER = {"Units": 1, "Desk": 0}  # nothing waits unread at the desk of the unit that did it all


class Guide:
    """The guide's reads, with somebody to ask each and something to find."""

    def __init__(self, district: District, variables: Mapping[str, Mapping[str, Any]], sent: Sent) -> None:
        self._district = district
        self._variables = variables
        self._sent = sent.statements
        self._schema = build_schema()
        self.documents = documented()

    async def counts(self, name: str, size: int | None = None) -> Counts:
        """What the question sends cold and warm, with pages of that size."""
        engine = Engine(self._schema)
        first = await self.ask(engine, name, size)
        cold = len(self._sent)
        assert await self.ask(engine, name, size) == first
        plans = engine.plans
        assert plans is not None
        assert (plans.answered, dict(plans.fallbacks)) == (2, {}), name
        return cold, len(self._sent)

    async def ask(self, engine: Engine, name: str, size: int | None) -> Any:
        """The data; what is counted begins and ends with the answer."""
        who, text = self.documents[name]
        document = text if size is None else _SIZE.sub(f"first: {size}", text)
        client = Client(self._district.viewer(_READERS[who]) if who else None)
        request = GraphQLRequest(document, self._variables.get(name, {}))
        context = await client.context()
        self._sent.clear()
        answer = await engine.run(engine.prepare(request, Language.ZH), context)
        said = orjson.loads(answer.payload())
        assert "errors" not in said, said
        return said["data"]

    async def rows(self, name: str, size: int) -> int:
        """How many rows its page of that size has."""
        data = await self.ask(Engine(self._schema), name, size)
        pages = [it for it in data.values() if isinstance(it, dict)]
        return max(len(page.get("nodes") or page.get("edges") or ()) for page in pages)


@pytest.fixture
async def guide(store: str, monkeypatch: pytest.MonkeyPatch) -> Guide:  # noqa: ARG001 - the store must be open
    monkeypatch.setattr(reference, "CHECKED_SECONDS", float("inf"))
    district = await a_district()
    late = [await _a_late_case(district, number) for number in range(ROWS)]
    walked = await Desk(district).walk(10)
    kept = await _keep(district)
    point = {"lng": WEST + 0.005, "lat": SOUTH + 0.01, "crs": "WGS84"}
    variables: dict[str, dict[str, Any]] = {
        "Where": {"point": point},
        "Detail": {"id": late[0]},
        "Late": {"point": point},
        "Kept": {"saved": kept},
        "Events": {"id": gid("Incident", walked.id)},
    }
    made = Guide(district, variables, Sent(monkeypatch))
    for name in made.documents:  # the process has seen them all, each engine of the tests none
        await made.counts(name)
    return made


async def _a_late_case(district: District, number: int) -> str:
    """One that each list of the guide shows; its id."""
    at = NOW - timedelta(minutes=number)
    made = build_case(
        district, IncidentState.HANDLING, at=at, complainant=a_complainant(), title="清明祭祀用品占道"
    )
    late = replace(made, incident=replace(made.incident, light=Light.RED))
    await in_transaction(lambda work: cases.insert(work, late))
    return gid("Incident", late.incident.id)


async def _keep(district: District) -> str:
    """The unit that the guide looks for, keys for a page, and a filter; its id."""
    unit = replace(district.orgs["HOUSING"], id=new_id(), code="GCL-ZJJ")
    await in_transaction(lambda work: orgs.insert(work, unit))
    check = StoredDocuments(shared()).check
    given = StoreDocument(text="{ incidents(first: 1) { nodes { no } } }", name="大屏")
    stored = await documents.store(_call(district), given, lambda it: check(it, Language.ZH))
    for number in range(ROWS):
        key = CreateIntegrationKey(
            name=f"大屏{number}",
            document_id=stored.made["document"][0],
            person_id=district.people["director"].id,
            expires_at=None,
        )
        await integration_keys.create(_call(district), key)
    saved = SavedFilter(
        id=new_id(),
        person_id=district.people["director"].id,
        noun=FilterNoun.INCIDENT,
        name="在办",
        conditions="{}",
        saved_at=NOW,
    )
    await in_transaction(lambda work: saved_filters.insert(work, saved))
    return gid("SavedFilter", saved.id)


def _call(district: District) -> Call:
    return Call(district.viewer("sysadmin"), NOW, new_id, uuid4())


async def test_each_read_of_the_guide_sends_no_more_statements_than_it_needs(
    guide: Guide, store: str
) -> None:
    expected = SQLITE if store.startswith("sqlite") else POSTGRES
    found = {name: await guide.counts(name) for name in guide.documents}
    assert found == expected
    assert all(warm <= cold for cold, warm in found.values())


async def test_a_page_of_one_and_a_page_of_ten_send_the_same_statements(guide: Guide) -> None:
    for name, (_, text) in guide.documents.items():
        if _SIZE.search(text):
            few, many = await guide.counts(name, 1), await guide.counts(name, 10)
            assert few == many, name
            assert await guide.rows(name, 10) == _FEWER.get(name, 10), name
