"""The desks of a case, each step as its people take it; how refusals are read; whether anything stored changed."""

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx2

from tests.acceptance.town import PASSWORD, Desk, Town

Row = dict[str, Any]
T = TypeVar("T")

CASE = "id no version state round outcome onTime content grid { code } region { level }"
LINE = "id version state round onTimeHandle orgUnit { code }"
PLAIN = "HJ-JS-YP"  # a category that demands neither photo nor a check on site
SQUARE = {"lng": 123.4255, "lat": 41.1565, "crs": "WGS84"}
ASKED = {"channel": "PHONE", "reached": True, "solved": "YES", "satisfaction": "SATISFIED"}
GIVEN: Row = {
    "domain": "LIVELIHOOD",
    "kind": "HELP",
    "categoryCode": PLAIN,
    "title": "楼道口售卖祭祀用品",
    "content": "楼道口有人摆摊售卖祭祀用品，占用通道。",
    "source": "HOTLINE_12345",
    "point": SQUARE,
    "address": "安胜社区三号楼前",
    "complainant": {"name": "王秀兰", "phone": "13812345678"},
}
PERSON = "query ($id: ID!) { node(id: $id) { ... on Person { version } } }"
UNITS = "query ($code: String!) { orgUnits(where: {code: {eq: $code}}, first: 1) { nodes { id } } }"
# What only an exception's text, a traceback or a printed object would hold.
PYTHON = re.compile(
    r"Traceback|File \"|<class |object at 0x|\b[A-Z]\w+(?:Error|Exception)\b(?!\")|NoneType|\bNone\b"
    r"|\bTrue\b|\bFalse\b|UUID\(|datetime\.|asyncpg|sqlite|tortoise|strawberry|orjson|uvicorn|starlette|\.py\b"
)


@dataclass
class Desks:
    """The signed-in people of a town: one sign-in each, whatever number of stories they play in."""

    town: Town
    store: Path | None = None
    media: Path | None = None
    seated: dict[tuple[str, int], Desk] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    async def __call__(self, username: str, server: int = 0) -> Desk:
        """Someone's desk at one of the servers."""
        key = (username, server)
        if key not in self.seated:
            self.seated[key] = await self.town.desk(username, server=server)
        return self.seated[key]

    async def unit(self, code: str) -> str:
        """The id of a unit."""
        if code not in self.units:
            (found,) = (await (await self("command")).ask(UNITS, code=code))["orgUnits"]["nodes"]
            self.units[code] = found["id"]
        return self.units[code]

    @contextmanager
    def nothing_changes(self) -> Iterator[None]:
        """Fail when anything stored, a row or a file, is different afterwards."""
        before = self._stored()
        yield
        assert self._stored() == before

    @contextmanager
    def nobody_writes(self) -> Iterator[None]:
        """Hold the store's lock, so that every command begun meanwhile waits."""
        assert self.store is not None
        with closing(sqlite3.connect(self.store, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            yield
            writer.execute("ROLLBACK")

    def _stored(self) -> tuple[dict[str, list[Any]], list[str]]:
        assert self.store is not None
        assert self.media is not None
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as reader:
            names = [row[0] for row in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {name: reader.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}  # noqa: S608 - the store's own names
        return rows, sorted(str(path) for path in self.media.rglob("*"))


async def newcomer(desks: Desks, *posts: str, unit: str = "GCL-CMD", **post: object) -> Desk:
    """A new person who holds these posts at a unit, signed in."""
    admin, username = await desks("admin"), f"p-{uuid4().hex[:12]}"
    org_id = await desks.unit(unit)
    person = (
        await admin.do(
            "createPerson",
            "person { id version }",
            username=username,
            name="新同事",
            orgUnitId=org_id,
            password=PASSWORD,
        )
    )["person"]
    for kind in posts:
        await appointed(desks, person, kind, orgUnitId=org_id, **post)
    return await desks(username)


async def appointed(desks: Desks, person: Row, kind: str, **post: object) -> Row:
    """One post more for a person; the post."""
    seen = await (await desks("admin")).ask(PERSON, id=person["id"])
    given = {"id": person["id"], "expectedVersion": seen["node"]["version"], "type": kind, **post}
    made: Row = (await (await desks("admin")).do("assignPost", "post { id version }", **given))["post"]
    return made


def mutation_of(name: str, selection: str) -> str:
    """The document of one mutation with its input as a variable."""
    return (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {selection} }} }}"
    )


async def posted(desk: Desk, document: str, **variables: object) -> httpx2.Response:
    """The answer as it came over the wire."""
    return await desk.http.post(
        f"http://{desk.address}/graphql",
        json={"query": document, "variables": variables},
        headers={"Authorization": f"Bearer {desk.token}"},
    )


def refusal(answer: httpx2.Response) -> Row:
    """The extensions of the first error; fails on INTERNAL and on Python's words."""
    assert not PYTHON.search(answer.text), answer.text
    errors = answer.json()["errors"]
    assert "INTERNAL" not in [error["extensions"]["code"] for error in errors], answer.text
    assert all(error["message"] for error in errors)
    extensions: Row = errors[0]["extensions"]
    return extensions


def why(extensions: Row) -> tuple[str, str | None]:
    """The code and the field of a refusal."""
    return extensions["code"], extensions.get("field")


async def asked_in_vain(desk: Desk, document: str, **variables: object) -> tuple[str, str | None]:
    """The code and field with which an operation is refused."""
    return why(refusal(await posted(desk, document, **variables)))


async def refused(desk: Desk, mutation: str, **given: object) -> tuple[str, str | None]:
    """The code and field with which a mutation is refused; a fresh key unless one is given."""
    given = {"idempotencyKey": str(uuid4()), **given}
    return await asked_in_vain(desk, mutation_of(mutation, "__typename"), input=given)


async def eventually(ask: Callable[[], Awaitable[T]], seconds: float = 10) -> T:
    """What is answered once there is something to answer."""
    async with asyncio.timeout(seconds):
        while True:
            if found := await ask():
                return found
            await asyncio.sleep(0.05)


async def report(desk: Desk, **given: object) -> Row:
    """A case in REPORTED."""
    made = await desk.do("reportIncident", f"incident {{ {CASE} }}", **{**GIVEN, **given})
    incident: Row = made["incident"]
    return incident


async def filed(desks: Desks, urgency: str = "NORMAL", **given: Any) -> Row:
    """A case in FILED."""
    desk = await desks("acceptor")
    incident = await report(desk, **given)
    code = given.get("categoryCode", PLAIN)
    return await step(desk, "fileIncident", incident, urgency=urgency, categoryCode=code)


async def step(desk: Desk, mutation: str, incident: Row, **given: object) -> Row:
    """One command on a case; the case afterwards."""
    given = {"id": incident["id"], "expectedVersion": incident["version"], **given}
    changed: Row = (await desk.do(mutation, f"incident {{ {CASE} }}", **given))["incident"]
    return changed


async def dispatched(desks: Desks, unit: str = "GCL-ZJJ", **given: Any) -> tuple[Row, Row]:
    """A case in DISPATCHED, and its assignment."""
    incident = await filed(desks, **given)
    made = await (await desks("dispatcher")).do(
        "dispatchIncident",
        f"incident {{ {CASE} }} assignments {{ {LINE} }}",
        id=incident["id"],
        expectedVersion=incident["version"],
        mode="SINGLE",
        leads=[await desks.unit(unit)],
        basis="部门职责",
    )
    return made["incident"], made["assignments"][0]


async def accepted(desk: Desk, row: Row) -> Row:
    """The assignment, accepted and its complainant called."""
    given = {"id": row["id"], "expectedVersion": row["version"]}
    row = (await desk.do("acceptAssignment", f"assignment {{ {LINE} }}", **given))["assignment"]
    given = {"id": row["id"], "expectedVersion": row["version"], "channel": "PHONE"}
    contacted: Row = (await desk.do("recordFirstContact", f"assignment {{ {LINE} }}", **given))["assignment"]
    return contacted


async def submitted(desk: Desk, row: Row, **given: object) -> Row:
    """The case once the unit has handed in its result."""
    result = {"outcome": "SOLVED", "resultText": "已清理并劝离。", "followUp": ASKED, **given}
    named = {"id": row["id"], "expectedVersion": row["version"]}
    made = await desk.do("submitResult", f"incident {{ {CASE} }}", **named, **result)
    incident: Row = made["incident"]
    return incident


async def in_checking(desks: Desks, **given: Any) -> Row:
    """A case in CHECKING, handled by the housing bureau."""
    _, row = await dispatched(desks, **given)
    housing = await desks("housing")
    incident = await submitted(housing, await accepted(housing, row))
    return await step(await desks("acceptor"), "requestCheck", incident)


async def checked(desk: Desk, incident: Row, result: str = "PASS") -> Row:
    """The case after a check at the desk."""
    return await step(desk, "recordCheck", incident, result=result, note="电话核实。")


async def answered(desk: Desk, incident: Row, **given: object) -> Row:
    """The case after the command centre has asked the complainant."""
    return await step(desk, "recordFollowUp", incident, **{"layer": "COMMAND", **ASKED, **given})


async def rows_of(desks: Desks, incident: Row) -> Row:
    """The case with its assignments, checks and follow-ups, as the command centre reads it."""
    document = f"""query ($id: ID!) {{ incident(id: $id) {{ {CASE} assignments {{ {LINE} }}
        verifications {{ state result round }} followUps {{ layer state valid round satisfaction }}
        clocks {{ type stoppedAt }} }} }}"""
    found: Row = (await (await desks("command")).ask(document, id=incident["id"]))["incident"]
    return found
