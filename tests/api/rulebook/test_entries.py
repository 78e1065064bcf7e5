"""Dictionaries through the schema: set, refused, read as they hold, held and will hold (R09, S40, R78, D.9)."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api.client import Client, gid
from tests.db.factories import NOW, District, a_district
from tests.services.desk import Desk

Row = dict[str, Any]
DAY = timedelta(days=1)
VALUE = "policyValue { id key amount unit validFrom validTo version category { code } region { code } }"
RULE = (
    "dispatchRules { id ruleId role mode basis hits dispatched returned accuracy version orgUnit { code } }"
)
DUTY = "dutyItem { id legalBasis source validTo version orgUnit { code } category { code } region { code } }"
CATEGORY = (
    "category { id code level version requiresPhoto milestones { name limit unit } validTo parent { code } }"
)


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open
    return await a_district()


@pytest.fixture
def admin(district: District) -> Client:
    return Client(district.viewer("sysadmin"))


def at(days: float) -> str:
    """So many days from now."""
    return (NOW + timedelta(days=days)).isoformat()


async def test_a_category_is_made_revised_taken_out_of_use_and_followed_back(
    district: District, admin: Client
) -> None:
    quiet = gid("Category", district.categories["QUIET"].id)
    given = {
        "code": "BAND", "name": "广场舞", "parentId": quiet, "requiresPhoto": True, "defaultUrgency": "URGENT",
        "milestones": [{"name": it, "limit": 2, "unit": "WORK_DAY"} for it in ("停工", "处罚")],
        "idempotencyKey": str(uuid4()),
    }  # fmt: skip
    made = (await admin.do("createCategory", CATEGORY, given))["category"]
    assert (made["level"], made["version"], made["parent"]) == (3, 1, {"code": "QUIET"})
    assert [it["name"] for it in made["milestones"]] == ["停工", "处罚"]
    assert (await admin.do("createCategory", CATEGORY, given))["category"] == made
    named = {"id": made["id"], "expectedVersion": 1, "reason": "统一名称"}
    wish = {**named, "requiresPhoto": False, "milestones": [], "validTo": at(3)}
    after = (await admin.do("reviseCategory", CATEGORY, wish))["category"]
    assert (after["version"], after["requiresPhoto"], after["milestones"]) == (2, False, [])
    assert await admin.refused("reviseCategory", {**named, "name": "新"}) == [("CONFLICT", "expectedVersion")]
    assert await admin.refused("createCategory", {**given, "name": "别的"}) == [
        ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    ]
    history = (
        "query ($id: ID!) { node(id: $id) { ... on Category { history "
        "{ noun subjectId version reason changedAt changedBy { id } values { name value } } } } }"
    )
    shown = (await admin.ask(history, id=made["id"]))["node"]["history"]
    assert [(it["version"], it["reason"]) for it in shown] == [(1, None), (2, "统一名称")]
    assert {it["subjectId"] for it in shown} == {made["id"]}
    assert shown[0]["changedBy"] == {"id": gid("Person", district.viewer("sysadmin").person_id)}
    assert {it["name"]: it["value"] for it in shown[0]["values"]}["requires_photo"] == "true"
    resident = Client(district.viewer("resident"))
    assert (await resident.ask(history, id=made["id"]))["node"]["history"] == []
    for when, there in ((-1, False), (1, True), (4, False)):
        document = "query ($at: DateTime) { categories(at: $at) { code version } }"
        codes = [it["code"] for it in (await resident.ask(document, at=at(when)))["categories"]]
        assert ("BAND" in codes) is there
        assert "NOISE" in codes


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"code": "A@B"}, ("BAD_INPUT", "code")),
        ({"code": "NOISE"}, ("BAD_INPUT", "code")),
        ({"name": ""}, ("BAD_INPUT", "name")),
        ({"validFrom": at(-1)}, ("BAD_INPUT", "validFrom")),
        ({"validTo": at(-1)}, ("BAD_INPUT", "validTo")),
        ({"parentId": "LEAF"}, ("BAD_INPUT", "parentId")),
        ({"parentId": "NONE"}, ("NOT_FOUND", "parentId")),
        ({"parentId": "x"}, ("BAD_ID", "parentId")),
        (
            {"milestones": [{"name": "停工", "limit": 0, "unit": "WORK_DAY"}]},
            ("BAD_INPUT", "milestones.limit"),
        ),
    ],
)
async def test_a_category_is_refused_for_its_reasons(
    district: District, admin: Client, changes: Row, refusal: tuple[str, str]
) -> None:
    keys = {"LEAF": gid("Category", district.categories["NOISE"].id), "NONE": gid("Category", uuid4())}
    given = {"code": "BAND", "name": "广场舞", **changes}
    given["parentId"] = keys.get(given.get("parentId", ""), given.get("parentId"))
    assert await admin.refused("createCategory", given) == [refusal]


async def test_nobody_but_an_administrator_sets_entries(district: District) -> None:
    director = Client(district.viewer("director"))
    noise, civil = gid("Category", district.categories["NOISE"].id), gid("OrgUnit", district.orgs["CIVIL"].id)
    seen = {"expectedVersion": 1, "reason": "试"}
    for mutation, given in (
        ("createCategory", {"code": "A", "name": "甲"}),
        ("reviseCategory", {"id": noise, "name": "乙", **seen}),
        ("setDutyItem", {"orgUnitId": civil, "categoryId": noise, "legalBasis": "法"}),
        ("endDutyItem", {"id": gid("DutyItem", uuid4()), **seen}),
        ("setDispatchRule", {"categoryId": noise, "leadOrgUnitIds": [civil], "basis": "目录"}),
        ("endDispatchRule", {"id": gid("DispatchRule", uuid4()), **seen}),
        ("setPolicyValue", {"key": "HANDLE.NORMAL", "amount": 1, "unit": "WORK_DAY"}),
        ("setWorkWindows", {"validFrom": "2024-11-01", "windows": [], "source": "试", "orgUnitId": civil}),
        ("reviseOrgUnit", {"id": civil, "name": "新名", **seen}),
    ):
        assert await director.refused(mutation, given) == [("FORBIDDEN", None)], mutation


async def test_a_limit_is_read_as_it_holds_held_and_will_hold(district: District, admin: Client) -> None:
    noise, region = gid("Category", district.categories["NOISE"].id), gid("Region", district.regions["C1"].id)
    given = {"key": "HANDLE.NORMAL", "categoryId": noise, "regionId": region, "unit": "WORK_DAY"}
    first = (await admin.do("setPolicyValue", VALUE, {**given, "amount": 3}))["policyValue"]
    code = district.regions["C1"].code
    assert first["key"] == f"HANDLE.NORMAL@NOISE@{code}"
    assert (first["category"], first["region"]) == ({"code": "NOISE"}, {"code": code})
    season = {**given, "amount": 1, "validFrom": at(10), "validTo": at(20)}
    assert await admin.refused("setPolicyValue", season) == [
        ("BAD_INPUT", "validFrom")
    ]  # the first holds then
    follows = {**season, "id": first["id"], "expectedVersion": 1}
    await admin.do("setPolicyValue", VALUE, follows)
    document = (
        "query ($where: PolicyValueFilter) { policyValues(first: 9, where: $where) "
        "{ totalCount nodes { key amount validFrom validTo version history { version } } } }"
    )
    where: Row
    for days, amount in ((0, 3), (12, 1), (25, 3)):
        where = {"holds": {"eq": at(days)}, "category": {"eq": noise}, "scoped": {"eq": True}}
        (held,) = (await admin.ask(document, where=where))["policyValues"]["nodes"]
        assert held["amount"] == amount
    for where, count in (
        ({}, 4),  # with the district's own share of opinions
        ({"region": {"eq": region}}, 3),
        ({"category": {"eq": gid("Category", district.categories["LAMP"].id)}}, 0),
        ({"key": {"startsWith": "HANDLE.NORMAL@"}, "validTo": {"isNull": True}}, 1),
        ({"holds": {"eq": at(-1)}}, 1),
    ):
        assert (await admin.ask(document, where=where))["policyValues"]["totalCount"] == count, where
    assert (await Client(district.viewer("resident")).ask(document))["policyValues"]["totalCount"] == 0


async def test_a_count_has_no_unit_wherever_it_is_read(district: District, admin: Client) -> None:
    """S49: the share of results that are asked about is a percentage, and says nothing of minutes."""
    wish = {
        "key": "OPINION_SAMPLE",
        "amount": 30,
        "categoryId": gid("Category", district.categories["NOISE"].id),
    }
    made = (await admin.do("setPolicyValue", VALUE, wish))["policyValue"]
    assert (made["amount"], made["unit"]) == (30, None)
    document = """query ($id: ID!) { node(id: $id) { ... on PolicyValue {
        unit history { values { name value } } } } }"""
    found = (await admin.ask(document, id=made["id"]))["node"]
    assert found["unit"] is None
    document = "query ($where: PolicyValueFilter) { policyValues(first: 9, where: $where) { nodes { key } } }"
    by_unit = (await admin.ask(document, where={"unit": {"eq": "NATURAL_MIN"}}))["policyValues"]["nodes"]
    assert by_unit == []  # what is stored in the place of a count's unit is none
    assert "MIN" not in str(found["history"])
    for given in (
        {"key": "OPINION_SAMPLE", "amount": 30, "unit": "WORK_DAY"},
        {"key": "HANDLE.NORMAL", "amount": 3},
    ):
        assert await admin.refused("setPolicyValue", given) == [("BAD_INPUT", "unit")]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"key": "HANDEL.NORMAL"}, ("BAD_INPUT", "key")),
        ({"key": "HANDLE.NORMAL@NOISE@"}, ("BAD_INPUT", "key")),
        ({"amount": 0}, ("BAD_INPUT", "amount")),
        ({"amount": -1}, ("BAD_INPUT", "amount")),
        ({"amount": 100_000}, ("BAD_INPUT", "amount")),
        ({"key": "EXTERNAL_BUFFER"}, ("BAD_INPUT", "unit")),
        ({"validFrom": at(-1)}, ("BAD_INPUT", "validFrom")),
        ({"validFrom": at(2), "validTo": at(1)}, ("BAD_INPUT", "validTo")),
        ({"categoryId": gid("Category", uuid4())}, ("NOT_FOUND", "categoryId")),
        ({"regionId": gid("Region", uuid4())}, ("NOT_FOUND", "regionId")),
        ({"id": gid("PolicyValue", uuid4()), "expectedVersion": 1}, ("NOT_FOUND", "id")),
        ({"expectedVersion": 1}, ("BAD_INPUT", "id")),
        ({"id": gid("DutyItem", uuid4()), "expectedVersion": 1}, ("BAD_ID", "id")),
    ],
)
async def test_a_limit_is_refused_for_its_reasons(
    district: District,  # noqa: ARG001 - it must be there
    admin: Client,
    changes: Row,
    refusal: tuple[str, str],
) -> None:
    given = {"key": "HANDLE.NORMAL", "amount": 3, "unit": "WORK_DAY", **changes}
    assert await admin.refused("setPolicyValue", given) == [refusal]


async def test_a_rule_says_how_often_it_was_used_and_with_what_success(
    district: District, admin: Client
) -> None:
    noise = gid("Category", district.categories["NOISE"].id)
    civil = gid("OrgUnit", district.orgs["CIVIL"].id)
    given = {"categoryId": noise, "leadOrgUnitIds": [civil], "basis": "派单目录第三条"}
    (made,) = (await admin.do("setDispatchRule", RULE, given))["dispatchRules"]
    assert (made["role"], made["mode"], made["hits"], made["accuracy"]) == ("LEAD", "SINGLE", 0, None)
    assert made["ruleId"] == made["id"]
    assert await admin.refused("setDispatchRule", given) == [("BAD_INPUT", "validFrom")]
    desk = Desk(district)
    await desk.report()
    await desk.file()
    await desk.dispatch("CIVIL")
    document = (
        "query ($where: DispatchRuleFilter) { dispatchRules(first: 9, where: $where) "
        "{ nodes { hits dispatched returned accuracy orgUnit { code } history { version } } } }"
    )
    where = {"category": {"eq": gid("Category", district.categories["CITY"].id)}, "hits": {"gte": 1}}
    (used,) = (await admin.ask(document, where=where))["dispatchRules"]["nodes"]
    assert (used["hits"], used["dispatched"], used["returned"], used["accuracy"]) == (1, 1, 0, 1.0)
    assert used["orgUnit"] == {"code": "CIVIL"}
    end = {"id": made["id"], "expectedVersion": 1, "reason": "失效"}
    for changes, refusal in (
        ({"endsAt": at(-1)}, ("BAD_INPUT", "endsAt")),
        ({"reason": ""}, ("BAD_INPUT", "reason")),
        ({"expectedVersion": 7}, ("CONFLICT", "expectedVersion")),
    ):
        assert await admin.refused("endDispatchRule", {**end, **changes}) == [refusal]
    await admin.do("endDispatchRule", RULE, end)
    assert await admin.refused("endDispatchRule", {**end, "expectedVersion": 2}) == [("GUARD_FAILED", None)]
    mode = {**given, "mode": "EQUAL_JOINT"}
    assert await admin.refused("setDispatchRule", mode) == [("BAD_INPUT", "leadOrgUnitIds")]
    unknown = {**given, "leadOrgUnitIds": [gid("OrgUnit", uuid4())]}
    assert await admin.refused("setDispatchRule", unknown) == [("NOT_FOUND", "leadOrgUnitIds")]


async def test_the_rules_are_exported_as_a_table_for_a_spreadsheet(district: District, admin: Client) -> None:
    noise, civil = district.categories["NOISE"], district.orgs["CIVIL"]
    given: Row = {
        "categoryId": gid("Category", noise.id),
        "regionId": gid("Region", district.regions["C1"].id),
        "leadOrgUnitIds": [gid("OrgUnit", civil.id)],
        "basis": '=HYPERLINK("x"), 第三条',
    }
    (made,) = (await admin.do("setDispatchRule", RULE, given))["dispatchRules"]
    document = "query ($where: DispatchRuleFilter) { dispatchRuleSheet(where: $where) }"
    where = {"region": {"eq": given["regionId"]}}
    text = (await admin.ask(document, where=where))["dispatchRuleSheet"]
    assert text.endswith("\r\n")
    header, line = csv.reader(io.StringIO(text))
    told = dict(zip((it.split()[-1] for it in header), line, strict=True))
    assert (told["rule"], told["category"], told["unit"]) == (made["ruleId"], noise.code, civil.code)
    assert (told["region"], told["role"], told["mode"]) == (district.regions["C1"].code, "LEAD", "SINGLE")
    assert told["basis"] == "'" + given["basis"]  # shown, and not computed
    assert (told["hits"], told["dispatched"], told["accuracy"], told["to"]) == ("0", "0", "", "")
    whole = (await admin.ask(document))["dispatchRuleSheet"]
    assert len(list(csv.reader(io.StringIO(whole)))) == 1 + 2  # with the district's own
    resident = (await Client(district.viewer("resident")).ask(document))["dispatchRuleSheet"]
    assert len(list(csv.reader(io.StringIO(resident)))) == 1


async def test_a_duty_is_set_for_a_place_read_and_ended(district: District, admin: Client) -> None:
    region = gid("Region", district.regions["C1"].id)
    given = {
        "orgUnitId": gid("OrgUnit", district.orgs["CIVIL"].id),
        "categoryId": gid("Category", district.categories["NOISE"].id),
        "regionId": region, "legalBasis": "噪声污染防治法", "source": "LAW", "validTo": at(30),
    }  # fmt: skip
    made = (await admin.do("setDutyItem", DUTY, given))["dutyItem"]
    assert (made["source"], made["category"]["code"], made["version"]) == ("LAW", "NOISE", 1)
    document = (
        "query ($where: DutyItemFilter) { dutyItems(first: 9, where: $where) { nodes { id legalBasis } } }"
    )
    for where, count in (
        ({"source": {"eq": "LAW"}}, 1),
        ({"everywhere": {"eq": True}}, 1),
        ({"region": {"eq": region}, "holds": {"eq": at(31)}}, 0),
        ({"or": [{"source": {"eq": "LAW"}}, {"everywhere": {"eq": True}}]}, 2),
    ):
        assert len((await admin.ask(document, where=where))["dutyItems"]["nodes"]) == count, where
    end = {"id": made["id"], "expectedVersion": 1, "reason": "调整", "endsAt": at(2)}
    ended = (await admin.do("endDutyItem", DUTY, end))["dutyItem"]
    assert (ended["version"], ended["validTo"]) == (2, "2024-10-26T09:00:00+08:00")
    again = (await admin.do("setDutyItem", DUTY, {**given, "validFrom": at(2)}))["dutyItem"]
    assert again["id"] != made["id"]


async def test_days_and_hours_are_read_as_they_hold_for_a_unit(district: District, admin: Client) -> None:
    civil = gid("OrgUnit", district.orgs["CIVIL"].id)
    day = {"date": "2024-10-25", "isWorkday": False, "name": "单位活动"}
    given = {"year": 2024, "days": [day], "source": "单位通知", "orgUnitId": civil}
    moved = await admin.do("importCalendar", "year version total moved { incidentNo }", given)
    assert moved == {"year": 2024, "version": 1, "total": 0, "moved": []}
    shifts = [{"opens": "07:00", "closes": "09:30"}, {"opens": "18:00", "closes": "21:00"}]
    wish = {"validFrom": "2024-11-01", "windows": shifts, "source": "作息通知", "orgUnitId": civil}
    assert (await admin.do("setWorkWindows", "version total", wish)) == {"version": 1, "total": 0}
    document = (
        "query ($unit: ID, $year: Int!) { calendarDays(year: $year, orgUnitId: $unit) "
        "{ date isWorkday name orgUnit { code } } "
        "workHours(orgUnitId: $unit) { validFrom own windows { opens closes } } }"
    )
    shown = await admin.ask(document, unit=civil, year=2024)
    assert [it["date"] for it in shown["calendarDays"] if it["orgUnit"]] == ["2024-10-25"]
    assert len(shown["calendarDays"]) == 10
    assert [(it["validFrom"], it["own"]) for it in shown["workHours"]] == [
        (None, False),
        ("2024-11-01", True),
    ]
    assert shown["workHours"][1]["windows"] == shifts
    plain = await admin.ask(document, year=2024)
    assert (len(plain["calendarDays"]), len(plain["workHours"])) == (9, 1)
    assert (await admin.ask(document, year=2031))["calendarDays"] == []
    unknown = await admin.run(document, unit=gid("OrgUnit", uuid4()), year=2024)
    assert unknown.refusals == [("NOT_FOUND", "orgUnitId")] * 2


async def test_a_units_hours_count_for_its_deadlines_and_their_changes_are_told(
    district: District, admin: Client
) -> None:
    civil = gid("OrgUnit", district.orgs["CIVIL"].id)
    day = {"date": "2024-10-25", "isWorkday": False, "name": "单位活动"}
    given = {"year": 2024, "days": [day], "source": "单位通知", "orgUnitId": civil}
    await admin.do("importCalendar", "version", given)
    shifts = [{"opens": "07:00", "closes": "09:30"}, {"opens": "18:00", "closes": "21:00"}]
    wish = {"validFrom": "2024-11-01", "windows": shifts, "source": "作息通知", "orgUnitId": civil}
    await admin.do("setWorkWindows", "version", wish)
    preview = (
        'query ($unit: ID) { deadlinePreview(start: "2024-11-01T08:00:00+08:00", limit: 60, '
        "unit: WORK_MIN, orgUnitId: $unit) { dueAt } }"
    )
    assert (await admin.ask(preview, unit=civil))["deadlinePreview"]["dueAt"] == "2024-11-01T09:00:00+08:00"
    assert (await admin.ask(preview))["deadlinePreview"]["dueAt"] == "2024-11-01T09:30:00+08:00"
    bad = {**wish, "windows": [{"opens": "12:00", "closes": "09:00"}]}
    assert await admin.refused("setWorkWindows", bad) == [("BAD_INPUT", "windows")]


async def test_calendars_and_hours_leave_a_history(district: District, admin: Client) -> None:
    civil = gid("OrgUnit", district.orgs["CIVIL"].id)
    own = {"year": 2024, "days": [], "source": "单位通知", "orgUnitId": civil}
    await admin.do("importCalendar", "version", own)
    windows = {"validFrom": "2024-11-01", "windows": [], "source": "作息通知", "orgUnitId": civil}
    await admin.do("setWorkWindows", "version", windows)
    changes = (
        "{ dictionaryChanges(first: 9, where: {noun: {in: [CALENDAR, WORK_WINDOWS]}}) "
        "{ nodes { noun subjectId validFrom } } }"
    )
    told = (await admin.ask(changes))["dictionaryChanges"]["nodes"]
    assert {it["noun"] for it in told} == {"CALENDAR", "WORK_WINDOWS"}
    assert {it["subjectId"] for it in told} == {None}


async def test_a_clock_of_a_unit_is_explained_by_the_units_own_time(
    district: District, admin: Client
) -> None:
    housing = gid("OrgUnit", district.orgs["HOUSING"].id)
    day = {"date": "2024-10-25", "isWorkday": False, "name": "单位活动"}
    given = {"year": 2024, "days": [day], "source": "单位通知", "orgUnitId": housing}
    await admin.do("importCalendar", "total", given)
    desk = Desk(district)
    await desk.walk(3)
    document = (
        "query ($id: ID!) { incident(id: $id) { clocks { type dueAt usedRatio "
        "explanation { to counted minutes reason } } } }"
    )
    director = Client(district.viewer("director"))
    clocks = (await director.ask(document, id=gid("Incident", desk.id)))["incident"]["clocks"]
    (sign,) = [it for it in clocks if it["type"] == "SIGN"]
    assert sign["dueAt"] == "2024-10-28T17:00:00+08:00" == sign["explanation"][-1]["to"]
    assert "法定节假日（单位活动）" in {it["reason"] for it in sign["explanation"]}
    assert sum(it["minutes"] for it in sign["explanation"] if it["counted"]) == 420
    (dispatch,) = [it for it in clocks if it["type"] == "DISPATCH"]
    assert "法定节假日（单位活动）" not in {it["reason"] for it in dispatch["explanation"]}


async def test_a_unit_is_revised_and_its_history_read(district: District, admin: Client) -> None:
    civil = gid("OrgUnit", district.orgs["CIVIL"].id)
    given = {
        "id": civil,
        "expectedVersion": 1,
        "reason": "机构改革",
        "name": "民政和社会工作局",
        "active": False,
    }
    made = await admin.do(
        "reviseOrgUnit", "orgUnit { name active version history { version reason } }", given
    )
    assert made["orgUnit"]["history"] == [
        {"version": 1, "reason": None},
        {"version": 2, "reason": "机构改革"},
    ]
    assert (made["orgUnit"]["name"], made["orgUnit"]["active"]) == ("民政和社会工作局", False)
    rule = {
        "categoryId": gid("Category", district.categories["NOISE"].id),
        "leadOrgUnitIds": [civil],
        "basis": "目录",
    }
    assert await admin.refused("setDispatchRule", rule) == [("NOT_FOUND", "leadOrgUnitIds")]
    assert await admin.refused("reviseOrgUnit", given) == [("CONFLICT", "expectedVersion")]


async def test_filters_of_the_dictionaries_are_kept_under_a_name(district: District, admin: Client) -> None:
    civil = gid("OrgUnit", district.orgs["CIVIL"].id)
    lists = {
        "dutyItems": ("DUTY_ITEM", {"orgUnit": {"eq": civil}}),
        "dispatchRules": ("DISPATCH_RULE", {"orgUnit": {"eq": civil}}),
        "policyValues": ("POLICY_VALUE", {"key": {"startsWith": "HANDLE"}}),
        "dictionaryChanges": ("DICTIONARY", {"noun": {"eq": "ORG_UNIT"}}),
    }
    for name, (noun, where) in lists.items():
        given = {"noun": noun, "name": "常用", name: where}
        kept = (await admin.do("saveFilter", "savedFilter { id noun }", given))["savedFilter"]
        assert kept["noun"] == noun
        arguments = "first: 50, saved: $saved, where: $where"
        document = f"query ($saved: ID, $where: {kind(name)}) {{ {name}({arguments}) {{ totalCount }} }}"
        by_name = (await admin.ask(document, saved=kept["id"]))[name]["totalCount"]
        assert by_name == (await admin.ask(document, where=where))[name]["totalCount"]
        other = "dutyItems" if name != "dutyItems" else "dispatchRules"
        wrong = f"query ($saved: ID) {{ {other}(first: 5, saved: $saved) {{ totalCount }} }}"
        assert (await admin.run(wrong, saved=kept["id"])).refusals == [("BAD_INPUT", "saved")]
    found = (await admin.ask("{ savedFilters { noun } }"))["savedFilters"]
    assert {it["noun"] for it in found} == {noun for noun, _ in lists.values()}


def kind(name: str) -> str:
    """The filter's type of a list."""
    return f"{name[0].upper()}{name[1:-1]}Filter"
