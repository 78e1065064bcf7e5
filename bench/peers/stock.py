"""A stock Strawberry and Tortoise server: a mutation inserts one case and one row of a log, in one transaction.

python -m bench.peers.stock PORT DATABASE_URL

`report` numbers the log without gaps behind a lock, as a feed needs it; `reportUnordered` leaves that out.
"""

import contextlib
import gc
import secrets
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from tortoise import Tortoise, fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model
from tortoise.transactions import in_transaction


class StockCase(Model):
    """A case as a first version of such a platform would keep it."""

    id = fields.UUIDField(primary_key=True)
    no = fields.CharField(max_length=40, unique=True)
    title = fields.CharField(max_length=50)
    content = fields.TextField()
    address = fields.CharField(max_length=200)
    lng = fields.FloatField()
    lat = fields.FloatField()
    crs = fields.CharField(max_length=10)
    state = fields.CharField(max_length=16)
    reported_at = fields.DatetimeField(db_index=True)
    due_at = fields.DatetimeField()


class StockLog(Model):
    """What happened, in order."""

    seq = fields.BigIntField(primary_key=True, generated=False)
    case_id = fields.UUIDField()
    at = fields.DatetimeField()
    what: dict[str, str] = fields.JSONField()


class StockCounter(Model):
    """The last number of the log."""

    id = fields.IntField(primary_key=True, generated=False)
    value = fields.BigIntField()


@strawberry.input
class PointInput:
    """Where."""

    lng: float
    lat: float
    crs: str


@strawberry.input
class ReportInput:
    """A report."""

    title: str
    content: str
    address: str
    point: PointInput


@strawberry.type
class Case:
    """A case."""

    id: strawberry.ID
    no: str
    state: str
    due_at: datetime


async def _inserted(given: ReportInput, connection: BaseDBAsyncClient, seq: int) -> Case:
    now, case_id = datetime.now(UTC), uuid4()
    case = await StockCase.create(
        id=case_id,
        no=f"S-{case_id}",
        title=given.title,
        content=given.content,
        address=given.address,
        lng=given.point.lng,
        lat=given.point.lat,
        crs=given.point.crs,
        state="REPORTED",
        reported_at=now,
        due_at=now + timedelta(hours=1),
        using_db=connection,
    )
    what = {"type": "REPORTED", "no": case.no}
    await StockLog.create(seq=seq, case_id=case_id, at=now, what=what, using_db=connection)
    return Case(id=strawberry.ID(str(case_id)), no=case.no, state=case.state, due_at=case.due_at)


@strawberry.type
class Mutation:
    """The two commands."""

    @strawberry.mutation
    async def report(self, input: ReportInput) -> Case:  # noqa: A002 - the argument's name in the document
        """With the log in order."""
        async with in_transaction() as connection:
            counter = await StockCounter.select_for_update().using_db(connection).get(id=1)
            counter.value += 1
            await counter.save(using_db=connection)
            return await _inserted(input, connection, counter.value)

    @strawberry.mutation
    async def report_unordered(self, input: ReportInput) -> Case:  # noqa: A002 - as above
        """The log's rows bear random numbers."""
        async with in_transaction() as connection:
            return await _inserted(input, connection, secrets.randbits(62))


@strawberry.type
class Query:
    """A schema needs one."""

    ok: bool = True


@contextlib.asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """The store, made anew."""
    await Tortoise.init(db_url=sys.argv[2], modules={"models": ["__main__"]}, _enable_global_fallback=True)
    await Tortoise.generate_schemas()
    await StockCounter.get_or_create(id=1, defaults={"value": 0})
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    yield
    await Tortoise.close_connections()


def app() -> Starlette:
    """The server."""
    schema = strawberry.Schema(query=Query, mutation=Mutation)
    return Starlette(routes=[Route("/graphql", GraphQL[None, None](schema))], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(app(), host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
