"""One run: an empty store, its ground, the year, and the two books side by side."""

import pickle
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bench.year.again.audit import audit, retell
from bench.year.again.books import books, named_days, tables, unusual
from bench.year.diary import Deed
from bench.year.ground import above, prepare
from bench.year.living import Told, finish, live, matters_of
from bench.year.stage import Stage
from channels.demo.cast import Cast
from channels.demo.ground import load_ground
from channels.demo.plans import Drawing
from db import connection, dictionaries, event_log, orgs, sealed
from db.migrate import migrate
from db.rows import Sql, read
from services import clocks, media

KEYS = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # of made-up people
DIARY = "diary.pickle"
COUNTED = (
    "incident",
    "assignment",
    "clock",
    "clock_step",
    "clock_pause",
    "supervision",
    "score_entry",
    "whistle_call",
    "policy_value",
    "event_log",
)


@dataclass(slots=True)
class Outcome:
    """What a run found; times are seconds of the wall's clock."""

    lived: float
    until: datetime
    audited: float = 0
    stored: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


async def run(
    url: str, folder: Path, start: datetime, end: datetime, count: int, seed: int, told: Told | None = None
) -> Outcome:
    """Live and audit on an empty store; pictures go below `folder`."""
    sealed.install_keys(KEYS)
    media.install(folder / "media")
    await migrate(url)
    await connection.connect(url)
    try:
        began = time.perf_counter()
        diary, refused, until = await lived(start, end, count, seed, told)
        outcome = Outcome(time.perf_counter() - began, until, refused=refused)
        (folder / DIARY).write_bytes(pickle.dumps((diary, until)))
        await audited(outcome, diary, until)
    finally:
        await connection.disconnect()
    return outcome


async def again(url: str, folder: Path) -> Outcome:
    """The books of a store and a diary that were kept, done again."""
    diary, until = pickle.loads((folder / DIARY).read_bytes())  # noqa: S301 - of our own making
    await connection.connect(url)
    try:
        outcome = Outcome(0, until)
        await audited(outcome, diary, until)
    finally:
        await connection.disconnect()
    return outcome


async def lived(
    start: datetime, end: datetime, count: int, seed: int, told: Told | None = None
) -> tuple[list[Deed], Counter[str], datetime]:
    """The year in the open store: what was done, what was refused, and how far it came."""
    await clocks.start_test_clock(start, speed=0)
    await load_ground(start)
    await prepare(start, start + (end - start) / 2)
    dictionaries.forget()
    cast, units = Cast(), {code: unit.id for code, unit in (await orgs.all_by_code()).items()}
    cast.at(start)
    codes: dict[object, str] = {}
    for code, key in units.items():
        codes |= {key: code, str(key): code}
    stage = Stage(cast, units, start, codes=codes, above=await above())
    stage.diary.append(Deed(start, None, "importCalendar", {"days": await named_days()}))
    year = await live(stage, matters_of(Drawing(seed), count, start, end, seed), end, told)
    await finish(year)
    return stage.diary, stage.refusals, year.end


async def audited(outcome: Outcome, diary: list[Deed], end: datetime) -> None:
    """Both books of the open store, compared, and the chain of its log."""
    began = time.perf_counter()
    found = await books()
    world = retell(diary, await tables(), found, end)
    verdict = audit(world, diary, found)
    chain = await event_log.verify()
    outcome.differences = [*await unusual(), *verdict.differences]
    if chain.first_broken is not None:
        outcome.differences.append(f"the log is broken at {chain.first_broken}: {chain.reason}")
    outcome.compared = verdict.compared
    outcome.commands = Counter(it.action for it in diary)
    outcome.steps = Counter(step["step"] for book in found.values() for step in book.steps)
    for table in COUNTED:
        (line,) = await read(Sql(f"SELECT COUNT(*) AS n FROM {table}"))  # noqa: S608 - names of ours
        outcome.stored[table] = line["n"]
    outcome.audited = time.perf_counter() - began
