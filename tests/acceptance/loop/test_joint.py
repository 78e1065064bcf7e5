"""Several units on one case, over the wire: equals who each answer for themselves, and a support that stays silent."""

from tests.acceptance.desks import (
    LINE,
    Desks,
    Row,
    accepted,
    filed,
    mutation_of,
    posted,
    refusal,
    refused,
    rows_of,
    step,
    submitted,
)
from tests.acceptance.town import Desk, Town

UNITS = {"GCL-MZJ": "civil", "GCL-WMB": "civility", "GCL-ZFD": "enforcement", "GCL-ZJJ": "housing"}
KEY = "00000000-0000-4000-8000-0000000000b2"


async def dispatched(desks: Desks, mode: str, leads: list[str], supports: list[str]) -> dict[str, Row]:
    """A case given to these units: their rows by unit."""
    incident = await filed(desks)
    made = await (await desks("dispatcher")).do(
        "dispatchIncident",
        f"incident {{ id }} assignments {{ {LINE} }}",
        id=incident["id"],
        expectedVersion=incident["version"],
        mode=mode,
        leads=[await desks.unit(code) for code in leads],
        supports=[await desks.unit(code) for code in supports],
        basis="部门联动",
    )
    return {"case": made["incident"], **{it["orgUnit"]["code"]: it for it in made["assignments"]}}


async def handled(desks: Desks, row: Row) -> Row:
    """The unit signs, calls and hands in its result: the case afterwards."""
    desk = await desks(UNITS[row["orgUnit"]["code"]])
    return await submitted(desk, await accepted(desk, row))


async def test_three_equal_leads_each_submit_and_the_case_is_checked_with_the_last(desks: Desks) -> None:
    rows = await dispatched(desks, "EQUAL_JOINT", ["GCL-MZJ", "GCL-WMB", "GCL-ZFD"], [])
    incident = rows.pop("case")
    for row, state in zip(rows.values(), ("HANDLING", "HANDLING", "SUBMITTED"), strict=True):
        incident = await handled(desks, row)
        assert incident["state"] == state
    acceptor = await desks("acceptor")
    back = await step(
        acceptor, "returnResult", incident, text="缺少现场照片", assignmentIds=[rows["GCL-WMB"]["id"]]
    )
    assert back["state"] == "HANDLING"
    found = await rows_of(desks, back)
    (again,) = [it for it in found["assignments"] if it["orgUnit"]["code"] == "GCL-WMB"]
    incident = await submitted(await desks("civility"), again)
    incident = await step(acceptor, "requestCheck", incident)
    assert incident["state"] == "CHECKING"
    found = await rows_of(desks, incident)
    assert [(it["state"], it["onTimeHandle"]) for it in found["assignments"]] == [("SUBMITTED", True)] * 3


async def silent(desks: Desks) -> dict[str, Row]:
    """A led case whose lead has worked and whose support has not answered for twelve days."""
    rows = await dispatched(desks, "LED_JOINT", ["GCL-ZJJ"], ["GCL-MZJ"])
    housing = await desks("housing")
    rows["GCL-ZJJ"] = await accepted(housing, rows["GCL-ZJJ"])
    await (await desks("command")).do("forwardClock", "now", to="2024-11-02T09:00:00+08:00")
    found = await rows_of(desks, rows["case"])
    return {"case": found, **{it["orgUnit"]["code"]: it for it in found["assignments"]}}


async def test_a_silent_support_is_named_and_let_go_and_only_then_the_lead_submits(small_town: Town) -> None:
    desks = Desks(small_town)
    rows = await silent(desks)
    lead, support = rows["GCL-ZJJ"], rows["GCL-MZJ"]
    assert (support["state"], support["onTimeHandle"]) == ("PENDING", False)
    housing: Desk = await desks("housing")
    given = {"id": lead["id"], "expectedVersion": lead["version"], "outcome": "SOLVED", "resultText": "已办"}
    answer = await posted(
        housing, mutation_of("submitResult", "__typename"), input={**given, "idempotencyKey": KEY}
    )
    why = refusal(answer)
    assert why["code"] == "SUPPORT_PENDING"
    assert len(why["assignments"]) == 1
    let_go = {
        "id": support["id"],
        "expectedVersion": support["version"],
        "reason": "逾期未复，由主办单独办理",
    }
    assert await refused(housing, "releaseSupport", **let_go) == ("FORBIDDEN", None)
    dispatcher = await desks("dispatcher")
    made = await dispatcher.do("releaseSupport", f"assignment {{ {LINE} mode }}", **let_go)
    assert made["assignment"]["state"] == "CANCELLED"
    found = await rows_of(desks, rows["case"])
    (lead,) = [it for it in found["assignments"] if it["id"] == lead["id"]]
    assert (await submitted(housing, lead))["state"] == "SUBMITTED"
