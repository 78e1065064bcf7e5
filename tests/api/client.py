"""Runs operations on the real schema and a real store, without a socket."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import orjson
from graphql import OperationType

from api.context import Context
from api.engine import Answer, Engine, GraphQLRequest, Refused
from api.feed.feed import Feed
from api.graphql import build_schema
from api.ids import encode
from api.limits import Limits, Rates
from api.pages import CursorSigner
from api.process import collect_seldom
from db import event_log
from db.bell import Bell
from db.unit_of_work import listen
from domain.term import Language
from domain.viewer import Viewer
from tests.db.factories import NOW

SIGNER = CursorSigner(b"tests")


@cache
def engine() -> Engine:
    """The engine over the real schema; it hears what this process commits, as a server's does."""
    made = Engine(build_schema())
    listen(made.hear)
    collect_seldom()  # as a server does once it is built
    return made


@cache
def ordinary() -> Engine:
    """The same without compiled plans: the reference of every read."""
    return Engine(build_schema(), compiled=False)


def gid(noun: str, key: UUID | None) -> str:
    """A global id."""
    assert key is not None
    return encode(noun, key)


@dataclass
class Reply:
    """A response as a client reads it."""

    data: Any
    errors: list[dict[str, Any]]

    @property
    def refusals(self) -> list[tuple[str, str | None]]:
        """The code and field of each error."""
        return [(it["extensions"]["code"], it["extensions"].get("field")) for it in self.errors]


@dataclass
class Client:
    """One person, or nobody, at one moment. Reads run on both executors, which must answer the same bytes."""

    viewer: Viewer | None = None
    now: datetime = NOW
    language: Language = Language.ZH
    compiled: bool = True

    async def context(self) -> Context:
        """A fresh context, as each operation gets one."""
        feed = Feed(SIGNER, Bell("memory://"), lambda _: None)
        feed.cursors.epoch = await event_log.epoch()
        return Context(
            viewer=self.viewer,
            language=self.language,
            signer=SIGNER,
            feed=feed,
            rates=Rates(Limits()),
            clock=self._clock,
        )

    async def run(self, document: str, **variables: Any) -> Reply:
        """The response, errors and all."""
        request = GraphQLRequest(document, variables)
        try:
            runs = engine() if self.compiled else ordinary()
            operation = runs.prepare(request, self.language)
            answer = await runs.run(operation, await self.context())
            if self.compiled and operation.kind is OperationType.QUERY:
                expected = await ordinary().run(operation, await self.context())
                assert _comparable(answer) == _comparable(expected)
        except Refused as refused:
            return Reply(None, orjson.loads(orjson.dumps(refused.errors)))
        body = orjson.loads(answer.payload())
        return Reply(body["data"], body.get("errors", []))

    async def ask(self, document: str, **variables: Any) -> Any:
        """The data of an operation that must succeed."""
        reply = await self.run(document, **variables)
        assert not reply.errors, reply.errors
        return reply.data

    async def do(self, mutation: str, selection: str, given: Mapping[str, Any]) -> Any:
        """A mutation that must succeed, under a fresh key; its payload."""
        return (await self.ask(_document(mutation, selection), input=_keyed(given)))[mutation]

    async def refused(self, mutation: str, given: Mapping[str, Any]) -> list[tuple[str, str | None]]:
        """How a mutation was refused."""
        reply = await self.run(_document(mutation, "__typename"), input=_keyed(given))
        assert reply.data is None or reply.data[mutation] is None
        return reply.refusals

    async def _clock(self) -> datetime:
        return self.now


def _comparable(answer: Answer) -> bytes:
    """The bytes of an answer, but for the number of a bug."""
    return re.sub(rb'"id":"[0-9a-f]{32}"', b'"id":""', answer.payload())


def _document(mutation: str, selection: str) -> str:
    name = mutation[0].upper() + mutation[1:] + "Input"
    return f"mutation ($input: {name}!) {{ {mutation}(input: $input) {{ {selection} }} }}"


def _keyed(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"idempotencyKey": str(uuid4()), **given}
