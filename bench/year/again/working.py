"""What each command means for the retold case: the work of the units, the checks, the follow-up, the closing."""

from datetime import datetime

from bench.year.again.passing import STILL, resume
from bench.year.again.story import Story
from bench.year.again.telling import Facts, tells

ENDED_BY_RESULT = ("HANDLE", "CONTACT", "MILESTONE", "EXT_DECIDE", "HANG_DECIDE", "HANG_REVIEW")


@tells("acceptAssignment")
def accepted(story: Story, at: datetime, facts: Facts) -> None:
    """T14."""
    row = story.row(facts["org"], "LEAD", "SUPPORT")
    story.stop(at, ["SIGN"], row)
    row.on_time_accept, row.state = row.on_time_accept is not False, "ACCEPTED"
    story.settle(at)


@tells("recordFirstContact")
def contacted(story: Story, at: datetime, facts: Facts) -> None:
    """T20."""
    story.stop(at, ["CONTACT"], story.row(facts["org"], "LEAD"))


@tells("replyAsSupport")
def helped(story: Story, at: datetime, facts: Facts) -> None:
    """T21."""
    row = story.row(facts["org"], "SUPPORT")
    story.stop(at, ["HANDLE"], row)
    row.state = "REPLIED"


@tells("acknowledgeCopy")
def copy_read(story: Story, at: datetime, facts: Facts) -> None:
    """R13: at any time before the case is sealed."""
    row = next(it for it in story.rows if (it.org, it.role, it.state) == (facts["org"], "CC", "PENDING"))
    story.stop(at, ["READ"], row)
    row.state = "DONE"


@tells("completeMilestone")
def stage_done(story: Story, at: datetime, facts: Facts) -> None:
    """R24: one stage of the handling."""
    (stage,) = (it for it in story.stages(story.row(facts["org"], "LEAD")) if it.name == facts["name"])
    stage.stop(at)
    story.done_stages.add(stage)


@tells("requestExtension")
def extension_asked(story: Story, at: datetime, facts: Facts) -> None:
    """T22."""
    row = story.row(facts["org"], "LEAD")
    row.state = "EXT_REQ"
    story.start("EXT_DECIDE", at, row=row)
    story.settle(at)


@tells("decideExtension")
def extension_decided(story: Story, at: datetime, facts: Facts) -> None:
    """T22: working days after the day it is due now; a breach stands (B.6 D)."""
    row = story.row(facts["org"], "LEAD")
    story.stop(at, ["EXT_DECIDE"], row)
    row.state = "ACCEPTED"
    if facts["accept"]:
        row.extensions += 1
        for clock in story.running("HANDLE", row):
            clock.grant(at, facts["days"])
    story.settle(at)


@tells("requestHang")
def hang_asked(story: Story, at: datetime, facts: Facts) -> None:
    """T23."""
    row = story.row(facts["org"], "LEAD")
    row.state = "HANG_REQ"
    story.start("HANG_DECIDE", at, row=row)
    story.settle(at)


@tells("decideHang")
def hang_decided(story: Story, at: datetime, facts: Facts) -> None:
    """T23: HANDLE stands still, a review is due."""
    row = story.row(facts["org"], "LEAD")
    story.stop(at, ["HANG_DECIDE"], row)
    row.state = "HUNG" if facts["accept"] else "ACCEPTED"
    if facts["accept"]:
        row.hung_until = facts["until"]
        for clock in (it for kind in sorted(STILL) for it in story.running(kind, row)):
            clock.pause(at)
            if clock.breached:
                story.late(clock)
        story.start("HANG_REVIEW", at, row=row, due=facts["review"])
    story.settle(at)


@tells("reviewHang")
def hang_reviewed(story: Story, at: datetime, facts: Facts) -> None:
    """T23b: of every row that hangs, for none is named."""
    for row in [it for it in story.leads if it.state == "HUNG"]:
        (review,) = story.running("HANG_REVIEW", row)
        if facts["review"] == "RESUME":
            resume(story, review, at)
        elif facts["review"] == "CONTINUE":
            review.stop(at)
            story.start("HANG_REVIEW", at, row=row, due=facts["next"])


@tells("resumeHung")
def hang_over(story: Story, at: datetime, facts: Facts) -> None:
    """T24 by the director."""
    for review in story.running("HANG_REVIEW", story.row(facts["org"], "LEAD")):
        resume(story, review, at)


@tells("submitResult")
def submitted(story: Story, at: datetime, facts: Facts) -> None:
    """T25."""
    row = story.row(facts["org"], "LEAD")
    story.stop(at, ENDED_BY_RESULT, row)
    row.state, row.hung_until = "SUBMITTED", None
    story.settle(at)


@tells("returnResult")
def sent_back(story: Story, at: datetime, _facts: Facts) -> None:
    """T26: every submitted result; HANDLE goes on with what was left, the time between not counted."""
    story.stop(at, ["SUBMIT_WAIT"])
    for row in story.leads:
        if row.state == "SUBMITTED":
            row.state = "ACCEPTED"
            handle = next(it for it in story.clocks if it.kind == "HANDLE" and it.row is row)
            handle.resume(at, story.hours)
            handle.spared = True  # T25 ended the contact that E0 reminds of
            for stage in story.stages(row):
                stage.resume(at, story.hours)
            story.score(row.org, "SLOPPY_RESULT", at)
    story.settle(at)


@tells("requestCheck")
def check_asked(story: Story, at: datetime, _facts: Facts) -> None:
    """T27 by a person."""
    story.begin_check(at)


@tells("recordCheck")
def checked(story: Story, at: datetime, facts: Facts) -> None:
    """T28, T28b, T30."""
    if facts["result"] == "PASS" and (any(story.asking) or facts["sampled"]):
        story.stop(at, ["CHECK"])
        story.state = "FOLLOWUP"
        story.start("FOLLOWUP", at)
        story.sample(at, asked=facts["sampled"])
    if facts["result"] != "FAIL":
        return
    round_ = story.round
    old = story.again((), at)
    for row in old:
        story.score(row.org, "FALSE_DONE" if facts["false"] else "REWORK", at, round_=round_)
    if facts["false"]:
        story.rise(5)
        story.card("RED", at, story.leads[0] if len(story.leads) == 1 else None, "T30.E5")


@tells("recordFollowUp")
def followed_up(story: Story, at: datetime, facts: Facts) -> None:
    """T31: whoever is dissatisfied is asked at the door too (S49)."""
    if facts["layer"] == "COMMUNITY":
        story.opinions.discard(facts["who"])
    if facts["unhappy"]:
        story.unhappy_rounds.add(story.round)
        if facts["layer"] == "COMMAND":
            story.ask_household(at, facts["who"])


@tells("reworkIncident")
def reworked(story: Story, at: datetime, _facts: Facts) -> None:
    """T32: one point each; the second dissatisfaction is a red card (E5)."""
    round_ = story.round
    for row in story.again((), at):
        story.score(row.org, "DISSATISFIED", at, round_=round_)
    if len(story.unhappy_rounds) > 1:
        story.rise(5)
        story.card("RED", at, story.leads[0] if len(story.leads) == 1 else None, "T32.E5")


@tells("closeIncident")
def closed(story: Story, at: datetime, _facts: Facts) -> None:
    """T29, T31, T33: one reply for each complainant (B.6 decided 13)."""
    story.end("CLOSED", at, done=True, copies=True)
    story.closings.append((at, len(story.asking) - story.withdrawn))


@tells("reopenIncident")
def reopened(story: Story, at: datetime, _facts: Facts) -> None:
    """T34: by every unit whose leading work was done; T34b where none was."""
    story.stop(at, ["ARCHIVE"])
    last = {row.org: row for row in story.rows if row.role == "LEAD" and row.state == "DONE"}
    if last:
        story.born(last, at)
        return
    story.state = "FILED"
    story.start("DISPATCH", at)
