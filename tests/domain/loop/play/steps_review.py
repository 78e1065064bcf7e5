"""What the tests of checks, follow-ups, reopening and merging share: steps beyond those of one lead's story."""

from dataclasses import replace
from datetime import datetime

from domain.action import ActionName as A
from domain.case import Case
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.loop.request import EndingKind, Request, RequestKind
from domain.policy import OPINION_SAMPLE
from domain.rules import followup, verification
from domain.rules.act import Act
from domain.rules.followup import Answer, Rework
from domain.verification import CheckResult
from domain.viewer import Viewer
from tests.domain.stage import CALLBACK, CLERK, INSPECTOR, NOW, SHIFT, Story, act, new_id, story_at

AGAIN = Rework(reason=DissatisfactionReason.RESULT, words="重办")
HAPPY = Answer(
    channel=ReplyChannel.PHONE, reached=True, solved=Solved.YES, satisfaction=Satisfaction.SATISFIED
)
UNHAPPY = replace(HAPPY, solved=Solved.NO, satisfaction=Satisfaction.DISSATISFIED)
NOBODY = Answer(channel=ReplyChannel.PHONE, reached=False)


def failed(story: Story, *, false_completion: bool = False) -> Story:
    """T30."""
    check = verification.Check(result=CheckResult.FAIL, note="未整改", false_completion=false_completion)
    return story.take(verification.record_check(story.by(INSPECTOR, A.recordCheck), story.case, check))


def asked(story: Story, answer: Answer, who: Case | None = None) -> Story:
    """T31, one attempt of the command centre, by default at the case's own complainant."""
    person = who.incident.complainant_id if who else None
    doing = story.by(CALLBACK, A.recordFollowUp)
    return story.take(followup.record(doing, story.case, FollowUpLayer.COMMAND, answer, person))


def visited(story: Story, answer: Answer = HAPPY) -> Story:
    """S49, the household's opinion."""
    doing = story.by(CLERK, A.recordFollowUp)
    return story.take(followup.record(doing, story.case, FollowUpLayer.COMMUNITY, answer))


def reworked(story: Story, viewer: Viewer = SHIFT, given: Rework = AGAIN) -> Story:
    """T32, T32b."""
    return story.take(followup.rework(story.by(viewer, A.reworkIncident), story.case, given))


def handed_in(story: Story) -> Story:
    """The round's work once more, up to CHECKING."""
    return story.submitted().checking()


def worked_out() -> Story:
    """A case in CHECKING after two reworks."""
    return handed_in(failed(handed_in(failed(story_at(6)))))


def judged_unreasonable(story: Story) -> Story:
    """The first reviewer of T33."""
    asked_for = Request(
        id=new_id(),
        incident_id=story.case.incident.id,
        kind=RequestKind.ENDING,
        asked_by_id=CALLBACK.person_id,
        asked_at=story.now,
        reason=EndingKind.UNREASONABLE.value,
        text="诉求无政策依据，已当面解释。",
    )
    case = replace(story.case, requests=(*story.case.requests, asked_for))
    return story.take(replace(story.outcome, case=case))


def sampling(viewer: Viewer, percent: int, at: datetime = NOW, action: A | None = None) -> Act:
    """Somebody acting where so many percent of cases are drawn for an opinion (S49)."""
    doing = act(viewer, action, at)
    policy = replace(doing.policy, counts={**doing.policy.counts, OPINION_SAMPLE: percent})
    return replace(doing, policy=policy)
