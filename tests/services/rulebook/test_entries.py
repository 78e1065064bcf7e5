"""Entries set by commands: their versions, their history, and cases that keep what they were given (S40, trap 18)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import cases, dictionaries, orgs
from db.rulebook import changes
from db.rulebook.entries import DUTIES, POLICIES, RULES
from domain.assignment import AssignmentMode
from domain.clock import ClockType, Limit, TimeUnit
from domain.dictionary import DictionaryChange, Milestone
from domain.errors import DomainError, ErrorCode
from domain.incident import Urgency
from services.command import SYSTEM, Result
from services.orgs import ReviseOrgUnit, revise
from services.rulebook import categories, dispatch_rules, duties, policies
from tests.services.desk import Desk, a_desk

pytestmark = pytest.mark.usefixtures("store")

DAY = timedelta(days=1)


async def history(key: UUID) -> list[DictionaryChange]:
    """Every version of an entry."""
    return (await changes.of_subjects([key], viewer=SYSTEM))[key]


async def limited(desk: Desk, amount: int, **more: Any) -> UUID:
    """S40: so many working days of handling."""
    wish: dict[str, Any] = {"key": "HANDLE.NORMAL", "amount": amount, "unit": TimeUnit.WORK_DAY} | more
    result = await policies.set_limit(desk.call("sysadmin"), policies.SetPolicyValue(**wish))
    return result.made["policy"][0]


async def test_trap_18_a_limit_is_for_the_cases_after_it_and_its_history_is_kept() -> None:
    desk = await a_desk()
    await desk.walk(3)
    (running,) = [it for it in (await desk.case()).clocks if it.type is ClockType.HANDLE]
    desk.later(minutes=1)
    first = await limited(desk, 9, reason="汛期")
    desk.later(minutes=1)
    second = await limited(desk, 2, id=first, expected_version=1)
    fresh = Desk(desk.district, now=desk.now)
    await fresh.walk(3)
    (theirs,) = [it for it in (await fresh.case()).clocks if it.type is ClockType.HANDLE]
    assert running in (await desk.case()).clocks
    assert (running.limit, theirs.limit) == (5, 2)
    versions = await history(first)
    assert [(it.version, it.data["amount"], it.reason) for it in versions] == [(1, 9, "汛期"), (2, 9, None)]
    assert versions[1].data["valid_to"] == desk.now.isoformat()
    assert versions[0].changed_by_id == desk.district.viewer("sysadmin").person_id
    assert [it.version for it in await history(second)] == [1]
    before = await dictionaries.rulebook(desk.now - timedelta(seconds=30))
    assert before.policy.limit(ClockType.HANDLE, "NORMAL") == Limit(9, TimeUnit.WORK_DAY)


async def test_of_two_that_set_one_limit_at_once_the_second_is_refused() -> None:
    desk = await a_desk()
    done = await asyncio.gather(*(limited(desk, it) for it in (2, 3, 4)), return_exceptions=True)
    refused = [it for it in done if isinstance(it, DomainError)]
    assert [(it.code, it.field) for it in refused] == [(ErrorCode.BAD_INPUT, "validFrom")] * 2
    first = next(it for it in done if isinstance(it, UUID))
    after = await asyncio.gather(
        *(limited(desk, it, id=first, expected_version=1, valid_from=desk.now + DAY) for it in (5, 6)),
        return_exceptions=True,
    )
    assert [it.code for it in after if isinstance(it, DomainError)] == [ErrorCode.CONFLICT]
    assert len(await POLICIES.get([first], viewer=SYSTEM)) == 1


async def test_a_planned_limit_is_replaced_in_its_place() -> None:
    desk = await a_desk()
    planned = await limited(desk, 2, valid_from=desk.now + DAY)
    again = await limited(desk, 3, valid_from=desk.now + DAY, id=planned, expected_version=1)
    assert again == planned
    found = (await POLICIES.get([planned], viewer=SYSTEM))[planned]
    assert (found.amount, found.version) == (3, 2)
    assert [it.data["amount"] for it in await history(planned)] == [2, 3]


async def test_a_revised_category_is_for_new_cases_and_a_running_one_keeps_its_own() -> None:
    desk = await a_desk()
    await desk.walk(3)
    noise = desk.district.categories["NOISE"]
    stages = (Milestone("停工", 1, TimeUnit.WORK_DAY), Milestone("处罚", 5, TimeUnit.WORK_DAY))
    wish = categories.ReviseCategory(
        id=noise.id,
        expected_version=1,
        reason="新规",
        requires_photo=True,
        requires_after_photo=True,
        milestones=stages,
    )
    await categories.revise(desk.call("sysadmin"), wish)
    assert not (await desk.case()).category.requires_after_photo
    await desk.accept()
    await desk.contact()
    await desk.submit()  # no photo was asked for when it was reported
    fresh = Desk(desk.district)
    with pytest.raises(DomainError) as refusal:
        await fresh.report()
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.GUARD_FAILED, "mediaIds")
    now = await dictionaries.category_by_code("NOISE")
    assert now is not None
    assert (now.version, now.milestones) == (2, stages)
    assert [it.version for it in await history(noise.id)] == [1, 2]
    then = await dictionaries.categories_at(desk.now - DAY, viewer=SYSTEM)
    assert {it.version for it in then if it.id == noise.id} == {1}


async def test_a_case_that_is_filed_anew_under_its_own_category_keeps_what_it_knows_of_it() -> None:
    desk = await a_desk()
    await desk.report()
    noise = desk.district.categories["NOISE"]
    closed = categories.ReviseCategory(id=noise.id, expected_version=1, reason="停用", active=False)
    await categories.revise(desk.call("sysadmin"), closed)
    await desk.file("NOISE")
    assert (await desk.case()).category == noise
    with pytest.raises(DomainError) as refusal:
        await Desk(desk.district).report()
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.NOT_FOUND, "categoryCode")
    again = categories.ReviseCategory(id=noise.id, expected_version=2, reason="恢复", active=True)
    await categories.revise(desk.call("sysadmin"), again)
    other = Desk(desk.district)
    await other.report()
    assert (await other.case()).incident.category_version == 3


async def test_a_new_leaf_of_the_tree_takes_cases_at_once_and_not_before_its_day() -> None:
    desk = await a_desk()
    quiet = desk.district.categories["QUIET"]
    wish = categories.CreateCategory(
        code="BAND",
        name="广场舞",
        parent_id=quiet.id,
        default_urgency=Urgency.NORMAL,
        valid_from=desk.now + DAY,
    )
    made = await categories.create(desk.call("sysadmin"), wish)
    with pytest.raises(DomainError) as refusal:
        await desk.report(category_code="BAND")
    assert refusal.value.code is ErrorCode.NOT_FOUND
    await desk.later(days=1).report(category_code="BAND")
    await desk.file("BAND")
    assert (await desk.case()).incident.category_id == made.made["category"][0]
    ends = categories.ReviseCategory(id=quiet.id, expected_version=1, reason="停用", active=False)
    with pytest.raises(DomainError) as refusal:
        await categories.revise(desk.call("sysadmin"), ends)
    assert refusal.value.code is ErrorCode.GUARD_FAILED


async def ruled(desk: Desk, *leads: str, **more: Any) -> Result:
    """R09: these units lead noise."""
    wish: dict[str, Any] = {
        "category_id": desk.district.categories["NOISE"].id,
        "lead_org_unit_ids": tuple(desk.district.orgs[it].id for it in leads),
        "basis": "派单目录第三条",
    } | more
    return await dispatch_rules.set_rule(desk.call("sysadmin"), dispatch_rules.SetDispatchRule(**wish))


async def test_a_rule_of_several_units_is_followed_and_ended_as_one() -> None:
    desk = await a_desk()
    first = await ruled(
        desk, "CIVIL", "HOUSING", mode=AssignmentMode.EQUAL_JOINT, region_id=desk.district.regions["C1"].id
    )
    one, two = first.made["rules"]
    later: dict[str, Any] = {"valid_from": desk.now + DAY, "region_id": desk.district.regions["C1"].id}
    second = await ruled(desk, "CIVIL", id=two, expected_version=1, **later)
    found = await RULES.get([one, two, *second.made["rules"]], viewer=SYSTEM)
    assert {found[it].valid_to for it in (one, two)} == {desk.now + DAY}
    (alone,) = second.made["rules"]
    assert (found[alone].role, found[alone].group_id) == (None, None)
    end = dispatch_rules.EndDispatchRule(id=one, expected_version=2, reason="误设")
    await dispatch_rules.end_rule(desk.call("sysadmin"), end)
    found = await RULES.get([one, two], viewer=SYSTEM)
    assert {it.valid_to for it in found.values()} == {desk.now}
    assert [it.version for it in await history(one)] == [1, 2, 3]
    assert all("hit_count" not in it.data for it in await history(one))
    planned = dispatch_rules.EndDispatchRule(id=alone, expected_version=1, reason="取消")
    await dispatch_rules.end_rule(desk.call("sysadmin"), planned)
    fresh = await ruled(desk, "CIVIL", **later)
    replaced = await ruled(desk, "HOUSING", id=fresh.made["rules"][0], expected_version=1, **later)
    held = (await RULES.get(fresh.made["rules"], viewer=SYSTEM))[fresh.made["rules"][0]]
    assert held.valid_to == held.valid_from
    assert replaced.made["rules"] != fresh.made["rules"]


async def test_a_duty_is_followed_planned_and_ended() -> None:
    desk = await a_desk()
    given: dict[str, Any] = {
        "org_unit_id": desk.district.orgs["CIVIL"].id,
        "category_id": desk.district.categories["NOISE"].id,
        "legal_basis": "噪声污染防治法",
    }
    call = desk.call("sysadmin")
    (first,) = (await duties.set_item(call, duties.SetDutyItem(**given))).made["duty"]
    follows = duties.SetDutyItem(
        **(given | {"legal_basis": "修订后的条例"}), id=first, expected_version=1, valid_from=desk.now + DAY
    )
    (second,) = (await duties.set_item(desk.call("sysadmin"), follows)).made["duty"]
    replaced = duties.SetDutyItem(**given, id=second, expected_version=1, valid_from=desk.now + DAY)
    assert (await duties.set_item(desk.call("sysadmin"), replaced)).made["duty"] == (second,)
    found = await DUTIES.get([first, second], viewer=SYSTEM)
    assert found[first].valid_to == found[second].valid_from == desk.now + DAY
    end = duties.EndDutyItem(id=first, expected_version=2, reason="调整", ends_at=desk.now)
    await duties.end_item(desk.call("sysadmin"), end)
    wrong = duties.SetDutyItem(
        **(given | {"org_unit_id": desk.district.orgs["HOUSING"].id}), id=second, expected_version=2
    )
    with pytest.raises(DomainError) as refusal:
        await duties.set_item(desk.call("sysadmin"), wrong)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, "id")
    with pytest.raises(DomainError) as refusal:
        await duties.set_item(desk.call("sysadmin"), duties.SetDutyItem(**given, id=second))
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, "expectedVersion")


async def test_a_revised_unit_is_what_commands_see_at_once_and_its_old_name_stays_in_its_history() -> None:
    desk = await a_desk()
    civil = desk.district.orgs["CIVIL"]
    await desk.report()
    await desk.file()
    await orgs.known([civil.id])
    wish = ReviseOrgUnit(
        id=civil.id,
        expected_version=1,
        reason="机构改革",
        name="民政和社会工作局",
        short_name="民社局",
        parent_id=desk.district.orgs["HOUSING"].id,
        active=False,
    )
    await revise(desk.call("sysadmin"), wish)
    assert (await orgs.known([civil.id]))[civil.id].active is False
    names = [it.data["name"] for it in await history(civil.id)]
    assert names == [civil.name, "民政和社会工作局"]
    for changes_, code, field in (
        ({"parent_id": civil.id}, ErrorCode.BAD_INPUT, "parentId"),
        ({"parent_id": uuid4()}, ErrorCode.NOT_FOUND, "parentId"),
        ({"active": False}, ErrorCode.BAD_INPUT, None),
        ({"name": " "}, ErrorCode.BAD_INPUT, "name"),
    ):
        given = ReviseOrgUnit(id=civil.id, expected_version=2, reason="再改", **changes_)
        with pytest.raises(DomainError) as refusal:
            await revise(desk.call("sysadmin"), given)
        assert (refusal.value.code, refusal.value.field) == (code, field)
    with pytest.raises(DomainError) as refusal:
        await revise(desk.call("sysadmin"), ReviseOrgUnit(id=uuid4(), expected_version=1, reason="无"))
    assert refusal.value.code is ErrorCode.NOT_FOUND
    circle = ReviseOrgUnit(
        id=desk.district.orgs["HOUSING"].id, expected_version=1, reason="循环", parent_id=civil.id
    )
    with pytest.raises(DomainError) as refusal:
        await revise(desk.call("sysadmin"), circle)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, "parentId")


async def test_a_case_from_before_versions_were_noted_knows_its_category_as_it_first_was() -> None:
    desk = await a_desk()
    await desk.report()
    noise = desk.district.categories["NOISE"]
    known = await dictionaries.known_as([(noise.id, None), (noise.id, 1)])
    assert set(known.values()) == {noise}
    for version in (1, 2):
        given = categories.ReviseCategory(
            id=noise.id, expected_version=version, reason="改", name=f"噪音{version}"
        )
        await categories.revise(desk.call("sysadmin"), given)
    known = await dictionaries.known_as([(noise.id, None), (noise.id, 2), (noise.id, 3)])
    assert [known[noise.id, it].name for it in (None, 2, 3)] == ["施工噪音", "噪音1", "噪音2"]
    assert (await cases.cases([desk.id], viewer=SYSTEM))[desk.id].category == noise
