"""The false completion: −5 and a red card, rework, dissatisfaction twice, and the case meeting (T30, T32, T32b)."""

from tests.acceptance.desks import (
    CASE,
    LINE,
    Desks,
    Row,
    answered,
    checked,
    in_checking,
    refused,
    rows_of,
    step,
    submitted,
)

UNHAPPY = {"solved": "NO", "satisfaction": "DISSATISFIED", "dissatisfactionReason": "RESULT"}
CARDS = "supervisionLevel supervisions { level origin trigger } scoreEntries { type amount }"


async def _handed_in(desks: Desks, incident: Row) -> Row:
    """The new round's work, up to the check."""
    row = (await rows_of(desks, incident))["assignments"][-1]
    incident = await submitted(await desks("housing"), row)
    return await step(await desks("acceptor"), "requestCheck", incident)


async def _dissatisfied(desks: Desks, incident: Row) -> Row:
    """The next check passes, the resident is not content all the same."""
    passed = await checked(await desks("inspector"), await _handed_in(desks, incident))
    return await answered(await desks("callback"), passed, **UNHAPPY)


async def _failed(desks: Desks, incident: Row) -> Row:
    """The inspector finds that nothing was done."""
    made = await (await desks("inspector")).do(
        "recordCheck",
        f"incident {{ {CASE} assignments {{ {LINE} }} }}",
        id=incident["id"],
        expectedVersion=incident["version"],
        result="FAIL",
        falseCompletion=True,
        note="现场未动，照片系旧图。",
    )
    found: Row = made["incident"]
    assert [row["state"] for row in found["assignments"]] == ["REJECTED_RESULT", "ACCEPTED"]
    return found


async def _cards(desks: Desks, incident: Row) -> tuple[list[Row], list[tuple[str, float]]]:
    """The cards of the case, and the points it cost."""
    document = f"query ($id: ID!) {{ incident(id: $id) {{ {CARDS} }} }}"
    found = (await (await desks("command")).ask(document, id=incident["id"]))["incident"]
    assert found["supervisionLevel"] == "RED"
    return found["supervisions"], sorted((it["type"], it["amount"]) for it in found["scoreEntries"])


async def test_a_false_completion_ends_in_the_case_meeting(desks: Desks) -> None:
    shift, command = await desks("shift"), await desks("command")
    incident = await _failed(desks, await in_checking(desks, title="占道祭祀用品未清理"))
    assert await _cards(desks, incident) == (
        [{"level": "RED", "origin": "AUTO", "trigger": "T30.E5"}],
        [("FALSE_DONE", -5), ("RED_CARD", -6)],
    )
    again = {"reason": "RESULT", "text": "限期整改。"}
    incident = await step(shift, "reworkIncident", await _dissatisfied(desks, incident), **again)
    incident = await _dissatisfied(desks, incident)
    named = {"id": incident["id"], "expectedVersion": incident["version"]}
    assert await refused(shift, "reworkIncident", **named, **again) == ("GUARD_FAILED", None)
    assert await refused(shift, "closeIncident", **named) == ("GUARD_FAILED", None)
    assert await refused(command, "reworkIncident", **named, **again) == ("BAD_INPUT", "minutes")

    minutes = "协调会：由住建局三日内清理，城管配合。"
    incident = await step(command, "reworkIncident", incident, **again, minutes=minutes)
    assert (incident["state"], incident["round"]) == ("HANDLING", 4)
    incident = await _dissatisfied(desks, incident)
    closed = await step(command, "closeIncident", incident, partly=True, minutes="协调会：已部分解决。")
    assert (closed["state"], closed["outcome"]) == ("CLOSED", "PARTLY")
    cards, points = await _cards(desks, closed)
    assert [it["level"] for it in cards] == ["RED"]  # a ratchet
    assert [kind for kind, _ in points] == ["DISSATISFIED", "DISSATISFIED", "FALSE_DONE", "RED_CARD"]
