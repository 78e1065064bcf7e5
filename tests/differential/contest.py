"""One question to both executors, their answers side by side, and what became of many."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

import orjson
from graphql import GraphQLObjectType

from api.context import Context
from api.engine import Engine, GraphQLRequest, Refused
from api.feed.feed import Feed
from api.graphql import build_schema
from api.ids import decode, encode
from api.limits import Limits, Rates
from db import assignments, event_log, incidents
from db.bell import Bell
from domain.term import Language
from tests.api.client import SIGNER
from tests.differential.documents import Writer
from tests.differential.shrink import shrunk
from tests.differential.spoiled import spoiled
from tests.differential.store.ground import PRESENT, Ground
from tests.differential.values import Question, Values, literal

_BUG = re.compile(rb'"id":"[0-9a-f]{32}"')
_SPOILED = 0.1
_QUESTIONS = 5
_SHRUNK = 10


@dataclass(frozen=True)
class Asked:
    """A question with who asks it."""

    request: GraphQLRequest
    account: str
    language: Language = Language.ZH


@dataclass(frozen=True)
class Finding:
    """A question, made as small as it gets, what is wrong with its answers, and both of them."""

    reason: str
    asked: Asked
    ordinary: bytes
    compiled: bytes

    def __str__(self) -> str:
        """As a person reads it."""
        request = self.asked.request
        who = f"as {self.asked.account}, {self.asked.language.value}"
        said = f"{self.reason}: {who}, operation {request.operation_name}"
        given = orjson.dumps(request.variables).decode()
        answers = (
            f"{name}: {it.decode()[:1500]}"
            for name, it in (("ordinary", self.ordinary), ("compiled", self.compiled))
        )
        return "\n".join((said, request.document, f"variables: {given}", *answers))


@dataclass
class Tally:
    """What became of the questions."""

    asked: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    fallbacks: Counter[str] = field(default_factory=Counter)
    planned: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the questions that were answered without an error, how many the plan answered."""
        return self.planned / max(1, self.kinds["answered"])

    def __str__(self) -> str:
        """In a few lines."""
        ran = self.planned + sum(self.fallbacks.values())
        lines = [f"{self.asked} documents: {dict(self.kinds.most_common())}"]
        lines.append(
            f"{self.planned} of {ran} took the plan, {self.share:.1%} of those without an error; "
            f"fallbacks: {dict(self.fallbacks.most_common())}"
        )
        lines.append(f"wrong: {dict(Counter(it.reason for it in self.findings))}")
        return "\n".join([*lines, *(f"--- {it}" for it in self.findings if it.asked.request.document)])


class Contest:
    """Both executors over the open store."""

    def __init__(self, ground: Ground, feed: Feed) -> None:
        self.ground = ground
        self._schema = build_schema()
        self.core = self._schema._schema
        self.ordinary = Engine(self._schema, compiled=False)
        self.compiled = Engine(self._schema)
        self._feed = feed
        self._seen: dict[str, Mapping[str, Sequence[str]]] = {}
        self.last = b""

    @classmethod
    async def open(cls, ground: Ground) -> "Contest":
        """With the store's own epoch in the cursors of events."""
        feed = Feed(SIGNER, Bell("memory://"), lambda _: None)
        feed.cursors.epoch = await event_log.epoch()
        return cls(ground, feed)

    async def answer(self, engine: Engine, asked: Asked) -> bytes:
        """The whole response; the number of a bug is left out.

        One preparation serves both engines: the switch comes after it, and validating takes longer than reading.
        """
        context = Context(
            viewer=self.ground.viewers[asked.account],
            language=asked.language,
            signer=SIGNER,
            feed=self._feed,
            rates=Rates(Limits()),
            clock=_present,
        )
        try:
            said = await engine.run(self.compiled.prepare(asked.request, asked.language), context)
        except Refused as refused:
            return refused.payload()
        except asyncio.CancelledError:  # nobody cancelled us: a field did, and took the whole answer with it
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return b'{"code":"INTERNAL","cancelled":true}'
        return _BUG.sub(b'"id":""', said.payload())

    async def finding(self, asked: Asked) -> Finding | None:
        """What is wrong: a difference, a bug, or a bug of the plan that the ordinary executor made good."""
        before = self._failures()
        ordinary = await self.answer(self.ordinary, asked)
        compiled = await self.answer(self.compiled, asked)
        self.last = ordinary
        failed = sorted((self._failures() - before).elements())
        if ordinary != compiled:
            return Finding("difference", asked, ordinary, compiled)
        if b'"code":"INTERNAL"' in ordinary:
            return Finding("INTERNAL", asked, ordinary, compiled)
        return Finding(failed[0], asked, ordinary, compiled) if failed else None

    def _failures(self) -> Counter[str]:
        plans = self.compiled.plans
        assert plans is not None
        return Counter({name: count for name, count in plans.fallbacks.items() if name.startswith("error")})

    async def values(self, rng: Random) -> Values:
        """Values of this store, with cursors of some lists."""
        values = Values(rng, self.ground)
        query = self.core.query_type
        assert query is not None
        for name in query.fields:
            found = await self._questions(values, query, name)
            if found:
                values.questions[name] = found
        return values

    async def _questions(self, values: Values, query: GraphQLObjectType, name: str) -> list[Question]:
        arguments = query.fields[name].args
        if "first" not in arguments:
            return []
        shapes: list[Mapping[str, Any]] = [{}]
        shapes += [{} for _ in range(_QUESTIONS)] if "last" in arguments else []
        found = []
        for number, _ in enumerate(shapes):
            keys = [
                it for it in ("where", "orderBy", "search") if it in arguments and values.rng.random() < 0.5
            ]
            said = {key: values.draw(arguments[key].type, key) for key in keys if number}
            question = Question(said)
            question.cursors += await self._cursors(name, said, values.rng)
            found.append(question)
        return found

    async def _cursors(self, name: str, said: Mapping[str, Any], rng: Random) -> list[str]:
        asked = ", ".join(f"{key}: {literal(value, rng)}" for key, value in {**said, "first": 30}.items())
        document = f"{{ {name}({asked}) {{ edges {{ cursor }} }} }}"
        answer = orjson.loads(await self.answer(self.ordinary, Asked(GraphQLRequest(document), "director")))
        page = (answer.get("data") or {}).get(name) or {"edges": []}
        return [edge["cursor"] for edge in page["edges"]]

    async def questions(self, rng: Random, count: int, accounts: Sequence[str] = ()) -> AsyncIterator[Asked]:
        """Generated questions of all accounts in turn, one in ten with something wrong."""
        values = await self.values(rng)
        names = list(accounts or self.ground.viewers)
        for name in set(names) - self._seen.keys():
            self._seen[name] = await _seen(self.ground, name)
        for _ in range(count):
            account = rng.choice(names)
            values.seen = self._seen[account]
            request = Writer(rng, self.core, values).write()
            if rng.random() < _SPOILED:
                request = spoiled(rng, request)
            yield Asked(request, account, rng.choice(list(Language)))

    async def run(self, asked: Asked, tally: Tally) -> None:
        """Ask both, and write down what became of it; the first few of a kind are made small."""
        plans = self.compiled.plans
        assert plans is not None
        planned, fallbacks = plans.answered, plans.fallbacks.copy()
        found = await self.finding(asked)
        tally.planned += plans.answered - planned
        tally.fallbacks += plans.fallbacks - fallbacks
        tally.asked += 1
        tally.kinds[_kind(self.last)] += 1
        if found is not None:
            alike = [it for it in tally.findings if it.reason == found.reason]
            if len(alike) < _SHRUNK:
                tally.findings.append(await shrunk(found, self.finding))

    async def hold(self, seed: int, count: int, tally: Tally | None = None) -> Tally:
        """Ask so many questions."""
        tally = tally or Tally()
        async for asked in self.questions(Random(seed), count):  # noqa: S311 - reproducible, no secret
            await self.run(asked, tally)
        return tally


def _kind(answer: bytes) -> str:
    if answer.startswith(b'{"errors"'):
        return "refused"
    return "with errors" if b'"errors":[' in answer else "answered"


async def _present() -> datetime:
    return PRESENT


async def _seen(ground: Ground, account: str) -> Mapping[str, Sequence[str]]:
    """The ids and numbers of the cases and assignments that the account may see."""
    viewer = ground.viewers[account]
    if viewer is None:
        return {}
    keys = {noun: [decode(it, noun) for it in ground.ids[noun]] for noun in ("Incident", "Assignment")}
    cases = await incidents.get(keys["Incident"], viewer=viewer)
    rows = await assignments.get(keys["Assignment"], viewer=viewer)
    return {
        "Incident": [encode("Incident", it) for it in cases],
        "Assignment": [encode("Assignment", it) for it in rows],
        "no": [it.no for it in cases.values()],
    }
