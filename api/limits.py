"""What one request, one socket and one caller may ask: the numbers, rates, and counts of what is held (design §8)."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.aio.storage import RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from domain.errors import DomainError, ErrorCode

log = structlog.get_logger(__name__)

MAX_PAGE = 100
STORE_SECONDS = 0.25  # that a shared store of rates may take to answer
STORE_PAUSE = 5.0  # seconds before a shared store that failed is asked again


@dataclass(frozen=True, slots=True)
class Limits:
    """Every number a caller can run into; the documentation prints them from here."""

    document: int = 32 * 1024  # characters of a document
    tokens: int = 1000
    operations: int = 20  # in a document
    depth: int = 15
    cost: int = 20_000
    aliases: int = 50
    directives: int = 50
    repeats: int = 25  # fields of one response name side by side, in fragments too: merging them is quadratic
    introspections: int = 10  # `__schema` and `__type` fields
    introspection: int = 140_000  # their cost; tools ask for the greater part of it
    introspection_mixed: int = 500  # their cost beside other fields
    body: int = 256 * 1024  # bytes
    variables_depth: int = 32
    variables_values: int = 2000  # in all lists and objects
    variables_list: int = 250  # entries of one list
    variables_object: int = 100  # fields of one object
    inputs: int = 250  # objects given to arguments, counted wherever they are used
    query_seconds: float = 30.0
    sign_ins_per_minute: int = 60  # per address
    requests_per_second: int = 100  # per token, or per address without one
    running_per_caller: int = 100  # queries and commands at once, counted as the rate is
    running: int = 1000  # queries and commands at once in a process
    sockets_per_user: int = 20
    operations_per_socket: int = 100
    init_seconds: float = 10.0
    send_seconds: float = 15.0


def check(what: str, value: float, limit: float) -> None:
    """Refuse with TOO_COSTLY a value above its limit."""
    if value > limit:
        raise DomainError(ErrorCode.TOO_COSTLY, facts={"what": what, "value": value, "limit": limit})


def check_variables(variables: Mapping[str, object], limits: Limits) -> None:
    """Refuse with TOO_COSTLY variables that nest too deeply or hold too much; walked level by level."""
    depth, values, level = 0, 0, list(variables.values())
    if not any(isinstance(item, list | dict) for item in level):
        check("variables_values", len(level), limits.variables_values)
        return
    while level:
        values += len(level)
        check("variables_values", values, limits.variables_values)
        inner: list[object] = []
        for item in level:
            if isinstance(item, list):
                check("variables_list", len(item), limits.variables_list)
                inner.extend(item)
            elif isinstance(item, dict):
                check("variables_object", len(item), limits.variables_object)
                inner.extend(item.values())
        depth += 1
        check("variables_depth", depth, limits.variables_depth)
        level = inner


class Windows:
    """Moving windows in this process: exact, at a fraction of the cost of a shared store.

    A caller costs one time for each hit still in its window; who has been quiet for a window is forgotten.
    """

    def __init__(self, amount: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._amount = amount
        self._seconds = seconds
        self._clock = clock
        self._hits: dict[str, list[float]] = {}
        self._tidied = clock()

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._hits)

    def hit(self, key: str) -> float | None:
        """Count one more of a key; else how many seconds to wait."""
        now = self._clock()
        past = now - self._seconds
        if self._tidied <= past:
            self._tidied = now
            self._hits = {key: hits for key, hits in self._hits.items() if hits[-1] > past}
        hits = self._hits.setdefault(key, [])
        while hits and hits[0] <= past:
            del hits[0]
        if len(hits) >= self._amount:
            return hits[0] - past
        hits.append(now)
        return None


class Rates:
    """Moving windows per caller, in this process or in a shared store; this process counts while that is away.

    And how much runs at once, for each caller and in this process.
    """

    def __init__(self, limits: Limits, storage: Storage | None = None) -> None:
        self._limiter = MovingWindowRateLimiter(storage) if storage is not None else None
        self._asked_again = 0.0
        self._sign_ins = RateLimitItemPerMinute(limits.sign_ins_per_minute, namespace="sign-in")
        self._requests = RateLimitItemPerSecond(limits.requests_per_second, namespace="request")
        self._of_sign_ins, self._of_requests = (
            Windows(it.amount, it.get_expiry()) for it in (self._sign_ins, self._requests)
        )
        self._running = Caps(limits.running_per_caller)
        self._limits = limits

    async def sign_in(self, address: str) -> None:
        """One attempt to sign in from an address; RATE_LIMITED with `retryAfter` in seconds."""
        await self._hit(self._sign_ins, self._of_sign_ins, address)

    async def request(self, caller: str) -> None:
        """One operation of a caller (a token, a person or an address); RATE_LIMITED with `retryAfter`."""
        await self._hit(self._requests, self._of_requests, caller)

    def running(self, caller: str) -> "Holding":
        """Run one operation of a caller for the length of a block.

        RATE_LIMITED with `limit` when the caller, UNAVAILABLE with `retryAfter` when the process runs too many.
        """
        if self._running.total >= self._limits.running:
            raise DomainError(ErrorCode.UNAVAILABLE, facts={"retryAfter": 1})
        return self._running.hold(caller)

    async def close(self) -> None:
        """Give back what is held; counts in this process hold nothing."""

    async def _hit(self, item: RateLimitItem, windows: Windows, key: str) -> None:
        seconds = await self._shared(self._limiter, item, key) if self._limiter is not None else None
        if seconds is None:
            seconds = windows.hit(key)
        if seconds:
            raise DomainError(ErrorCode.RATE_LIMITED, facts={"retryAfter": max(1, round(seconds))})

    async def _shared(self, limiter: MovingWindowRateLimiter, item: RateLimitItem, key: str) -> float | None:
        """Seconds to wait by the shared store, 0 for none; None when it is away."""
        if time.monotonic() < self._asked_again:
            return None
        try:
            if await limiter.hit(item, key):
                return 0.0
            return max(1.0, (await limiter.get_window_stats(item, key)).reset_time - time.time())
        except (OSError, StorageError) as error:  # a timeout is an OSError too
            self._asked_again = time.monotonic() + STORE_PAUSE
            log.warning("rate_store_unavailable", error=type(error).__name__)
            return None


class SharedRates(Rates):
    """Rates that every process counts in one Redis, at `redis://` or `rediss://`."""

    def __init__(self, limits: Limits, url: str) -> None:
        self._pool = ConnectionPool.from_url(
            url, socket_timeout=STORE_SECONDS, socket_connect_timeout=STORE_SECONDS
        )
        super().__init__(
            limits,
            RedisStorage(
                url,
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix="fengqiao",
                connection_pool=self._pool,  # type: ignore[arg-type]  # the library hands it on
            ),
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.aclose()


def rates_of(limits: Limits, url: str) -> Rates:
    """The rates of a process whose bell is at `url`: in Redis where the bell is, else by itself."""
    return SharedRates(limits, url) if url.startswith("redis") else Rates(limits)


class Caps:
    """How many of a thing each holder has at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: Counter[str] = Counter()
        self.total = 0

    def hold(self, holder: str) -> "Holding":
        """Hold one for the length of a block; entering is RATE_LIMITED with `limit` when there are too many."""
        return Holding(self, holder)

    def take(self, holder: str) -> None:
        """Hold one more; RATE_LIMITED with `limit`."""
        if self._held[holder] >= self._limit:
            raise DomainError(ErrorCode.RATE_LIMITED, facts={"limit": self._limit})
        self._held[holder] += 1
        self.total += 1

    def give_back(self, holder: str) -> None:
        """Hold one less."""
        self.total -= 1
        self._held[holder] -= 1
        if not self._held[holder]:
            del self._held[holder]

    def held(self, holder: str) -> int:
        """How many the holder has now."""
        return self._held.get(holder, 0)


class Holding:
    """One of a thing, held for the length of a block; on the path of every request, so no generator."""

    __slots__ = ("_caps", "_holder")

    def __init__(self, caps: Caps, holder: str) -> None:
        self._caps = caps
        self._holder = holder

    def __enter__(self) -> None:
        """Take it."""
        self._caps.take(self._holder)

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._caps.give_back(self._holder)
