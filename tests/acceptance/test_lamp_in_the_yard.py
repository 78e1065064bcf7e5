"""S29: a volunteer reports a dead lamp; it is filed, dispatched, repaired, checked, asked after and closed."""

from itertools import pairwise
from typing import Any

import pytest

from tests.acceptance.town import Console, Desk, RefusedError, Town

YARD = {"lng": 123.431633, "lat": 41.157831, "crs": "GCJ02", "accuracyM": 15}
CASE = "id version state no light onTime closedAt grid { code } availableActions { name allowed }"
ROW = "id version state onTimeAccept onTimeHandle"
FEED = """subscription { feed { __typename
  ... on FeedEvent { cursor follows kind action subjectId version incident { no state } }
  ... on FeedHeartbeat { cursor follows } } }"""
QUEUE = """subscription { departmentQueue(first: 10) { __typename
  ... on QueueSnapshot { total complete items { incidentNo } }
  ... on QueueEntered { assignment { incidentNo state light incident { title } } }
  ... on QueueChanged { kinds assignment { incidentNo state light } }
  ... on QueueLeft { incidentNo reason } } }"""
CENTRE = """subscription { commandCentre { __typename
  ... on FeedEvent { kind action incident { no light } } } }"""


async def _report(desk: Desk) -> dict[str, Any]:
    made = await desk.do(
        "reportIncident",
        f"incident {{ {CASE} }} warnings {{ code }}",
        domain="LIVELIHOOD",
        kind="HELP",
        categoryCode="SZ-ZM-LD",
        title="小区院内路灯不亮",
        content="三号楼前的路灯已经两晚不亮，老人出行不便。",
        source="VOLUNTEER_MP",
        point=YARD,
        address="安胜社区三号楼前",
        complainant={"name": "王秀兰", "phone": "13812345678"},
        mediaIds=[await desk.upload()],
    )
    assert made["warnings"] == []
    incident: dict[str, Any] = made["incident"]
    assert incident["state"] == "REPORTED"
    assert incident["grid"] == {"code": "211005003001001"}
    return incident


async def _file(desk: Desk, incident: dict[str, Any], urgency: str) -> dict[str, Any]:
    made = await desk.do(
        "fileIncident",
        f"incident {{ {CASE} }}",
        id=incident["id"],
        expectedVersion=incident["version"],
        urgency=urgency,
        categoryCode="SZ-ZM-LD",
    )
    filed: dict[str, Any] = made["incident"]
    return filed


async def _dispatch(town: Town, incident: dict[str, Any]) -> dict[str, Any]:
    dispatcher = await town.desk("dispatcher", server=1)
    units = await dispatcher.ask(
        '{ orgUnits(where: {code: {eq: "GCL-ZJJ"}}, first: 1) { nodes { id shortName } } }'
    )
    (housing,) = units["orgUnits"]["nodes"]
    made = await dispatcher.do(
        "dispatchIncident",
        f"incident {{ {CASE} }} assignments {{ {ROW} }}",
        id=incident["id"],
        expectedVersion=incident["version"],
        mode="SINGLE",
        leads=[housing["id"]],
    )
    assert made["incident"]["state"] == "DISPATCHED"
    (row,) = made["assignments"]
    assert isinstance(row, dict)
    return row


async def _handle(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    row = (
        await desk.do(
            "acceptAssignment", f"assignment {{ {ROW} }}", id=row["id"], expectedVersion=row["version"]
        )
    )["assignment"]
    row = (
        await desk.do(
            "recordFirstContact",
            f"assignment {{ {ROW} }}",
            id=row["id"],
            expectedVersion=row["version"],
            channel="PHONE",
        )
    )["assignment"]
    made = await desk.do(
        "submitResult",
        f"assignment {{ {ROW} }} incident {{ {CASE} }}",
        id=row["id"],
        expectedVersion=row["version"],
        outcome="SOLVED",
        resultText="已更换灯泡并检修线路，当晚恢复照明。",
        afterMediaIds=[await desk.upload("yellow")],
        followUp={"channel": "PHONE", "reached": True, "solved": "YES", "satisfaction": "SATISFIED"},
    )
    assert made["assignment"]["state"] == "SUBMITTED"
    incident: dict[str, Any] = made["incident"]
    return incident


async def _check(town: Town, incident: dict[str, Any]) -> dict[str, Any]:
    acceptor, inspector = await town.desk("acceptor"), await town.desk("inspector", server=1)
    asked = await acceptor.do(
        "requestCheck", f"incident {{ {CASE} }}", id=incident["id"], expectedVersion=incident["version"]
    )
    made = await inspector.do(
        "recordCheck",
        f"incident {{ {CASE} }} verification {{ result distanceM }}",
        id=incident["id"],
        expectedVersion=asked["incident"]["version"],
        result="PASS",
        point=YARD,
        mediaIds=[await inspector.upload("white")],
        note="现场查看，路灯已亮。",
    )
    assert made["verification"]["result"] == "PASS"
    assert made["verification"]["distanceM"] < 1
    checked: dict[str, Any] = made["incident"]
    assert checked["state"] == "FOLLOWUP"
    return checked


async def _close(town: Town, incident: dict[str, Any]) -> dict[str, Any]:
    callback, shift = await town.desk("callback"), await town.desk("shift", server=1)
    made = await callback.do(
        "recordFollowUp",
        f"incident {{ {CASE} }} followUp {{ valid }}",
        id=incident["id"],
        expectedVersion=incident["version"],
        layer="COMMAND",
        channel="PHONE",
        reached=True,
        solved="YES",
        satisfaction="VERY_SATISFIED",
        contactedByHandler=True,
    )
    assert made["followUp"]["valid"] is True
    given = {"id": incident["id"], "expectedVersion": made["incident"]["version"]}
    closed: dict[str, Any] = (await shift.do("closeIncident", f"incident {{ {CASE} }}", **given))["incident"]
    return closed


def _actions(console: Console) -> list[str | None]:
    """The actions of the events on the case itself, in order."""
    return [it["action"] for it in console.items if it["__typename"] == "FeedEvent" and it["kind"] != "LIGHT"]


LIFE = [
    "reportIncident",
    "fileIncident",
    "dispatchIncident",
    "acceptAssignment",
    "recordFirstContact",
    "submitResult",
    "requestCheck",
    "recordCheck",
    "recordFollowUp",
    "closeIncident",
]


async def test_the_lamp_in_the_yard_is_repaired_and_everyone_sees_what_is_theirs(town: Town) -> None:
    volunteer, command = await town.desk("volunteer"), await town.desk("command", server=1)
    housing, civil = await town.desk("housing"), await town.desk("civil", server=1)
    async with (
        command.watch(FEED) as feed,
        housing.watch(QUEUE) as queue,
        civil.watch(FEED) as elsewhere,
        civil.watch(QUEUE) as elsewhere_queue,
    ):
        await feed.until(lambda items: len(items) == 1)  # the heartbeat that opens an event stream
        await queue.until(lambda items: bool(items) and items[0]["complete"])
        await elsewhere_queue.until(bool)
        incident = await _report(volunteer)
        filed = await _file(await town.desk("acceptor"), incident, "NORMAL")
        row = await _dispatch(town, filed)
        await queue.until(lambda items: items[-1]["__typename"] == "QueueEntered")
        assert queue.items[-1]["assignment"]["incidentNo"] == incident["no"]
        submitted = await _handle(housing, row)
        closed = await _close(town, await _check(town, submitted))
        assert (closed["state"], closed["onTime"]) == ("CLOSED", True)
        await feed.until(lambda _: list(dict.fromkeys(_actions(feed))) == LIFE)
        await queue.until(lambda items: items[-1]["__typename"] == "QueueLeft")
        assert queue.items[-1] == {
            "__typename": "QueueLeft",
            "incidentNo": incident["no"],
            "reason": "DONE",
        }
        events = [it for it in feed.items if "cursor" in it]
        assert all(late["follows"] == early["cursor"] for early, late in pairwise(events))
        assert {it["__typename"] for it in elsewhere.items} <= {"FeedHeartbeat"}
        assert [it["__typename"] for it in elsewhere_queue.items] == ["QueueSnapshot"]
    with pytest.raises(RefusedError) as refused:
        await civil.ask("query ($id: ID!) { incident(id: $id) { no } }", id=incident["id"])
    assert refused.value.code == "NOT_FOUND"


async def test_a_late_sign_off_turns_red_and_is_urged_once(town: Town) -> None:
    volunteer, command = await town.desk("volunteer"), await town.desk("command", server=1)
    async with command.watch(CENTRE) as centre:
        await centre.until(bool)
        filed = await _file(await town.desk("acceptor"), await _report(volunteer), "URGENT")
        row = await _dispatch(town, filed)
        # URGENT signs within 30 natural minutes (B.2); the clock is moved at both servers at once
        await command.do("forwardClock", "now", to="2024-10-21T09:45:00+08:00")
        await centre.until(lambda items: "ESCALATED" in [it.get("kind") for it in items])
        await command.do("forwardClock", "now", to="2024-10-21T09:50:00+08:00")
    kinds = [it["kind"] for it in centre.items if it["__typename"] == "FeedEvent"]
    assert (kinds.count("REPORTED"), kinds.count("LIGHT"), kinds.count("ESCALATED")) == (1, 1, 1)
    seen = await command.ask(
        """query ($id: ID!) { incident(id: $id) { light supervisionLevel escalationStep
             supervisions { level origin } clocks { type light breached }
             assignments { id onTimeAccept light } } }""",
        id=filed["id"],
    )
    incident = seen["incident"]
    assert incident["supervisions"] == [{"level": "URGE", "origin": "AUTO"}]
    assert (incident["light"], incident["supervisionLevel"], incident["escalationStep"]) == ("RED", "URGE", 2)
    assert incident["assignments"] == [{"id": row["id"], "onTimeAccept": False, "light": "RED"}]
    (sign,) = [clock for clock in incident["clocks"] if clock["type"] == "SIGN"]
    assert sign == {"type": "SIGN", "light": "RED", "breached": True}
