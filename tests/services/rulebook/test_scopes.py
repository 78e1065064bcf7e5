"""Every clock starts by the nearest limit for its category, its place and its urgency (S40, B.2)."""

import pytest

from db import dictionaries
from db.unit_of_work import in_transaction
from domain.clock import ClockType, Limit, TimeUnit
from domain.dictionary import PolicyValue
from domain.supervision import SupervisionLevel
from services.sweep import drain
from tests.db.district import new_id
from tests.services.desk import Desk, a_desk

pytestmark = pytest.mark.usefixtures("store")

NARROW = Limit(7, TimeUnit.NATURAL_MIN)


async def narrowed(desk: Desk, *keys: str) -> None:
    """These limits are seven minutes for noise in the first community, and eight for all other noise."""
    region = desk.district.regions["C1"].code
    values = [
        PolicyValue(id=new_id(), key=key, amount=amount, unit=NARROW.unit, valid_from=desk.now)
        for name in keys
        for key, amount in ((f"{name}@NOISE@{region}", NARROW.amount), (f"{name}@NOISE@", 8))
    ]
    await in_transaction(lambda work: dictionaries.insert_policy(work, values))


async def limits(desk: Desk) -> dict[ClockType, Limit]:
    """What the case's clocks were started with."""
    return {it.type: Limit(it.limit, it.unit) for it in (await desk.case()).clocks}


async def test_intake_and_dispatch_start_by_the_nearest_limit() -> None:
    desk = await a_desk()
    await narrowed(desk, "INTAKE.NORMAL", "DISPATCH.NORMAL", "SIGN.NORMAL", "CONTACT.NORMAL", "HANDLE.NORMAL")
    await desk.walk(3)
    kinds = (ClockType.INTAKE, ClockType.DISPATCH, ClockType.SIGN, ClockType.CONTACT, ClockType.HANDLE)
    assert await limits(desk) == dict.fromkeys(kinds, NARROW)


async def test_dispatch_starts_by_the_category_that_the_case_is_filed_under() -> None:
    desk = await a_desk()
    await narrowed(desk, "INTAKE.NORMAL", "DISPATCH.NORMAL")
    await desk.report(category_code="PIT")
    assert (await limits(desk))[ClockType.INTAKE] != NARROW
    await desk.file("NOISE")
    assert (await limits(desk))[ClockType.DISPATCH] == NARROW


async def test_the_answer_to_a_card_is_due_by_the_nearest_limit_of_the_day_it_was_reported() -> None:
    desk = await a_desk()
    await narrowed(desk, "SUPERVISION_REPLY.URGE")
    await desk.walk(3)
    await narrowed(desk.later(minutes=1), "SUPERVISION_REPLY.YELLOW")
    desk.later(days=5)
    await drain(desk.now)
    case = await desk.case()
    replies = {it.id: Limit(it.limit, it.unit) for it in case.clocks if it.type is ClockType.REPLY}
    by_level = {it.level: replies[it.clock_id] for it in case.supervisions if it.clock_id is not None}
    assert by_level[SupervisionLevel.URGE] == NARROW
    assert by_level[SupervisionLevel.YELLOW] == Limit(1, TimeUnit.WORK_DAY)
