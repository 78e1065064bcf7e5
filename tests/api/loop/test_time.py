"""Extensions, hangs and the calendar through the schema: done, refused, sent again, sent too late (T22 to T24, R78)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from db.rows import Sql, read, select
from domain.assignment import Assignment
from domain.calendar import DISTRICT_TIME
from domain.incident import CaseOutcome
from tests.api.client import Client, gid
from tests.services.desk import Desk, a_desk

pytestmark = pytest.mark.usefixtures("store")
Row = dict[str, Any]
ASKED = "id kind state reason text basis ordinal days approvedDays informedAt reviewAt maxUntil answer"
CLOCKS = "clocks { id type dueAt pausedAt stoppedAt usedRatio explanation { counted minutes reason } }"
ONE = f"assignment {{ id version state handleDueAt {CLOCKS} }} incident {{ id version state }} request {{ {ASKED} }}"
RESUMED = f"warnings {{ code }} assignment {{ id version state handleDueAt {CLOCKS} }} incident {{ id version state }}"
REVIEWED = (
    "incident { id version state assignments { id version state } requests { reviewAt } notes { text } }"
)


@dataclass
class Times:
    """A case whose unit is at work; everybody acts at the desk's time."""

    desk: Desk

    async def row(self) -> Assignment:
        """The unit's row."""
        return (await self.desk.case()).assignments[-1]

    async def named(self, **given: Any) -> Row:
        """A command's input on the row."""
        row = await self.row()
        return {"id": gid("Assignment", row.id), "expectedVersion": row.version, **given}

    async def case(self, **given: Any) -> Row:
        """A command's input on the case."""
        case = (await self.desk.case()).incident
        return {"id": gid("Incident", case.id), "expectedVersion": case.version, **given}

    def as_(self, username: str) -> Client:
        """Somebody's client."""
        return Client(self.desk.district.viewer(username), now=self.desk.now)

    def in_days(self, days: float) -> str:
        """So many days from now."""
        return (self.desk.now + timedelta(days=days)).isoformat()

    async def refused(self, username: str, mutation: str, given: Row) -> tuple[str, str | None, str | None]:
        """The code, rule and field of a refusal."""
        name = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        reply = await self.as_(username).run(document, input={"idempotencyKey": str(uuid4()), **given})
        extensions = reply.errors[0]["extensions"]
        return extensions["code"], extensions.get("rule"), extensions.get("field")

    async def once(self, username: str, mutation: str, selection: str, given: Row) -> Row:
        """A command that succeeds; sent again it answers the same, at a stale version it is refused."""
        given = {"idempotencyKey": str(uuid4()), **given}
        first: Row = await self.as_(username).do(mutation, selection, given)
        assert await self.as_(username).do(mutation, selection, given) == first
        stale = {**given, "idempotencyKey": str(uuid4())}
        assert await self.refused(username, mutation, stale) == ("CONFLICT", None, "expectedVersion")
        return first

    async def events(self, action: str) -> list[tuple[str, str]]:
        """The kind and subject of each event of that command, in order."""
        found = await read(
            select("kind, subject_noun, data", "event_log", Sql("action = ?", (action,)), "ORDER BY seq")
        )
        assert not any(word in str(row["data"]) for row in found for word in ("材料", "施工", "可以"))
        return [(row["kind"], row["subject_noun"]) for row in found]

    async def extension(self, days: int = 3, **changes: Any) -> Row:
        """An input of requestExtension."""
        told = {"days": days, "reason": "缺料", "text": "材料未到", "informedAt": self.in_days(0)} | changes
        return await self.named(**told)

    async def hang(self, review: float = 30, until: float = 90, **changes: Any) -> Row:
        """An input of requestHang."""
        plan = {
            "reason": "CONSTRUCTION_SEASON",
            "plan": "明春施工",
            "text": "冬季不能施工",
            "nextReviewAt": self.in_days(review),
            "maxUntil": self.in_days(until),
        }
        return await self.named(**(plan | changes))

    async def hung(self) -> None:
        """T23, both halves."""
        await self.as_("housing_lead").do("requestHang", ONE, await self.hang())
        await self.as_("director").do("decideHang", ONE, await self.named(accept=True))


@pytest.fixture
async def times() -> Times:
    return Times(await (await a_desk()).walk(5))


async def test_an_extension_is_asked_and_granted(times: Times) -> None:
    made = await times.once("housing_lead", "requestExtension", ONE, await times.extension())
    request = made["request"]
    assert (made["assignment"]["state"], made["incident"]["state"]) == ("EXT_REQ", "HANDLING")
    assert (request["kind"], request["state"], request["ordinal"], request["days"]) == (
        "EXTENSION",
        "PENDING",
        1,
        3,
    )
    assert (request["reason"], request["text"]) == ("缺料", "材料未到")
    assert await times.events("requestExtension") == [("CHANGED", "Incident"), ("CHANGED", "Assignment")]
    assert await times.refused(
        "dispatcher", "decideExtension", await times.named(accept=True, approvedDays=4)
    ) == ("BAD_INPUT", "T22", "approvedDays")
    assert await times.refused("dispatcher", "decideExtension", await times.named(accept=False)) == (
        "BAD_INPUT", None, "text",
    )  # fmt: skip
    granted = await times.named(accept=True, approvedDays=2, text="同意")
    made = await times.once("dispatcher", "decideExtension", f"{ONE} warnings {{ code }}", granted)
    assert made["warnings"] == []
    assert made["assignment"]["handleDueAt"] == "2024-11-04T17:00:00+08:00"
    assert (made["request"]["state"], made["request"]["approvedDays"]) == ("APPROVED", 2)
    assert await times.events("decideExtension") == [("CLOCK_MOVED", "Incident"), ("CHANGED", "Assignment")]
    again = await times.named(accept=True)
    assert await times.refused("dispatcher", "decideExtension", again) == ("ILLEGAL_TRANSITION", "T22", None)


async def test_an_extension_is_refused_for_its_reasons(times: Times) -> None:
    lead = "housing_lead"
    assert await times.refused(lead, "requestExtension", await times.extension(6)) == (
        "BAD_INPUT",
        "T22",
        "days",
    )
    untold = await times.extension(informedAt=None)
    assert await times.refused(lead, "requestExtension", untold) == ("GUARD_FAILED", "T22", "informedAt")
    for other in ("housing", "civil_lead", "dispatcher"):
        code, _, _ = await times.refused(other, "requestExtension", await times.extension())
        assert code == ("NOT_FOUND" if other == "civil_lead" else "FORBIDDEN")
    for number in (1, 2):
        await times.as_(lead).do("requestExtension", ONE, await times.extension())
        refusing = await times.named(accept=False, text="不予延期")
        if number == 2:
            assert await times.refused("dispatcher", "decideExtension", refusing) == (
                "FORBIDDEN",
                "T22",
                None,
            )
        await times.as_("director").do("decideExtension", ONE, refusing)
    assert await times.refused(lead, "requestExtension", await times.extension()) == (
        "EXTENSION_LIMIT",
        "T22",
        None,
    )


async def test_after_the_due_time_no_extension_is_asked(times: Times) -> None:
    times.desk.later(days=8)
    code = await times.refused("housing_lead", "requestExtension", await times.extension())
    assert code == ("EXTENSION_AFTER_DUE", "T22", None)


async def test_a_case_is_hung_reviewed_and_resumed(times: Times) -> None:
    desk = times.desk.later(hours=2)
    made = await times.once("housing_lead", "requestHang", ONE, await times.hang())
    assert (made["assignment"]["state"], made["request"]["basis"]) == ("HANG_REQ", "明春施工")
    made = await times.once("director", "decideHang", ONE, await times.named(accept=True))
    assert (made["assignment"]["state"], made["incident"]["state"]) == ("HUNG", "HUNG")
    handle = next(it for it in made["assignment"]["clocks"] if it["type"] == "HANDLE")
    assert handle["pausedAt"] == desk.now.astimezone(DISTRICT_TIME).isoformat()
    due, used = handle["dueAt"], handle["usedRatio"]
    assert await times.events("decideHang") == [("CHANGED", "Incident"), ("CHANGED", "Assignment")]
    desk.later(days=29)
    going_on = await times.case(review="CONTINUE", text="仍不能施工", nextReviewAt=times.in_days(30))
    made = await times.once("director", "reviewHang", REVIEWED, going_on)
    assert made["incident"]["requests"][-1]["reviewAt"].startswith("2024-12-22T")
    assert made["incident"]["notes"][-1]["text"] == "仍不能施工"
    assert await times.events("reviewHang") == [("CLOCK_MOVED", "Incident")]
    desk.later(days=45)
    made = await times.once("director", "resumeHung", RESUMED, await times.named(text="可以施工"))
    assert made["warnings"] == [{"code": "CALENDAR_MISSING"}]  # no notice for 2025 yet
    assert (made["assignment"]["state"], made["incident"]["state"]) == ("ACCEPTED", "HANDLING")
    assert made["assignment"]["handleDueAt"] > due
    handle = next(it for it in made["assignment"]["clocks"] if it["type"] == "HANDLE")
    assert (handle["usedRatio"], handle["pausedAt"]) == (pytest.approx(used), None)
    spans = handle["explanation"]
    assert [it["reason"] for it in spans].count("暂停") == 1
    assert sum(it["minutes"] for it in spans if it["counted"]) == 5 * 420
    document = f"query ($id: ID!) {{ node(id: $id) {{ ... on Assignment {{ {CLOCKS} }} }} }}"
    read_again = (await times.as_("director").ask(document, id=made["assignment"]["id"]))["node"]
    assert read_again["clocks"] == made["assignment"]["clocks"]
    assert await times.events("resumeHung") == [("CLOCK_MOVED", "Incident"), ("CHANGED", "Assignment")]


async def test_hangs_are_refused_for_their_reasons(times: Times) -> None:
    late, short = await times.hang(31), await times.hang(20, 10)
    assert await times.refused("housing_lead", "requestHang", late) == ("BAD_INPUT", "T23", "nextReviewAt")
    assert await times.refused("housing_lead", "requestHang", short) == ("BAD_INPUT", "T23", "maxUntil")
    resume = await times.named(text="可以施工")
    assert await times.refused("director", "resumeHung", resume) == ("ILLEGAL_TRANSITION", "T24", None)
    reviewing = await times.case(review="RESUME", text="可以施工")
    assert await times.refused("director", "reviewHang", reviewing) == ("ILLEGAL_TRANSITION", "T23b", None)
    await times.as_("housing_lead").do("requestHang", ONE, await times.hang())
    deciding = await times.named(accept=True)
    assert await times.refused("dispatcher", "decideHang", deciding) == ("FORBIDDEN", None, None)
    await times.as_("director").do("decideHang", ONE, deciding)
    beyond = await times.case(review="CONTINUE", text="仍不能施工", nextReviewAt=times.in_days(31))
    assert await times.refused("director", "reviewHang", beyond) == ("BAD_INPUT", "T23", "nextReviewAt")
    other = await times.case(review="RESUME", text="可以施工", assignmentIds=[gid("Assignment", uuid4())])
    assert await times.refused("director", "reviewHang", other) == ("NOT_FOUND", "T23b", "assignmentIds")
    result = await times.named(outcome="HUNG_OPEN", resultText="列入计划", noContactReason="已当面告知")
    assert await times.refused("housing_lead", "submitResult", result) == ("GUARD_FAILED", "T23b", None)
    await times.as_("director").do(
        "reviewHang", REVIEWED, await times.case(review="ALLOW_CLOSE", text="同意")
    )
    result = await times.named(outcome="HUNG_OPEN", resultText="列入计划", noContactReason="已当面告知")
    await times.as_("housing_lead").do("submitResult", "incident { state }", result)
    assert (await times.row()).outcome is CaseOutcome.HUNG_OPEN


async def test_a_hang_waits_for_the_contact() -> None:
    times = Times(await (await a_desk()).walk(4))
    assert await times.refused("housing_lead", "requestHang", await times.hang()) == (
        "GUARD_FAILED",
        "T23",
        None,
    )


async def test_trap_27_a_units_share_of_hung_work_is_known_and_alerts_above_five_per_cent(
    times: Times,
) -> None:
    document = "query ($id: ID!) { hungShare(orgUnitId: $id) { orgUnit { code } open hung share alert } }"
    housing = gid("OrgUnit", times.desk.district.orgs["HOUSING"].id)
    civil = gid("OrgUnit", times.desk.district.orgs["CIVIL"].id)
    director = times.as_("director")
    none = {"orgUnit": {"code": "CIVIL"}, "open": 0, "hung": 0, "share": None, "alert": False}
    assert (await director.ask(document, id=civil))["hungShare"] == none
    shown = (await director.ask(document, id=housing))["hungShare"]
    assert (shown["open"], shown["hung"], shown["share"], shown["alert"]) == (1, 0, 0.0, False)
    await times.hung()
    shown = (await director.ask(document, id=housing))["hungShare"]
    assert (shown["open"], shown["hung"], shown["share"], shown["alert"]) == (1, 1, 1.0, True)
    shares = "{ hungShares { orgUnit { code } open hung share alert } }"
    every = (await director.ask(shares))["hungShares"]
    assert every == [{"orgUnit": {"code": "HOUSING"}, "open": 1, "hung": 1, "share": 1.0, "alert": True}]
    assert (await times.as_("housing_lead").run(shares)).refusals == [("FORBIDDEN", None)]
    missing = gid("OrgUnit", uuid4())
    assert (await director.run(document, id=missing)).refusals == [("NOT_FOUND", "orgUnitId")]
    assert (await director.run(document, id="x")).refusals == [("BAD_ID", "orgUnitId")]


def a_notice(year: int, *days: tuple[str, bool], **changes: Any) -> Row:
    given = [{"date": day, "isWorkday": works, "name": "节日"} for day, works in days]
    return {"year": year, "days": given, "source": "国办发明电〔2024〕1号", **changes}


NATIONAL = [(f"2024-10-0{day}", False) for day in range(1, 8)]
MOVED = "year total moved { type incidentNo before after clock { id } }"


async def test_trap_11_an_imported_calendar_moves_what_runs_and_says_what(times: Times) -> None:
    before = (await times.row()).handle_due_at
    admin = times.as_("sysadmin")
    given = a_notice(2024, *NATIONAL, ("2024-10-12", True), ("2024-10-28", False), ("2024-10-29", False))
    given["idempotencyKey"] = str(uuid4())
    made = await admin.do("importCalendar", MOVED, given)
    row = await times.row()
    assert before is not None
    assert row.handle_due_at == before + timedelta(days=4)  # two holidays: from Thursday to Monday
    assert made["total"] == len(made["moved"]) == 1
    (moved,) = made["moved"]
    assert datetime.fromisoformat(moved["before"]) == before
    assert datetime.fromisoformat(moved["after"]) == row.handle_due_at
    assert (moved["type"], moved["clock"]) == ("HANDLE", None)  # an administrator sees no cases
    assert await times.events("importCalendar") == [
        ("DICTIONARY", "WorkCalendar"), ("CLOCK_MOVED", "Incident"), ("CHANGED", "Assignment"),
    ]  # fmt: skip
    document = "{ events(first: 9, filter: {kinds: [DICTIONARY, CLOCK_MOVED]}) { nodes { kind subjectId summary } } }"
    told = (await times.as_("director").ask(document))["events"]["nodes"]
    assert [it["kind"] for it in told] == ["DICTIONARY", "CLOCK_MOVED"]
    assert all(it["subjectId"] and it["summary"] for it in told)
    assert await admin.do("importCalendar", MOVED, given) == made  # a replay answers what the first did
    back = await admin.do("importCalendar", MOVED, a_notice(2024, *NATIONAL, ("2024-10-12", True)))
    assert back["total"] == 1
    assert (await times.row()).handle_due_at == before


async def test_an_import_is_refused_for_its_reasons(times: Times) -> None:
    fine = a_notice(2024, *NATIONAL)
    assert await times.refused("director", "importCalendar", fine) == ("FORBIDDEN", None, None)
    for changes, field in (({"year": 1999}, "year"), ({"days": []}, "days"), ({"source": ""}, "source")):
        code, _, named = await times.refused("sysadmin", "importCalendar", {**fine, **changes})
        assert (code, named) == ("BAD_INPUT", field)
    other = a_notice(2025, *NATIONAL)
    assert await times.refused("sysadmin", "importCalendar", other) == ("BAD_INPUT", "R78", "days")


async def test_a_case_shows_what_may_be_done_about_time(times: Times) -> None:
    document = (
        "query ($id: ID!) { node(id: $id) { ... on Assignment { availableActions { name allowed } } } }"
    )
    row = await times.named()
    shown = (await times.as_("housing_lead").ask(document, id=row["id"]))["node"]["availableActions"]
    allowed = {it["name"] for it in shown if it["allowed"]}
    assert {"requestExtension", "requestHang"} <= allowed
    assert not {"decideExtension", "decideHang", "resumeHung"} & allowed
