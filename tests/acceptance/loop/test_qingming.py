"""S34 to S37: paper is burnt at Qingming, three units pass the case on, the centre rules, and the ruling stays."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from uuid import UUID

from api.ids import parse
from tests.acceptance.desks import Desks, Row, accepted, filed, refused, step, submitted
from tests.acceptance.town import Desk

BURNING = "HJ-JS-SZ"  # three units have a duty for it: that is the quarrel
ENFORCEMENT, CIVILITY, CIVIL = "GCL-ZFD", "GCL-WMB", "GCL-MZJ"
HEADS = {ENFORCEMENT: "enforcement", CIVILITY: "civility", CIVIL: "civil"}
ORDER = "区指挥中心会议纪要：清明焚烧由三家单位共同落实。"
LINE = "id version state mode designated basis orgUnit { code }"
CASE = f"id version state returnPending reportedAt assignments {{ {LINE} }}"
TITLE = {
    "title": "清明节期间沿街烧纸",
    "content": "十字路口有人焚烧祭祀用品，烟尘很大。",
    "categoryCode": BURNING,
}


async def shown(desks: Desks, incident: Row) -> Row:
    """The case with its rows, as the director reads it."""
    document = f"query ($id: ID!) {{ incident(id: $id) {{ {CASE} }} }}"
    found: Row = (await (await desks("command")).ask(document, id=incident["id"]))["incident"]
    return found


async def given_to(desks: Desks, incident: Row, mode: str, *units: str, **more: object) -> list[Row]:
    """T11: the new rows."""
    named = {"id": incident["id"], "expectedVersion": incident["version"]}
    leads = [await desks.unit(it) for it in units]
    made = await (await desks("dispatcher")).do(
        "dispatchIncident", f"assignments {{ {LINE} }}", **named, mode=mode, leads=leads, **more
    )
    rows: list[Row] = made["assignments"]
    return rows


async def passed_on(desks: Desks, row: Row, unit: str, to: str) -> Row:
    """T15 and T16: a unit says that the case is another's, and the dispatcher agrees; the case afterwards."""
    named = {"id": row["id"], "expectedVersion": row["version"]}
    asked = await (await desks(HEADS[unit])).do(
        "requestReturn",
        "assignment { id version } incident { state } request { state }",
        **named,
        reason="NOT_DUTY",
        basis="《殡葬管理条例》",
        text="焚烧祭品不归本单位管",
        suggestedOrgUnitId=await desks.unit(to),
    )
    assert (asked["incident"]["state"], asked["request"]["state"]) == ("RETURN_REVIEW", "PENDING")
    named = {"id": asked["assignment"]["id"], "expectedVersion": asked["assignment"]["version"]}
    made = await (await desks("dispatcher")).do(
        "decideReturn",
        f"incident {{ {CASE} }} arbitration {{ participants {{ code }} }}",
        **named,
        accept=True,
        text="职责确有交叉",
    )
    return {**made["incident"], "arbitration": made["arbitration"]}


async def hours_later(desks: Desks, incident: Row, hours: float) -> None:
    """The clock of the whole town, so long after the report."""
    then = datetime.fromisoformat(incident["reportedAt"]) + timedelta(hours=hours)
    await (await desks("command")).do("forwardClock", "now", to=then.isoformat())


async def quarrelled(desks: Desks) -> Row:
    """Two units have passed the case on: it is before the centre without anybody's doing."""
    incident = await filed(desks, **TITLE)
    (row,) = await given_to(desks, incident, "SINGLE", ENFORCEMENT)
    await hours_later(desks, await shown(desks, incident), 0.5)
    incident = await passed_on(desks, row, ENFORCEMENT, CIVILITY)
    assert (incident["state"], incident["arbitration"]) == ("FILED", None)
    (row,) = await given_to(desks, incident, "SINGLE", CIVILITY)
    incident = await passed_on(desks, row, CIVILITY, CIVIL)
    assert incident["state"] == "ARBITRATING"
    heard = {it["code"] for it in incident["arbitration"]["participants"]}
    assert heard == {ENFORCEMENT, CIVILITY, CIVIL}
    return incident


async def heard(desk: Desk, incident: Row, *, volunteers: bool) -> None:
    """S35: a unit finds the dispute on its desk, without the case, and speaks."""
    found = (await desk.ask("{ arbitrations(first: 50) { incidentId version title } }"))["arbitrations"]
    (dispute,) = [it for it in found if it["incidentId"] == incident["id"]]
    assert dispute["title"] == TITLE["title"]
    made = await desk.do(
        "submitStatement",
        "incident { id } statement { volunteers }",
        id=dispute["incidentId"],
        expectedVersion=dispute["version"],
        text="本单位的意见。",
        volunteers=volunteers,
    )
    assert made == {"incident": None, "statement": {"volunteers": volunteers}}


def booked(desks: Desks, incident: Row) -> list[tuple[str, str, float]]:
    """What was scored on the case, by unit."""
    assert desks.store is not None
    _, key = parse(incident["id"])
    query = """SELECT o.code, s.type, s.amount FROM score_entry s JOIN org_unit o ON o.id = s.org_id
        WHERE s.incident_id = ? ORDER BY o.code, s.type"""
    with closing(sqlite3.connect(f"file:{desks.store}?mode=ro", uri=True)) as reader:
        return list(reader.execute(query, (str(UUID(str(key))),)))


async def ruled(desks: Desks, incident: Row) -> Row:
    """T19: three equal leads, none of which may return the case."""
    command = await desks("command")
    named = {"id": incident["id"], "expectedVersion": incident["version"]}
    leads = [await desks.unit(it) for it in HEADS]
    made = await command.do(
        "ruleArbitration",
        f"incident {{ {CASE} }} request {{ state statements {{ volunteers orgUnit {{ code }} }} }}",
        **named,
        mode="EQUAL_JOINT",
        leads=leads,
        orderText=ORDER,
    )
    assert made["request"]["state"] == "APPROVED"
    assert {it["orgUnit"]["code"] for it in made["request"]["statements"]} == set(HEADS)
    case: Row = made["incident"]
    return case


def live(incident: Row) -> dict[str, Row]:
    """The rows that are being worked on, by unit."""
    ended = {"RETURNED", "CANCELLED"}
    return {it["orgUnit"]["code"]: it for it in incident["assignments"] if it["state"] not in ended}


async def unwilling(desks: Desks, row: Row, head: str) -> None:
    """R11: a designated unit does not return the case."""
    named = {"id": row["id"], "expectedVersion": row["version"]}
    asked = {
        "reason": "NOT_DUTY",
        "basis": "条例",
        "text": "不归本单位",
        "suggestedOrgUnitId": await desks.unit(CIVIL),
    }
    assert await refused(await desks(head), "requestReturn", **named, **asked) == ("RETURN_FORBIDDEN", None)


async def all_submit(desks: Desks, rows: dict[str, Row]) -> Row:
    """S36: the case is submitted with the last of the equals alone; the case then."""
    incident: Row = {}
    for (unit, row), state in zip(rows.items(), ("HANDLING", "HANDLING", "SUBMITTED"), strict=True):
        desk = await desks(HEADS[unit])
        incident = await submitted(desk, await accepted(desk, row))
        assert incident["state"] == state
    return incident


async def proposal(desks: Desks, incident: Row) -> Row:
    """R08: what is proposed first."""
    question = """query ($id: ID!) { dispatchProposals(incidentId: $id) {
        mode basis byRule hits leads { code } } }"""
    dispatcher = await desks("dispatcher")
    first: Row = (await dispatcher.ask(question, id=incident["id"]))["dispatchProposals"][0]
    return first


async def approved_returns(desks: Desks) -> dict[str, int]:
    """Who refused what: the approved returns for want of duty, by unit."""
    report = """query ($from: DateTime!, $to: DateTime!) { returnReport(from: $from, to: $to) {
        orgUnit { code } reason approved } }"""
    span = {"from": "2024-10-01T00:00:00+08:00", "to": "2026-01-01T00:00:00+08:00"}
    counted = (await (await desks("command")).ask(report, **span))["returnReport"]
    return {it["orgUnit"]["code"]: it["approved"] for it in counted if it["reason"] == "NOT_DUTY"}


async def test_qingming_burning_is_ruled_once_and_dispatched_by_the_ruling_ever_after(desks: Desks) -> None:
    incident = await quarrelled(desks)
    for unit, head in HEADS.items():
        await heard(await desks(head), incident, volunteers=unit == CIVIL)
    case = await ruled(desks, incident)
    assert case["state"] == "DISPATCHED"
    rows = live(case)
    assert {(it["mode"], it["designated"], it["basis"]) for it in rows.values()} == {
        ("EQUAL_JOINT", True, ORDER)
    }
    await unwilling(desks, rows[ENFORCEMENT], "enforcement")
    incident = await all_submit(desks, rows)
    assert booked(desks, case) == [(CIVIL, "CLAIMED", 2.0)]
    assert (await step(await desks("acceptor"), "requestCheck", incident))["state"] == "CHECKING"

    following = await filed(desks, **TITLE)
    first = await proposal(desks, following)
    assert (first["mode"], first["byRule"], first["basis"], first["hits"]) == ("EQUAL_JOINT", True, ORDER, 0)
    leads = [it["code"] for it in first["leads"]]
    given = await given_to(desks, following, first["mode"], *leads)
    assert {it["orgUnit"]["code"] for it in given} == set(HEADS)
    assert (await shown(desks, following))["state"] == "DISPATCHED"
    used = await proposal(desks, following)
    assert (used["mode"], used["hits"]) == ("EQUAL_JOINT", 1)
    returns = await approved_returns(desks)
    assert (returns[ENFORCEMENT], returns[CIVILITY]) == (1, 1)
