"""What of an error reaches the wire: codes and facts of refusals, an id of bugs, and nothing of Python."""

import asyncio
import re

import pytest
import strawberry
from graphql import ExecutionResult, GraphQLError, GraphQLSyntaxError, Source
from structlog.testing import capture_logs

from api.engine import Engine, GraphQLRequest, Refused
from api.errors import WireError, present, present_all, present_result
from domain.errors import DomainError, ErrorCode
from domain.term import Language
from tests.api.toy import Ledger, ToyContext, schema

PYTHON = re.compile(r"None|True|False|Traceback|Error\b|<class|object at|\.py")


async def answer(query: str, variables: dict[str, object] | None = None) -> list[WireError]:
    engine = Engine(schema)
    try:
        operation = engine.prepare(GraphQLRequest(query, variables or {}), Language.EN)
        return (await engine.run(operation, ToyContext(Ledger(), Language.EN))).errors
    except Refused as refused:
        return refused.errors


def test_a_refusal_carries_its_code_field_rule_and_facts() -> None:
    refused = DomainError(
        ErrorCode.GUARD_FAILED, "photo", rule="T25", zh="缺少照片", en="No photo", facts={"n": 1}
    )
    extensions = {"code": "GUARD_FAILED", "field": "photo", "rule": "T25", "n": 1}
    assert present(refused) == {"message": "缺少照片", "extensions": extensions}
    assert present(refused, Language.EN) == {"message": "No photo", "extensions": extensions}


def test_a_fact_cannot_pass_for_the_code() -> None:
    refused = DomainError(ErrorCode.FORBIDDEN, facts={"code": "OK"})
    assert present(refused)["extensions"] == {"code": "FORBIDDEN"}


def test_a_refusal_is_found_under_any_number_of_wrappings() -> None:
    inner = GraphQLError("x", original_error=DomainError(ErrorCode.CONFLICT))
    outer = GraphQLError("y", path=["a", 0], original_error=inner)
    assert present(outer, Language.EN) == {
        "message": ErrorCode.CONFLICT.en,
        "extensions": {"code": "CONFLICT"},
        "path": ["a", 0],
    }


def test_a_syntax_error_keeps_its_place() -> None:
    error = present(GraphQLSyntaxError(Source("{"), 1, "Expected Name, found <EOF>."))
    assert error["locations"] == [{"line": 1, "column": 2}]
    assert error["extensions"] == {"code": "BAD_INPUT"}


def test_a_bug_is_logged_once_with_the_id_that_is_sent() -> None:
    bug = RuntimeError("password 13800000000")
    errors = [GraphQLError(str(bug), path=[n], original_error=bug) for n in ("a", "b")]
    with capture_logs() as logs:
        sent = present_all(errors, Language.EN)
    (entry,) = logs
    assert entry["event"] == "internal_error"
    assert "RuntimeError" in entry["trace"]
    assert [error["extensions"] for error in sent] == [{"code": "INTERNAL", "id": entry["id"]}] * 2
    assert [error["path"] for error in sent] == [["a"], ["b"]]
    assert "138" not in str([error["message"] for error in sent])


@pytest.mark.parametrize(
    ("query", "variables", "field"),
    [
        ("{nodes}", {}, None),
        ("{node(frist:1){name}}", {}, None),
        ('{node(first:"secret"){name}}', {}, None),
        ("query($n:Int!){node(first:$n){name}}", {"n": "secret"}, "n"),
        ("query($n:Int!){node(first:$n){name}}", {"n": None}, "n"),
        ("query($n:Int!){node(first:$n){name}}", {}, "n"),
        ("query($n:Int=1){node(first:$n){name}}", {"n": None}, None),
        ('{moment(at:"secret")}', {}, None),
        ("query($a:DateTime!){moment(at:$a)}", {"a": "secret"}, "a"),
        ("query($a:DateTime!){moment(at:$a)}", {"a": {"secret": None}}, "a"),
        ("query($p:ProbeInput!){probe(given:$p)}", {"p": {"at": "secret"}}, "at"),
        ("query($p:ProbeInput!){probe(given:$p)}", {"p": {"at": None}}, "at"),
        ("query($p:ProbeInput!){probe(given:$p)}", {"p": {"secret": None}}, "p"),
        ("query($p:ProbeInput!){probe(given:$p)}", {"p": "secret"}, "p"),
    ],
)
async def test_bad_input_is_named_without_repeating_it_and_without_python(
    query: str, variables: dict[str, object], field: str | None
) -> None:
    errors = await answer(query, variables)
    assert errors
    for error in errors:
        extensions = error["extensions"]
        assert isinstance(extensions, dict)
        assert extensions["code"] == "BAD_INPUT"
        assert extensions.get("field") == field
        message = str(error["message"])
        assert "secret" not in message.replace("field 'secret'", "")
        assert not PYTHON.search(message)
        assert "Did you mean" not in message


async def test_an_answer_of_ours_that_breaks_the_schema_is_a_bug() -> None:
    with capture_logs() as logs:
        (error,) = await answer("{bug}")
    assert error["extensions"] == {"code": "INTERNAL", "id": logs[0]["id"]}
    assert error["path"] == ["bug"]
    broken = GraphQLError("Int cannot represent non-integer value: 'secret'", path=["a"])
    with capture_logs():
        assert present(broken, Language.EN)["message"] == "Internal error"


async def _failing(steps: int) -> str:
    """Fails after so many turns of the loop."""
    for _ in range(steps):
        await asyncio.sleep(0)
    raise DomainError(ErrorCode.NOT_FOUND)


@strawberry.type
class Row:
    steps: strawberry.Private[int]

    @strawberry.field
    async def late(self, more: int = 0) -> str | None:
        return await _failing(self.steps + more)


@strawberry.type
class Rows:
    @strawberry.field
    def rows(self) -> list[Row]:
        return [Row(steps=steps) for steps in (6, 0, 3)]

    @strawberry.field
    async def late(self, steps: int) -> str | None:
        return await _failing(steps)


async def test_errors_come_in_the_order_of_the_answer_whichever_field_failed_first() -> None:
    engine = Engine(strawberry.Schema(Rows), compiled=False)
    document = """
        { ...Last rows { b: late(more: 9) a: late } x: late(steps: 0) }
        fragment Last on Rows { z: late(steps: 40) rows { c: late(more: 5) } }
    """
    operation = engine.prepare(GraphQLRequest(document), Language.EN)
    found = await engine.run(operation, ToyContext(Ledger(), Language.EN))
    rows = [["rows", row, name] for row in range(3) for name in ("c", "b", "a")]
    assert [it["path"] for it in found.errors] == [["z"], *rows, ["x"]]


def test_errors_of_an_answer_that_became_null_keep_their_order() -> None:
    paths: tuple[list[str | int] | None, ...] = (["b", 0], ["a"], ["b"], None)
    errors = [GraphQLError("late", path=path) for path in paths]
    sent = present_result(ExecutionResult(None, errors), Language.EN)
    assert tuple(it.get("path") for it in sent) == paths
