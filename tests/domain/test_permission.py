"""Who may do what, see what, and read what unmasked (design §7, R80, R81)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentState
from domain.errors import DomainError, ErrorCode
from domain.event import Scopes
from domain.incident import Source
from domain.masking import (
    PROTECTED,
    MaskingFacts,
    address_masked,
    mask_address,
    mask_name,
    mask_phone,
    masked_fields,
    may_search_content,
    name_masked,
    protected_from,
)
from domain.permission import PERMITTED, permit, permit_source, permitted
from domain.person import PostType, Role
from domain.term import Language
from domain.visibility import Visibility, visibility_of
from tests.domain.stage import (
    ACCEPTOR,
    ADMIN,
    AUDITOR,
    CALLBACK,
    CHANNEL,
    CLERK,
    GRID,
    HANDLER,
    HOUSING,
    LEAD,
    NOW,
    OTHER_LEAD,
    REGIONS,
    RESIDENT,
    SYSTEM,
    VILLAGE,
    VOLUNTEER,
    WORKER,
    new_id,
    person,
    story_at,
)


def test_every_action_names_its_roles() -> None:
    assert set(PERMITTED) == set(A)
    assert all(PERMITTED.values())


def test_somebody_without_a_post_may_change_own_things_and_nothing_else_but_sign_in_and_out() -> None:
    nobody = replace(RESIDENT, posts=())
    allowed = {action for action in A if permitted(nobody, action)}
    own_filters = {A.saveFilter, A.reviseFilter, A.deleteFilter}
    assert allowed == {A.changePassword, A.signIn, A.refreshSession, A.signOut} | own_filters
    permit(nobody, A.changePassword)


def test_a_head_of_a_unit_is_a_handler_too() -> None:
    assert LEAD.roles == {Role.HANDLER_LEAD, Role.HANDLER}
    assert SYSTEM.roles == {Role.SYSTEM}


def test_a_post_counts_from_its_start_until_before_its_end() -> None:
    post = replace(WORKER.posts[0], starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    hours = [timedelta(minutes=-1), timedelta(), timedelta(minutes=59), timedelta(hours=1)]
    assert [post.holds_at(NOW + span) for span in hours] == [False, True, True, False]
    assert replace(post, ends_at=None).holds_at(NOW + timedelta(days=9999))


@pytest.mark.parametrize(
    ("viewer", "source", "allowed"),
    [
        (WORKER, Source.GRID_VISIT, True),
        (WORKER, Source.HOTLINE_12345, False),
        (VOLUNTEER, Source.VOLUNTEER_MP, True),
        (RESIDENT, Source.RESIDENT_MP, True),
        (HANDLER, Source.DEPT_INSPECTION, True),
        (ACCEPTOR, Source.HOTLINE_12345, True),
        (ACCEPTOR, Source.VOLUNTEER_MP, False),
        (CHANNEL, Source.MINXIN, True),
        (CHANNEL, Source.LEADER, False),
        (AUDITOR, Source.LEADER, False),
    ],
)
def test_a_role_reports_from_its_own_sources(viewer: object, source: Source, allowed: bool) -> None:  # noqa: FBT001 - a column of the table
    if allowed:
        permit_source(viewer, source)  # type: ignore[arg-type]  # a viewer of the cast
        return
    with pytest.raises(DomainError) as refusal:
        permit_source(viewer, source)  # type: ignore[arg-type]  # a viewer of the cast
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.FORBIDDEN, "source")


def test_only_the_office_and_the_working_handler_unmask() -> None:
    case = story_at(3).case
    for viewer, allowed in ((CALLBACK, True), (HANDLER, True), (OTHER_LEAD, False), (AUDITOR, False)):
        if allowed:
            permit(viewer, A.unmaskField, case)
        else:
            with pytest.raises(DomainError):
                permit(viewer, A.unmaskField, case)
    done = replace(case, assignments=(replace(case.assignments[0], state=AssignmentState.DONE),))
    about_us = replace(case, incident=replace(case.incident, complained_org_id=HOUSING))
    for refused in (done, about_us):
        with pytest.raises(DomainError):
            permit(HANDLER, A.unmaskField, refused)
    assert done.handled_by(HOUSING)


def test_what_each_role_sees() -> None:
    assert visibility_of(ACCEPTOR) == visibility_of(AUDITOR) == Visibility(everything=True)
    assert visibility_of(HANDLER) == Visibility(org_holds=frozenset({HOUSING}))
    assert visibility_of(CLERK) == Visibility(region_under=frozenset({VILLAGE}))
    assert visibility_of(WORKER) == Visibility(grid_is=frozenset({GRID}), reporter_is=WORKER.person_id)
    assert visibility_of(VOLUNTEER) == Visibility(reporter_is=VOLUNTEER.person_id)
    assert visibility_of(RESIDENT) == Visibility(
        reporter_is=RESIDENT.person_id, complainant_is=RESIDENT.person_id
    )
    assert visibility_of(ADMIN).nothing
    assert not visibility_of(HANDLER).nothing


def test_an_atom_sees_the_cases_it_describes() -> None:
    me = new_id()
    whole = Scopes(orgs=frozenset({HOUSING}), regions=REGIONS, grid=GRID, reporter=me, complainant=me)
    for atom in (
        Visibility(everything=True),
        Visibility(org_holds=frozenset({HOUSING})),
        Visibility(region_under=frozenset({VILLAGE})),
        Visibility(grid_is=frozenset({GRID})),
        Visibility(reporter_is=me),
        Visibility(complainant_is=me),
    ):
        assert atom.sees(whole)
        assert atom.sees(Scopes()) is atom.everything
        assert not atom.sees(None)


def test_a_unit_loses_sight_with_its_row() -> None:
    case = story_at(2).case
    assert visibility_of(HANDLER).sees(case.scopes())
    for state in AssignmentState:
        changed = replace(case, assignments=(replace(case.assignments[0], state=state),))
        gone = state.value in {"RETURNED", "CANCELLED", "REJECTED_RESULT"}
        assert visibility_of(HANDLER).sees(changed.scopes()) is not gone
        assert state.in_queue is (state.live and state.visible)


@pytest.mark.parametrize(("name", "shown"), [("张三", "张*"), ("欧阳某某", "欧***"), ("李", "李*")])
def test_a_name_keeps_its_first_character(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(("phone", "shown"), [("13812345678", "138****5678"), ("12345", "*****")])
def test_a_phone_keeps_three_and_four_digits(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("安平街道安胜社区3号楼2单元501号", "安平街道安胜社区3号楼*"),
        ("和平路12号院东侧", "和平路12号院*"),
        ("和平路12号", "和平路12号"),
        ("安平街道安胜社区东头王家", "安平街道安胜社区*"),
        ("老槐树下面", "老槐*"),
    ],
)
def test_an_address_is_shown_to_the_building(address: str, shown: str) -> None:
    assert mask_address(address) == shown


def test_members_of_the_unit_complained_about_never_read_who_did() -> None:
    member = person(PostType.HANDLER, org=HOUSING)
    moonlighting = replace(member, org_id=new_id())
    facts = MaskingFacts(complained_org_id=HOUSING, has_complainant=True, reporter_masked=True)
    for viewer in (member, moonlighting):
        assert protected_from(viewer, HOUSING)
        assert masked_fields(viewer, facts) == PROTECTED
    assert not protected_from(ACCEPTOR, HOUSING)
    assert not protected_from(member, None)


def test_names_and_phones_of_complainants_are_always_masked_and_more_for_the_auditor() -> None:
    facts = MaskingFacts(complained_org_id=None, has_complainant=True, reporter_masked=False)
    assert masked_fields(ACCEPTOR, facts) == ("complainant.name", "complainant.phone")
    assert masked_fields(AUDITOR, replace(facts, reporter_masked=True))[2:] == ("address", "reporter.name")
    assert masked_fields(ACCEPTOR, replace(facts, has_complainant=False)) == ()
    assert (address_masked(AUDITOR), address_masked(ACCEPTOR)) == (True, False)


def test_names_of_the_public_are_masked_to_all_but_themselves() -> None:
    assert not name_masked(VOLUNTEER, VOLUNTEER.person_id, None)
    assert name_masked(ACCEPTOR, VOLUNTEER.person_id, None)
    assert not name_masked(ACCEPTOR, HANDLER.person_id, HOUSING)
    assert name_masked(RESIDENT, HANDLER.person_id, HOUSING)
    assert name_masked(AUDITOR, HANDLER.person_id, HOUSING)


def test_search_never_looks_into_content_for_viewers_under_masking() -> None:
    assert may_search_content(ACCEPTOR)
    assert not any(may_search_content(viewer) for viewer in (AUDITOR, HANDLER, VOLUNTEER, RESIDENT, ADMIN))


def test_a_refusal_speaks_the_callers_language() -> None:
    plain, told = DomainError(ErrorCode.FORBIDDEN), DomainError(ErrorCode.BAD_INPUT, zh="太长", en="Too long")
    assert (plain.message(), plain.message(Language.EN)) == (ErrorCode.FORBIDDEN.zh, ErrorCode.FORBIDDEN.en)
    assert (told.message(), told.message(Language.EN)) == ("太长", "Too long")
