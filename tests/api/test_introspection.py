"""Questions about the schema are answered as the ordinary executor answers them, and much faster."""

import itertools

import orjson
import pytest
from graphql import execute_sync, get_introspection_query
from hypothesis import given, settings
from hypothesis import strategies as st

from api.engine import Engine, GraphQLRequest
from api.introspection import Introspection, mend
from domain.term import Language
from tests.api.client import engine

STANDARD = [
    get_introspection_query(
        descriptions=some, specified_by_url=some, directive_is_repeatable=some, input_value_deprecation=other
    )
    for some, other in itertools.product((True, False), repeat=2)
]
TYPES = ["Incident", "IncidentFilter", "IncidentState", "Node", "Subject", "Mutation", "DateTime", "Nothing"]
DOCUMENTS = [
    *STANDARD,
    "{__typename __schema{__typename queryType{name} mutationType{name} subscriptionType{name}}}",
    "{__schema{directives{name locations args{name defaultValue type{name ofType{name}}}}}}",
    "query($d:Boolean=true,$i:Boolean!){__schema{types{kind @skip(if:$d) fields @include(if:$i){name}}}}",
    'query($of:String!){a:__type(name:$of){...F} b:__type(name:"Query"){...F}} fragment F on __Type{kind fields{name}}',
    "{__schema{types{name} types{kind name} ...on __Schema{types{n:name}}}}",
]


def asked(document: str, **variables: object) -> tuple[bytes | None, bytes]:
    """What is answered, and what the ordinary executor answers."""
    runs: Engine = engine()
    mend(runs._schema)  # the schemas of other tests in this process undo it: `__Type` is one for all
    operation = runs.prepare(GraphQLRequest(document, variables), Language.EN)
    assert operation.measure.introspects
    expected = execute_sync(runs._schema, operation.document, variable_values=variables, operation_name=None)
    return Introspection(runs._schema).answer(operation), orjson.dumps(expected.data)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_an_answer_is_the_ordinary_executors_byte_for_byte(document: str) -> None:
    variables = {"of": "Incident", "i": True}
    answer, expected = asked(
        document, **{name: it for name, it in variables.items() if f"${name}" in document}
    )
    assert answer == expected


NAMED = st.sampled_from(["name", "kind", "description", "__typename", "isOneOf", "specifiedByURL"])
ITEM = st.sampled_from(["name", "n:name", "description", "isDeprecated", "deprecationReason", "__typename"])


def _selection(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    listed = st.sampled_from(["fields", "fields(includeDeprecated:true)", "inputFields"])
    return st.one_of(
        NAMED,
        st.builds("ofType{{{}}}".format, below),
        st.builds("interfaces{{{}}}".format, below),
        st.builds("possibleTypes{{{}}}".format, below),
        st.builds("enumValues{{{}}}".format, ITEM),
        st.builds("{}{{{} type{{{}}}}}".format, listed, ITEM, below),
        st.builds("{} {}".format, below, below),
        st.builds("...on __Type{{{}}}".format, below),
    )


def _allowed(selection: str) -> bool:
    """Lists of types three deep are refused by validation."""
    return sum(map(selection.count, ("ields", "interfaces", "possibleTypes"))) < 3


@settings(max_examples=60)
@given(
    st.sampled_from(TYPES),
    st.recursive(NAMED, _selection, max_leaves=6).filter(_allowed),
)
def test_any_question_about_a_type_is_answered_alike(name: str, selection: str) -> None:
    answer, expected = asked(f'{{__type(name:"{name}"){{{selection}}}}}')
    assert answer == expected


def test_an_answer_without_variables_is_kept_and_the_others_are_not() -> None:
    runs = engine()
    introspection = Introspection(runs._schema)
    fixed = runs.prepare(GraphQLRequest("{__schema{types{name}}}"), Language.EN)
    assert introspection.answer(fixed) is introspection.answer(fixed)
    for number in range(20):
        text = f'{{t{number}:__type(name:"Query"){{name}}}}'
        introspection.answer(runs.prepare(GraphQLRequest(text), Language.EN))
    assert len(introspection._answers) == 8


def test_every_type_says_whether_it_is_one_of() -> None:
    answer, expected = asked("{__schema{types{name isOneOf fields{type{isOneOf}}}}}")
    assert answer == expected
    types = {it["name"]: it["isOneOf"] for it in orjson.loads(expected)["__schema"]["types"]}
    assert [types[it] for it in ("IncidentFilter", "Incident", "Language", "ID")] == [False, None, None, None]


def test_wrong_variables_are_left_to_the_ordinary_executor() -> None:
    runs = engine()
    operation = runs.prepare(
        GraphQLRequest("query($n:String!){__type(name:$n){name}}", {"n": 7}), Language.EN
    )
    assert Introspection(runs._schema).answer(operation) is None
