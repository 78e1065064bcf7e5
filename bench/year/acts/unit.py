"""What units do with their share of a case, and how what they ask is decided: one function for each task."""

from datetime import timedelta
from typing import Any

from bench.year.acts.office import Act
from bench.year.matter import Matter, Task
from bench.year.stage import WORDS, Stage, case_of, named
from channels.demo import cast as people
from domain.assignment import Assignment, AssignmentState
from domain.followup import ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome
from domain.loop.request import BOUNDARY, HangReason, HangReview, RequestKind, ReturnReason
from services import assignments as handling
from services import incidents as intake
from services import supervisions
from services.loop import extensions, hangs, joint, returns

MONTH, HOURS = timedelta(days=29), timedelta(hours=1)


def _row(matter: Matter, task: Task) -> Assignment:
    return next(it for it in case_of(matter).assignments if it.id == task.row)


def _named(row: Assignment) -> dict[str, Any]:
    return {"id": row.id, "expected_version": row.version}


async def accept(stage: Stage, matter: Matter, task: Task) -> None:
    """T14."""
    row = _row(matter, task)
    given = handling.AcceptAssignment(**_named(row))
    await stage.do(matter, await stage.lead(row), handling.accept, given, "acceptAssignment", org=task.org)


async def contact(stage: Stage, matter: Matter, task: Task) -> None:
    """T20."""
    row = _row(matter, task)
    given = handling.RecordFirstContact(**_named(row), channel=ReplyChannel.PHONE, note=WORDS)
    actor = await stage.lead(row)
    await stage.do(matter, actor, handling.record_first_contact, given, "recordFirstContact", org=task.org)


async def help_(stage: Stage, matter: Matter, task: Task) -> None:
    """T21."""
    row = _row(matter, task)
    given = joint.ReplyAsSupport(**_named(row), text=WORDS)
    await stage.do(
        matter, await stage.lead(row), joint.reply_as_support, given, "replyAsSupport", org=task.org
    )


async def release(stage: Stage, matter: Matter, task: Task) -> None:
    """T13c."""
    given = joint.ReleaseSupport(**_named(_row(matter, task)), reason=WORDS)
    actor = await stage.cast.named(people.DISPATCHER)
    await stage.do(matter, actor, joint.release_support, given, "releaseSupport", org=task.org)


async def read(stage: Stage, matter: Matter, task: Task) -> None:
    """R13."""
    row = _row(matter, task)
    given = joint.AcknowledgeCopy(**_named(row))
    await stage.do(
        matter, await stage.lead(row), joint.acknowledge_copy, given, "acknowledgeCopy", org=task.org
    )


async def submit(stage: Stage, matter: Matter, task: Task) -> None:
    """T25."""
    row = _row(matter, task)
    actor = await stage.lead(row)
    asked = handling.HandlerFollowUp(
        channel=ReplyChannel.PHONE, reached=True, solved=Solved.YES, satisfaction=Satisfaction.SATISFIED
    )
    after = matter.plan.category.requires_after_photo
    given = handling.SubmitResult(
        **_named(row),
        outcome=CaseOutcome.HUNG_OPEN if row.state is AssignmentState.HUNG else CaseOutcome.SOLVED,
        result_text=WORDS,
        after_media_ids=await stage.shot(actor, matter) if after else (),
        follow_up=asked if case_of(matter).complainants else None,
    )
    await stage.do(matter, actor, handling.submit, given, "submitResult", org=task.org)


async def stage_(stage: Stage, matter: Matter, task: Task) -> None:
    """R24: one stage of the handling."""
    row = _row(matter, task)
    given = joint.CompleteMilestone(**_named(row), milestone=str(task.mark), text=WORDS)
    facts = {"org": task.org, "name": task.mark}
    await stage.do(
        matter, await stage.lead(row), joint.complete_milestone, given, "completeMilestone", **facts
    )


async def return_(stage: Stage, matter: Matter, task: Task) -> None:
    """T15, for one of several reasons."""
    row = _row(matter, task)
    reason = ReturnReason.NOT_DUTY if "disputed" in matter.fates else ReturnReason.INFO_MISSING
    other = "GCL-ZFD" if task.org != "GCL-ZFD" else "GCL-ZJJ"
    boundary = reason in BOUNDARY
    given = returns.RequestReturn(
        **_named(row),
        reason=reason,
        basis=WORDS,
        text=WORDS,
        suggested_org_unit_id=stage.units[other] if boundary else None,
    )
    facts = {"org": task.org, "boundary": boundary}
    await stage.do(matter, await stage.lead(row), returns.request, given, "requestReturn", **facts)


async def decide_return(stage: Stage, matter: Matter, task: Task) -> None:
    """T16, T17."""
    accepted = "wrongly" not in matter.fates
    shirked = not accepted and "shirk" in matter.fates
    row = _row(matter, task)
    given = returns.DecideReturn(**_named(row), accept=accepted, text=WORDS, shirked=shirked)
    facts = {"org": stage.codes[row.org_id], "accept": accepted, "shirked": shirked}
    await stage.do(
        matter, await stage.cast.named(people.DISPATCHER), returns.decide, given, "decideReturn", **facts
    )


async def extend(stage: Stage, matter: Matter, task: Task) -> None:
    """T22, asked."""
    row = _row(matter, task)
    told = stage.now if case_of(matter).complainants else None
    days = 1 + matter.number % 5
    given = extensions.RequestExtension(**_named(row), days=days, reason="施工", text=WORDS, informed_at=told)
    await stage.do(matter, await stage.lead(row), extensions.request, given, "requestExtension", org=task.org)


async def decide_extension(stage: Stage, matter: Matter, task: Task) -> None:
    """T22, decided: the first by the dispatcher, the second by the director."""
    row = _row(matter, task)
    (asked,) = case_of(matter).waiting(RequestKind.EXTENSION, assignment_id=row.id)
    accepted = "refuse" not in matter.fates
    days = max(1, (asked.days or 1) - matter.number % 2)
    given = extensions.DecideExtension(
        **_named(row), accept=accepted, approved_days=days if accepted else None, text=WORDS
    )
    second = (asked.ordinal or 1) > 1
    actor = await stage.cast.named(people.COMMAND if second else people.DISPATCHER)
    facts = {"org": stage.codes[row.org_id], "accept": accepted, "days": days}
    await stage.do(matter, actor, extensions.decide, given, "decideExtension", **facts)


async def hang(stage: Stage, matter: Matter, task: Task) -> None:
    """T23, asked."""
    row = _row(matter, task)
    review = stage.now + timedelta(days=6 + matter.number % 20)
    given = hangs.RequestHang(
        **_named(row),
        reason=HangReason.CONSTRUCTION_SEASON,
        plan=WORDS,
        text=WORDS,
        next_review_at=review,
        max_until=review + timedelta(days=matter.number % 40),
    )
    await stage.do(matter, await stage.lead(row), hangs.request, given, "requestHang", org=task.org)


async def decide_hang(stage: Stage, matter: Matter, task: Task) -> None:
    """T23, decided."""
    row = _row(matter, task)
    (asked,) = case_of(matter).waiting(RequestKind.HANG, assignment_id=row.id)
    accepted = "refuse" not in matter.fates
    given = hangs.DecideHang(**_named(row), accept=accepted, text=WORDS)
    facts = {
        "org": stage.codes[row.org_id],
        "accept": accepted,
        "review": asked.review_at,
        "until": asked.max_until,
    }
    await stage.do(matter, await stage.cast.named(people.COMMAND), hangs.decide, given, "decideHang", **facts)


async def review_hang(stage: Stage, matter: Matter, task: Task) -> None:
    """T23b: goes on, ends, or may be closed as it is; T24 by the director now and then."""
    row, actor = _row(matter, task), await stage.cast.named(people.COMMAND)
    case, org = case_of(matter), stage.codes[row.org_id]
    until = max(it.max_until or stage.now for it in case.requests if it.kind is RequestKind.HANG)
    following = min(stage.now + MONTH, until)
    if matter.number % 3 == 0:
        given = hangs.ResumeHung(**_named(row), text=WORDS)
        await stage.do(matter, actor, hangs.resume, given, "resumeHung", org=org)
        return
    review = HangReview.RESUME
    if "allow" in matter.fates:
        review = HangReview.ALLOW_CLOSE
    elif "prolong" in matter.fates and following > stage.now + HOURS:
        review = HangReview.CONTINUE
    following_at = following if review is HangReview.CONTINUE else None
    reviewed = hangs.ReviewHang(**named(matter), review=review, text=WORDS, next_review_at=following_at)
    facts = {"org": org, "review": review.value, "next": following_at}
    await stage.do(matter, actor, hangs.review, reviewed, "reviewHang", **facts)


async def report_progress(stage: Stage, matter: Matter, task: Task) -> None:
    """The note that a review of what is hung wants (B.6 decided 9)."""
    actor = await stage.lead(_row(matter, task))
    given = intake.AddNote(**named(matter), text=WORDS)
    await stage.do(matter, actor, intake.add_note, given, "addNote", org=task.org)


async def answer(stage: Stage, matter: Matter, task: Task) -> None:
    """T37: the reply to a card."""
    card = next(it for it in case_of(matter).supervisions if it.id == task.mark)
    given = supervisions.ReplySupervision(**named(matter), supervision_id=card.id, text=WORDS)
    actor = await stage.lead(_row(matter, task))
    await stage.do(matter, actor, supervisions.reply, given, "replySupervision", level=card.level.value)


ACTS: dict[str, Act] = {
    "accept": accept,
    "contact": contact,
    "help": help_,
    "release": release,
    "read": read,
    "submit": submit,
    "stage": stage_,
    "return": return_,
    "decide_return": decide_return,
    "extend": extend,
    "decide_extension": decide_extension,
    "hang": hang,
    "decide_hang": decide_hang,
    "review_hang": review_hang,
    "report_progress": report_progress,
    "answer": answer,
}
