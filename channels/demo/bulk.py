"""Load data: cases by the hundred thousand, written straight into the tables, the same from the same seed.

Only for measuring at scale. Nothing here goes through a command: there is no event, no picture, no card. What
is written is what commands would have left: numbers, clocks, lights, lateness and the full text.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from channels.demo.full import hours_to_close
from channels.demo.ground import load_ground
from channels.demo.known import Known, known_at
from channels.demo.lives import Life, Lives
from channels.demo.plans import Drawing
from db import bulk, clocks, complainants
from db.cases import incident_columns
from db.lists import search
from db.loop.milestones import assignment_columns
from db.rows import to_columns
from db.unit_of_work import Work, in_transaction
from demo import data
from domain.calendar import local_day, midnight
from domain.errors import DomainError, ErrorCode

SEED = 20241024
SPAN = timedelta(days=4 * 365)
LONGEST = timedelta(days=30)
BATCH = 5_000
MOST = 10_000_000
_CODES, _STRIDE = 10**12, 7_368_787_313  # they share no factor, so that no code comes twice

Told = Callable[[int, int], None]
Tables = dict[str, list[dict[str, Any]]]


async def load_bulk(count: int, now: datetime, told: Told | None = None, *, seed: int = SEED) -> int:
    """Load the ground and `count` cases of the four years before the district's day of `now`; how many are new.

    Batches are whole or absent, so that a load that was killed goes on where it stopped. The same seed, count
    and day give the same ids, numbers and texts in every empty store. FORBIDDEN where other cases are.
    """
    if not 1 <= count <= MOST:
        raise DomainError(ErrorCode.BAD_INPUT, "cases", en=f"1 to {MOST} cases", zh=f"案件数须为 1 至 {MOST}")
    day = midnight(local_day(now))
    ground = await load_ground(day, partial(_seeded("ground", seed).at, day))
    known = await known_at(ground.loaded_at, _seeded("public", seed).at)
    loading = _Loading(Drawing(seed), known, count, seed)
    done = await loading.done()
    for first in range(done, count, BATCH):
        await in_transaction(partial(loading.load, first=first))
        if told:
            told(min(first + BATCH, count), count)
    if done < count:
        await in_transaction(bulk.finish)
    return count - done


class _Ids:
    """UUIDv7 of given moments, from a seeded source."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def at(self, moment: datetime) -> UUID:
        """The next one."""
        stamp, chance = int(moment.timestamp() * 1000), self._chance.getrandbits(74)
        high, low = chance >> 62, chance & (1 << 62) - 1
        return UUID(int=stamp << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


class _Loading:
    """One load: every batch is drawn from a seed of its own, so that any of them can be the next."""

    def __init__(self, drawing: Drawing, known: Known, count: int, seed: int) -> None:
        self._drawing, self._known, self._seed = drawing, known, seed
        self._moments = drawing.arrivals(count, known.end - SPAN, known.end)
        self._hours = data.shares().hours_to_close

    async def done(self) -> int:
        """How many cases an earlier run left, in whole batches. FORBIDDEN when the store holds any other case."""
        starts = range(0, len(self._moments), BATCH)
        firsts = [self._ids(first).at(self._moments[first]) for first in starts]
        there = await bulk.present(firsts)
        done = min(sum(it in there for it in firsts) * BATCH, len(self._moments))
        if await bulk.size() != done:
            raise DomainError(
                ErrorCode.FORBIDDEN,
                zh="此库已有其他案件，载入数据只能写入空库",
                en="This store holds other cases: load data needs an empty one",
            )
        return done

    async def load(self, work: Work, *, first: int) -> None:
        """Draw and write one batch."""
        moments = self._moments[first : first + BATCH]
        days = [f"{local_day(it):%Y%m%d}" for it in moments]
        given = await bulk.take_numbers(work, Counter(days))
        numbers = []
        for day in days:
            given[day] += 1
            numbers.append(f"GCL-I-{day}-{given[day]:06d}")
        lives = self._lives(first, moments, numbers)
        if first == 0:
            public = [complainants.columns_of(it) for it in self._known.public.values()]
            await bulk.write(work, "complainant", list(public[0]), [tuple(it.values()) for it in public])
        for table, lines in _tables(lives).items():
            names = list(lines[0]) if lines else []
            await bulk.write(work, table, names, [tuple(it.values()) for it in lines])
        await bulk.index(work, [_words(it) for it in lives])

    def _lives(self, first: int, moments: Sequence[datetime], numbers: Sequence[str]) -> list[Life]:
        chance = self._drawing.chance
        chance.seed(f"cases {self._seed} {first}")
        writing = Lives(self._known, chance, self._ids(first).at)
        found = []
        for place, (moment, no) in enumerate(zip(moments, numbers, strict=True), first):
            plan = self._drawing.plan(place, moment)
            code = f"{(place * _STRIDE + self._seed) % _CODES:012d}"
            taken = timedelta(seconds=int(3600 * hours_to_close(chance.random(), self._hours)))
            found.append(writing.life(plan, no, code, min(taken, LONGEST)))
        return found

    def _ids(self, first: int) -> _Ids:
        return _seeded(f"cases {first}", self._seed)


def _seeded(what: str, seed: int) -> _Ids:
    return _Ids(random.Random(f"{what} {seed}"))  # noqa: S311 - made-up data must come out the same every time


def _tables(lives: Iterable[Life]) -> Tables:
    """Rows by table, parents first."""
    found: Tables = {name: [] for name in ("complainant", "incident", "assignment", "clock", "clock_step")}
    for life in lives:
        case = life.case
        if case.complainant and case.complainant.person_id is None:
            found["complainant"].append(complainants.columns_of(case.complainant))
        found["incident"].append(incident_columns(case.incident))
        found["assignment"] += [assignment_columns(it) for it in case.assignments]
        found["clock"] += [to_columns(it) for it in case.clocks]
        found["clock_step"] += [clocks.step_columns(it.clock, it.step, it.at) for it in life.fired]
    return found


def _words(life: Life) -> bulk.Words:
    it = life.case.incident
    return bulk.Words(it.id, search.words(it.title, it.no), search.words(it.content, it.address))
