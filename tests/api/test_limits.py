"""What a document weighs, decided before it runs, in one pass; and rates and caps."""

from itertools import pairwise

import pytest
from graphql import DocumentNode, get_introspection_query, get_operation_ast, parse
from limits.aio.storage import MemoryStorage

from api import limits as module
from api.engine import Engine, GraphQLRequest, Refused
from api.limits import Caps, Limits, Measure, Rates, measure
from domain.errors import DomainError, ErrorCode
from domain.term import Language
from tests.api.toy import schema

WIDE = Limits(tokens=10**6, depth=10**6, cost=10**13, aliases=10**6, directives=10**6, repeats=10**6)


def weigh(query: str, limits: Limits = WIDE) -> Measure:
    document = parse(query)
    operation = get_operation_ast(document)
    assert operation is not None
    return measure(document, operation, limits)


def refusal(
    query: str, variables: dict[str, object] | None = None, limits: Limits | None = None
) -> dict[str, object]:
    with pytest.raises(Refused) as refused:
        Engine(schema, limits).prepare(GraphQLRequest(query, variables or {}), Language.EN)
    extensions = refused.value.errors[0]["extensions"]
    assert isinstance(extensions, dict)
    return extensions


def doubling(levels: int) -> str:
    """Each fragment spreads the next one twice: written out, the document would have 2**levels fields."""
    parts = [f"fragment F{n} on Node{{child{{name}} ...F{n + 1} ...F{n + 1}}}" for n in range(levels)]
    return " ".join(["{node{...F0}}", *parts, f"fragment F{levels} on Node{{name}}"])


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{a}", 1),
        ("{a{b c}}", 3),
        ("{a(first:10){b}}", 11),
        ("{a(last:10){b{c}}}", 21),
        ("{a(first:10){b(first:10){c}}}", 1 + 10 * (1 + 10)),
        ("query($n:Int){a(first:$n){b}}", 101),
        ("{a(first:99999999999999){b}}", 101),
        ("{a(first:0){b}}", 2),
        ("{a(ids:[1,2,3]){b}}", 4),
        ("query($i:[ID!]!){a(ids:$i){b}}", 101),
        ("{a{...on B{c d}}}", 3),
        ("{a{...F}} fragment F on B{c d}", 3),
        ("{a{...F ...F}} fragment F on B{c d}", 5),
        ("{__schema{types{name}}}", 0),
    ],
)
def test_a_field_costs_one_for_each_row_it_is_asked_for(query: str, cost: int) -> None:
    assert weigh(query).cost == cost


def test_depth_aliases_directives_and_repeats_are_counted_through_fragments() -> None:
    weight = weigh("query @x{a:b @x{...F @x ...on C @x{d:e{f}}} b b} fragment F on C{g:h{i{j{k @x}}}}")
    assert weight == Measure(depth=5, cost=9, aliases=3, directives=5, repeats=2)


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("{" + "a{" * 15 + "b" + "}" * 15 + "}", "depth"),
        ("{a{...F}} fragment F on B{" + "a{" * 14 + "b" + "}" * 14 + "}", "depth"),
        ("{a(first:100){b(first:100){c(first:2){d}}}}", "cost"),
        ("{" + " ".join(f"a{n}:b" for n in range(51)) + "}", "aliases"),
        ("{a" + " @x" * 51 + "}", "directives"),
        ("{" + "a " * 51 + "}", "repeats"),
    ],
)
def test_each_limit_is_refused_with_what_was_too_much(query: str, what: str) -> None:
    with pytest.raises(DomainError) as refused:
        weigh(query, Limits())
    assert refused.value.code is ErrorCode.TOO_COSTLY
    assert refused.value.facts["what"] == what
    assert refused.value.facts["limit"] == getattr(Limits(), what)


@pytest.mark.parametrize("levels", [20, 80, 140])
def test_a_fragment_bomb_is_refused(levels: int) -> None:
    facts = refusal(doubling(levels))
    assert (facts["code"], facts["what"]) == ("TOO_COSTLY", "cost")


def test_a_fragment_bomb_is_weighed_in_steps_that_grow_with_its_length_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = 0
    weigh_once = module._Scale.weigh

    def counted(scale: module._Scale, *arguments: object) -> Measure:
        nonlocal steps
        steps += 1
        return weigh_once(scale, *arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(module._Scale, "weigh", counted)
    taken = []
    for levels in (10, 20, 40, 80):
        steps = 0
        weigh(doubling(levels))
        taken.append(steps)
    assert all(after <= 2.2 * before for before, after in pairwise(taken))


@pytest.mark.parametrize(
    "query",
    [
        "{node{...F}} fragment F on Node{...F}",
        "{node{...F}} fragment F on Node{child{...G}} fragment G on Node{child{...F}}",
    ],
)
def test_a_fragment_that_spreads_itself_is_refused_and_never_followed(query: str) -> None:
    assert refusal(query)["code"] == "BAD_INPUT"


def test_a_long_chain_of_fragments_overflows_no_stack() -> None:
    chain = [f"fragment F{n} on Node{{...F{n + 1}}}" for n in range(240)]
    assert "code" in refusal(" ".join(["{node{...F0}}", *chain, "fragment F240 on Node{name}"]))


@pytest.mark.parametrize(
    ("query", "what"),
    [("{" + "a " * 2000 + "}", "tokens"), ("{a" * 900, "depth"), ("{node{name}}" + "#x\n" * 3000, "tokens")],
)
def test_length_is_bounded_before_anything_is_read_into_it(query: str, what: str) -> None:
    assert refusal(query)["what"] == what


def test_variables_may_not_nest_for_ever() -> None:
    value: object = 1
    for _ in range(40):
        value = [value]
    facts = refusal("{node{name}}", {"x": value})
    assert facts == {"code": "TOO_COSTLY", "what": "variables_depth", "value": 41, "limit": 32}


def test_introspection_is_allowed_but_not_in_circles() -> None:
    engine = Engine(schema)
    assert engine.prepare(GraphQLRequest(get_introspection_query()), Language.EN).cost == 0
    circles = "{__schema{types{fields{type{fields{type{fields{type{name}}}}}}}}}"
    assert refusal(circles)["code"] == "BAD_INPUT"


def test_a_document_is_parsed_once_and_the_memory_of_documents_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.engine.CACHED_DOCUMENTS", 3)
    engine = Engine(schema)
    documents: list[DocumentNode] = [
        engine.prepare(GraphQLRequest("{node{name}}"), Language.EN).document for _ in range(2)
    ]
    assert documents[0] is documents[1]
    for first in range(10):
        engine.prepare(GraphQLRequest(f"{{node(first:{first}){{name}}}}"), Language.EN)
    assert len(engine._known) == 3
    with pytest.raises(Refused):
        engine.prepare(GraphQLRequest("{nope}"), Language.EN)
    assert "{nope}" not in engine._known


async def test_sign_ins_are_counted_for_each_address() -> None:
    rates = Rates(Limits(sign_ins_per_minute=2))
    for _ in range(2):
        await rates.sign_in("10.0.0.1")
    with pytest.raises(DomainError) as refused:
        await rates.sign_in("10.0.0.1")
    assert refused.value.code is ErrorCode.RATE_LIMITED
    wait = refused.value.facts["retryAfter"]
    assert isinstance(wait, int)
    assert 55 <= wait <= 61
    await rates.sign_in("10.0.0.2")
    await rates.request("10.0.0.1")


async def test_a_store_of_rates_that_is_away_lets_requests_through() -> None:
    class Away(MemoryStorage):
        async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
            raise ConnectionError(key, limit, expiry, amount)

    rates = Rates(Limits(requests_per_second=1), Away())
    for _ in range(3):
        await rates.request("someone")


def test_a_holder_has_so_many_and_gives_them_back() -> None:
    caps = Caps(2)
    with caps.hold("a"), caps.hold("b"), caps.hold("a"):
        assert caps.held("a") == 2
        with pytest.raises(DomainError) as refused, caps.hold("a"):
            pass
        assert refused.value.facts == {"limit": 2}
    assert (caps.held("a"), caps.held("b")) == (0, 0)
    assert not caps._held
