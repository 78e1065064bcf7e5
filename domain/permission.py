"""One readable table: which roles may do what (domain.md B.3 "Who", B.5, B.6; design §7)."""

from collections.abc import Mapping
from uuid import UUID

from domain.action import ActionName
from domain.assignment import Assignment
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.incident import Source
from domain.person import Role
from domain.viewer import Viewer

A = ActionName
R = Role

STAFF = frozenset(R) - {R.VOLUNTEER, R.RESIDENT, R.REPORTER, R.CHANNEL}
CASE_STAFF = STAFF - {R.AUDITOR, R.SYS_ADMIN, R.SEC_ADMIN}
ANYONE = frozenset(R)

# Before filing, and the other ways out (T1 to T9, T36, T40).
TAKEN_IN: Mapping[ActionName, frozenset[Role]] = {
    A.saveDraft: frozenset(
        {R.ACCEPTOR, R.GRID_WORKER, R.VOLUNTEER, R.RESIDENT, R.HANDLER, R.HANDLER_LEAD}
    ),  # T1
    A.selfHandleIncident: frozenset({R.GRID_WORKER}),  # T3
    A.reviewSelfHandled: frozenset({R.ACCEPTOR}),  # T4
    A.reinstateIncident: frozenset({R.SHIFT_LEADER}),  # T5b, T6b
    A.transferIncident: frozenset({R.ACCEPTOR}),  # T6
    A.requestVerification: frozenset({R.ACCEPTOR}),  # T8
    A.recordVerification: frozenset({R.INSPECTOR, R.GRID_WORKER}),  # T9
    A.proposeEnding: frozenset({R.ACCEPTOR, R.DISPATCHER, R.SHIFT_LEADER, R.CALLBACK}),  # B.5: DSP; T33, T36
    A.decideEnding: frozenset({R.SHIFT_LEADER, R.COMMAND_DIRECTOR, R.CALLBACK}),  # B.5, T7, T33, T40
    A.voidIncident: frozenset({R.SHIFT_LEADER}),  # T36
    A.withdrawIncident: frozenset({R.RESIDENT, R.ACCEPTOR}),  # T40
    A.confirmGrid: frozenset({R.ACCEPTOR, R.GRID_WORKER, R.COMMUNITY_CLERK}),  # B.5
    A.mergeIncident: frozenset({R.ACCEPTOR, R.SHIFT_LEADER}),  # T7
    A.unmergeIncident: frozenset({R.SHIFT_LEADER}),  # T7u
    A.joinIncident: frozenset({R.ACCEPTOR, R.GRID_WORKER, R.VOLUNTEER, R.RESIDENT}),  # R03
    A.answerRepeat: frozenset({R.ACCEPTOR}),  # R05, proposed and never automatic
    A.joinPublicCase: frozenset({R.ACCEPTOR, R.GRID_WORKER, R.VOLUNTEER, R.RESIDENT}),  # R03
}
# What units do and ask for, and who decides (T12 to T26).
WORKED_ON: Mapping[ActionName, frozenset[Role]] = {
    A.claimIncident: frozenset({R.HANDLER_LEAD}),  # T12
    A.confirmClaim: frozenset({R.COMMAND_DIRECTOR}),  # T12
    A.withdrawDispatch: frozenset({R.DISPATCHER}),  # T13
    A.redispatchIncident: frozenset({R.COMMAND_DIRECTOR}),  # T13b
    A.releaseSupport: frozenset({R.DISPATCHER, R.COMMAND_DIRECTOR}),  # T13c
    A.assignHandler: frozenset({R.HANDLER_LEAD}),  # B.5, at the row's unit
    A.requestReturn: frozenset({R.HANDLER_LEAD}),  # T15, at the row's unit; never a handler
    A.decideReturn: frozenset({R.DISPATCHER}),  # T16, T17
    A.referToArbitration: frozenset({R.DISPATCHER, R.COMMAND_DIRECTOR}),  # T18
    A.submitStatement: frozenset({R.HANDLER_LEAD}),  # S35
    A.ruleArbitration: frozenset({R.COMMAND_DIRECTOR}),  # T19
    A.completeMilestone: frozenset({R.HANDLER}),  # R24, at the row's unit
    A.replyAsSupport: frozenset({R.HANDLER}),  # T21, at the row's unit
    A.acknowledgeCopy: frozenset({R.HANDLER}),  # R13, at the row's unit
    A.requestExtension: frozenset({R.HANDLER_LEAD}),  # T22, at the row's unit
    A.decideExtension: frozenset({R.DISPATCHER, R.COMMAND_DIRECTOR}),  # T22; the second by the director
    A.requestHang: frozenset({R.HANDLER_LEAD}),  # T23, at the row's unit
    A.decideHang: frozenset({R.COMMAND_DIRECTOR}),  # T23
    A.reviewHang: frozenset({R.COMMAND_DIRECTOR}),  # T23b
    A.resumeHung: frozenset({R.COMMAND_DIRECTOR}),  # T24
    A.returnResult: frozenset({R.ACCEPTOR, R.INSPECTOR}),  # T26
    A.reopenIncident: frozenset({R.ACCEPTOR}),  # T34
    A.blowWhistle: frozenset({R.COMMUNITY_CLERK, R.HANDLER_LEAD}),  # R33: a street or community
    A.answerWhistle: frozenset({R.HANDLER}),  # R33
    A.rateWhistle: frozenset({R.COMMUNITY_CLERK, R.HANDLER_LEAD}),  # R34, both sides
}
# Supervision, and what the loop itself is made of (T35, T37 to T39, R17, R18, R82, R09, S40).
LED: Mapping[ActionName, frozenset[Role]] = {
    A.replySupervision: frozenset({R.HANDLER_LEAD}),  # T37
    A.cancelSupervision: frozenset({R.COMMAND_DIRECTOR, R.SUPERVISOR}),  # T38
    A.instructIncident: frozenset({R.LEADER}),  # T39
    A.acknowledgeInstruction: frozenset({R.HANDLER_LEAD}),  # R16
    A.archiveIncident: frozenset({R.SHIFT_LEADER, R.SYSTEM}),  # T35; the timer's, or by hand once it is due
    A.markUrgent: frozenset({R.ACCEPTOR, R.SHIFT_LEADER, R.DISPATCHER, R.COMMAND_DIRECTOR}),  # R17
    A.markHistoric: frozenset({R.SHIFT_LEADER, R.COMMAND_DIRECTOR}),  # R18
    A.declareRecusal: CASE_STAFF,  # R82
    A.createCategory: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.reviseCategory: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.setDutyItem: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.endDutyItem: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.setDispatchRule: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.endDispatchRule: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.setPolicyValue: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.importCalendar: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.setWorkWindows: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.reviseOrgUnit: frozenset({R.SYS_ADMIN, R.SYSTEM}),
}

PERMITTED: Mapping[ActionName, frozenset[Role]] = {
    A.reportIncident: frozenset(
        {R.ACCEPTOR, R.GRID_WORKER, R.VOLUNTEER, R.RESIDENT, R.HANDLER, R.HANDLER_LEAD, R.CHANNEL}
    ),  # T2
    A.rejectIncident: frozenset({R.ACCEPTOR}),  # T5
    A.amendIncident: frozenset({R.ACCEPTOR, R.SHIFT_LEADER}),  # T10a
    A.fileIncident: frozenset({R.ACCEPTOR, R.SHIFT_LEADER}),  # T10
    A.dispatchIncident: frozenset({R.DISPATCHER}),  # T11; a rule proposes, a dispatcher dispatches (B.6)
    A.acceptAssignment: frozenset({R.HANDLER}),  # T14, at the row's unit
    A.recordFirstContact: frozenset({R.HANDLER}),  # T20, at the row's unit
    A.submitResult: frozenset({R.HANDLER_LEAD}),  # T25, at the row's unit
    A.requestCheck: frozenset({R.ACCEPTOR, R.SYSTEM}),  # T27
    A.recordCheck: frozenset({R.INSPECTOR, R.COMMUNITY_CLERK, R.GRID_WORKER, R.SHIFT_LEADER}),  # T28, T28b
    A.recordFollowUp: frozenset({R.CALLBACK, R.COMMUNITY_CLERK, R.GRID_WORKER, R.HANDLER}),  # T31
    A.closeIncident: frozenset(
        {R.SHIFT_LEADER, R.COMMAND_DIRECTOR}
    ),  # T29, T31: the second pair of eyes; T33
    A.reworkIncident: frozenset({R.SHIFT_LEADER, R.COMMAND_DIRECTOR}),  # T32; T32b
    **TAKEN_IN,
    **WORKED_ON,
    **LED,
    A.superviseIncident: frozenset({R.COMMAND_DIRECTOR, R.SUPERVISOR}),  # T37, B.5 roles
    A.addNote: CASE_STAFF,
    A.unmaskField: frozenset({R.ACCEPTOR, R.CALLBACK, R.COMMAND_DIRECTOR, R.HANDLER}),  # design §7, R80
    A.importCase: frozenset({R.SYSTEM}),
    A.createPerson: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.assignPost: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.endPost: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.resetPassword: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.createGrid: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.reviseGrid: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.retireGrid: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.createOrgUnit: frozenset({R.SYS_ADMIN, R.SYSTEM}),
    A.storeDocument: frozenset({R.SYS_ADMIN}),
    A.retireDocument: frozenset({R.SYS_ADMIN}),
    # B.5, R85: who comes in, and by what, is a matter of security too
    A.createIntegrationKey: frozenset({R.SYS_ADMIN, R.SEC_ADMIN}),
    A.revokeIntegrationKey: frozenset({R.SYS_ADMIN, R.SEC_ADMIN}),
    A.changePassword: ANYONE,
    A.saveFilter: ANYONE,
    A.reviseFilter: ANYONE,
    A.deleteFilter: ANYONE,
    A.signIn: ANYONE,
    A.refreshSession: ANYONE,
    A.signOut: ANYONE,
    A.forwardClock: STAFF,  # core.graphql: any staff role, test clock only
}

# Commands on one assignment are done by people of its unit.
_ROW_ACTIONS = frozenset(
    {
        A.acceptAssignment,
        A.recordFirstContact,
        A.submitResult,
        A.assignHandler,
        A.requestReturn,
        A.completeMilestone,
        A.replyAsSupport,
        A.acknowledgeCopy,
        A.requestExtension,
        A.requestHang,
    }
)

# Design §8: which sources each reporting role may name.
_OWN_SOURCES: Mapping[Role, frozenset[Source]] = {
    R.GRID_WORKER: frozenset({Source.GRID_PATROL, Source.GRID_VISIT}),
    R.VOLUNTEER: frozenset({Source.VOLUNTEER_MP}),
    R.RESIDENT: frozenset({Source.RESIDENT_MP}),
    R.HANDLER: frozenset({Source.DEPT_INSPECTION}),
    R.HANDLER_LEAD: frozenset({Source.DEPT_INSPECTION}),
}
_TAKEN = frozenset(source for sources in _OWN_SOURCES.values() for source in sources)
SOURCES: Mapping[Role, frozenset[Source]] = {
    **_OWN_SOURCES,
    R.ACCEPTOR: frozenset(Source) - _TAKEN,  # what comes by phone, window or letter
    R.CHANNEL: frozenset({Source.HOTLINE_12345, Source.MINXIN, Source.PLATFORM, Source.POLICE_110}),
    R.SYSTEM: frozenset(Source),
}


def permitted(viewer: Viewer, action: ActionName) -> bool:
    """Whether some role of the viewer may do the action; what everyone may do needs no post at all."""
    return PERMITTED[action] is ANYONE or bool(viewer.roles & PERMITTED[action])


def permit(
    viewer: Viewer, action: ActionName, case: Case | None = None, row: Assignment | None = None
) -> None:
    """Refuse with FORBIDDEN unless a role of the viewer, at the right unit, may do the action.

    Whoever declared an interest in the case does nothing in it (R82), nor sees it (`domain.visibility`).
    """
    if case is not None and case.incident.id in viewer.recused:
        raise DomainError(ErrorCode.FORBIDDEN, rule="R82")
    if row is not None and action in _ROW_ACTIONS:
        allowed = any(row.org_id in viewer.orgs_as(role) for role in PERMITTED[action])
    else:
        allowed = permitted(viewer, action)
    if allowed and action is A.unmaskField and case is not None:
        allowed = may_unmask(viewer, case)
    if not allowed:
        raise DomainError(ErrorCode.FORBIDDEN)


def permit_source(viewer: Viewer, source: Source) -> None:
    """Refuse a source the viewer's roles may not name with FORBIDDEN, field `source` (design §8)."""
    if not any(source in SOURCES.get(role, frozenset()) for role in viewer.roles):
        raise DomainError(ErrorCode.FORBIDDEN, "source")


def may_unmask(viewer: Viewer, case: Case) -> bool:
    """Design §7: the office roles, or a handler of the case's live assignment; never the complained-about unit."""
    if case.incident.complained_org_id is not None and belongs_to(viewer, case.incident.complained_org_id):
        return False
    if viewer.roles & (PERMITTED[A.unmaskField] - {R.HANDLER}):
        return True
    return any(row.state.live and row.org_id in viewer.handler_orgs for row in case.assignments)


def units_of(viewer: Viewer) -> frozenset[UUID]:
    """The units the viewer is a member of, by employment or by any post (R81)."""
    units = (viewer.org_id, *(post.org_id for post in viewer.posts))
    return frozenset(unit for unit in units if unit is not None)


def belongs_to(viewer: Viewer, org_id: object) -> bool:
    """Whether the viewer is a member of that unit."""
    return org_id in units_of(viewer)
