"""What is kept ready of whole cases: never older than the row, never read by whom it was not written for."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from api.execution.ready import Audience, ReadyCases, peers_of
from db import cases
from db.reads import statements
from db.unit_of_work import in_transaction
from domain.case import Case
from domain.clock import Light
from domain.incident import IncidentState
from tests.api.client import Client, gid
from tests.api.execution.test_plan import Asker
from tests.db.factories import District, a_case, a_complainant, a_district

WHOLE = """{ incidents(first: 5) { edges { node {
    no light reporter { id name } grid { name } clocks { light } assignments { state light orgUnit { name } }
} } } }"""


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open
    return await a_district()


@pytest.fixture
async def case(district: District) -> Case:
    return await a_case(district, IncidentState.HANDLING, reporter_id=district.people["worker"].id)


def asker(district: District, name: str, beside: Asker | None = None) -> Asker:
    """A reader, on the engine of another or one of its own."""
    made = Asker(Client(district.viewer(name)))
    if beside is not None:
        made.engine = beside.engine
    return made


def opened(audience: Audience) -> ReadyCases:
    """Empty, for the open store, and small."""
    ready = ReadyCases(most=20_000)
    assert ready.find(audience, [], 1) == []
    return ready


async def node(reader: Asker, document: str = WHOLE) -> Any:
    """The first case of the reader's page, as the plan answers it."""
    before = reader.plans.answered
    answer = await reader.ask(document)
    assert reader.plans.answered == before + 1, dict(reader.plans.fallbacks)
    return answer["data"]["incidents"]["edges"][0]["node"]


async def save(before: Case, change: Callable[[Case], Case]) -> Case:
    """Store a changed case, without an event: nothing but the revision tells of it."""
    after = change(before)
    await in_transaction(lambda work: cases.save(work, before, after))
    return after


async def test_a_page_read_again_asks_for_ids_and_revisions_alone(
    district: District, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, sent = asker(district, "dispatcher"), list[str]()
    answer = statements._answer

    async def counted(query: Any) -> Any:
        sent.append(query.text)
        return await answer(query)

    monkeypatch.setattr(statements, "_answer", counted)
    first = await node(reader)
    assert first["no"] == case.incident.no
    assert [await node(reader) for _ in range(3)] == [first] * 3
    assert all("title" not in it and it.count("SELECT") == 1 for it in sent[-2:])
    assert sent[-1].startswith('SELECT i."id", i."revision"')


@pytest.mark.parametrize("asked_before", [1, 2, 3])
async def test_every_write_of_a_case_shows_at_once_even_one_that_nobody_tells_of(
    district: District, case: Case, asked_before: int
) -> None:
    """The lights of the sweep change no version, and another process' events come later than its commits."""
    reader = asker(district, "dispatcher")
    for _ in range(asked_before):
        await node(reader)
    red = tuple(replace(it, light=Light.RED) for it in case.clocks)
    lit = await save(case, lambda it: replace(it, clocks=red))
    assert [it["light"] for it in (await node(reader))["clocks"]] == ["RED"] * len(red)
    late = tuple(replace(it, light=Light.YELLOW) for it in lit.assignments)
    await save(lit, lambda it: replace(it, assignments=late))
    assert {it["light"] for it in (await node(reader))["assignments"]} == {"YELLOW"}


async def test_only_what_changed_is_read_again(district: District, case: Case) -> None:
    others = [await a_case(district, IncidentState.HANDLING) for _ in range(3)]
    reader = asker(district, "dispatcher")
    document = WHOLE.replace("first: 5", "first: 4")
    for _ in range(3):
        await reader.ask(document)
    hits, misses = reader.plans.ready.hits, reader.plans.ready.misses
    changed = await save(case, lambda it: replace(it, incident=replace(it.incident, title="改过")))
    answer = await reader.ask(document.replace("no light", "no title light"))
    assert len(answer["data"]["incidents"]["edges"]) == len(others) + 1
    answer = await reader.ask(document)
    assert changed.incident.no in {it["node"]["no"] for it in answer["data"]["incidents"]["edges"]}
    assert (reader.plans.ready.hits - hits, reader.plans.ready.misses - misses) == (3, 4 + 1)


async def test_colleagues_share_and_others_do_not(district: District, case: Case) -> None:  # noqa: ARG001 - must be there
    first = asker(district, "dispatcher")
    await node(first)
    colleague = replace(district.viewer("dispatcher"), person_id=uuid4(), session_id=uuid4(), name="另一人")
    second = Asker(Client(colleague))
    second.engine = first.engine
    await node(second)
    assert (first.plans.ready.hits, first.plans.ready.misses) == (1, 1)
    assert peers_of(colleague) is peers_of(district.viewer("dispatcher"))
    await node(asker(district, "auditor", beside=first))
    assert (first.plans.ready.hits, first.plans.ready.misses) == (1, 2)


@pytest.mark.parametrize("order", [("worker", "auditor", "dispatcher"), ("dispatcher", "auditor", "worker")])
async def test_who_reads_first_decides_nothing(
    district: District, case: Case, order: tuple[str, ...]
) -> None:
    """The worker reads the own name; the auditor reads names and addresses masked; nobody reads another's view."""
    document = WHOLE.replace("no light", "no address")
    alone = {name: await node(asker(district, name), document) for name in order}
    assert alone["auditor"]["reporter"]["name"] == "张*"
    first = asker(district, order[0])
    for _ in range(3):
        for name in order:
            assert await node(asker(district, name, beside=first), document) == alone[name]
    assert alone[order[0]]["no"] == case.incident.no


async def test_the_own_name_of_one_reader_is_not_shown_to_a_peer(district: District) -> None:
    """Two volunteers of the same class: each reads the own name alone."""
    volunteer = district.people["volunteer"]
    await a_case(district, IncidentState.HANDLING, reporter_id=volunteer.id)
    own = asker(district, "volunteer")
    for _ in range(2):
        assert (await node(own))["reporter"]["name"] == volunteer.name
    audience = Audience.of("shape", district.viewer("volunteer"))
    ready = opened(audience)
    ready.keep(audience, [("row", 1)], 1, [b"own"], {audience.own})
    assert ready.find(audience, [("row", 1)], 1) == [b"own"]
    assert ready.find(replace(audience, own="another"), [("row", 1)], 1) == [None]


async def test_a_text_that_names_a_reader_is_not_taken_for_the_readers_own(district: District) -> None:
    peers = peers_of(district.viewer("dispatcher"))
    ready = opened(Audience("shape", peers, "a"))
    ready.keep(Audience("shape", peers, "a"), [("row", 1)], 1, [b"names b"], {"b"})
    assert ready.find(Audience("shape", peers, "c"), [("row", 1)], 1) == [b"names b"]
    assert ready.find(Audience("shape", peers, "b"), [("row", 1)], 1) == [None]


async def test_the_unit_complained_about_reads_nothing_that_others_left(district: District) -> None:
    """R81."""
    await a_case(
        district,
        IncidentState.HANDLING,
        complainant=a_complainant(),
        complained_org_id=district.orgs["HOUSING"].id,
        reporter_id=district.people["worker"].id,
    )
    document = WHOLE.replace("no light", "no content")
    first = asker(district, "dispatcher")
    for _ in range(2):
        assert (await node(first, document))["reporter"] is not None
        there = await node(asker(district, "housing", beside=first), document)
        assert (there["reporter"], there["content"]) == (None, None)


async def test_a_case_that_is_gone_meanwhile_is_left_to_the_ordinary_executor(
    district: District, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two statements of a page it may leave what the reader sees."""
    reader = asker(district, "dispatcher")
    for _ in range(2):
        await node(reader)
    reader.plans.ready.forget()

    async def nothing(*_: object) -> list[Any]:
        return []

    monkeypatch.setattr(statements, "by_ids", nothing)
    answer = await reader.ask(WHOLE)
    assert answer["data"]["incidents"]["edges"][0]["node"]["no"] == case.incident.no
    assert dict(reader.plans.fallbacks) == {"a case is gone meanwhile": 1}


async def test_one_case_is_kept_as_a_page_keeps_it(district: District, case: Case) -> None:
    reader = asker(district, "dispatcher")
    document = "query ($id: ID!) { incident(id: $id) { no title clocks { type light } } }"
    given = {"id": gid("Incident", case.incident.id)}
    first = await reader.ask(document, given)
    assert [await reader.ask(document, given) for _ in range(3)] == [first] * 3
    assert (reader.plans.ready.hits, reader.plans.ready.misses) == (3, 1)
    await save(case, lambda it: replace(it, incident=replace(it.incident, title="改过")))
    assert (await reader.ask(document, given))["data"]["incident"]["title"] == "改过"


async def test_what_is_kept_is_bounded_and_what_is_asked_for_stays(district: District) -> None:
    audience = Audience.of("shape", district.viewer("dispatcher"))
    ready = opened(audience)
    ready.keep(audience, [("first", 1)], 1, [b"first"], set())
    rows = [(f"row {number}", 1) for number in range(500)]
    for row in rows:
        ready.keep(audience, [row], 1, [b"x" * 100], set())
        assert ready.find(audience, [("first", 1)], 1) == [b"first"]
    held = len(rows) - ready.find(audience, rows, 1).count(None)
    assert 20 <= held <= 20_000 // 400
