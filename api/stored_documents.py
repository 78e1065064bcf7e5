"""From what a client names to the text that runs: stored documents, registered ones, and the trusted list."""

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TypeVar

from graphql import OperationType

from api.bound import Bound
from api.engine import Executes, GraphQLRequest, Refused
from api.errors import WireError, present
from api.protocol import Asked, MalformedError
from db.integration import documents
from domain.errors import DomainError, ErrorCode
from domain.event import Event
from domain.integration.document import Document, DocumentKind, Form, digest
from domain.term import Language

STORED = 1024
"""Stored documents that a process keeps at hand."""

REGISTERED = 512
REGISTERED_LENGTH = 16 * 1024
"""Texts that clients registered in a process, and how many characters one may have."""

LONGEST_LAG = 5.0
"""Seconds beyond which other processes' events may be missing here, and nothing kept is believed."""

REASONS = 3
"""Faults of a text that are told at once."""

T = TypeVar("T")
_NOUN = "Document"
_KINDS = {
    OperationType.QUERY: DocumentKind.QUERY,
    OperationType.MUTATION: DocumentKind.MUTATION,
    OperationType.SUBSCRIPTION: DocumentKind.SUBSCRIPTION,
}


class StoredDocuments:
    """One per process. With `trusted` only stored documents run that are not retired, whoever asks.

    `hear` takes every event that this process commits or reads in the log, and `lag` tells how many seconds ago it
    had read the whole log; without it stored documents are read each time.
    """

    def __init__(
        self, executes: Executes, *, trusted: bool = False, lag: Callable[[], float] = lambda: math.inf
    ) -> None:
        self._executes = executes
        self._trusted = trusted
        self._lag = lag
        self._stored: OrderedDict[str, Document] = OrderedDict()
        self._registered: OrderedDict[str, str] = OrderedDict()
        self._generation = 0

    def hear(self, events: Iterable[Event]) -> None:
        """Forget the stored documents when one has changed."""
        if any(it.subject.noun == _NOUN for it in events):
            self._generation += 1
            self._stored.clear()

    async def request(self, asked: Asked, bound: Bound | None, language: Language) -> GraphQLRequest:
        """The request with the text to run; `bound` is what the caller's key may run, None for people.

        BAD_INPUT where nothing is named, or a text beside the hash of another; FORBIDDEN for what the caller's key
        or the trusted list does not hold; Refused with PERSISTED_QUERY_NOT_FOUND for an unknown hash.
        """
        if asked.registers and digest(asked.text or "") != asked.sha256:
            raise MalformedError(
                "extensions.persistedQuery", zh="sha256Hash 与 query 不符", en="The hash is of another text"
            )
        if bound is not None:
            text = _of_key(asked, bound)
        elif asked.text is not None:
            text = await self._given(asked, asked.text)
        elif asked.sha256 is not None:
            text = await self._named(asked, asked.sha256, language)
        else:
            raise MalformedError("query", zh="缺少 query", en="Give the document as `query`")
        return GraphQLRequest(text, asked.variables, asked.operation_name, asked.dry_run)

    def check(self, text: str, language: Language) -> Form:
        """What a text is that shall be stored. BAD_INPUT, field `text`, with the reasons, unless it could run."""
        try:
            operation = self._executes.prepare(GraphQLRequest(text), language)
        except Refused as refused:
            reasons = "; ".join(map(_reason, refused.errors[:REASONS]))
            raise DomainError(ErrorCode.BAD_INPUT, "text", zh=reasons, en=reasons) from None
        name = operation.chosen.name
        return Form(_KINDS[operation.kind], name.value if name else None)

    async def _given(self, asked: Asked, text: str) -> str:
        if self._trusted:
            if await self._find(digest(text)) is None:
                raise DomainError(
                    ErrorCode.FORBIDDEN,
                    zh="只能执行已存储的文档",
                    en="Only stored documents run on this server",
                )
        elif asked.registers and asked.sha256 and len(text) <= REGISTERED_LENGTH:
            _keep(self._registered, asked.sha256, text, REGISTERED)
        return text

    async def _named(self, asked: Asked, sha256: str, language: Language) -> str:
        if not self._trusted and sha256 in self._registered:
            self._registered.move_to_end(sha256)
            return self._registered[sha256]
        document = await self._find(sha256)
        if document is None:
            raise Refused([present(_unknown(asked), language)])
        return document.text

    async def _find(self, sha256: str) -> Document | None:
        """The stored document of that hash that is not retired."""
        listening = self._lag() <= LONGEST_LAG
        known = self._stored.get(sha256) if listening else None
        if known is not None:
            self._stored.move_to_end(sha256)
            return known
        generation = self._generation
        found = await documents.by_hash(sha256)
        if found is None or found.retired_at is not None:
            return None
        if listening and generation == self._generation:  # otherwise what was read may be old already
            _keep(self._stored, sha256, found, STORED)
        return found


def _of_key(asked: Asked, bound: Bound) -> str:
    """The key's own text, whichever way the client names it or not. FORBIDDEN for any other."""
    named = digest(asked.text) if asked.text is not None else asked.sha256
    if named not in {None, bound.document.sha256}:
        bound.misused()
        raise DomainError(
            ErrorCode.FORBIDDEN,
            zh="该密钥只能执行所绑定的文档",
            en="This key runs its own document alone",
        )
    return bound.document.text


def _reason(error: WireError) -> str:
    """What is wrong in words; of a limit also what it weighs and what it may."""
    message, extensions = str(error["message"]), error.get("extensions")
    facts = extensions if isinstance(extensions, dict) else {}
    if "limit" not in facts:
        return message
    return f"{message} ({facts.get('what')}: {facts.get('value')} > {facts['limit']})"


def _keep(kept: OrderedDict[str, T], sha256: str, value: T, most: int) -> None:
    kept[sha256] = value
    kept.move_to_end(sha256)
    if len(kept) > most:
        kept.popitem(last=False)


def _unknown(asked: Asked) -> DomainError:
    """Clients of automatic persisted queries look for these very words, in whatever language."""
    words = "PersistedQueryNotFound" if asked.persisted else None
    return DomainError(ErrorCode.PERSISTED_QUERY_NOT_FOUND, zh=words, en=words)
