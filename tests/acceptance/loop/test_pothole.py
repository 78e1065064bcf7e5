"""The same pothole by three channels: one assignment, three answers, 件 1 and 件次 3 (S33, R03, T7)."""

from tests.acceptance.desks import (
    ASKED,
    LINE,
    PLAIN,
    Desks,
    Row,
    accepted,
    checked,
    refused,
    report,
    step,
    submitted,
)

PIT = {"lng": 123.4271, "lat": 41.1549, "crs": "WGS84"}
NEAR = {**PIT, "lng": 123.4273}
TITLE = "安胜路路面坑洞"
RESULT = "已铣刨补铺，恢复通行。"
WHOLE = f"""reportCount publicStatus assignments {{ {LINE} }} notes {{ text }}
    followUps {{ layer state complainantId valid }}"""


async def _reported(desks: Desks, who: str, source: str, point: Row, **given: object) -> Row:
    return await report(
        await desks(who), source=source, title=TITLE, point=point, address="安胜路中段", **given
    )


async def _seen(desks: Desks, incident: Row) -> Row:
    document = f"query ($id: ID!) {{ incident(id: $id) {{ id version state {WHOLE} }} }}"
    found: Row = (await (await desks("command")).ask(document, id=incident["id"]))["incident"]
    return found


async def _merged(desks: Desks, child: Row, master: Row) -> Row:
    return await step(await desks("acceptor"), "mergeIncident", child, masterId=master["id"])


async def _dispatched(desks: Desks, master: Row) -> Row:
    """The one assignment."""
    made = await (await desks("dispatcher")).do(
        "dispatchIncident",
        f"assignments {{ {LINE} }} incident {{ id }}",
        id=master["id"],
        expectedVersion=(await _seen(desks, master))["version"],
        mode="SINGLE",
        leads=[await desks.unit("GCL-ZJJ")],
        basis="部门职责",
    )
    row: Row = made["assignments"][0]
    return row


async def _answered_and_closed(desks: Desks, waiting: Row) -> list[str | None]:
    """Each complainant is asked, and only then can it be closed; who they were."""
    seen = await _seen(desks, waiting)
    assert (len(seen["assignments"]), seen["reportCount"]) == (1, 3)
    tasks = [it["complainantId"] for it in seen["followUps"] if it["state"] == "PENDING"]
    for person in tasks:
        named = {"id": seen["id"], "expectedVersion": seen["version"]}
        assert await refused(await desks("shift"), "closeIncident", **named) == ("FOLLOWUP_REQUIRED", None)
        given = {"layer": "COMMAND", **ASKED, "complainantId": person}
        await step(await desks("callback"), "recordFollowUp", seen, **given)
        seen = await _seen(desks, seen)
    await step(await desks("shift"), "closeIncident", seen)
    return tasks


async def test_one_pothole_reported_by_three_channels_is_one_case_with_three_answers(desks: Desks) -> None:
    caller = {"name": "赵先生", "phone": "13911112222"}
    first = await _reported(desks, "acceptor", "HOTLINE_12345", PIT, complainant=caller)
    passer = {"name": "钱女士", "phone": "13933334444"}
    second = await _reported(desks, "volunteer", "VOLUNTEER_MP", NEAR, complainant=passer)
    filing = {"urgency": "NORMAL", "categoryCode": PLAIN}
    master = await step(await desks("acceptor"), "fileIncident", first, **filing)
    assert (await _merged(desks, second, master))["state"] == "MERGED"
    row = await _dispatched(desks, master)
    third = await _reported(desks, "resident", "RESIDENT_MP", PIT, complainant=None)
    assert (await _merged(desks, third, master))["state"] == "MERGED"

    housing = await desks("housing")
    handled = await submitted(housing, await accepted(housing, row), resultText=RESULT)
    asked = await step(await desks("acceptor"), "requestCheck", handled)
    waiting = await checked(await desks("inspector"), asked)
    people = await _answered_and_closed(desks, waiting)
    assert None in people  # the own complainant
    assert len(set(people)) == len(people) == 3

    closed = await _seen(desks, master)
    assert [it["text"] for it in closed["notes"]] == [RESULT] * 3
    mine = await (await desks("resident")).ask(
        "query ($id: ID!) { incident(id: $id) { state publicStatus } }", id=third["id"]
    )
    assert mine["incident"] == {"state": "MERGED", "publicStatus": "DONE"}
    counted = "query ($where: IncidentFilter) { incidents(where: $where, first: 9) { totalCount } }"
    one = {"state": {"omit": ["MERGED"]}, "title": {"eq": TITLE}}
    assert (await (await desks("command")).ask(counted, where=one))["incidents"]["totalCount"] == 1
    assert (closed["state"], closed["reportCount"]) == ("CLOSED", 3)
