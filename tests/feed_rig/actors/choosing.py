"""Who acts next and what they do: mostly something they are offered, sometimes whatever comes to mind."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import httpx2

from tests.acceptance.desks import PLAIN
from tests.feed_rig.actors import calendar
from tests.feed_rig.actors.moves import MOVES, REPORT
from tests.feed_rig.actors.scene import ELSEWHERE, MINE, SEEN, SPOT, Move, Scene
from tests.feed_rig.people import People, RefusedError
from tests.feed_rig.record import Row

Choice = tuple[str, str, Row]  # account, mutation, input without key
Offer = tuple[str, Row, Row | None]  # mutation, case, assignment

SECRET_PHONE, SECRET_NAME = "13812345678", "王秀兰机密"
ADDED = {"rig-leader": "LEADER", "rig-supervisor": "SUPERVISOR"}  # posts that no account of the demo holds
CLERK = "admin"  # keeps the calendar, and sees no case
CENTRE = frozenset({"command", "acceptor", "shift", "dispatcher", "inspector", "callback", *ADDED})
WHO: Mapping[str, int] = {
    "command": 5,
    "acceptor": 6,
    "shift": 4,
    "dispatcher": 6,
    "inspector": 4,
    "callback": 4,
    "housing": 6,
    "civil": 6,
    "civil-handler": 1,
    "enforcement": 5,
    "civility": 5,
    "community": 2,
    "grid": 3,
    "volunteer": 1,
    "resident": 2,
    "rig-leader": 1,
    "rig-supervisor": 1,
    "auditor": 1,
    "admin": 1,
}
SOURCES = {
    "acceptor": "HOTLINE_12345",
    "volunteer": "VOLUNTEER_MP",
    "resident": "RESIDENT_MP",
    "grid": "GRID_PATROL",
    "housing": "DEPT_INSPECTION",
}
ON_THE_SPOT, STAGED = "HJ-GG-XG", "SG-WJ-YJ"  # a grid worker may do it away at once; handled in milestones
_STATES = (
    *("REPORTED", "VERIFYING", "SELF_DONE", "FILED", "ARBITRATING", "DISPATCHED", "HANDLING", "HUNG"),
    *("RETURN_REVIEW", "SUBMITTED", "CHECKING", "FOLLOWUP", "CLOSED", "REJECTED", "MERGED", "TRANSFERRED"),
)
_LOOKS = 0.85  # of all choices are made among what is offered
_REPORTS = 0.08  # and of new cases
_ASKED = 5  # people, until a new case is reported instead
_LATEST = 40  # cases that are still acted on
_WANTED = 4.0  # times as likely is what nobody has done yet
_UNASKED = ("saveDraft", "answerWhistle", "rateWhistle", "unmaskField")  # no case offers them


class Choosing:
    """The next command. `done` counts the commands that were answered; `now` is the district's time."""

    def __init__(
        self, people: People, units: Mapping[str, str], chance: random.Random, now: Callable[[], datetime]
    ) -> None:
        self.done: Counter[str] = Counter()
        self.cases: list[str] = []  # all that were reported
        self.handlers: dict[str, str] = {}  # by the code of their unit
        self._may: dict[str, list[str]] = {}  # by account, whatever the case
        self._people = people
        self._units = units
        self._chance = chance
        self._now = now

    async def begin(self) -> None:
        """Everybody signs in and learns what their posts let them do."""
        async with asyncio.TaskGroup() as group:
            for who in WHO:
                group.create_task(self._learn(who))

    async def _learn(self, who: str) -> None:
        self._people.person(who)
        self._may[who] = (await self._people.patiently(who, "{ viewer { actions } }", {}))["viewer"][
            "actions"
        ]

    async def next(self) -> Choice:
        """Look, and choose; a new case where several people found nothing to do."""
        if self._chance.random() < _REPORTS:
            return await self.report()
        for _ in range(_ASKED):
            who = self._chance.choices(list(WHO), list(WHO.values()))[0]
            offers = await self._choices(who)
            while offers:
                offer = self._one(offers)
                offers.remove(offer)
                if (given := await self._given(who, offer)) is not None:
                    return who, offer[0], given
        return await self.report()

    async def report(self, account: str = "") -> Choice:
        """A new case by one of those who report."""
        account = account or self._chance.choice(list(SOURCES))
        given: Row = {
            "domain": "LIVELIHOOD",
            "kind": "HELP",
            "categoryCode": PLAIN,
            "title": f"{self._chance.getrandbits(64):016x}",
            "source": SOURCES[account],
            "point": SPOT if self._chance.random() < 0.5 else ELSEWHERE,
            "address": "安胜社区三号楼前",
        }
        if account == "acceptor":
            given["complainant"] = {"name": SECRET_NAME, "phone": SECRET_PHONE}
        if self._chance.random() < (0.6 if account == "grid" else 0.1):
            category = ON_THE_SPOT if account == "grid" else STAGED
            if photo := await self._people.photo(account):
                given |= {"categoryCode": category, "mediaIds": [photo]}
        return account, REPORT, given

    async def _choices(self, who: str) -> list[Offer]:
        """What somebody might do now."""
        if who == CLERK:
            return [(mutation, {}, None) for mutation in calendar.MOVES]
        case = await self._seen(who)
        if case is None:
            return []
        return self._offers(who, case) if self._chance.random() < _LOOKS else self._thought_of(case)

    async def _seen(self, who: str) -> Row | None:
        """One of the cases this person may see, with what is offered; None where nothing is found."""
        try:
            ids = self.cases[-_LATEST:] if who in CENTRE else await self._mine(who)
            if not ids:
                return None
            answer = await self._people.ask(who, SEEN, {"id": self._chance.choice(ids)}, self._server())
        except (RefusedError, httpx2.TransportError):
            return None
        case: Row | None = answer["incident"]
        return case

    async def _mine(self, who: str) -> list[str]:
        """Those of any state, or of a few states, so that rare ones are found."""
        some = self._chance.random() < 0.3
        where: Row | None = {"state": {"in": self._chance.sample(_STATES, 5)}} if some else None
        answer = await self._people.ask(who, MINE, {"where": where}, self._server())
        return [it["id"] for it in answer["incidents"]["nodes"]]

    def _server(self) -> int:
        return self._chance.randrange(8)

    def _offers(self, who: str, case: Row) -> list[Offer]:
        """What this person may do now with the case, and what the case has no say in."""
        found: list[Offer] = [(it["name"], case, None) for it in case["availableActions"] if it["allowed"]]
        for row in case["assignments"]:
            found += [(it["name"], case, row) for it in row["availableActions"] if it["allowed"]]
        found += [(mutation, case, None) for mutation in _UNASKED if mutation in self._may.get(who, ())]
        return [it for it in found if it[0] in MOVES]

    def _thought_of(self, case: Row) -> list[Offer]:
        """Any command at all, whoever may give it."""
        row = self._chance.choice(case["assignments"]) if case["assignments"] else None
        return [(mutation, case, row) for mutation in MOVES]

    def _one(self, offers: Sequence[Offer]) -> Offer:
        weights = [MOVES[it[0]].weight * (1.0 if self.done[it[0]] else _WANTED) for it in offers]
        return self._chance.choices(offers, weights)[0]

    async def _given(self, who: str, offer: Offer) -> Row | None:
        mutation, case, row = offer
        move = MOVES[mutation]
        photo = await self._people.photo(who) if self._pictured(move, case) else None
        return move.given(
            Scene(
                case, row, self.cases[-_LATEST:], self._units, self.handlers, self._chance, self._now(), photo
            )
        )

    @staticmethod
    def _pictured(move: Move, case: Row) -> bool:
        return move.photo and case["category"]["code"] != PLAIN
