"""The rules change while a case runs: it keeps what it was given, and the next one goes by the new ones (S40, R09)."""

from typing import Any

from tests.acceptance.desks import PLAIN, Desks, Row, dispatched, filed
from tests.acceptance.town import Town

ROW = "query ($id: ID!) { node(id: $id) { ... on Assignment { handleDueAt clocks { type limit dueAt } } } }"
PROPOSED = "query ($id: ID!) { dispatchProposals(incidentId: $id) { byRule basis hits leads { code } mode } }"


async def handling(desks: Desks, row: Row) -> Row:
    """The row's due time and its handling clock."""
    shown = (await (await desks("command")).ask(ROW, id=row["id"]))["node"]
    (clock,) = [it for it in shown["clocks"] if it["type"] == "HANDLE"]
    return {"due": shown["handleDueAt"], **clock}


async def proposals(desks: Desks, incident: Row) -> list[Any]:
    """What the dispatcher is shown, on whichever process."""
    found: list[Any] = (await (await desks("dispatcher")).ask(PROPOSED, id=incident["id"]))[
        "dispatchProposals"
    ]
    return found


async def test_a_running_case_keeps_its_due_time_and_the_next_goes_by_the_new_rules(town: Town) -> None:
    desks = Desks(town)
    admin = await desks("admin")
    categories = (await admin.ask("{ categories { id code } }"))["categories"]
    plain = next(it["id"] for it in categories if it["code"] == PLAIN)
    civility = await desks.unit("GCL-WMB")
    _, running = await dispatched(desks)
    before = await handling(desks, running)
    limit = {"key": "HANDLE.NORMAL", "categoryId": plain, "amount": 2, "unit": "WORK_DAY"}
    await admin.do("setPolicyValue", "policyValue { id version }", **limit)
    rule = {"categoryId": plain, "leadOrgUnitIds": [civility], "basis": "派单目录：占道祭祀归口文明办"}
    await admin.do("setDispatchRule", "dispatchRules { id }", **rule)
    assert await handling(desks, running) == before
    fresh = await filed(desks)
    (first, *_) = await proposals(desks, fresh)
    assert (first["byRule"], first["leads"], first["hits"]) == (True, [{"code": "GCL-WMB"}], 0)
    _, row = await dispatched(desks, "GCL-WMB")
    after = await handling(desks, row)
    assert (before["limit"], after["limit"]) == (5, 2)
    assert after["due"] < before["due"]
    assert (await proposals(desks, fresh))[0]["hits"] == 1
