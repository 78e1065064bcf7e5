"""What a document weighs, decided before it runs, in one pass."""

from itertools import pairwise

import pytest
from graphql import build_schema, get_introspection_query, get_operation_ast, parse

from api import weights as module
from api.engine import Engine, GraphQLRequest, Refused
from api.limits import Limits
from api.weights import ASSUMED_ROWS, Measure, Sizes, measure
from domain.errors import DomainError, ErrorCode
from domain.term import Language
from tests.api.client import engine
from tests.api.toy import schema

WIDE = Limits(
    document=10**9, tokens=10**6, depth=10**6, cost=10**13, aliases=10**6, directives=10**6, repeats=10**6
)
TREES = build_schema(
    """
    type Query { tree(first: Int): Tree trees(first: Int, last: Int): TreeConnection! nodes(ids: [ID!]!): [Tree]! }
    type TreeConnection { nodes: [Tree!]! edges: [TreeEdge!]! }
    type TreeEdge { node: Tree! }
    type Tree { name: String names: [String!]! branches: [Tree!]! few(first: Int): [Tree!] }
    """
)


def weigh(query: str, **variables: object) -> Measure:
    document = parse(query)
    operation = get_operation_ast(document)
    assert operation is not None
    return measure(TREES, document, operation, WIDE, Sizes(operation, variables))


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
        ("{a(first:null,last:3){b}}", 4),
        ("query($n:Int){a(first:$n){b}}", 101),
        ("query($n:Int=7){a(first:$n){b}}", 8),
        ("query($n:Int=null){a(first:$n){b}}", 2),
        ("{a(first:99999999999999){b}}", 101),
        ("{a(first:0){b}}", 2),
        ("{a(ids:[1,2,3]){b}}", 4),
        ("query($i:[ID!]!){a(ids:$i){b}}", 101),
        ("{a{...on B{c d}}}", 3),
        ("{a{...F}} fragment F on B{c d}", 3),
        ("{a{...F ...F}} fragment F on B{c d}", 5),
        ("{__schema{types{name}}}", 0),
        ("{tree{name names}}", 3),
        ("{tree{branches{name}}}", 1 + 1 + ASSUMED_ROWS),
        ("{tree{few(first:2){name}}}", 1 + 1 + 2),
        ("{trees(first:10){nodes{name}}}", 1 + 10 * (1 + 1)),
        ("{trees(first:10){edges{node{branches{name}}}}}", 1 + 10 * (1 + 1 + 1 + ASSUMED_ROWS)),
        (
            "{tree{...F}} fragment F on Tree{branches{...{branches{name}}}}",
            2 + ASSUMED_ROWS * (1 + ASSUMED_ROWS),
        ),
        ("{nodes(ids:[1,2]){name}}", 3),
    ],
)
def test_a_field_costs_one_for_each_row_it_is_asked_for(query: str, cost: int) -> None:
    assert weigh(query).cost == cost


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (1, 1),
        (20, 20),
        (100, 100),
        (10**30, 100),
        (-5, 1),
        (1.0, 1),
        (20.0, 20),
        (1e30, 100),
        (1.5, 100),
        ("x", 100),
        (None, 1),
        ([1, 2], 2),
    ],
)
def test_a_variable_counts_with_its_value(value: object, rows: int) -> None:
    assert weigh("query($n:Int=50){a(first:$n){b}}", n=value).cost == 1 + rows


def test_what_is_kept_of_a_document_knows_its_page_sizes_apart() -> None:
    toy = Engine(schema)
    document = "query($n:Int){node(first:$n){child(first:$n){name}}}"
    costs = [
        toy.prepare(GraphQLRequest(document, {"n": rows}), Language.EN).cost for rows in (2, 100, 2, 50, 100)
    ]
    assert costs == [1 + n * (1 + n) for n in (2, 100, 2, 50, 100)]


def test_a_page_size_decides_whether_an_operation_is_too_costly() -> None:
    document = "query($n:Int){node(first:$n){child(first:$n){child(first:$n){name}}}}"
    assert Engine(schema).prepare(GraphQLRequest(document, {"n": 20}), Language.EN).cost == 8421
    assert refusal(document, {"n": 100}) == {
        "code": "TOO_COSTLY",
        "what": "cost",
        "value": 1_010_101,
        "limit": 20_000,
    }
    assert refusal(document)["value"] == 1_010_101


def test_depth_aliases_directives_and_repeats_are_counted_through_fragments() -> None:
    weight = weigh("query @x{a:b @x{...F @x ...on C @x{d:e{f}}} b b} fragment F on C{g:h{i{j{k @x}}}}")
    assert weight == Measure(depth=5, cost=9, aliases=3, directives=5, repeats=2)


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("{" + "a{" * 15 + "b" + "}" * 15 + "}", "depth"),
        ("{a{...F}} fragment F on B{" + "a{" * 14 + "b" + "}" * 14 + "}", "depth"),
        ("{__type(name:" + '"A"){' + "ofType{" * 15 + "name" + "}" * 17, "depth"),
        ("{a(first:100){b(first:100){c(first:2){d}}}}", "cost"),
        ("{" + " ".join(f"a{n}:b" for n in range(51)) + "}", "aliases"),
        ("{" + " ".join(f"a{n}:__typename" for n in range(51)) + "}", "aliases"),
        ("{a" + " @x" * 51 + "}", "directives"),
        ("{" + "a " * 51 + "}", "repeats"),
        ("{" + "...F " * 17 + "} fragment F on C{...G ... on C{a}} fragment G on C{a a}", "repeats"),
        ("{" + " ".join(f'a{n}:__type(name:"A"){{name}}' for n in range(11)) + "}", "introspections"),
    ],
)
def test_each_limit_is_refused_with_what_was_too_much(query: str, what: str) -> None:
    told = refusal(query)
    assert (told["code"], told["what"], told["limit"]) == ("TOO_COSTLY", what, getattr(Limits(), what))
    assert int(str(told["value"])) > int(str(told["limit"]))


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("{viewer{id} ...{__schema{types{fields{type{name}}}}}}", "introspection_mixed"),
        (
            "{__schema{types{" + " ".join(f"a{n}:fields{{name description}}" for n in range(40)) + "}}}",
            "introspection",
        ),
    ],
)
def test_introspection_is_weighed_by_the_size_of_the_schema(query: str, what: str) -> None:
    with pytest.raises(Refused) as refused:
        engine().prepare(GraphQLRequest(query), Language.EN)
    assert refused.value.errors[0]["extensions"]["what"] == what  # type: ignore[index]  # an object


def test_the_question_of_common_tools_is_let_through() -> None:
    question = GraphQLRequest(get_introspection_query(input_value_deprecation=True))
    weight = engine().prepare(question, Language.EN).measure
    assert weight.introspects
    assert weight.introspection < 0.9 * Limits().introspection


@pytest.mark.parametrize(
    ("query", "inputs"),
    [
        ("{a(w:{b:{c:1}})}", 2),
        ("{a(w:[{b:[{}]},{}])}", 3),
        ("query($v:W){a(w:$v) b{c(w:$v)}}", 6),
        ("query($v:W){a(w:{x:$v}) ...F ...F} fragment F on Query{c(w:$v)}", 10),
        ("query($d:W={x:{}}){a(w:$d)}", 2),
    ],
)
def test_objects_given_to_arguments_are_counted_wherever_they_are_used(query: str, inputs: int) -> None:
    assert weigh(query, v={"x": [{}, {}, 1]}).inputs == inputs


def test_too_many_objects_given_to_arguments_are_refused() -> None:
    document = "query($p:ProbeInput!){" + " ".join(f"a{n}:probe(given:$p)" for n in range(26)) + "}"
    told = refusal(document, {"p": {"at": [{}] * 9}})
    assert (told["what"], told["value"], told["limit"]) == ("inputs", 260, 250)


@pytest.mark.parametrize("levels", [20, 40, 60])
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
    chain = [f"fragment F{n} on Node{{...F{n + 1}}}" for n in range(120)]
    text = " ".join(["{node{...F0}}", *chain, "fragment F120 on Node{name}"])
    assert Engine(schema).prepare(GraphQLRequest(text), Language.EN).cost == 2


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("{" + "a " * 1000 + "}", "tokens"),
        ("{a" * 400, "depth"),
        ("{node{name}}" + "#x\n" * 3000, "tokens"),
        ("{node{name}}" + " " * 32 * 1024, "document"),
        (" ".join(f"query Q{n}{{node{{name}}}}" for n in range(21)), "operations"),
    ],
)
def test_length_is_bounded_before_anything_is_read_into_it(query: str, what: str) -> None:
    assert refusal(query)["what"] == what


def test_what_nests_too_deeply_to_be_walked_is_refused_while_it_is_walked() -> None:
    document = parse("{" + "tree{" * 20 + "name" + "}" * 21)
    operation = get_operation_ast(document)
    assert operation is not None
    with pytest.raises(DomainError) as refused:
        measure(TREES, document, operation, Limits())
    assert refused.value.code is ErrorCode.TOO_COSTLY
    assert refused.value.facts == {"what": "depth", "value": 16, "limit": 15}
