"""What both transports read and share: requests, websocket messages, origins, languages, sheltered commands."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers

from api.bound import Bound
from api.engine import OperationContext
from api.feed.presence.ended import Ended
from domain.errors import DomainError, ErrorCode
from domain.integration.document import HASH, SCHEME
from domain.term import Language

T = TypeVar("T")
_PLAIN = {"query", "variables"}


class MalformedError(DomainError):
    """The message is not what the protocol allows: BAD_INPUT over HTTP, a close over a websocket."""

    def __init__(self, field: str | None = None, *, zh: str | None = None, en: str | None = None) -> None:
        super().__init__(ErrorCode.BAD_INPUT, field, zh=zh, en=en)


@dataclass(slots=True)
class Asked:
    """An operation as the client names it: by its text, by the hash of a text, by both, or not at all.

    `persisted`: the hash came as automatic persisted queries have it; beside a text it asks for registration.
    Nothing is named by a client whose integration key knows what to run. A dry run only tells what it would weigh.
    """

    text: str | None
    sha256: str | None = None
    persisted: bool = False
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    dry_run: bool = False

    @property
    def names_nothing(self) -> bool:
        """Whether the client leaves the document to its key."""
        return self.text is None and self.sha256 is None

    @property
    def registers(self) -> bool:
        """Whether the text is to be found by its hash from now on."""
        return self.persisted and self.text is not None


class Caller(OperationContext, Protocol):
    """The context of one operation, and what its caller is bound to."""

    @property
    def bound(self) -> Bound | None:
        """What an integration key may run; None for people."""


class Session(Protocol):
    """Who is on a socket, and until when."""

    @property
    def holder(self) -> str:
        """Whom sockets and requests are counted for: a person, or an address before sign-in."""

    @property
    def ended(self) -> Ended:
        """When the session or the account ends."""

    def context(self) -> Caller:
        """A fresh context, for one operation."""


@dataclass(frozen=True, slots=True)
class Init:
    """`connection_init`."""

    payload: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ping:
    """`ping`; its payload comes back in the pong."""

    payload: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Pong:
    """`pong`; nothing follows from it."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """`subscribe`: start an operation of any kind."""

    id: str
    asked: Asked


@dataclass(frozen=True, slots=True)
class Complete:
    """`complete`: the client wants no more of an operation."""

    id: str


ClientMessage = Init | Ping | Pong | Subscribe | Complete


def decode(text: str | bytes) -> object:
    """JSON text as Python values; MalformedError when it is none or nests too deeply."""
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise MalformedError(zh="不是有效的 JSON", en="This is not valid JSON") from None
    return value


def asked_of(body: object) -> Asked:
    """The GraphQL request parameters in a JSON value; MalformedError names the wrong one."""
    if isinstance(body, list):
        raise MalformedError(zh="不支持批量请求", en="Batches are not supported")
    if not isinstance(body, dict):
        raise MalformedError(zh="请求须为 JSON 对象", en="The request must be a JSON object")
    query, name = body.get("query"), body.get("operationName")
    if body.keys() == _PLAIN and isinstance(query, str) and query and isinstance(body["variables"], dict):
        return Asked(query, variables=body["variables"])  # as nearly every client sends it
    if query is not None and (not isinstance(query, str) or not query):
        raise MalformedError("query", zh="缺少 query", en="Give the document as `query`")
    if name is not None and not isinstance(name, str):
        raise MalformedError("operationName")
    extensions = _optional_object(body, "extensions") or {}
    named, persisted = _named(body), _persisted(extensions)
    if named is not None and (query is not None or persisted is not None):
        raise MalformedError("documentId", zh="documentId 须单独使用", en="Name the document in one way")
    return Asked(
        text=query,
        sha256=named or persisted,
        persisted=persisted is not None,
        variables=_optional_object(body, "variables") or {},
        operation_name=name or None,
        dry_run=_dry_run(extensions),
    )


def asked_of_parameters(given: Mapping[str, str]) -> Asked:
    """The GraphQL request parameters in those of an address; MalformedError names the wrong one."""
    parameters: dict[str, object] = dict(given)
    for name in ("variables", "extensions"):
        if text := given.get(name):
            parameters[name] = _parameter(name, text)
        else:
            parameters.pop(name, None)
    return asked_of(parameters)


def _parameter(field: str, text: str) -> object:
    """The JSON of one parameter; MalformedError names it when it is none."""
    try:
        return decode(text)
    except MalformedError:
        raise MalformedError(field, zh="不是有效的 JSON", en="This is not valid JSON") from None


def message_of(text: str) -> ClientMessage:
    """One message of graphql-transport-ws from a client; MalformedError when it is none."""
    body = decode(text)
    if not isinstance(body, dict):
        raise MalformedError
    match body.get("type"):
        case "connection_init":
            return Init(_optional_object(body, "payload") or {})
        case "ping":
            return Ping(_optional_object(body, "payload"))
        case "pong":
            _optional_object(body, "payload")
            return Pong()
        case "subscribe":
            return Subscribe(_operation_id(body), asked_of(body.get("payload")))
        case "complete":
            return Complete(_operation_id(body))
    raise MalformedError("type")


def frame(kind: str, operation_id: str | None = None, payload: bytes | None = None) -> str:
    """One server message. The id comes last, so that what precedes it can be shared by many sockets."""
    parts = [b'{"type":"', kind.encode(), b'"']
    if payload is not None:
        parts += [b',"payload":', payload]
    if operation_id is not None:
        parts += [b',"id":', orjson.dumps(operation_id)]
    return b"".join([*parts, b"}"]).decode()


@lru_cache(256)
def language_of(accept_language: str | None) -> Language:
    """The preferred of our two languages; Chinese when neither is named."""
    for tag in preferences(accept_language or ""):
        for language in Language:
            if tag.partition("-")[0] == language.value.lower():
                return language
    return Language.ZH


def preferences(header: str) -> list[str]:
    """The values of an `Accept…` header in lower case, the most wanted first; `q=0` is left out."""
    weighed = []
    for part in header.lower().split(","):
        value, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            weight = 0.0
        if value and weight > 0:
            weighed.append((-weight, value))
    return [value for _, value in sorted(weighed, key=lambda pair: pair[0])]


def origin_allowed(headers: Headers, allowed: frozenset[str]) -> bool:
    """Whether a page of this origin may speak to us: our own host, a listed origin, or no browser at all."""
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return True
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""


class Shelter:
    """Runs commands to their end even when whoever asked has gone (design §3)."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self, command: Coroutine[Any, Any, T]) -> T:
        """The command's result; cancelling the caller leaves the command running."""
        task = asyncio.create_task(command)
        self._running.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def idle(self) -> None:
        """Returns when no command is running."""
        while self._running:
            await asyncio.wait(self._running)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may be gone; its refusal is then nobody's


def _optional_object(body: Mapping[str, Any], field: str) -> dict[str, Any] | None:
    value = body.get(field)
    if value is not None and not isinstance(value, dict):
        raise MalformedError(field)
    return value


def _named(body: Mapping[str, Any]) -> str | None:
    """The hash in `documentId`, which is `sha256:` and 64 hexadecimal digits (GraphQL over HTTP, appendix A)."""
    given = body.get("documentId")
    if given is None:
        return None
    if not isinstance(given, str) or not HASH.fullmatch(given.removeprefix(SCHEME)) or SCHEME not in given:
        raise MalformedError(
            "documentId", zh="写作 sha256: 加 64 位十六进制小写", en="Write sha256: and 64 hexadecimal digits"
        )
    return given.removeprefix(SCHEME)


def _persisted(extensions: Mapping[str, Any]) -> str | None:
    """The hash in `extensions.persistedQuery`, as clients of automatic persisted queries send it."""
    field, given = "extensions.persistedQuery", extensions.get("persistedQuery")
    if given is None:
        return None
    sha256 = given.get("sha256Hash") if isinstance(given, dict) and given.get("version") == 1 else None
    if not isinstance(sha256, str) or not HASH.fullmatch(sha256):
        raise MalformedError(field, zh="须为 version 1 与 sha256Hash", en="Give version 1 and sha256Hash")
    return sha256


def _dry_run(extensions: Mapping[str, Any]) -> bool:
    given = extensions.get("dryRun", False)
    if not isinstance(given, bool):
        raise MalformedError("extensions.dryRun")
    return given


def _operation_id(body: Mapping[str, Any]) -> str:
    value = body.get("id")
    if not isinstance(value, str) or not value:
        raise MalformedError("id")
    return value
