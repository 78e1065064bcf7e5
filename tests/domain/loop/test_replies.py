"""Until when a card waits for its reply: through a rework, not past a redispatch (B.5, B.6 C)."""

from domain.action import ActionName as A
from domain.assignment import AssignmentMode
from domain.clock import ClockType as C
from domain.incident import IncidentState as S
from domain.life.outcome import conclude
from domain.loop.request import ReturnReason
from domain.rules import supervision
from domain.rules.dispute import returning
from domain.rules.loop import joint
from domain.supervision import SupervisionLevel as L
from domain.verification import CheckResult
from tests.domain.loop.play.steps_joint import order
from tests.domain.stage import CIVIL, DIRECTOR, DISPATCHER, LEAD, SYSTEM, Story, act, story_at


def carded(story: Story) -> Story:
    """A card of the whole case, and one of its row."""
    story.take(supervision.supervise(act(DIRECTOR, at=story.now), story.case, L.URGE, "请抓紧办理"))
    case = supervision.raised(act(SYSTEM, at=story.now), story.case, L.YELLOW, "HANDLE.E4", story.row.id)
    return story.take(conclude(story.case, case, [act(SYSTEM, at=story.now).happening("E4")]))


def test_a_card_waits_for_its_reply_through_a_rework() -> None:
    story = carded(story_at(6))
    assert len(story.case.running(C.REPLY)) == 2
    story.checked(CheckResult.FAIL)
    assert (story.case.incident.round, len(story.case.running(C.REPLY))) == (2, 2)
    story.take(supervision.reply(act(LEAD), story.case, story.case.supervisions[0].id, "正在重办"))
    assert len(story.case.running(C.REPLY)) == 1


def test_a_redispatch_ends_every_cards_reply_clock() -> None:
    story = carded(story_at(4))
    given = order(AssignmentMode.SINGLE, (CIVIL,))
    story.take(joint.redispatch(story.by(DIRECTOR, A.redispatchIncident), story.case, given, "另行安排"))
    assert not story.case.running(C.REPLY)
    assert [it.clock_id for it in story.case.supervisions] == [
        it.id for it in story.case.clocks if it.type is C.REPLY
    ]


def test_a_case_given_back_by_its_last_lead_has_nobody_left_to_reply() -> None:
    story = carded(story_at(3))
    asked = returning.Asked(
        reason=ReturnReason.NOT_DUTY, basis="三定方案", text="不属我局", suggested_org_id=CIVIL
    )
    doing = story.by(LEAD, A.requestReturn, row=True)
    story.take(returning.request_return(doing, story.case, story.row, asked))
    decision = returning.Decision(accept=True, text="同意")
    doing = story.by(DISPATCHER, A.decideReturn, row=True)
    story.take(returning.decide_return(doing, story.case, story.row, decision))
    assert (story.case.incident.state, story.case.running(C.REPLY)) == (S.FILED, ())
