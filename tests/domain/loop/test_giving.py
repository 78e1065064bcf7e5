"""Giving a case to several units (domain.md B.3 T11, B.6)."""

import pytest

from domain.assignment import AssignmentMode as Mode
from domain.assignment import AssignmentRole as Role
from domain.assignment import AssignmentState
from domain.clock import ClockType as C
from domain.errors import DomainError, ErrorCode
from domain.incident import Urgency
from domain.rules.loop.giving import Giving, check_units, give
from tests.domain.stage import CIVIL, COMMUNITY, DISPATCHER, HOUSING, NOW, Story, act

CLOCKS = {
    Role.LEAD: {C.SIGN, C.CONTACT, C.HANDLE},
    Role.SUPPORT: {C.SIGN, C.HANDLE},
    Role.CC: {C.READ},
}


def test_each_unit_has_a_row_and_the_clocks_of_its_role_from_now_on() -> None:
    case = Story().filed().case
    order = Giving(
        mode=Mode.LED_JOINT, leads=(HOUSING,), supports=(CIVIL,), copies=(COMMUNITY,), basis="三定方案"
    )
    check_units(order)
    rows = give(act(DISPATCHER), case, order)
    assert [(row.seq, row.role, row.org_id) for row in rows.assignments] == [
        (1, Role.LEAD, HOUSING),
        (2, Role.SUPPORT, CIVIL),
        (3, Role.CC, COMMUNITY),
    ]
    for row in rows.assignments:
        own = [clock for clock in rows.clocks if clock.assignment_id == row.id]
        assert {clock.type for clock in own} == CLOCKS[row.role]
        assert all(clock.start_at == NOW and clock.running for clock in own)
        assert row.state is AssignmentState.PENDING
        assert (row.return_due_at is None) is (row.role is Role.CC)


@pytest.mark.parametrize(("urgency", "designated"), [(Urgency.CRITICAL, False), (Urgency.NORMAL, True)])
def test_a_critical_or_designated_row_has_no_window_to_return(urgency: Urgency, *, designated: bool) -> None:
    case = Story().filed(urgency).case
    order = Giving(mode=Mode.SINGLE, leads=(HOUSING,), basis="裁定", designated=designated, row="T19")
    (row,) = give(act(DISPATCHER), case, order).assignments
    assert (row.return_due_at, row.designated, row.born_by) == (None, designated, "T19")


@pytest.mark.parametrize(
    ("mode", "leads", "supports", "copies", "field"),
    [
        (Mode.SINGLE, (), (), (), "leads"),
        (Mode.SINGLE, (HOUSING, CIVIL), (), (), "leads"),
        (Mode.SINGLE, (HOUSING,), (CIVIL,), (), "supports"),
        (Mode.LED_JOINT, (HOUSING,), (), (), "supports"),
        (Mode.LED_JOINT, (HOUSING,), (HOUSING,), (), "leads"),
        (Mode.EQUAL_JOINT, (HOUSING,), (), (), "leads"),
        (Mode.EQUAL_JOINT, (HOUSING, CIVIL), (COMMUNITY,), (), "supports"),
        (Mode.EQUAL_JOINT, (HOUSING, CIVIL), (), (CIVIL,), "leads"),
    ],
)
def test_a_mode_has_the_units_it_needs_and_no_others(
    mode: Mode, leads: tuple[object], supports: tuple[object], copies: tuple[object], field: str
) -> None:
    order = Giving(mode=mode, leads=leads, supports=supports, copies=copies, basis="依据")  # type: ignore[arg-type]  # ids of the stage
    with pytest.raises(DomainError) as refusal:
        check_units(order)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.GUARD_FAILED, field)


def test_a_ruling_counts_the_leads_it_keeps() -> None:
    check_units(Giving(mode=Mode.EQUAL_JOINT, leads=(HOUSING,), basis="裁定"), leads=2)
