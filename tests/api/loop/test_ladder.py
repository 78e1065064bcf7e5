"""Supervision's other half, instructions, flags and archiving, through the schema (T35, T37 to T39, R16 to R18)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.feed.hearing import of_command_centre
from db import cases, event_log
from db.unit_of_work import in_transaction
from domain.case import Case
from domain.event import EventKind
from domain.incident import IncidentState
from domain.person import PostType
from services.sweep import drain
from tests.api.client import Client, gid
from tests.db.factories import NOW, a_district
from tests.services.desk import Desk

MONDAY = datetime(2024, 10, 28, 9, tzinfo=UTC)
CASE = "incident { id version state supervisionLevel urgent historic archivedAt }"
CARD = f"{CASE} supervision {{ id level trigger reply repliedAt repliedBy {{ name }} cancelledAt }}"
NOTE = f"{CASE} note {{ id kind text receivedAt receivedBy {{ name }} author {{ name }} }}"


@dataclass
class Counter:
    """The desk's case, and whoever speaks through the schema."""

    desk: Desk

    def by(self, username: str) -> Client:
        """Somebody now; `leader` leads the district."""
        if username != "leader":
            return Client(self.desk.district.viewer(username), now=self.desk.now)
        director = self.desk.district.viewer("director")
        post = replace(director.posts[0], type=PostType.LEADER)
        return Client(replace(director, posts=(post,)), now=self.desk.now)

    async def case(self) -> Case:
        """As it is stored."""
        return await self.desk.case()

    async def seen(self, **rest: Any) -> dict[str, Any]:
        """What a command on the case names."""
        incident = (await self.case()).incident
        return {"id": gid("Incident", incident.id), "expectedVersion": incident.version, **rest}


@pytest.fixture
async def counter(store: str) -> Counter:  # noqa: ARG001 - the store must be open
    return Counter(await Desk(await a_district()).walk(3))


async def once(counter: Counter, username: str, command: str, selection: str, **rest: Any) -> dict[str, Any]:
    """A command that is done once though it is sent twice; its version moves on; one event is written of the case."""
    given = await counter.seen(idempotencyKey=str(uuid4()), **rest)
    head = await event_log.head()
    client = counter.by(username)
    made: dict[str, Any] = await client.do(command, selection, given)
    assert await client.do(command, selection, given) == made
    told = [it.event for it in await event_log.read(head, 50)]
    assert [(it.subject.noun, it.action) for it in told] == [("Incident", command)]
    assert told[0].subject.version == made["incident"]["version"] == given["expectedVersion"] + 1
    assert not {"抓紧", "已安排", "从快"} & {str(it) for it in told[0].data.values()}
    fresh = {**given, "idempotencyKey": str(uuid4())}
    assert await client.refused(command, fresh) == [("CONFLICT", "expectedVersion")]
    return made


async def test_a_card_is_answered_by_the_unit_that_owes_the_reply(counter: Counter) -> None:
    await drain(MONDAY)
    counter.desk.now = MONDAY
    card = max((await counter.case()).supervisions, key=lambda it: it.level.rank)
    given = {"supervisionId": gid("Supervision", card.id), "text": "已安排"}
    made = await once(counter, "housing_lead", "replySupervision", CARD, **given)
    told = made["supervision"]
    assert (told["level"], told["reply"], told["repliedBy"]) == ("YELLOW", "已安排", {"name": "张三"})
    assert made["incident"]["supervisionLevel"] == "YELLOW"
    again = await counter.seen(**given)
    assert await counter.by("housing_lead").refused("replySupervision", again) == [
        ("GUARD_FAILED", "supervisionId")
    ]
    assert await counter.by("housing").refused("replySupervision", again) == [("FORBIDDEN", None)]
    other = {**again, "supervisionId": gid("Supervision", uuid4())}
    assert await counter.by("housing_lead").refused("replySupervision", other) == [
        ("NOT_FOUND", "supervisionId")
    ]
    empty = {
        **again,
        "supervisionId": gid("Supervision", (await counter.case()).supervisions[0].id),
        "text": "",
    }
    assert await counter.by("housing_lead").refused("replySupervision", empty) == [("BAD_INPUT", "text")]


async def test_a_supervision_is_cancelled_and_no_second_time(counter: Counter) -> None:
    nothing = await counter.seen(reason="已整改")
    assert await counter.by("director").refused("cancelSupervision", nothing) == [("GUARD_FAILED", None)]
    await drain(MONDAY)
    counter.desk.now = MONDAY
    assert await counter.by("director").refused("cancelSupervision", await counter.seen(reason=" ")) == [
        ("BAD_INPUT", "reason")
    ]
    made = await once(counter, "director", "cancelSupervision", CASE, reason="已整改")
    assert made["incident"]["supervisionLevel"] == "NONE"
    assert await counter.by("housing_lead").refused(
        "cancelSupervision", await counter.seen(reason="已整改")
    ) == [("FORBIDDEN", None)]


async def test_a_leaders_instruction_stands_first_and_is_received(counter: Counter) -> None:
    await counter.by("housing").do("addNote", CASE, await counter.seen(text="已到现场"))
    made = await once(counter, "leader", "instructIncident", NOTE, text="请住建局从快办理")
    assert (made["note"]["kind"], made["note"]["receivedAt"]) == ("INSTRUCTION", None)
    for username in ("director", "housing_lead"):
        document = "query ($id: ID!) { node(id: $id) { ... on Incident { notes { kind text } } } }"
        shown = await counter.by(username).ask(document, id=gid("Incident", counter.desk.id))
        assert [it["kind"] for it in shown["node"]["notes"]] == ["INSTRUCTION", "NOTE"]
    note = made["note"]["id"]
    received = await once(counter, "housing_lead", "acknowledgeInstruction", NOTE, noteId=note)
    assert (received["note"]["id"], received["note"]["receivedBy"]) == (note, {"name": "张三"})
    again = await counter.seen(noteId=note)
    assert await counter.by("housing_lead").refused("acknowledgeInstruction", again) == [
        ("GUARD_FAILED", None)
    ]
    assert await counter.by("director").refused("acknowledgeInstruction", again) == [("FORBIDDEN", None)]
    for text in ("", "字" * 1001):
        assert await counter.by("leader").refused("instructIncident", await counter.seen(text=text)) == [
            ("BAD_INPUT", "text")
        ]
    assert await counter.by("director").refused("instructIncident", await counter.seen(text="从快")) == [
        ("FORBIDDEN", None)
    ]


async def test_an_instruction_is_received_by_its_own_id_alone(counter: Counter) -> None:
    await counter.by("leader").do("instructIncident", NOTE, await counter.seen(text="从快"))
    made = await counter.by("housing").do(
        "addNote", "incident { id } note { id }", await counter.seen(text="好")
    )
    given = await counter.seen(noteId=made["note"]["id"])
    assert await counter.by("housing_lead").refused("acknowledgeInstruction", given) == [
        ("NOT_FOUND", "noteId")
    ]


async def test_flags_are_set_once(counter: Counter) -> None:
    made = await once(counter, "dispatcher", "markUrgent", CASE)
    assert (made["incident"]["urgent"], made["incident"]["historic"]) == (True, False)
    assert await counter.by("acceptor").refused("markUrgent", await counter.seen()) == [
        ("ALREADY_URGENT", None)
    ]
    made = await once(counter, "shift_leader", "markHistoric", CASE)
    assert made["incident"]["historic"]
    assert await counter.by("director").refused("markHistoric", await counter.seen()) == [
        ("GUARD_FAILED", None)
    ]
    for command in ("markUrgent", "markHistoric"):
        assert await counter.by("housing").refused(command, await counter.seen()) == [("FORBIDDEN", None)]


async def test_a_closed_case_is_archived_by_hand_once_it_is_due(counter: Counter) -> None:
    open_still = await counter.seen()
    assert await counter.by("shift_leader").refused("archiveIncident", open_still) == [
        ("ILLEGAL_TRANSITION", None)
    ]
    await counter.desk.walk(10)
    case = await counter.case()
    bare = tuple(replace(it, stopped_at=it.stopped_at or NOW) for it in case.clocks)
    await in_transaction(lambda work: cases.save(work, case, replace(case, clocks=bare)))
    assert await counter.by("shift_leader").refused("archiveIncident", await counter.seen()) == [
        ("GUARD_FAILED", None)
    ]
    counter.desk.later(days=33)
    assert await counter.by("director").refused("archiveIncident", await counter.seen()) == [
        ("FORBIDDEN", None)
    ]
    made = await once(counter, "shift_leader", "archiveIncident", CASE)
    assert (made["incident"]["state"], made["incident"]["archivedAt"] is None) == ("ARCHIVED", False)


async def test_points_are_shown_to_the_centre_and_to_the_unit_they_are_of(counter: Counter) -> None:
    await drain(MONDAY)
    document = """query ($id: ID!) { node(id: $id) { ... on Incident {
        scoreEntries { type amount rule at orgUnit { code } assignmentId } } } }"""
    found = {}
    for username in ("director", "housing_lead", "clerk", "worker"):
        shown = await counter.by(username).ask(document, id=gid("Incident", counter.desk.id))
        found[username] = shown["node"]["scoreEntries"]
    assert [(it["type"], it["amount"], it["rule"]) for it in found["director"]] == [
        ("NO_CONTACT", -1.0, "T20"),
        ("LATE_SIGN", -1.0, "T14"),
        ("YELLOW_CARD", -3.0, "T37"),
    ]
    assert {it["orgUnit"]["code"] for it in found["director"]} == {"HOUSING"}
    assert found["housing_lead"] == found["director"]
    assert found["clerk"] == found["worker"] == []


async def test_a_case_shows_when_it_was_archived(counter: Counter) -> None:
    await counter.desk.walk(10)
    await drain(counter.desk.now + timedelta(days=33))
    assert (await counter.case()).incident.state is IncidentState.ARCHIVED
    document = "query ($id: ID!) { node(id: $id) { ... on Incident { state archivedAt light } } }"
    shown = (await counter.by("director").ask(document, id=gid("Incident", counter.desk.id)))["node"]
    assert (shown["state"], shown["light"]) == ("ARCHIVED", "GREEN")
    assert shown["archivedAt"] == "2024-11-25T17:00:00+08:00"


async def test_reminders_stay_off_the_command_centres_stream_and_lateness_does_not(counter: Counter) -> None:
    await drain(MONDAY)
    hears = of_command_centre(counter.desk.district.viewer("director"))
    told = [it for it in await event_log.of_incident(counter.desk.id, 0, 200) if hears(it)]
    rows = {it.event.row for it in told if it.event.kind is EventKind.ESCALATED}
    assert rows == {"E2", "E4", "I2", "I3"}
