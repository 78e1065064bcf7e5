"""Revisions of categories and units that hold from a day to come on (S40): read, superseded, taken up by time alone."""

from datetime import timedelta
from typing import Any

import pytest

from db import cases, dictionaries, orgs
from db.rulebook import changes
from domain.dictionary import Category
from domain.errors import DomainError, ErrorCode
from services.command import SYSTEM
from services.orgs import ReviseOrgUnit, revise
from services.rulebook import categories
from services.sweep import drain
from tests.services.desk import Desk, a_desk

pytestmark = pytest.mark.usefixtures("store")

DAY = timedelta(days=1)


async def noise(desk: Desk, days: float | None = None) -> Category:
    """The category as it stands, or as it is to be after so many days."""
    if days is None:
        found = await dictionaries.category_by_code("NOISE")
        assert found is not None
        return found
    then = await dictionaries.categories_at(desk.now + days * DAY, viewer=SYSTEM)
    return next(it for it in then if it.code == "NOISE")


async def revised(desk: Desk, days: float, version: int = 1, **changed: Any) -> None:
    """The category is to change after so many days."""
    effective = desk.now + days * DAY if days else None
    wish = categories.ReviseCategory(
        id=desk.district.categories["NOISE"].id,
        expected_version=version,
        reason="新规",
        effective_from=effective,
        **changed,
    )
    await categories.revise(desk.call("sysadmin"), wish)


async def test_a_category_that_is_to_change_changes_on_its_day_and_running_cases_keep_theirs() -> None:
    desk = await a_desk()
    await desk.report()
    await revised(desk, 3, requires_photo=True)
    assert not (await noise(desk)).requires_photo
    assert [(await noise(desk, it)).requires_photo for it in (0, 2.9, 3)] == [False, False, True]
    await Desk(desk.district).report()  # without a photo, as of now
    await drain(desk.now + 3 * DAY - timedelta(seconds=1))
    assert (await noise(desk)).version == 1
    await drain(desk.later(days=3).now)
    assert (await noise(desk)).requires_photo
    assert (await noise(desk)).version == 2
    late = Desk(desk.district)
    late.now = desk.now
    with pytest.raises(DomainError) as refusal:
        await late.report()
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.GUARD_FAILED, "mediaIds")
    known = (await cases.cases([desk.id], viewer=SYSTEM))[desk.id]
    assert (known.incident.category_version or 1, known.category.requires_photo) == (1, False)
    told = (await changes.of_subjects([(await noise(desk)).id], viewer=SYSTEM))[(await noise(desk)).id]
    assert [(it.version, it.reason) for it in told] == [(1, None), (2, "新规")]
    assert await changes.due(desk.now, 9) == []


async def test_a_revision_goes_on_from_what_is_to_hold_by_then_and_a_later_one_supersedes_it() -> None:
    desk = await a_desk()
    await revised(desk, 3, requires_photo=True)
    await revised(desk, 5, name="噪声扰民")
    assert ((await noise(desk, 6)).requires_photo, (await noise(desk, 6)).name) == (True, "噪声扰民")
    await revised(desk, 0, requires_verify=True)  # now, of what stands: neither of the two is to be any more
    stands = await noise(desk)
    assert (stands.version, stands.requires_verify, stands.requires_photo) == (4, True, False)
    assert (await noise(desk, 6)) == stands
    await drain(desk.later(days=6).now)
    assert await noise(desk) == stands
    with pytest.raises(DomainError) as refusal:
        await revised(desk, -1, version=4, requires_photo=True)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, "effectiveFrom")
    with pytest.raises(DomainError) as refusal:
        await revised(desk, 1, version=3, requires_photo=True)
    assert refusal.value.code is ErrorCode.CONFLICT


async def test_a_unit_that_is_to_be_renamed_and_closed_is_so_on_its_day() -> None:
    desk = await a_desk()
    civil = desk.district.orgs["CIVIL"]
    wish = ReviseOrgUnit(
        id=civil.id,
        expected_version=1,
        reason="机构改革",
        name="民政和社会工作局",
        active=False,
        effective_from=desk.now + DAY,
    )
    await revise(desk.call("sysadmin"), wish)
    assert (await orgs.known([civil.id]))[civil.id] == civil
    await drain(desk.now)
    assert (await orgs.known([civil.id]))[civil.id] == civil
    await drain(desk.later(days=1).now)
    after = (await orgs.known([civil.id]))[civil.id]
    assert (after.name, after.active, after.version) == ("民政和社会工作局", False, 2)
    names = [it.data["name"] for it in (await changes.of_subjects([civil.id], viewer=SYSTEM))[civil.id]]
    assert names == [civil.name, "民政和社会工作局"]
