"""The silent department: late, urged, yellow, red, proposed for listing, once each though two processes sweep."""

import asyncio
from typing import Any

from tests.acceptance.desks import GIVEN, PLAIN, UNITS
from tests.acceptance.town import Desk, Town

SEEN = """query ($id: ID!) { incident(id: $id) { version state light supervisionLevel escalationStep
  supervisions { id level origin trigger reply cancelledAt } scoreEntries { type amount orgUnit { code } }
  assignments { onTimeAccept } history(first: 100) { nodes { kind } } } }"""
PATIENCE = 60
POINTS = [("LATE_SIGN", -1), ("NO_CONTACT", -1), ("RED_CARD", -6), ("YELLOW_CARD", -3)]


async def given_to_housing(town: Town) -> str:
    """A case dispatched on Monday at nine, to a unit that stays silent: its id."""
    acceptor, dispatcher = await town.desk("acceptor"), await town.desk("dispatcher", server=1)
    made = await acceptor.do("reportIncident", "incident { id version }", **GIVEN)
    case = made["incident"]
    made = await acceptor.do(
        "fileIncident",
        "incident { id version }",
        id=case["id"],
        expectedVersion=case["version"],
        urgency="NORMAL",
        categoryCode=PLAIN,
    )
    (unit,) = (await dispatcher.ask(UNITS, code="GCL-ZJJ"))["orgUnits"]["nodes"]
    await dispatcher.do(
        "dispatchIncident",
        "incident { id }",
        id=case["id"],
        expectedVersion=made["incident"]["version"],
        mode="SINGLE",
        leads=[unit["id"]],
        basis="三定方案",
    )
    return str(case["id"])


async def at(command: Desk, moment: str, case_id: str, level: str, step: int) -> dict[str, Any]:
    """The case at that moment, once the sweep has come by."""
    await command.do("forwardClock", "now", to=f"2024-10-{moment}:00+08:00")
    for _ in range(PATIENCE):
        incident: dict[str, Any] = (await command.ask(SEEN, id=case_id))["incident"]
        if (incident["supervisionLevel"], incident["escalationStep"]) == (level, step):
            break
        await asyncio.sleep(0.25)
    assert (incident["supervisionLevel"], incident["escalationStep"]) == (level, step)
    return incident


async def test_a_silent_department_climbs_the_ladder_and_is_never_listed_by_the_timer(town: Town) -> None:
    case_id = await given_to_housing(town)
    command, housing = await town.desk("command"), await town.desk("housing", server=1)
    urged = await at(command, "22T17:05", case_id, "URGE", 2)
    assert urged["assignments"] == [{"onTimeAccept": False}]
    await at(command, "23T17:05", case_id, "YELLOW", 4)
    await at(command, "25T17:05", case_id, "RED", 5)
    await at(command, "28T17:05", case_id, "RED", 6)
    await command.do("forwardClock", "now", to="2024-10-28T17:20:00+08:00")
    await asyncio.sleep(1)
    incident = await at(command, "28T17:25", case_id, "RED", 6)
    cards = incident["supervisions"]
    assert [(it["level"], it["origin"]) for it in cards] == [
        ("URGE", "AUTO"),
        ("YELLOW", "AUTO"),
        ("RED", "AUTO"),
    ]
    points = sorted(
        (it["type"], it["amount"]) for it in incident["scoreEntries"] if it["type"] != "LATE_HANDLE"
    )
    assert points == POINTS
    assert {it["orgUnit"]["code"] for it in incident["scoreEntries"]} == {"GCL-ZJJ"}
    answered = await housing.do(
        "replySupervision",
        "incident { version supervisionLevel } supervision { reply }",
        id=case_id,
        expectedVersion=incident["version"],
        supervisionId=cards[-1]["id"],
        text="今日派员处置",
    )
    assert answered["supervision"] == {"reply": "今日派员处置"}
    made = await command.do(
        "cancelSupervision",
        "incident { supervisionLevel scoreEntries { type } }",
        id=case_id,
        expectedVersion=answered["incident"]["version"],
        reason="已开始办理",
    )
    assert made["incident"]["supervisionLevel"] == "NONE"
    assert len(made["incident"]["scoreEntries"]) == len(incident["scoreEntries"])
