"""Units of joint cases with their heads, and the steps that rows of theirs take: what the joint tests share."""

from dataclasses import replace
from uuid import UUID

from domain.action import ActionName as A
from domain.assignment import Assignment, AssignmentMode
from domain.followup import ReplyChannel
from domain.incident import CaseOutcome
from domain.life.transition import require
from domain.org import OrgKind
from domain.person import PostType
from domain.rules import assignment
from domain.rules.act import Act
from domain.rules.loop import joint
from domain.viewer import Viewer
from tests.domain.stage import (
    ACCEPTOR,
    CIVIL,
    COMMUNITY,
    DIRECTOR,
    DISPATCHER,
    HOUSING,
    LEAD,
    OTHER_LEAD,
    Story,
    a_complainant,
    act,
    new_id,
    person,
    unit,
)

ROADS, WATER = new_id(), new_id()
UNITS = (HOUSING, CIVIL, ROADS, WATER, COMMUNITY)
READER = person(PostType.HANDLER_LEAD, org=COMMUNITY)
HEADS: dict[UUID, Viewer] = {
    HOUSING: LEAD,
    CIVIL: OTHER_LEAD,
    ROADS: person(PostType.HANDLER_LEAD, org=ROADS),
    WATER: person(PostType.HANDLER_LEAD, org=WATER),
    COMMUNITY: READER,
}
STREET_UNIT = replace(unit(COMMUNITY), kind=OrgKind.STREET)

SINGLE, LED, EQUAL = AssignmentMode.SINGLE, AssignmentMode.LED_JOINT, AssignmentMode.EQUAL_JOINT


def order(
    mode: AssignmentMode,
    leads: tuple[UUID, ...],
    supports: tuple[UUID, ...] = (),
    copies: tuple[UUID, ...] = (),
) -> assignment.Dispatch:
    """A dispatch to departments that the law binds."""
    named = (tuple(unit(it) for it in units) for units in (leads, supports, copies))
    lead, support, copy = named
    return assignment.Dispatch(mode=mode, leads=lead, supports=support, copies=copy, legal_basis="三定方案")


class Joint(Story):
    """A filed case with a complainant; each step asks the table first, for the row of a unit."""

    def __init__(self) -> None:
        super().__init__(complainant=a_complainant())
        self.filed()

    def later(self, **span: float) -> "Joint":
        """Time passes."""
        super().later(**span)
        return self

    def of(self, org_id: UUID) -> Assignment:
        """The unit's latest row."""
        return [row for row in self.case.assignments if row.org_id == org_id][-1]

    def acting(self, viewer: Viewer, action: A, org_id: UUID | None = None) -> Act:
        """The viewer may do this to the case, or to that unit's row, says the table."""
        require(viewer, action, self.case, self.of(org_id) if org_id else None)
        return act(viewer, action, self.now)

    def to(
        self,
        mode: AssignmentMode,
        leads: tuple[UUID, ...],
        supports: tuple[UUID, ...] = (),
        copies: tuple[UUID, ...] = (),
    ) -> "Joint":
        """T11."""
        doing = self.acting(DISPATCHER, A.dispatchIncident)
        self.take(assignment.dispatch(doing, self.case, order(mode, leads, supports, copies)))
        return self

    def accept(self, *orgs: UUID) -> "Joint":
        """T14 by each unit's head."""
        for org in orgs:
            doing = self.acting(HEADS[org], A.acceptAssignment, org)
            self.take(assignment.accept(doing, self.case, self.of(org)))
        return self

    def contact(self, org: UUID) -> "Joint":
        """T20."""
        doing = self.acting(HEADS[org], A.recordFirstContact, org)
        self.take(assignment.record_first_contact(doing, self.case, self.of(org), ReplyChannel.PHONE))
        return self

    def submit(self, *orgs: UUID, outcome: CaseOutcome = CaseOutcome.SOLVED) -> "Joint":
        """T25 by each unit's head."""
        given = assignment.Submission(outcome=outcome, result_text="已办", no_contact_reason="已当面告知")
        for org in orgs:
            doing = self.acting(HEADS[org], A.submitResult, org)
            self.take(assignment.submit(doing, self.case, self.of(org), given))
        return self

    def reply(self, *orgs: UUID) -> "Joint":
        """T21 by each unit's head."""
        for org in orgs:
            doing = self.acting(HEADS[org], A.replyAsSupport, org)
            self.take(joint.reply_as_support(doing, self.case, self.of(org), "已协办"))
        return self

    def release(self, org: UUID) -> "Joint":
        """T13c."""
        doing = self.acting(DISPATCHER, A.releaseSupport, org)
        self.take(joint.release_support(doing, self.case, self.of(org), "无须协办"))
        return self

    def read(self) -> "Joint":
        """R13 by the community."""
        doing = self.acting(READER, A.acknowledgeCopy, COMMUNITY)
        self.take(joint.acknowledge_copy(doing, self.case, self.of(COMMUNITY)))
        return self

    def withdraw(self) -> "Joint":
        """T13."""
        self.take(joint.withdraw(self.acting(DISPATCHER, A.withdrawDispatch), self.case, "派错了"))
        return self

    def redispatch(self, given: assignment.Dispatch) -> "Joint":
        """T13b."""
        doing = self.acting(DIRECTOR, A.redispatchIncident)
        self.take(joint.redispatch(doing, self.case, given, "另行安排"))
        return self

    def sent_back(self, *orgs: UUID) -> "Joint":
        """T26."""
        doing = self.acting(ACCEPTOR, A.returnResult)
        ids = [self.of(org).id for org in orgs]
        self.take(joint.return_result(doing, self.case, ids, "缺少照片"))
        return self
