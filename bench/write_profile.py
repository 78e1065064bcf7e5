"""Where a command's time goes: requests per second, CPU and statements of `reportIncident` and `dispatchIncident`.

    python -m bench.write_profile [sqlite] [postgres] [--rounds 3] [--count 600] [--clients 32] [--statements]

The whole HTTP endpoint runs in this process without a socket, so clients and server share one core. Each round runs
with group commit and without, in turn. PostgreSQL is one that this program starts, fsync on; SQLite runs with
synchronous = FULL, which syncs every commit. `--profile` ends with the functions that took the time.
"""

import argparse
import asyncio
import cProfile
import gc
import itertools
import logging
import pstats
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from api.door import Door
from api.engine import Engine
from api.feed.feed import Feed
from api.graphql import build_schema
from api.http import HttpEndpoint
from api.ids import encode
from api.limits import Limits, Rates
from api.pages import CursorSigner
from db import bell, connection
from db.bell import Bell
from db.migrate import migrate
from db.unit_of_work import in_transaction
from db.work import groups
from domain.incident import IncidentDomain, IncidentKind, Source, Urgency
from services import command, incidents
from services.command import Call, new_id
from tests import servers
from tests.db.factories import SIDE, SOUTH, WEST, District, a_district
from tests.services.accounts import SECRET, let_sign_in, sign_in
from tests.services.desk import ASKING, IN_G1

PEOPLE = ("acceptor", "dispatcher")
WARM_UP = 5
SHOWN = 150  # characters of a statement
REPORT = """mutation Report($input: ReportIncidentInput!) {
  reportIncident(input: $input) { incident { id no state version dueAt } warnings { code } } }"""
DISPATCH = """mutation Dispatch($input: DispatchIncidentInput!) {
  dispatchIncident(input: $input) { incident { id state version } assignments { id state handleDueAt } } }"""
WAYS: Mapping[str, object] = {"in groups": groups.in_group, "one by one": in_transaction}

Command = Callable[[], Awaitable[None]]


def say(line: str) -> None:
    """One line of the result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass
class Bench:
    """One process' endpoint over an open store."""

    http: HttpEndpoint
    district: District
    tokens: Mapping[str, str]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def post(self, username: str, document: str, given: Mapping[str, object]) -> None:
        """Run a mutation, which must succeed."""
        body = orjson.dumps({"query": document, "variables": {"input": given}})
        answered: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            answered.append(message.get("body", b""))

        await self.http(self._scope(username), receive, send)
        if orjson.loads(b"".join(answered)).get("errors"):
            raise RuntimeError(b"".join(answered).decode())

    async def report(self) -> None:
        """T2, with a point, a complainant and words to index."""
        number = next(self.numbers)
        lng, lat = WEST + number % 97 * SIDE / 100, SOUTH + number % 89 * SIDE / 90
        given = {
            "idempotencyKey": str(uuid4()),
            "domain": "LIVELIHOOD",
            "kind": "HELP",
            "categoryCode": "NOISE",
            "title": f"工地夜间施工{number}",
            "content": "连续三天夜间施工，影响附近居民休息，请尽快处理。",
            "source": "PLATFORM",
            "point": {"lng": lng, "lat": lat, "crs": "WGS84"},
            "address": "东园小区三号楼",
            "complainant": {"name": "李四", "phone": "13812345678"},
        }
        await self.post("acceptor", REPORT, given)

    def dispatch(self, incident_id: UUID) -> Command:
        """T11 of a filed case."""
        given = {
            "idempotencyKey": str(uuid4()),
            "id": encode("Incident", incident_id),
            "expectedVersion": 2,
            "mode": "SINGLE",
            "leads": [encode("OrgUnit", self.district.orgs["HOUSING"].id)],
        }
        return lambda: self.post("dispatcher", DISPATCH, given)

    async def filed(self) -> UUID:
        """A case that waits for its dispatch."""
        viewer, now = self.district.viewer("acceptor"), datetime.now(UTC)
        told = incidents.ReportIncident(
            domain=IncidentDomain.LIVELIHOOD,
            kind=IncidentKind.HELP,
            category_code="NOISE",
            title="工地夜间施工",
            source=Source.PLATFORM,
            point=IN_G1,
            complainant=ASKING,
        )
        made = (await incidents.report(Call(viewer, now, new_id, uuid4()), told)).incident_id
        if made is None:
            raise RuntimeError("nothing was reported")
        order = incidents.FileIncident(
            id=made, expected_version=1, urgency=Urgency.NORMAL, category_code="NOISE"
        )
        await incidents.file(Call(viewer, now, new_id, uuid4()), order)
        return made

    def _scope(self, username: str) -> dict[str, Any]:
        token = self.tokens[username].encode()
        return {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json"), (b"authorization", b"Bearer " + token)],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
        }


class Statements(logging.Handler):
    """Every statement that the store's clients say they run, without its values."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note one."""
        text = str(record.args[0]) if isinstance(record.args, tuple) and record.args else str(record.msg)
        self.said.append(re.sub(r"\s+", " ", text)[:SHOWN])

    async def list(self, name: str, doing: Command) -> None:
        """Run a command and list what it asked of the store."""
        logger = logging.getLogger("tortoise.db_client")
        level = logger.level
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        await doing()
        logger.removeHandler(self)
        logger.setLevel(level)
        say("\n".join([f"{name}: {len(self.said)} statements", *self.said]))


async def load(clients: int, work: Sequence[Command]) -> tuple[float, float]:
    """Run the commands with so many clients: requests per second, and CPU of each in microseconds."""
    waiting = iter(work)

    async def client() -> None:
        for doing in waiting:
            await doing()

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client() for _ in range(clients)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return len(work) / wall, cpu / len(work) * 1e6


async def run(bench: Bench, asked: argparse.Namespace) -> None:
    """Every round, then what was asked for besides."""
    for _ in range(WARM_UP):
        await bench.report()
        await bench.dispatch(await bench.filed())()
    if asked.statements:
        await Statements().list("reportIncident", bench.report)
        await Statements().list("dispatchIncident", bench.dispatch(await bench.filed()))
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    gc.collect()
    gc.freeze()
    for _, (way, how) in itertools.product(range(asked.rounds), WAYS.items()):
        setattr(command, "in_group", how)  # noqa: B010 - the other way is for this comparison alone
        reports: list[Command] = [bench.report] * asked.count
        dispatches = [bench.dispatch(await bench.filed()) for _ in range(asked.count // 2)]
        for name, work in (("reportIncident", reports), ("dispatchIncident", dispatches)):
            found.setdefault((name, way), []).append(await load(asked.clients, work))
    for (name, way), measured in found.items():
        rates, costs = zip(*measured, strict=True)
        low, middle, high = min(rates), statistics.median(rates), max(rates)
        cost = statistics.median(costs)
        say(f"{name:17} {way:10} {low:5.0f} / {middle:5.0f} / {high:5.0f} per s, {cost:5.0f} us of CPU each")
    if asked.profile:
        setattr(command, "in_group", groups.in_group)  # noqa: B010 - as above
        profile = cProfile.Profile()
        profile.enable()
        await load(asked.clients, [bench.report] * asked.count)
        profile.disable()
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(50)


async def measure(url: str, asked: argparse.Namespace) -> None:
    """Everything over one store."""
    await migrate(url)
    await connection.connect(url)
    ringing = Bell("memory://")
    limits = Limits(requests_per_second=10**9)
    signer, rates = CursorSigner(SECRET), Rates(limits)
    feed = Feed(signer, ringing, lambda error: say(repr(error)))
    try:
        district, now = await a_district(), datetime.now(UTC)
        await let_sign_in(*(district.people[name].id for name in PEOPLE), at=now)
        door = Door(SECRET, signer, feed, rates, token_minutes=600)
        tokens = {name: (await sign_in(name, at=now, now=now)).access_token for name in PEOPLE}
        await ringing.connect()
        bell.install(ringing)
        await feed.start()
        http = HttpEndpoint(Engine(build_schema(), limits), door.open_context, limits=limits, rates=rates)
        await run(Bench(http, district, tokens), asked)
    finally:
        await feed.stop()
        bell.install(None)
        await ringing.disconnect()
        await connection.disconnect()


def main() -> None:
    """Measure on the stores asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("stores", nargs="*", default=["sqlite", "postgres"])
    for name, number in (("--rounds", 3), ("--count", 600), ("--clients", 32)):
        parser.add_argument(name, type=int, default=number)
    for name in ("--statements", "--profile"):
        parser.add_argument(name, action="store_true")
    asked = parser.parse_args()
    if "sqlite" in asked.stores:
        say("SQLite")
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(f"sqlite://{folder}/bench.db?synchronous=FULL", asked))
    if "postgres" in asked.stores:
        say("PostgreSQL")
        with servers.postgres_server() as url:
            if url is None:
                sys.exit("no PostgreSQL on this machine")
            asyncio.run(measure(url, asked))


if __name__ == "__main__":
    main()
