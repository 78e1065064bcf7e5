"""GraphQL over HTTP: POST with JSON, GET for queries.

| what                                          | graphql-response+json, `*/*`, none | application/json |
|-----------------------------------------------|------------------------------------|------------------|
| executed: `data` is there, with errors or not | 200                                | 200              |
| syntax, validation, cost, variables           | 400                                | 200              |
| a hash of no known document                   | 400                                | 200              |
| not JSON, no `query`, wrong types, a batch    | 400                                | 400              |
| token refused                                 | 401                                | 401              |
| not the key's document, or not a stored one   | 403                                | 403              |
| other method, or a mutation by GET            | 405 with `Allow`                   | the same         |
| no acceptable media type                      | 406                                | -                |
| `text/event-stream` by POST                   | events (`api/sse`)                 | -                |
| body above the limit                          | 413                                | 413              |
| body not `application/json`                   | 415                                | 415              |
| too many requests, or too many at once        | 429 with `Retry-After`             | the same         |
| a bug, or a part of ours is away or too busy  | 500, 503                           | the same         |

Only JSON bodies are read, so no foreign page can make a browser send one without asking first (CSRF).
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.application import Head, QuickRequest, WholeAnswer
from api.engine import Answer, Executes, Operation, Refused
from api.errors import present
from api.limits import Limits, Rates
from api.protocol import (
    Asked,
    Caller,
    MalformedError,
    Shelter,
    asked_of,
    asked_of_parameters,
    decode,
    language_of,
    preferences,
)
from api.stored_documents import StoredDocuments
from domain.errors import DomainError, ErrorCode
from domain.term import Language

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
OPERATION_REFUSED = 400
MOST_DISCARDED = 32 * 1024 * 1024  # bytes read of a body that is refused anyway
STATUS = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class Media:
    """How to answer: the content type, and whether statuses tell of refused operations."""

    content_type: str
    tells: bool


EVENT_STREAM = Media("application/json", tells=True)
"""Events; what is refused before they begin is said in JSON."""


class Rejected(Exception):  # noqa: N818 - it is an answer to the client, not a failure of ours
    """The HTTP request itself is refused, whatever the operation."""

    def __init__(self, status: int, refusal: DomainError, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.refusal = refusal
        self.headers = headers or {}


Streams = Callable[[Request, Callable[[], Awaitable[Asked]]], Awaitable[ASGIApp]]
"""What answers in events; it reads the body when it knows who asks."""


class HttpEndpoint:
    """The ASGI application behind `/graphql` for GET and POST; `streams` answers who asks for events.

    `open_context` makes the context of one operation from the headers (the bearer token among them); it may raise
    DomainError, UNAUTHENTICATED above all. `documents` finds the text of an operation that is named by its hash.
    """

    def __init__(
        self,
        executes: Executes,
        open_context: Callable[[HTTPConnection], Awaitable[Caller]],
        *,
        limits: Limits,
        rates: Rates,
        documents: StoredDocuments | None = None,
        streams: Streams | None = None,
    ) -> None:
        self._executes = executes
        self._streams = streams
        self._documents = documents or StoredDocuments(executes)
        self._open_context = open_context
        self._limits = limits
        self._rates = rates
        self._shelter = Shelter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that has gone gets nothing."""
        request = QuickRequest(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def drain(self) -> None:
        """Returns when no command is running any more."""
        await self._shelter.idle()

    async def _respond(self, request: Request) -> ASGIApp:
        language = language_of(request.headers.get("accept-language"))
        media = Media(JSON, tells=True)
        try:
            _check_method(request)
            streams = self._streams if request.method == "POST" else None
            media = negotiate(request.headers.get("accept"), events=streams is not None)
            if streams is not None and media is EVENT_STREAM:
                _check_content_type(request)
                return await streams(request, partial(self._read, request))
            answer = await self._answer(request)
        except Rejected as rejected:
            return _refusal(rejected.status, rejected.refusal, language, media, rejected.headers)
        except Refused as refused:
            return _json(_status(refused, media), refused.payload(), media)
        except DomainError as refusal:
            status = STATUS.get(refusal.code, OPERATION_REFUSED)
            return _refusal(status, refusal, language, media, _advice(refusal))
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the one place where a bug becomes an answer
            return _json(500, Refused([present(error, language)]).payload(), media)
        return WholeAnswer(answer.payload(), _fixed(media))

    async def _answer(self, request: Request) -> Answer:
        if request.method == "POST":
            _check_content_type(request)
        context, caller = await self._authenticated(request)
        asked = await self._documents.request(await self._read(request), context.bound, context.language)
        with self._rates.running(caller):
            operation = self._executes.prepare(asked, context.language)
            _check_kind(request, operation)
            running = self._executes.run(operation, context)
            return await (self._shelter.run(running) if operation.kind is OperationType.MUTATION else running)

    async def _authenticated(self, request: Request) -> tuple[Caller, str]:
        """The context, and whom it is counted for: the token when it is good, else the address.

        Made-up tokens gain nothing.
        """
        address = request.client.host if request.client else "unknown"
        token = request.headers.get("authorization")
        try:
            context = await self._open_context(request)
        except DomainError:
            await self._rates.request(address)
            raise
        caller = hashlib.sha256(token.encode()).hexdigest() if token else address
        await self._rates.request(caller)
        return context, caller

    async def _read(self, request: Request) -> Asked:
        if request.method == "GET":
            return asked_of_parameters(request.query_params)
        return asked_of(decode(await read_body(request, self._limits.body)))


@lru_cache(256)
def negotiate(accept: str | None, *, events: bool = False) -> Media:
    """The media type to answer in; Rejected with 406 when the client takes none of ours."""
    for wanted in preferences(accept or "*/*"):
        if wanted == EVENTS and events:
            return EVENT_STREAM
        if wanted == GRAPHQL_JSON:
            return Media(GRAPHQL_JSON, tells=True)
        if wanted == JSON:
            return Media(JSON, tells=False)
        if wanted in {"*/*", "application/*"}:
            return Media(JSON, tells=True)
    refusal = MalformedError("Accept", zh="不支持所需的媒体类型", en=f"Accept {GRAPHQL_JSON} or {JSON}")
    raise Rejected(406, refusal)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, counted while it comes in; Rejected with 413 above the limit in bytes.

    What is too much is read and dropped: a client that is still sending would not see the answer.
    """
    body, size, more = bytearray(), 0, True
    while more and size <= MOST_DISCARDED:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        if not more and not size and len(chunk) <= limit:
            return bytes(chunk)  # as nearly every body comes
        size += len(chunk)
        if size <= limit:
            body += chunk
    if size > limit:
        facts = {"what": "body", "value": size, "limit": limit}
        raise Rejected(413, DomainError(ErrorCode.TOO_COSTLY, facts=facts), {"connection": "close"})
    return bytes(body)


def _check_method(request: Request) -> None:
    if request.method not in {"GET", "POST"}:
        raise Rejected(
            405, MalformedError(zh="请用 POST 或 GET", en="Use POST or GET"), {"allow": "GET, POST"}
        )


@lru_cache(256)
def _is_json(content_type: str) -> bool:
    media_type, _, parameters = content_type.lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "')
    return media_type.strip() == JSON and charset in {"", "utf-8"}


def _check_content_type(request: Request) -> None:
    if not _is_json(request.headers.get("content-type", "")):
        refusal = MalformedError("Content-Type", zh="请求体须为 application/json", en="Send application/json")
        raise Rejected(415, refusal, {"accept-post": JSON})


def _check_kind(request: Request, operation: Operation) -> None:
    if operation.kind is OperationType.SUBSCRIPTION:
        raise MalformedError(
            "query",
            zh="订阅请用 websocket 或 text/event-stream",
            en="Subscribe by websocket or text/event-stream",
        )
    if request.method == "GET" and operation.kind is not OperationType.QUERY:
        raise Rejected(
            405, MalformedError("query", zh="变更请用 POST", en="Send mutations by POST"), {"allow": "POST"}
        )


def _status(refused: Refused, media: Media) -> int:
    """The status of an operation that did not start: a fault of ours always shows."""
    codes = {_code(error.get("extensions")) for error in refused.errors}
    for code, status in STATUS.items():
        if code.value in codes:
            return status
    return OPERATION_REFUSED if media.tells else 200


def _code(extensions: object) -> object:
    return extensions.get("code") if isinstance(extensions, dict) else None


def _advice(refusal: DomainError) -> dict[str, str]:
    if refusal.code is ErrorCode.RATE_LIMITED or "retryAfter" in refusal.facts:
        return {"retry-after": str(refusal.facts.get("retryAfter", 1))}
    if refusal.code is ErrorCode.UNAUTHENTICATED:
        return {"www-authenticate": "Bearer"}
    return {}


def _refusal(
    status: int, refusal: DomainError, language: Language, media: Media, headers: dict[str, str]
) -> Response:
    body = orjson.dumps({"errors": [present(refusal, language)]})
    return _json(status, body, media, headers)


@lru_cache(8)
def _fixed(media: Media) -> Head:
    return Head(tuple((name.encode(), value.encode()) for name, value in _headers(media).items()))


def _headers(media: Media) -> dict[str, str]:
    return {
        "content-type": f"{media.content_type}; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }


def _json(status: int, body: bytes, media: Media, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, {**_headers(media), **(headers or {})})
