"""Seed a store for the feed's bench by the product's own services, and say what the bench must know as JSON.

    python -m within.seed URL FOLDER HISTORY PEOPLE CLASSES

PEOPLE of one visibility class (dispatchers), one of each of so many CLASSES (handlers of different sets of the units
that hold one case), a session and a token for each socket, and HISTORY entries more in the log.
"""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from within.events import pattern_of, write

from api.feed.cursors import Cursors
from api.pages import CursorSigner
from channels.demo.ground import load_ground
from db import connection, event_log, orgs, passwords, people, sealed, sessions
from db.migrate import migrate
from db.unit_of_work import Work, in_transaction, settle
from domain.assignment import AssignmentMode
from domain.incident import IncidentDomain, IncidentKind, Source, Urgency
from domain.person import PostType
from domain.place import Crs
from domain.session import Session
from domain.viewer import Viewer
from services import assignments, incidents
from services import people as accounts
from services.command import SYSTEM, Call, PointGiven, business_now, new_id
from services.sessions import Mint

HOURS = 12.0
FIRST = 1_000_001  # ordinals have seven digits
SOCKETS_PER_PERSON = 20
BATCH = 500
CENTRE = "GCL-CMD"
UNITS = ("GCL-ZJJ", "GCL-MZJ", "GCL-WMB", "GCL-ZFD", "GCL-HBJ", "GCL-JTJ", "GCL-RSJ")
PASSWORD = "bench-Only-0-known"  # noqa: S105 - the store holds made-up people alone


async def main(url: str, folder: Path, history: int, count: int, classes: int) -> None:
    """Everything, in a store that is empty."""
    sealed.install_keys(os.environ["FENGQIAO_DATA_KEYS"])
    await migrate(url)
    await connection.connect(url)
    try:
        await load_ground(await business_now())
        unit_ids = {code: unit.id for code, unit in (await orgs.all_by_code()).items()}
        same = [
            person async for person in _appointed("same", [[(PostType.DISPATCHER, CENTRE)]] * count, unit_ids)
        ]
        chosen = [[(PostType.HANDLER, code) for code in some] for some in itertools.islice(_sets(), classes)]
        apart = [person async for person in _appointed("apart", chosen, unit_ids)]
        case = await _case(unit_ids)
        (folder / "same.tokens").write_text("\n".join(await _tokens(same)), encoding="ascii")
        (folder / "apart.tokens").write_text("\n".join(await _tokens(apart)), encoding="ascii")
        facts = {"incident": str(case), "cursor": await _cursor()}
        await _lengthen(case, history)
        (folder / "facts.json").write_text(json.dumps(facts), encoding="ascii")
        await settle()
    finally:
        await connection.disconnect()


def _sets() -> Iterator[tuple[str, ...]]:
    """Every set of the units, small ones first."""
    for size in range(1, len(UNITS) + 1):
        yield from itertools.combinations(UNITS, size)


async def _appointed(
    prefix: str, posts: Sequence[Sequence[tuple[PostType, str]]], unit_ids: dict[str, UUID]
) -> AsyncIterator[UUID]:
    """A person for each set of posts."""
    call = Call(SYSTEM, await business_now(), new_id)
    hashed = await passwords.hashed(PASSWORD)
    for number, held in enumerate(posts):
        given = accounts.CreatePerson(
            username=f"{prefix}{number}", name="王测试", password=PASSWORD, org_unit_id=unit_ids[held[0][1]]
        )
        person = (await accounts.create(call, given, known_hash=hashed)).made["person"][0]
        for version, (kind, code) in enumerate(held, 1):
            post = accounts.AssignPost(
                id=person, expected_version=version, type=kind, org_unit_id=unit_ids[code]
            )
            await accounts.assign_post(call, post)
        yield person


async def _case(unit_ids: dict[str, UUID]) -> UUID:
    """One case in hand, held by all of the units."""
    now = await business_now()
    told = incidents.ReportIncident(
        domain=IncidentDomain.LIVELIHOOD,
        kind=IncidentKind.HELP,
        category_code="HJ-JS-YP",
        title="楼道口堆放杂物存在消防隐患",
        content="三号楼二单元楼道口长期堆放杂物，占用通道，请协调清理。",
        address="安胜社区三号楼前",
        source=Source.HOTLINE_12345,
        point=PointGiven(lng=123.431633, lat=41.157831, crs=Crs.GCJ02),
        complainant=incidents.ComplainantGiven(name="王秀兰", phone="13812345678"),
    )
    acceptor, dispatcher = await _viewer("acceptor", now), await _viewer("dispatcher", now)
    case = (await incidents.report(Call(acceptor, now, new_id, uuid4()), told)).incident_id
    if case is None:
        raise SystemExit("seed: nothing was reported")
    filed = incidents.FileIncident(
        id=case, expected_version=1, urgency=Urgency.NORMAL, category_code="HJ-JS-YP"
    )
    await incidents.file(Call(acceptor, now, new_id, uuid4()), filed)
    leads, supports = [unit_ids[UNITS[0]]], [unit_ids[code] for code in UNITS[1:]]
    order = assignments.DispatchIncident(
        id=case,
        expected_version=2,
        mode=AssignmentMode.LED_JOINT,
        leads=tuple(leads),
        supports=tuple(supports),
        basis="联合整治方案",
    )
    await assignments.dispatch(Call(dispatcher, now, new_id, uuid4()), order)
    return case


def _secret() -> bytes:
    return os.environ["FENGQIAO_SECRET_KEY"].encode()


async def _viewer(username: str, now: datetime) -> Viewer:
    person = await people.by_username(username)
    viewer = await people.viewer_of(person.id, now) if person else None
    if viewer is None:
        raise SystemExit(f"seed: no {username}")
    return viewer


async def _tokens(holders: Sequence[UUID]) -> list[str]:
    """A session for each socket; neighbours are different people."""
    mint, now = Mint(_secret(), token_minutes=HOURS * 60, session_hours=HOURS), datetime.now(UTC)
    made = [
        mint.session(new_id(), person, mint.refresh(new_id()), now)
        for _ in range(SOCKETS_PER_PERSON)
        for person in holders
    ]

    for start in range(0, len(made), BATCH):
        await in_transaction(partial(_keep, part=made[start : start + BATCH]))
    return [mint.access(it, now)[0] for it in made]


async def _keep(work: Work, part: Sequence[Session]) -> None:
    for session in part:
        await sessions.insert(work, session)


async def _cursor() -> str:
    """Where the log ends now."""
    cursors = Cursors(CursorSigner(_secret()))
    cursors.epoch = await event_log.epoch()
    return cursors.at(await event_log.head())


async def _lengthen(case: UUID, count: int) -> None:
    """So many more entries about the case, by the log's own way."""
    pattern = await pattern_of(case)
    for first in range(FIRST, FIRST + count, BATCH):
        ordinals = range(first, min(first + BATCH, FIRST + count))
        await in_transaction(partial(write, pattern=pattern, case=case, ordinals=ordinals))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:])))
