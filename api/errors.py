"""The one translation of errors to the wire (design §8): codes for refusals, an id for bugs, no exception text."""

import re
from collections.abc import Iterable
from traceback import format_exception
from uuid import uuid4

import structlog
from graphql import ExecutionResult, FieldNode, GraphQLError
from strawberry.exceptions import StrawberryInputCoercionError

from domain.errors import DomainError, ErrorCode
from domain.term import Language

log = structlog.get_logger(__name__)

WireError = dict[str, object]

_VARIABLE = re.compile(r"Variable '\$(?P<name>\w+)' has invalid value(?: at \.?(?P<path>[\w.\[\]]+))?: ")
# What the caller sent is not repeated: it may be personal data, and it would be printed in Python's notation.
_ECHO = re.compile(r"(?:, found\b|, but encountered error |(?<!invalid value)(?<= value): ).*\Z", re.DOTALL)


def present(error: Exception, language: Language = Language.ZH) -> WireError:
    """One error object of a GraphQL response; a bug is logged and gets an id."""
    return present_all([error], language)[0]


def present_all(errors: Iterable[Exception], language: Language = Language.ZH) -> list[WireError]:
    """The error objects of one response; a bug that struck several fields is logged once."""
    logged: dict[int, str] = {}
    return [_located(error, _translated(error, language, logged)) for error in errors]


def present_result(result: ExecutionResult, language: Language) -> list[WireError]:
    """The errors of an executed operation in the order of its answer, whichever field ended first."""
    return present_all(sorted(result.errors or (), key=lambda error: _place(error, result.data)), language)


def _place(error: GraphQLError, data: object) -> tuple[int, ...]:
    """Where it struck: the place of each name and row on its path, as far as the answer has them."""
    place = []
    for step in error.path or ():
        if isinstance(data, dict) and step in data:
            place.append(list(data).index(step))
            data = data[step]
        elif isinstance(data, list) and isinstance(step, int):
            place.append(step)
            data = data[step]
        else:
            break
    return tuple(place)


def _translated(error: Exception, language: Language, logged: dict[int, str]) -> WireError:
    cause = _cause(error)
    if isinstance(cause, DomainError):
        return _refusal(cause, _input_field(error), language)
    if isinstance(cause, StrawberryInputCoercionError):
        return _refusal(DomainError(ErrorCode.BAD_INPUT), _input_field(error), language)
    if isinstance(error, GraphQLError) and _is_of_the_caller(error):
        return _bad_request(error)
    return _bug(error, cause, language, logged)


def _cause(error: Exception) -> Exception:
    """The exception at the bottom of the wrappings that parsing, coercion and execution add."""
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def _is_of_the_caller(error: GraphQLError) -> bool:
    """Whether the request was wrong, not our answer: it failed before execution or at an argument's value."""
    return error.path is None or not all(isinstance(node, FieldNode) for node in error.nodes or ())


def _refusal(refused: DomainError, field: str | None, language: Language) -> WireError:
    extensions: WireError = {**refused.facts, "code": refused.code.value}
    if field := refused.field or field:
        extensions["field"] = field
    if refused.rule:
        extensions["rule"] = refused.rule
    return {"message": refused.message(language), "extensions": extensions}


def _bad_request(error: GraphQLError) -> WireError:
    message = _ECHO.sub("", error.message).replace("not to be None", "not to be null")
    extensions: WireError = {"code": ErrorCode.BAD_INPUT.value}
    if field := _input_field(error):
        extensions["field"] = field
    return {"message": message, "extensions": extensions}


def _bug(error: Exception, cause: Exception, language: Language, logged: dict[int, str]) -> WireError:
    incident = logged.get(id(cause))
    if incident is None:
        incident = logged[id(cause)] = uuid4().hex
        trace = "".join(
            format_exception(cause)
        )  # as text: a renderer of local variables would log personal data
        log.error("internal_error", id=incident, path=getattr(error, "path", None), trace=trace)
    refused = DomainError(ErrorCode.INTERNAL, facts={"id": incident})
    return _refusal(refused, None, language)


def _input_field(error: Exception) -> str | None:
    """The input field, or else the variable, that a coercion error is about."""
    found = _VARIABLE.match(error.message) if isinstance(error, GraphQLError) else None
    return (found["path"] or found["name"]) if found else None


def _located(error: Exception, wire: WireError) -> WireError:
    if isinstance(error, GraphQLError):
        if error.locations:
            wire["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
        if error.path is not None:
            wire["path"] = list(error.path)
    return wire
