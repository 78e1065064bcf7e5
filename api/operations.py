"""What those who run the platform ask it and read: alive, ready, numbers for Prometheus (design §10), its log."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from structlog.typing import EventDict

from api.execution.plans import Plans
from api.execution.ready import ReadyCases
from api.feed.feed import Feed
from api.kept import KeptDocuments
from domain.errors import ErrorCode

Readiness = Callable[[], Awaitable[Mapping[str, object]]]
READY = (True, "ready")


class Reads(Collector):
    """Queries by how they were answered; `ordinary` counts by reason those that no compiled plan answered."""

    def __init__(self, compiled: Callable[[], int], ordinary: Callable[[], Mapping[str, int]]) -> None:
        self._compiled = compiled
        self._ordinary = ordinary

    def collect(self) -> Iterator[Metric]:
        """The counters as they stand."""
        yield CounterMetricFamily("fengqiao_reads_compiled", "Queries that a plan answered", self._compiled())
        ordinary = CounterMetricFamily(
            "fengqiao_reads_ordinary", "Queries that the ordinary executor answered", labels=["reason"]
        )
        for reason, count in sorted(self._ordinary().items()):
            ordinary.add_metric([reason], count)
        yield ordinary


class Told(Collector):
    """Items of streams by how they were written; `ordinary` counts by reason those that no generated function wrote."""

    def __init__(self, plans: Plans, feed: Feed) -> None:
        self._plans = plans
        self._feed = feed

    def collect(self) -> Iterator[Metric]:
        """The numbers as they stand."""
        plans = self._plans
        yield CounterMetricFamily(
            "fengqiao_feed_compiled", "Items that generated functions wrote", plans.told_compiled
        )
        yield CounterMetricFamily(
            "fengqiao_feed_alike", "Of these, told as another class was told them", plans.alike.told
        )
        ordinary = CounterMetricFamily(
            "fengqiao_feed_ordinary", "Items that the ordinary executor wrote", labels=["reason"]
        )
        for reason, count in sorted(plans.told_ordinary.items()):
            ordinary.add_metric([reason], count)
        yield ordinary
        reads, blocks = plans.subjects.reads, self._feed.blocks
        yield CounterMetricFamily("fengqiao_feed_subject_reads", "Statements for what items show", reads)
        yield CounterMetricFamily("fengqiao_feed_block_reads", "Blocks of the log read to catch up", blocks)
        yield GaugeMetricFamily("fengqiao_feed_shares", "Streams that readers share", self._feed.shares)


class Documents(Collector):
    """How many documents a process keeps parsed, in how many bytes, and how often one was found."""

    def __init__(self, kept: KeptDocuments[Any]) -> None:
        self._kept = kept

    def collect(self) -> Iterator[Metric]:
        """The numbers as they stand."""
        kept = self._kept
        yield CounterMetricFamily("fengqiao_documents_hits", "Documents that were kept already", kept.hits)
        yield CounterMetricFamily("fengqiao_documents_misses", "Documents that had to be parsed", kept.misses)
        yield GaugeMetricFamily("fengqiao_documents_held", "Documents kept", len(kept))
        yield GaugeMetricFamily("fengqiao_documents_bytes", "What they take, about", kept.bytes)


class Ready(Collector):
    """How often a case's JSON was ready, and what the younger half of what is kept takes."""

    def __init__(self, ready: ReadyCases) -> None:
        self._ready = ready

    def collect(self) -> Iterator[Metric]:
        """The numbers as they stand."""
        ready = self._ready
        yield CounterMetricFamily("fengqiao_cases_ready", "Cases whose JSON was kept", ready.hits)
        yield CounterMetricFamily(
            "fengqiao_cases_written", "Cases whose JSON had to be written", ready.misses
        )
        yield GaugeMetricFamily(
            "fengqiao_cases_ready_bytes", "What the younger half takes, about", ready.bytes
        )


def routes_of(
    readiness: Readiness,
    numbers: Mapping[str, tuple[str, Callable[[], float]]],
    collectors: Sequence[Collector] = (),
) -> list[Route]:
    """`/healthz`, `/readyz` (200 once every part of `readiness` is well, else 503) and `/metrics`.

    `numbers`: a gauge's name, what it means, and how it is read.
    """
    registry = CollectorRegistry()
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR, *collectors):
        registry.register(collector)
    for name, (meaning, read) in numbers.items():
        Gauge(name, meaning, registry=registry).set_function(read)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        state = await readiness()
        ready = all(part in READY for part in state.values())
        return JSONResponse({"ready": ready, **state}, 200 if ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def brief(_: object, __: str, event: EventDict) -> EventDict:
    """A store that is away is named in one line, however often it is met; other faults keep their trace."""
    found = event.get("exc_info")
    error = found[1] if isinstance(found, tuple) else found
    if event.get("logger") == "asyncpg.pool" or getattr(error, "code", None) is ErrorCode.UNAVAILABLE:
        event.pop("exc_info", None)
        event["reason"] = str(error)
    return event
