"""More time over National Day 2024, and a heating case that hangs all winter, over the wire with the clock moving."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.desks import (
    LINE,
    Desks,
    Row,
    accepted,
    answered,
    checked,
    dispatched,
    refused,
    rows_of,
    step,
    submitted,
)
from tests.acceptance.town import Town, running

REQUEST = "request { state ordinal days approvedDays reviewAt maxUntil decidedBy { name } }"
ROW = f"assignment {{ {LINE} handleDueAt clocks {{ type dueAt pausedAt stoppedAt light breached }} }}"
SPANS = "clocks { type dueAt explanation { counted minutes reason } }"
EXTENSION = {"days": 5, "reason": "材料未到", "text": "管件订货未到，须延期。"}


@pytest.fixture
async def september(ground_file: Path, tmp_path: Path) -> AsyncIterator[Town]:
    """A town on the afternoon before National Day 2024."""
    shutil.copyfile(ground_file, tmp_path / "town.db")
    environment = {
        "FENGQIAO_DATABASE_URL": f"sqlite://{tmp_path / 'town.db'}",
        "FENGQIAO_BROADCAST_URL": "memory://",
        "FENGQIAO_MEDIA_DIR": str(tmp_path / "media"),
        "FENGQIAO_CLOCK": "2024-09-30T15:00:00+08:00",
    }
    async with running(environment, tmp_path, 1) as town:
        yield town


async def at(desks: Desks, time: str) -> str:
    """It is that time now; the time itself."""
    desks.seated.clear()  # who comes back after days signs in again
    await (await desks("command")).do("forwardClock", "now", to=f"{time}:00+08:00")
    return f"{time}:00+08:00"


async def on_row(desks: Desks, username: str, mutation: str, row: Row, selection: str, **given: Any) -> Row:
    """One command on the assignment; what it answers."""
    desk = await desks(username)
    named = {"id": row["id"], "expectedVersion": row["version"]}
    made = await desk.do(mutation, f"{ROW} incident {{ id version state }} {selection}", **named, **given)
    row["version"] = made["assignment"]["version"]
    return made


async def extended(desks: Desks, row: Row, told: str, decider: str, days: int) -> Row:
    """T22, both halves; the assignment."""
    await on_row(desks, "housing", "requestExtension", row, REQUEST, **EXTENSION, informedAt=told)
    made = await on_row(desks, decider, "decideExtension", row, REQUEST, accept=True, approvedDays=days)
    assignment: Row = made["assignment"]
    assert made["request"]["approvedDays"] == days
    return assignment


async def test_the_extension_over_national_day_2024(september: Town) -> None:
    desks = Desks(september)
    incident, row = await dispatched(desks)
    row = await accepted(await desks("housing"), row)
    document = (
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Assignment {{ version handleDueAt {SPANS} }} }} }}"
    )
    found = (await (await desks("command")).ask(document, id=row["id"]))["node"]
    assert found["handleDueAt"] == "2024-10-12T17:00:00+08:00"  # the Saturday worked in exchange
    now = await at(desks, "2024-10-11T10:00")
    assert (await extended(desks, row, now, "dispatcher", 5))["handleDueAt"] == "2024-10-18T17:00:00+08:00"
    now = await at(desks, "2024-10-17T10:00")
    await on_row(desks, "housing", "requestExtension", row, REQUEST, **EXTENSION, informedAt=now)
    given = {"id": row["id"], "expectedVersion": row["version"], "accept": True}
    assert await refused(await desks("dispatcher"), "decideExtension", **given) == ("FORBIDDEN", None)
    more = {**given, "approvedDays": 6}
    assert await refused(await desks("command"), "decideExtension", **more) == ("BAD_INPUT", "approvedDays")
    made = await on_row(desks, "command", "decideExtension", row, REQUEST, accept=True, approvedDays=3)
    assert made["assignment"]["handleDueAt"] == "2024-10-23T17:00:00+08:00"
    now = await at(desks, "2024-10-22T10:00")
    third = {"id": row["id"], "expectedVersion": row["version"], **EXTENSION, "informedAt": now}
    assert await refused(await desks("housing"), "requestExtension", **third) == ("EXTENSION_LIMIT", None)
    found = (await (await desks("command")).ask(document, id=row["id"]))["node"]
    (handle,) = [it for it in found["clocks"] if it["type"] == "HANDLE"]
    assert sum(it["minutes"] for it in handle["explanation"] if it["counted"]) == 13 * 420
    reasons = [it["reason"] for it in handle["explanation"]]
    assert {"法定节假日（国庆节）", "调休工作日（国庆节）", "起算日不计"} <= set(reasons)
    incident = await submitted(await desks("housing"), row)
    await step(await desks("acceptor"), "requestCheck", incident)
    (line,) = (await rows_of(desks, incident))["assignments"]
    assert (line["state"], line["onTimeHandle"]) == ("SUBMITTED", True)


async def hung(desks: Desks, row: Row, review: str, until: str) -> None:
    """T23, both halves."""
    plan = {"plan": "四月停暖后更换管网", "text": "供暖期内不能停暖施工", "reason": "CONSTRUCTION_SEASON"}
    times = {"nextReviewAt": f"{review}:00+08:00", "maxUntil": f"{until}:00+08:00"}
    await on_row(desks, "housing", "requestHang", row, REQUEST, **plan, **times)
    made = await on_row(desks, "command", "decideHang", row, REQUEST, accept=True)
    assert (made["assignment"]["state"], made["incident"]["state"]) == ("HUNG", "HUNG")


async def reviewed(desks: Desks, incident: Row, review: str, **given: Any) -> Row:
    """T23b; the case."""
    seen = await rows_of(desks, incident)
    return await step(await desks("command"), "reviewHang", seen, review=review, text="已复查", **given)


async def test_the_heating_case_hangs_all_winter_and_is_closed_as_hung_and_open(small_town: Town) -> None:
    desks = Desks(small_town)
    incident, row = await dispatched(desks, title="供热管网老化暖气不热")
    row = await accepted(await desks("housing"), row)
    await hung(desks, row, "2024-11-20T09:00", "2025-02-12T09:00")
    for today, following in (
        ("2024-11-19T10:00", "2024-12-18T09:00"),
        ("2024-12-17T10:00", "2025-01-15T09:00"),
        ("2025-01-14T10:00", "2025-02-12T09:00"),
    ):
        await at(desks, today)
        incident = await reviewed(desks, incident, "CONTINUE", nextReviewAt=f"{following}:00+08:00")
        assert incident["state"] == "HUNG"
    await at(desks, "2025-02-12T09:01")  # the end that was agreed: work goes on by itself
    found = await rows_of(desks, incident)
    (line,) = found["assignments"]
    assert (found["state"], line["state"], line["onTimeHandle"]) == ("HANDLING", "ACCEPTED", None)
    stopped = [it["stoppedAt"] for it in found["clocks"] if it["type"] == "HANG_REVIEW"]
    assert len(stopped) == 4
    assert all(stopped)
    row["version"] = line["version"]
    await hung(desks, row, "2025-03-10T09:00", "2025-04-20T09:00")
    result = {"outcome": "HUNG_OPEN", "resultText": "已列入四月管网更换计划，完工前每月告知。"}
    given = {"id": row["id"], "expectedVersion": row["version"], "noContactReason": "已当面告知", **result}
    assert await refused(await desks("housing"), "submitResult", **given) == ("GUARD_FAILED", None)
    await at(desks, "2025-03-07T10:00")
    await reviewed(desks, incident, "ALLOW_CLOSE")
    (line,) = (await rows_of(desks, incident))["assignments"]
    incident = await submitted(await desks("housing"), line, **result)
    assert incident["state"] == "SUBMITTED"
    incident = await step(await desks("acceptor"), "requestCheck", incident)
    incident = await checked(await desks("inspector"), incident)
    incident = await answered(await desks("callback"), incident)
    incident = await step(await desks("shift"), "closeIncident", incident)
    assert (incident["state"], incident["outcome"]) == ("CLOSED", "HUNG_OPEN")
