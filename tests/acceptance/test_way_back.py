"""The way back: a failed check, a check that could not be made, a resident who is not satisfied (T28b, T30, T32)."""

from tests.acceptance.desks import (
    Desks,
    Row,
    answered,
    checked,
    in_checking,
    newcomer,
    refused,
    rows_of,
    step,
    submitted,
)

NOT_HAPPY = {"solved": "NO", "satisfaction": "DISSATISFIED", "dissatisfactionReason": "RESULT"}


def _named(incident: Row) -> Row:
    return {"id": incident["id"], "expectedVersion": incident["version"]}


async def _again(desks: Desks, incident: Row) -> Row:
    """The unit hands in a result in the present round, and the acceptor asks for its check."""
    seen = await rows_of(desks, incident)
    (row,) = [it for it in seen["assignments"] if it["round"] == seen["round"]]
    assert row["state"] == "ACCEPTED"
    after = await submitted(await desks("housing"), row)
    return await step(await desks("acceptor"), "requestCheck", after)


async def _unhappy(desks: Desks, incident: Row) -> Row:
    """The case passes its check and the complainant is not satisfied."""
    passed = await checked(await desks("inspector"), incident)
    return await answered(await desks("callback"), passed, **NOT_HAPPY)


async def _sent_back(desks: Desks, incident: Row) -> Row:
    shift = await desks("shift")
    return await step(shift, "reworkIncident", incident, reason="RESULT", text="诉求合理，重新办理。")


async def test_a_failed_check_sends_the_case_back_to_its_unit_already_accepted(desks: Desks) -> None:
    incident = await checked(await desks("inspector"), await in_checking(desks), "FAIL")
    assert (incident["state"], incident["round"]) == ("HANDLING", 2)
    seen = await rows_of(desks, incident)
    old, new = sorted(seen["assignments"], key=lambda row: row["round"])
    assert (old["state"], old["round"]) == ("REJECTED_RESULT", 1)
    assert (new["state"], new["round"], new["orgUnit"]) == ("ACCEPTED", 2, old["orgUnit"])
    assert [clock["type"] for clock in seen["clocks"] if not clock["stoppedAt"]] == ["HANDLE"]
    again = await checked(await desks("inspector"), await _again(desks, incident))
    asked = await answered(await desks("callback"), again)
    closed = await step(await desks("shift"), "closeIncident", asked)
    assert (closed["state"], closed["outcome"], closed["onTime"]) == ("CLOSED", "SOLVED", True)
    rows = (await rows_of(desks, closed))["assignments"]
    assert sorted(row["state"] for row in rows) == ["DONE", "REJECTED_RESULT"]


async def test_a_check_that_cannot_be_made_passes_to_another_inspector_and_at_last_to_the_shift_leader(
    desks: Desks,
) -> None:
    inspector, shift = await desks("inspector"), await desks("shift")
    other = await newcomer(desks, "INSPECTOR")
    incident = await checked(inspector, await in_checking(desks), "UNABLE")
    assert incident["state"] == "CHECKING"
    result = {**_named(incident), "result": "PASS", "note": "电话核实。"}
    with desks.nothing_changes():
        assert await refused(inspector, "recordCheck", **result) == ("FORBIDDEN", None)
        assert await refused(shift, "recordCheck", **result) == ("FORBIDDEN", None)
    incident = await checked(other, incident, "UNABLE")
    result = {**_named(incident), "result": "PASS", "note": "电话核实。"}
    with desks.nothing_changes():
        assert await refused(other, "recordCheck", **result) == ("FORBIDDEN", None)
        unable = {**result, "result": "UNABLE"}
        assert await refused(shift, "recordCheck", **unable) == ("GUARD_FAILED", "result")
    decided = await checked(shift, incident)
    assert decided["state"] == "FOLLOWUP"
    results = [it["result"] for it in (await rows_of(desks, decided))["verifications"]]
    assert sorted(results) == ["PASS", "UNABLE", "UNABLE"]


async def test_a_case_whose_complainant_is_not_satisfied_is_sent_back_and_not_closed(desks: Desks) -> None:
    incident = await _unhappy(desks, await in_checking(desks))
    assert incident["state"] == "FOLLOWUP"
    with desks.nothing_changes():
        assert await refused(await desks("shift"), "closeIncident", **_named(incident)) == (
            "GUARD_FAILED",
            None,
        )
    given = {**_named(incident), "reason": "RESULT", "text": "重新办理。"}
    foreign = {**given, "leads": [await desks.unit("GCL-MZJ")]}
    with desks.nothing_changes():
        assert await refused(await desks("shift"), "reworkIncident", **foreign) == ("NOT_FOUND", "leads")
    unit = await desks.unit("GCL-ZJJ")
    back = await step(
        await desks("shift"), "reworkIncident", incident, reason="RESULT", text="重新办理。", leads=[unit]
    )
    assert (back["state"], back["round"]) == ("HANDLING", 2)
    asked = [it for it in (await rows_of(desks, back))["followUps"] if it["layer"] == "COMMAND"]
    assert [(it["round"], it["satisfaction"]) for it in asked] == [
        (1, "DISSATISFIED")
    ]  # kept, never replaced
    passed = await checked(await desks("inspector"), await _again(desks, back))
    asked_again = await answered(await desks("callback"), passed)
    closed = await step(await desks("shift"), "closeIncident", asked_again)
    assert closed["state"] == "CLOSED"


async def test_a_satisfied_complainant_is_no_ground_for_rework(desks: Desks) -> None:
    passed = await checked(await desks("inspector"), await in_checking(desks))
    asked = await answered(await desks("callback"), passed)
    given = {**_named(asked), "reason": "RESULT", "text": "再办一次。"}
    with desks.nothing_changes():
        assert await refused(await desks("shift"), "reworkIncident", **given) == ("GUARD_FAILED", None)


async def test_a_case_is_sent_back_twice_at_most_by_checks_and_residents_together(desks: Desks) -> None:
    incident = await checked(await desks("inspector"), await in_checking(desks), "FAIL")
    incident = await _unhappy(desks, await _again(desks, incident))
    incident = await _sent_back(desks, incident)
    assert incident["round"] == 3
    incident = await _again(desks, incident)
    failing = {**_named(incident), "result": "FAIL", "note": "仍未解决。"}
    with desks.nothing_changes():
        assert await refused(await desks("inspector"), "recordCheck", **failing) == ("GUARD_FAILED", None)
    incident = await _unhappy(desks, incident)
    given = {**_named(incident), "reason": "RESULT", "text": "第三次重办。"}
    with desks.nothing_changes():
        assert await refused(await desks("shift"), "reworkIncident", **given) == ("GUARD_FAILED", None)
    seen = await rows_of(desks, incident)
    assert [row["round"] for row in sorted(seen["assignments"], key=lambda row: row["round"])] == [1, 2, 3]
