"""What one request, one socket and one caller may ask: static cost, rates and counts (design §8).

The cost of a document is known before anything runs: one memoised pass, linear in its length, whatever its
fragments spread. A field costs 1; below a field with `first`, `last` or `ids` everything counts once per row asked,
and a variable there counts as the longest page.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from domain.errors import DomainError, ErrorCode

log = structlog.get_logger(__name__)

MAX_PAGE = 100
_PAGED = ("first", "last", "ids")
_CEILING = 10**12  # products stop growing here, so that numbers stay small


@dataclass(frozen=True, slots=True)
class Limits:
    """Every number a caller can run into; the documentation prints them from here."""

    tokens: int = 2000
    depth: int = 15
    cost: int = 20_000
    aliases: int = 50
    directives: int = 50
    repeats: int = 50  # fields of one response name side by side: merging them is quadratic
    body: int = 256 * 1024  # bytes
    variables_depth: int = 32
    query_seconds: float = 30.0
    sign_ins_per_minute: int = 60  # per address
    requests_per_second: int = 100  # per token, or per address without one
    sockets_per_user: int = 20
    operations_per_socket: int = 100
    init_seconds: float = 10.0
    send_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class Measure:
    """What an operation weighs."""

    depth: int = 0
    cost: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0


def measure(document: DocumentNode, operation: OperationDefinitionNode, limits: Limits) -> Measure:
    """What the operation weighs; TOO_COSTLY with `what`, `value` and `limit` when it weighs too much."""
    scale = _Scale(document, limits.depth)
    weight = scale.weigh(operation.selection_set, 1)
    weight = _sum(weight, Measure(directives=len(operation.directives or ())))
    for what in ("depth", "cost", "aliases", "directives", "repeats"):
        check(what, getattr(weight, what), getattr(limits, what))
    return weight


def check(what: str, value: float, limit: float) -> None:
    """Refuse with TOO_COSTLY a value above its limit."""
    if value > limit:
        raise DomainError(ErrorCode.TOO_COSTLY, facts={"what": what, "value": value, "limit": limit})


class _Scale:
    """Weighs selection sets, each fragment once."""

    def __init__(self, document: DocumentNode, depth: int) -> None:
        self._depth = depth
        self._fragments = {
            part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)
        }
        self._known: dict[str, Measure] = {}

    def weigh(self, selections: SelectionSetNode | None, level: int) -> Measure:
        total = Measure()
        names: Counter[str] = Counter()
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                names[node.alias.value if node.alias else node.name.value] += 1
                weight = self._field(node, level)
            elif isinstance(node, FragmentSpreadNode):
                weight = self._spread(node.name.value, level)
            else:
                weight = self.weigh(getattr(node, "selection_set", None), level)
            total = _sum(total, weight, _directives(node.directives))
        return _sum(total, Measure(repeats=max(names.values(), default=0)))

    def _field(self, node: FieldNode, level: int) -> Measure:
        check("depth", level, self._depth)  # before going down, so that no stack overflows
        if node.name.value.startswith("__"):
            return Measure(depth=1)  # introspection has a rule of its own
        below = self.weigh(node.selection_set, level + 1)
        return Measure(
            depth=1 + below.depth,
            cost=1 + min(_rows(node) * below.cost, _CEILING),
            aliases=below.aliases + (node.alias is not None),
            directives=below.directives,
            repeats=below.repeats,
        )

    def _spread(self, name: str, level: int) -> Measure:
        if name not in self._known:
            self._known[name] = Measure()  # a cycle weighs nothing; validation refuses it
            if fragment := self._fragments.get(name):
                self._known[name] = self.weigh(fragment.selection_set, level)
        return self._known[name]


def _sum(*weights: Measure) -> Measure:
    """Side by side: the deepest and the most repeated count, the rest adds up."""
    return Measure(
        depth=max(weight.depth for weight in weights),
        cost=min(sum(weight.cost for weight in weights), _CEILING),
        aliases=sum(weight.aliases for weight in weights),
        directives=sum(weight.directives for weight in weights),
        repeats=max(weight.repeats for weight in weights),
    )


def _directives(nodes: tuple[DirectiveNode, ...] | None) -> Measure:
    return Measure(directives=len(nodes or ()))


def _rows(node: FieldNode) -> int:
    """How many rows a field may answer, as far as its arguments tell."""
    for argument in node.arguments or ():
        if argument.name.value in _PAGED:
            if isinstance(argument.value, IntValueNode):
                return max(1, min(int(argument.value.value[:12]), MAX_PAGE))
            if isinstance(argument.value, ListValueNode):
                return max(1, len(argument.value.values))
            return MAX_PAGE
    return 1


class Rates:
    """Moving windows per caller, in this process or in a shared store. An absent store lets requests through."""

    def __init__(self, limits: Limits, storage: Storage | None = None) -> None:
        self._limiter = MovingWindowRateLimiter(storage or MemoryStorage())
        self._sign_ins = RateLimitItemPerMinute(limits.sign_ins_per_minute, namespace="sign-in")
        self._requests = RateLimitItemPerSecond(limits.requests_per_second, namespace="request")

    async def sign_in(self, address: str) -> None:
        """One attempt to sign in from an address; RATE_LIMITED with `retryAfter` in seconds."""
        await self._hit(self._sign_ins, address)

    async def request(self, caller: str) -> None:
        """One operation of a caller (a token, a person or an address); RATE_LIMITED with `retryAfter`."""
        await self._hit(self._requests, caller)

    async def _hit(self, item: RateLimitItem, key: str) -> None:
        try:
            allowed = await self._limiter.hit(item, key)
            window = None if allowed else await self._limiter.get_window_stats(item, key)
        except (OSError, TimeoutError) as error:
            log.warning("rate_store_unavailable", error=type(error).__name__)
            return
        if window is not None:
            wait = max(1, round(window.reset_time - time.time()))
            raise DomainError(ErrorCode.RATE_LIMITED, facts={"retryAfter": wait})


class Caps:
    """How many of a thing each holder has at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, holder: str) -> Iterator[None]:
        """Hold one for the length of the block; RATE_LIMITED with `limit` when there are too many."""
        if self._held[holder] >= self._limit:
            raise DomainError(ErrorCode.RATE_LIMITED, facts={"limit": self._limit})
        self._held[holder] += 1
        try:
            yield
        finally:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]

    def held(self, holder: str) -> int:
        """How many the holder has now."""
        return self._held.get(holder, 0)
