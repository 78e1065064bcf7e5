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
    A.closeIncident: frozenset({R.SHIFT_LEADER}),  # T29, T31: the second pair of eyes
    A.reworkIncident: frozenset({R.SHIFT_LEADER}),  # T32
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
_ROW_ACTIONS = frozenset({A.acceptAssignment, A.recordFirstContact, A.submitResult})

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
    """Refuse with FORBIDDEN unless a role of the viewer, at the right unit, may do the action."""
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
