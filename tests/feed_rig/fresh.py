"""What the queries answer a reader at the end: what its streams must have added up to."""

from collections.abc import Iterable

from tests.feed_rig.consoles.documents import BOARD, CASES, DESK, EVENTS, ROWS
from tests.feed_rig.ids import global_id, plain
from tests.feed_rig.judging.shown import Shown, shown_case, shown_row
from tests.feed_rig.judging.states import OPEN, desk_shown
from tests.feed_rig.people import People
from tests.feed_rig.record import Recording, Row

_PAGE = 50


class Fresh:
    """Asks as the reader of a recording."""

    def __init__(self, people: People, incidents: Iterable[str]) -> None:
        self._people = people
        self._ids = [global_id(f"Incident:{key}") for key in incidents]

    async def of(self, recording: Recording) -> dict[str, Shown]:
        """What is to be compared with the recording."""
        if recording.stream == "board":
            rows = (await self._ask(recording, BOARD))["board"]["byState"]
            return {it["state"]: (it["count"],) for it in rows if it["count"]}
        if recording.stream == "workbench":
            return desk_shown((await self._ask(recording, DESK, desk=recording.desk))["workbench"])
        if recording.stream == "departmentQueue":
            return await self._rows(recording)
        found: dict[str, Shown] = {}
        ids = self._ids if recording.case is None else [global_id(f"Incident:{recording.case}")]
        for start in range(0, len(ids), _PAGE):
            nodes = (await self._ask(recording, CASES, ids=ids[start : start + _PAGE]))["nodes"]
            found |= {it["id"]: shown_case(it) for it in nodes if it}
        return found

    async def paged(self, recording: Recording, after: str) -> list[str]:
        """The cursors of all that the query `events` answers after one."""
        found: list[str] = []
        cursor: str | None = after
        while True:
            page = (await self._ask(recording, EVENTS, after=cursor))["events"]
            found += [it["cursor"] for it in page["nodes"]]
            cursor = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found

    async def _rows(self, recording: Recording) -> dict[str, Shown]:
        found: dict[str, Shown] = {}
        after = None
        while True:
            unit = global_id(f"OrgUnit:{recording.unit}")
            page = (await self._ask(recording, ROWS, unit=unit, states=sorted(OPEN), after=after))[
                "assignments"
            ]
            found |= {it["id"]: shown_row(it) for it in page["nodes"]}
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found

    async def _ask(self, recording: Recording, document: str, **variables: object) -> Row:
        answer: Row = plain(await self._people.patiently(recording.who, document, dict(variables)))
        return answer
