"""Lays the ground of a run and reads the store afterwards, table by table, past the product's own readers."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from api.pages import CursorSigner
from channels.demo import ground
from db import connection, event_log, sealed
from db.migrate import migrate
from tests.feed_rig.record import Entry, Rights, Scopes, Truth
from tests.feed_rig.site import DATA_KEYS, MONDAY, SECRET

# Design §7, in the rig's own words: which posts see everything, which see what.
_CENTRE = frozenset({"ACCEPTOR", "SHIFT_LEADER", "DISPATCHER", "INSPECTOR", "CALLBACK", "COMMAND_DIRECTOR"})
_EVERYTHING = _CENTRE | {"LEADER", "SUPERVISOR", "AUDIT_ADMIN"}
_UNIT = frozenset({"HANDLER", "HANDLER_LEAD"})
_GRID = frozenset({"GRID_WORKER_FULL", "GRID_WORKER_PART", "GRID_LEADER"})
_OWN = _GRID | {"VOLUNTEER", "RESIDENT"}
_POSTS = """SELECT p.id AS person, p.username, t.type, t.org_id, t.grid_id, o.region_id
    FROM person p LEFT JOIN post t ON t.person_id = p.id LEFT JOIN org_unit o ON o.id = t.org_id"""

RECUSAL_HIDES = True  # whether who declared an interest in a case (R82) sees it no more: design §7, "minus"
_ASSIGNMENTS = "SELECT id, org_id, version, state, light, incident_id FROM assignment"
_RECUSALS = """SELECT p.username, r.incident_id FROM recusal r JOIN person p ON p.id = r.person_id"""

# The end of these clocks does something else than turn a light (T27, T35).
_FIRED = """SELECT s.clock_id, s.step FROM clock_step s JOIN clock c ON c.id = s.clock_id
    WHERE NOT (s.step = 'RED' AND c.type IN ('SUBMIT_WAIT', 'ARCHIVE'))"""


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[None]:
    """The store, connected in this process."""
    sealed.install_keys(DATA_KEYS)
    await connection.connect(url)
    try:
        yield
    finally:
        await connection.disconnect()


async def lay(url: str) -> None:
    """The newest schema and the demo's ground without its cases."""
    await migrate(url)
    async with opened(url):
        await ground.load_ground(datetime.fromisoformat(MONDAY))


async def rights() -> dict[str, Rights]:
    """What each account may see by its posts."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await connection.fetch(_POSTS):
        found.setdefault(row["username"], []).append(row)
    return {username: _rights(posts) for username, posts in found.items()}


def _rights(posts: list[dict[str, Any]]) -> Rights:
    kinds = {it["type"] for it in posts}
    person = str(posts[0]["person"])
    if kinds & _EVERYTHING:
        return Rights(everything=True)
    return Rights(
        orgs=frozenset(str(it["org_id"]) for it in posts if it["type"] in _UNIT),
        regions=frozenset(str(it["region_id"]) for it in posts if it["type"] == "OFFICE_CLERK"),
        grids=frozenset(str(it["grid_id"]) for it in posts if it["type"] in _GRID),
        reporter=person if kinds & _OWN else None,
        complainant=person if "RESIDENT" in kinds else None,
    )


async def recusals() -> set[tuple[str, str]]:
    """Who declared an interest in which case; nobody while that hides nothing."""
    rows = await connection.fetch(_RECUSALS) if RECUSAL_HIDES else []
    return {(row["username"], str(row["incident_id"])) for row in rows}


async def head() -> int:
    """The last entry of the log."""
    return int((await connection.fetch("SELECT MAX(seq) AS head FROM event_log"))[0]["head"])


async def log_from(seq: int) -> list[Entry]:
    """The log from an entry on."""
    rows = await connection.fetch("SELECT * FROM event_log WHERE seq >= ? ORDER BY seq", (seq,))
    return [_entry(row) for row in rows]


async def read(first: int) -> Truth:
    """The whole store; the log from `first` on."""
    return Truth(
        entries=await log_from(first),
        position=positions(),
        incidents={
            str(row["id"]): (row["version"], row["state"], row["light"])
            for row in await connection.fetch("SELECT id, version, state, light FROM incident")
        },
        assignments={str(row["id"]): _assignment(row) for row in await connection.fetch(_ASSIGNMENTS)},
        marks=await _marks(),
        keys=frozenset(str(row["key"]) for row in await connection.fetch("SELECT key FROM idempotency")),
        steps=await _steps(),
        chain=(await event_log.verify()).reason,
    )


def _assignment(row: dict[str, Any]) -> tuple[str, int, str, str, str]:
    return str(row["org_id"]), row["version"], row["state"], row["light"], str(row["incident_id"])


def positions() -> Any:
    """Reads the position out of a cursor."""
    signer = CursorSigner(SECRET.encode())
    known: dict[str, int] = {}

    def position(cursor: str) -> int:
        if cursor not in known:
            known[cursor] = int(str(signer.open(cursor, "feed")[1]))
        return known[cursor]

    return position


async def _marks() -> Counter[str]:
    notes = await connection.fetch("SELECT text FROM note")
    titles = await connection.fetch("SELECT title FROM incident")
    return Counter([row["text"] for row in notes] + [row["title"] for row in titles])


async def _steps() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in await connection.fetch(_FIRED):
        key = str(row["clock_id"])
        found[key] = (*found.get(key, ()), row["step"])
    return found


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        seq=row["seq"],
        kind=row["kind"],
        row=row["row"],
        action=row["action"],
        subject=f"{row['subject_noun']}:{row['subject_id']}",
        version=row["subject_version"],
        incident=str(row["incident_id"]) if row["incident_id"] else None,
        before=_scopes(row["scopes_before"]),
        after=_scopes(row["scopes_after"]),
        data=json.loads(row["data"]) if row["data"] else {},
    )


def _scopes(text: str | None) -> Scopes | None:
    if text is None:
        return None
    said = json.loads(text)
    return Scopes(
        frozenset(said["orgs"]),
        frozenset(said["regions"]),
        said.get("grid"),
        said.get("reporter"),
        said.get("complainant"),
    )
