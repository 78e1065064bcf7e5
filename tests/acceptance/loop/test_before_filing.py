"""Before filing: typed without a network, handled on the spot, refused, reviewed; verified on site by somebody else."""

import json
from typing import Any

from tests.acceptance.desks import CASE, Desks, Row, refused, step
from tests.acceptance.town import Town

WALL = {"lng": 123.425223, "lat": 41.159448, "crs": "WGS84"}  # in the grid of the account `grid`
FOUND = {
    "domain": "LIVELIHOOD",
    "kind": "HELP",
    "categoryCode": "HJ-GG-XG",
    "title": "楼道小广告",
    "source": "GRID_PATROL",
    "point": WALL,
    "address": "安胜社区三号楼",
}
CLOCKS = "clocks { type light pausedAt stoppedAt }"


async def _forward(desks: Desks, moment: str) -> None:
    desks.seated.clear()  # who comes back after days signs in again
    await (await desks("command")).do("forwardClock", "now", to=f"{moment}:00+08:00")


async def _clocks(desks: Desks, case: Row) -> dict[str, Any]:
    document = f"query ($id: ID!) {{ incident(id: $id) {{ version state {CLOCKS} }} }}"
    found: Row = (await (await desks("command")).ask(document, id=case["id"]))["incident"]
    return {it["type"]: it for it in found["clocks"] if not it["stoppedAt"]} | {"version": found["version"]}


async def test_what_a_worker_found_is_done_away_with_on_the_spot_once_the_photos_hold(
    small_town: Town,
) -> None:
    desks = Desks(small_town)
    worker = await desks("grid")
    typed = {"offlineId": "phone-1/1", "form": json.dumps({"title": "楼道小广告"})}
    draft = (await worker.do("saveDraft", "draft { id state }", **typed))["draft"]
    assert draft["state"] == "DRAFT"
    assert (await (await desks("command")).ask("{ drafts { id } }"))["drafts"] == []
    given = {**FOUND, "draftId": draft["id"], "mediaIds": [await worker.upload("red")]}
    case: Row = (await worker.do("reportIncident", f"incident {{ {CASE} }}", **given))["incident"]
    assert (await worker.ask("{ drafts { id } }"))["drafts"] == []

    named = {"id": case["id"], "expectedVersion": case["version"]}
    told = {"outcome": "SOLVED", "resultText": "已清除"}
    assert await refused(worker, "selfHandleIncident", **named, **told) == ("GUARD_FAILED", "afterMediaIds")
    case = await step(
        worker, "selfHandleIncident", case, **told, afterMediaIds=[await worker.upload("green")]
    )
    assert case["state"] == "SELF_DONE"
    case = await step(await desks("acceptor"), "reviewSelfHandled", case, accept=False, text="照片看不清")
    assert case["state"] == "REPORTED"
    worker = await desks("grid")
    case = await step(worker, "selfHandleIncident", case, **told, afterMediaIds=[await worker.upload("blue")])
    case = await step(await desks("acceptor"), "reviewSelfHandled", case, accept=True, text="属实")
    assert (case["state"], case["outcome"]) == ("CLOSED", "SOLVED")


async def test_a_residents_report_is_verified_by_the_worker_of_the_grid_while_intake_stands_still(
    small_town: Town,
) -> None:
    desks = Desks(small_town)
    resident = await desks("resident")
    given = {**FOUND, "source": "RESIDENT_MP", "mediaIds": [await resident.upload("red")]}
    case: Row = (await resident.do("reportIncident", f"incident {{ {CASE} }}", **given))["incident"]
    named = {"id": case["id"], "expectedVersion": case["version"]}
    told = {"outcome": "SOLVED", "resultText": "已清除"}  # somebody asked: not on the spot
    assert await refused(await desks("grid"), "selfHandleIncident", **named, **told) == ("GUARD_FAILED", None)

    case = await step(await desks("acceptor"), "requestVerification", case)
    clocks = await _clocks(desks, case)
    assert (case["state"], clocks["VERIFY"]["light"]) == ("VERIFYING", "GREEN")
    assert clocks["INTAKE"]["pausedAt"]
    await _forward(desks, "2024-10-23T09:00")
    clocks = await _clocks(desks, case)
    assert (clocks["VERIFY"]["light"], clocks["INTAKE"]["light"]) == ("RED", "GREEN")

    worker = await desks("grid")
    case["version"] = clocks["version"]
    seen = {"id": case["id"], "expectedVersion": case["version"], "result": "PASS", "point": WALL}
    assert await refused(worker, "recordVerification", **seen) == ("GUARD_FAILED", "mediaIds")
    photo = [await worker.upload("white")]
    case = await step(worker, "recordVerification", case, result="PASS", point=WALL, mediaIds=photo)
    assert case["state"] == "REPORTED"
    assert (await _clocks(desks, case))["INTAKE"]["pausedAt"] is None
    filing = {"urgency": "NORMAL", "categoryCode": "HJ-GG-XG"}
    case = await step(await desks("acceptor"), "fileIncident", case, **filing)
    assert case["state"] == "FILED"
