"""Which documents take a plan, what a plan answers, and when the ordinary executor answers instead."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from api.engine import Engine, GraphQLRequest
from api.graphql import build_schema
from db import cases
from db.unit_of_work import in_transaction
from domain.incident import IncidentState
from tests.api.client import Client, gid
from tests.db.factories import District, a_case, a_complainant, a_district

LISTED = "{ incidents(first: 5) { edges { cursor node { no grid { name } } } nodes { id assignments { state } } } }"


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open
    return await a_district()


class Asker:
    """Runs documents on an engine of its own, and tells how they were answered."""

    def __init__(self, client: Client) -> None:
        self.engine = Engine(build_schema())
        self._client = client

    @property
    def plans(self) -> Any:
        return self.engine.plans

    async def ask(
        self, document: str, variables: Mapping[str, Any] | None = None, name: str | None = None
    ) -> Any:
        request = GraphQLRequest(document, variables or {}, name)
        operation = self.engine.prepare(request, self._client.language)
        answer = await self.engine.run(operation, await self._client.context())
        return orjson.loads(answer.payload())


@pytest.fixture
def asker(district: District) -> Asker:
    return Asker(Client(district.viewer("dispatcher")))


async def test_a_list_selected_twice_is_read_once_for_both(asker: Asker, district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    found = (await asker.ask(LISTED))["data"]["incidents"]
    assert found["edges"][0]["node"]["no"] == case.incident.no
    assert found["nodes"][0]["id"] == gid("Incident", case.incident.id)
    assert asker.plans.answered == 1


async def test_conditions_choose_a_plan_each_and_names_choose_the_operation(
    asker: Asker, district: District
) -> None:
    await a_case(district, IncidentState.HANDLING)
    document = """query A($with: Boolean!) { incidents(first: 1) { nodes { no title @include(if: $with) } } }
                  query B { incidents(first: 1) { nodes { state @skip(if: true) id } } }"""
    with_title = await asker.ask(document, {"with": True}, "A")
    without = await asker.ask(document, {"with": False}, "A")
    other = await asker.ask(document, None, "B")
    assert set(with_title["data"]["incidents"]["nodes"][0]) == {"no", "title"}
    assert set(without["data"]["incidents"]["nodes"][0]) == {"no"}
    assert set(other["data"]["incidents"]["nodes"][0]) == {"id"}
    assert asker.plans.answered == 3


@pytest.mark.parametrize(
    "document",
    ['{ incident(no: "none") { id } }', '{ node(id: "none") { id } }', "{ incidents { nodes { id } } }"],
)
async def test_what_is_refused_is_answered_by_the_ordinary_executor(asker: Asker, document: str) -> None:
    assert (await asker.ask(document))["errors"]
    assert dict(asker.plans.fallbacks) == {"refused": 1}


async def test_an_edge_of_which_nothing_is_selected_is_still_an_edge(
    asker: Asker, district: District
) -> None:
    await a_case(district, IncidentState.HANDLING)
    document = (
        "{ incidents(first: 1) { edges { node @skip(if: true) { no } } nodes { no @include(if: false) } } }"
    )
    assert (await asker.ask(document))["data"]["incidents"] == {"edges": [{}], "nodes": [{}]}


async def test_too_many_conditions_do_not_fill_the_memory(asker: Asker, district: District) -> None:
    await a_case(district, IncidentState.HANDLING)
    names = ("no", "title", "state", "light", "round")
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name} @include(if: ${name})" for name in names)
    document = f"query ({declared}) {{ incidents(first: 1) {{ nodes {{ id {fields} }} }} }}"
    for bits in range(20):
        await asker.ask(document, {name: bool(bits >> at & 1) for at, name in enumerate(names)})
    assert asker.plans.answered == 16
    assert dict(asker.plans.fallbacks) == {"too many conditions": 4}


async def test_a_document_that_names_no_field_of_ours_becomes_no_code(
    asker: Asker, district: District
) -> None:
    """Only GraphQL names reach the generated source; texts of a client are values."""
    await a_case(district, IncidentState.HANDLING)
    odd = "'+__import__('os').getcwd()+'{r}\\\\\"\n"
    document = "query ($search: String) { incidents(first: 1, search: $search) { nodes { _r0: no t0: id } } }"
    assert "errors" not in await asker.ask(document, {"search": odd})


async def test_names_are_kept_ready_per_reader_and_never_reach_another(district: District) -> None:
    """A privileged reader fills the fragments first; the auditor still reads the name masked, and itself plain."""
    await a_case(district, IncidentState.HANDLING, reporter_id=district.people["worker"].id)
    document = "{ incidents(first: 1) { nodes { reporter { id name } } } }"
    plain, auditor = Asker(Client(district.viewer("dispatcher"))), Asker(Client(district.viewer("auditor")))
    auditor.engine = plain.engine
    shown = [
        (await it.ask(document))["data"]["incidents"]["nodes"][0]["reporter"]["name"]
        for it in (plain, auditor, plain)
    ]
    assert shown == ["张三", "张*", "张三"]


async def test_what_is_kept_of_one_selection_is_not_taken_for_another(
    asker: Asker, district: District
) -> None:
    """Both read one column and write it under the same name."""
    await a_case(district, IncidentState.HANDLING)
    shown = [
        (await asker.ask(f"{{ incidents(first: 1) {{ nodes {{ grid {{ {field} }} }} }} }}"))["data"][
            "incidents"
        ]
        for field in ("code", "code: name", "code region { code }", "code region { code: name }")
    ]
    grid = district.grids["G1"]
    assert [it["nodes"][0]["grid"]["code"] for it in shown] == [grid.code, grid.name, grid.code, grid.code]
    assert shown[2] != shown[3]


async def test_a_protected_reporter_is_not_even_looked_up(district: District) -> None:
    """R81: the office complained about never has the reporter's row read for it."""
    await a_case(
        district,
        IncidentState.HANDLING,
        complainant=a_complainant(),
        complained_org_id=district.orgs["HOUSING"].id,
        reporter_id=district.people["worker"].id,
    )
    asker = Asker(Client(district.viewer("housing")))
    node = (await asker.ask("{ incidents(first: 1) { nodes { reporter { name } complainant { name } } } }"))[
        "data"
    ]["incidents"]["nodes"][0]
    assert node == {"reporter": None, "complainant": None}
    assert asker.plans.references.held == 0


async def test_a_changed_case_is_read_as_it_is(asker: Asker, district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    document = "{ incidents(first: 1) { nodes { title } } }"
    assert (await asker.ask(document))["data"]["incidents"]["nodes"][0]["title"] == case.incident.title
    changed = replace(case, incident=replace(case.incident, title="改过的标题"))
    await in_transaction(lambda work: cases.save(work, case, changed))
    assert (await asker.ask(document))["data"]["incidents"]["nodes"][0]["title"] == "改过的标题"


async def test_what_is_kept_ready_is_bounded_however_many_selections_clients_invent(
    asker: Asker, district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_case(district, IncidentState.HANDLING)
    monkeypatch.setattr("api.execution.references.MOST", 5_000)
    for number in range(60):
        answer = await asker.ask(f"{{ incidents(first: 1) {{ nodes {{ grid {{ a{number}: name }} }} }} }}")
        assert answer["data"]["incidents"]["nodes"][0]["grid"] == {f"a{number}": district.grids["G1"].name}
        assert 0 <= asker.plans.references.held <= 5_000
