"""Whether it is true and whether the resident is content: checks, follow-ups, endings; one function for each task."""

from typing import Any

from bench.year.acts.office import Act
from bench.year.desks import MERGEABLE
from bench.year.ground import CHECKER, DESK
from bench.year.matter import Matter, Task
from bench.year.stage import WORDS, Stage, case_of, named, spot
from channels.demo import cast as people
from domain.case import Case
from domain.followup import (
    DissatisfactionReason,
    FollowUp,
    FollowUpLayer,
    ReplyChannel,
    Satisfaction,
    Solved,
)
from domain.life.guards.review import at_desk, attempts_at, reworks, unhappy
from domain.loop.request import ENDINGS, EndingKind, Request, RequestKind
from domain.verification import CheckResult, TaskState
from domain.viewer import Viewer
from services import followups, verifications
from services.loop import joint, otherwise, reopenings

ATTEMPTS = 3


async def send_back(stage: Stage, matter: Matter, _task: Task) -> None:
    """T26."""
    given = joint.ReturnResult(**named(matter), text=WORDS)
    await stage.do(
        matter, await stage.cast.named(people.ACCEPTOR), joint.return_result, given, "returnResult"
    )


async def request_check(stage: Stage, matter: Matter, _task: Task) -> None:
    """T27."""
    given = verifications.RequestCheck(**named(matter))
    actor = await stage.cast.named(people.ACCEPTOR)
    await stage.do(matter, actor, verifications.request_check, given, "requestCheck")


def _unable(case: Case) -> int:
    """How many checks of this round could not be made (T28b)."""
    return sum(
        it.result is CheckResult.UNABLE and it.round == case.incident.round for it in case.verifications
    )


def _checker(matter: Matter, case: Case) -> str:
    """The inspector, another after one was unable or keeps out of it, at last the desk."""
    if at_desk(case):
        return DESK
    return matter.checker or (CHECKER if _unable(case) else people.INSPECTOR)


def _result(matter: Matter, case: Case) -> CheckResult:
    tries = ("unable" in matter.fates) + ({"unable", "unabler"} <= matter.fates)
    if matter.checker is None and case.incident.round == 1 and _unable(case) < tries:
        return CheckResult.UNABLE
    if reworks(case) or case.incident.reopened:
        return CheckResult.PASS
    return CheckResult.FAIL if matter.fates & {"fail", "false"} else CheckResult.PASS


async def check(stage: Stage, matter: Matter, _task: Task) -> None:
    """T28, T30."""
    result = _result(matter, case_of(matter))
    actor = await stage.cast.named(_checker(matter, case_of(matter)))
    false = result is CheckResult.FAIL and "false" in matter.fates
    on_site = matter.plan.category.requires_onsite_verify
    given = verifications.RecordCheck(
        **named(matter),
        result=result,
        point=spot(matter) if on_site else None,
        media_ids=await stage.shot(actor, matter) if on_site else (),
        note=WORDS,
        false_completion=false,
    )
    facts = {"result": result.value, "false": false}
    await stage.do(matter, actor, verifications.record_check, given, "recordCheck", **facts)
    stage.learned(
        sampled=any(it.sampled and it.state is TaskState.PENDING for it in case_of(matter).followups)
    )


def _asked(case: Case, layer: FollowUpLayer) -> FollowUp:
    return next(it for it in case.followups if it.state is TaskState.PENDING and it.layer is layer)


def _content(matter: Matter, case: Case) -> bool:
    """Whether the person is content: not in the first round where the plan says so, seldom not in the second."""
    if case.incident.reopened or "unhappy" not in matter.fates:
        return True
    return case.incident.round > (2 if "unhappier" in matter.fates else 1)


async def _record(
    stage: Stage, matter: Matter, actor: Viewer, layer: FollowUpLayer, *, reached: bool, content: bool
) -> None:
    case = case_of(matter)
    task = _asked(case, layer)
    said: dict[str, Any] = {
        "solved": Solved.YES if content else Solved.NO,
        "satisfaction": Satisfaction.SATISFIED if content else Satisfaction.DISSATISFIED,
        "dissatisfaction_reason": None if content else DissatisfactionReason.RESULT,
    }
    given = followups.RecordFollowUp(
        **named(matter),
        layer=layer,
        channel=ReplyChannel.PHONE,
        reached=reached,
        complainant_id=task.complainant_id,
        **(said if reached else {}),
    )
    who = str(task.complainant_id) if task.complainant_id else None
    facts = {"layer": layer.value, "unhappy": reached and not content, "who": who}
    await stage.do(matter, actor, followups.record, given, "recordFollowUp", **facts)


async def follow_up(stage: Stage, matter: Matter, _task: Task) -> None:
    """T31: asked by the callback officer; some are never reached."""
    case = case_of(matter)
    person = _asked(case, FollowUpLayer.COMMAND).complainant_id
    tried = len(attempts_at(case, FollowUpLayer.COMMAND, person))
    reached = "unreached" not in matter.fates or tried >= ATTEMPTS + matter.number % 2
    content = _content(matter, case)
    actor = await stage.cast.named(people.CALLBACK)
    await _record(stage, matter, actor, FollowUpLayer.COMMAND, reached=reached, content=content)


async def opinion(stage: Stage, matter: Matter, _task: Task) -> None:
    """S49: the household, asked by the worker of its grid."""
    actor = await stage.cast.worker_of(matter.plan.grid.code)
    content = _content(matter, case_of(matter))
    await _record(stage, matter, actor, FollowUpLayer.COMMUNITY, reached=True, content=content)


async def rework(stage: Stage, matter: Matter, _task: Task) -> None:
    """T32."""
    given = followups.ReworkIncident(**named(matter), reason=DissatisfactionReason.RESULT, text=WORDS)
    await stage.do(matter, await stage.cast.named(people.SHIFT), followups.rework, given, "reworkIncident")


async def close(stage: Stage, matter: Matter, _task: Task) -> None:
    """T29, T31 by the shift leader; T33 by the director."""
    case = case_of(matter)
    actor = await stage.cast.named(people.COMMAND if unhappy(case) else people.SHIFT)
    given = followups.CloseIncident(**named(matter))
    await stage.do(matter, actor, followups.close, given, "closeIncident")


def _kind(asked: Request) -> str:
    return asked.reason or "" if asked.kind is RequestKind.ENDING else asked.kind.value


async def decide_ending(stage: Stage, matter: Matter, task: Task) -> None:
    """T33, T36, T40: another decides."""
    asked = case_of(matter).waiting(*ENDINGS)[0]
    kind = _kind(asked)
    if kind == RequestKind.MERGE.value:
        await _decide_merge(stage, matter, asked)
    elif kind == EndingKind.UNREASONABLE.value:
        await close(stage, matter, task)
    elif kind == EndingKind.VOID.value:
        actor = await stage.cast.named(people.SHIFT)
        void = otherwise.VoidIncident(**named(matter), text=WORDS)
        await stage.do(matter, actor, otherwise.void, void, "voidIncident", accept=True, kind=kind)
        for echo in matter.echoes:
            stage.wake(echo)
    else:
        actor = await stage.cast.named(people.CALLBACK)
        accepted = matter.number % 4 > 0
        given = otherwise.DecideEnding(**named(matter), accept=accepted, text=WORDS)
        facts = {"accept": accepted, "kind": kind}
        await stage.do(matter, actor, otherwise.decide_ending, given, "decideEnding", **facts)


async def _decide_merge(stage: Stage, matter: Matter, asked: Request) -> None:
    """T7 after dispatch, by the director; what has gone on meanwhile is not merged."""
    accepted = matter.number % 4 > 0 and case_of(matter).incident.state in MERGEABLE
    given = otherwise.DecideEnding(**named(matter), accept=accepted, text=WORDS)
    facts = {"accept": accepted, "kind": RequestKind.MERGE.value}
    facts |= {"master": asked.target_id} if accepted else {}
    actor = await stage.cast.named(people.COMMAND)
    await stage.do(matter, actor, otherwise.decide_ending, given, "decideEnding", **facts)
    if accepted and matter.echo_of:
        stage.wake(matter.echo_of)


async def reopen(stage: Stage, matter: Matter, _task: Task) -> None:
    """T34."""
    given = reopenings.ReopenIncident(**named(matter), reason=WORDS)
    await stage.do(
        matter, await stage.cast.named(people.ACCEPTOR), reopenings.reopen, given, "reopenIncident"
    )


ACTS: dict[str, Act] = {
    it.__name__: it
    for it in (
        send_back,
        request_check,
        check,
        follow_up,
        opinion,
        rework,
        close,
        decide_ending,
        reopen,
    )
}
