"""What those who run the platform ask it and read: alive, ready, numbers for Prometheus (design §10), its log."""

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from structlog.typing import EventDict

from domain.errors import ErrorCode

Readiness = Callable[[], Awaitable[Mapping[str, object]]]
READY = (True, "ready")


def routes_of(readiness: Readiness, numbers: Mapping[str, tuple[str, Callable[[], float]]]) -> list[Route]:
    """`/healthz`, `/readyz` (200 once every part of `readiness` is well, else 503) and `/metrics`.

    `numbers`: a gauge's name, what it means, and how it is read.
    """
    registry = CollectorRegistry()
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
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
