"""What the command centre and the reporters do: one function for each task."""

from collections.abc import Awaitable, Callable
from typing import Any

from bench.year.matter import Matter, Task
from bench.year.stage import WORDS, Stage, case_of, named, spot
from channels.demo import cast as people
from domain.assignment import AssignmentMode, AssignmentState
from domain.incident import RejectReason
from domain.loop.request import EndingKind, RequestKind, TransferTarget, VoidReason
from domain.supervision import SupervisionLevel
from domain.verification import CheckResult
from services import assignments as handling
from services import incidents as intake
from services import supervisions
from services.loop import arbitrations, joint, merges, otherwise
from services.loop import intake as verifying

Act = Callable[[Stage, Matter, Task], Awaitable[object]]
M = AssignmentMode
SOMETIMES = 0.3
OTHERS = ("GCL-ZJJ", "GCL-ZFD", "GCL-HBJ", "GCL-MZJ", "GCL-YJJ", "GCL-NYJ", "GCL-GAJ", "GCL-JTJ", "GCL-WMB")


async def reject(stage: Stage, matter: Matter, _task: Task) -> None:
    """T5."""
    given = intake.RejectIncident(**named(matter), reason=RejectReason.LEGAL_CHANNEL, reply_text=WORDS)
    await stage.do(matter, await stage.cast.named(people.ACCEPTOR), intake.reject, given, "rejectIncident")


async def transfer(stage: Stage, matter: Matter, _task: Task) -> None:
    """T6."""
    given = otherwise.TransferIncident(**named(matter), target=TransferTarget.PETITION, reply_text=WORDS)
    await stage.do(
        matter, await stage.cast.named(people.ACCEPTOR), otherwise.transfer, given, "transferIncident"
    )


async def reinstate(stage: Stage, matter: Matter, _task: Task) -> None:
    """T5b, T6b."""
    given = otherwise.ReinstateIncident(**named(matter), reason=WORDS)
    await stage.do(
        matter, await stage.cast.named(people.SHIFT), otherwise.reinstate, given, "reinstateIncident"
    )


async def verify(stage: Stage, matter: Matter, _task: Task) -> None:
    """T8."""
    given = verifying.RequestVerification(**named(matter))
    actor = await stage.cast.named(people.ACCEPTOR)
    await stage.do(matter, actor, verifying.request_verification, given, "requestVerification")


async def find(stage: Stage, matter: Matter, _task: Task) -> None:
    """T9, by the worker of the grid."""
    actor = await stage.cast.worker_of(matter.plan.grid.code)
    given = verifying.RecordVerification(
        **named(matter),
        result=CheckResult.PASS,
        point=spot(matter),
        media_ids=await stage.shot(actor, matter),
        note=WORDS,
    )
    await stage.do(matter, actor, verifying.record_verification, given, "recordVerification")


async def merge(stage: Stage, matter: Matter, _task: Task) -> None:
    """T7, into the matter it repeats."""
    if matter.echo_of is None:
        return
    master = case_of(matter.echo_of).incident.id
    given = merges.MergeIncident(**named(matter), master_id=master)
    actor = await stage.cast.named(people.ACCEPTOR)
    await stage.do(matter, actor, merges.merge, given, "mergeIncident", master=master)
    stage.wake(matter.echo_of)


async def file(stage: Stage, matter: Matter, _task: Task) -> None:
    """T10."""
    urgency = matter.plan.urgency
    given = intake.FileIncident(**named(matter), urgency=urgency, category_code=matter.plan.category.code)
    actor = await stage.cast.named(people.ACCEPTOR)
    await stage.do(matter, actor, intake.file, given, "fileIncident", urgency=urgency.value)


def _order(matter: Matter, stage: Stage) -> tuple[AssignmentMode, dict[str, list[str]]]:
    """Whom a case is given to: the unit of the catalogue first, then whoever has not returned it."""
    case = case_of(matter)
    back = {stage.codes[it.org_id] for it in case.assignments if it.state is AssignmentState.RETURNED}
    given = {stage.codes[it.org_id] for it in case.assignments}
    first = [matter.plan.lead] if matter.plan.lead not in back else []
    others = [it for it in OTHERS if it not in back | given | {matter.plan.lead}]
    matter.chance.shuffle(others)
    units = [*first, *others]
    copies = units[4:5] if "copy" in matter.fates else []
    if "led" in matter.fates:
        return M.LED_JOINT, {
            "leads": units[:1],
            "supports": units[1 : 2 + matter.number % 2],
            "copies": copies,
        }
    if "equal" in matter.fates:
        return M.EQUAL_JOINT, {"leads": units[:2], "supports": [], "copies": copies}
    return M.SINGLE, {"leads": units[:1], "supports": [], "copies": copies}


def _given(stage: Stage, matter: Matter) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """How the case is given, as the command has it and as the diary has it."""
    mode, order = _order(matter, stage)
    ids = {name: tuple(stage.units[it] for it in codes) for name, codes in order.items()}
    return {**named(matter), **ids, "mode": mode, "basis": WORDS, "push_down_reason": WORDS}, order


async def dispatch(stage: Stage, matter: Matter, _task: Task) -> None:
    """T11, in every mode."""
    given, order = _given(stage, matter)
    actor = await stage.cast.named(people.DISPATCHER)
    await stage.do(
        matter, actor, handling.dispatch, handling.DispatchIncident(**given), "dispatchIncident", **order
    )


async def redispatch(stage: Stage, matter: Matter, _task: Task) -> None:
    """T13b."""
    given, order = _given(stage, matter)
    told = handling.RedispatchIncident(**given, reason=WORDS)
    actor = await stage.cast.named(people.COMMAND)
    await stage.do(matter, actor, handling.redispatch, told, "redispatchIncident", **order)


async def recall(stage: Stage, matter: Matter, _task: Task) -> None:
    """T13."""
    given = joint.WithdrawDispatch(**named(matter), reason=WORDS)
    await stage.do(
        matter, await stage.cast.named(people.DISPATCHER), joint.withdraw, given, "withdrawDispatch"
    )


async def refer(stage: Stage, matter: Matter, _task: Task) -> None:
    """T18 by a person."""
    given = arbitrations.ReferToArbitration(**named(matter), text=WORDS)
    actor = await stage.cast.named(people.DISPATCHER)
    await stage.do(matter, actor, arbitrations.refer, given, "referToArbitration")


async def speak(stage: Stage, matter: Matter, task: Task) -> None:
    """S35."""
    actor = await stage.cast.lead_of(task.org or "")
    offers = matter.chance.random() < SOMETIMES
    given = arbitrations.SubmitStatement(**named(matter), text=WORDS, volunteers=offers)
    facts = {"org": task.org, "volunteers": offers}
    await stage.do(matter, actor, arbitrations.submit_statement, given, "submitStatement", **facts)


async def rule(stage: Stage, matter: Matter, _task: Task) -> None:
    """T19: one unit alone or two together, the shirker named now and then."""
    case = case_of(matter)
    (asked,) = case.waiting(RequestKind.ARBITRATION)
    part = [stage.codes[it] for it in asked.participants]
    leads = [matter.chance.choice(part)]
    led = len(part) > 1 and matter.chance.random() < SOMETIMES
    supports = [next(it for it in part if it not in leads)] if led else []
    shirked = [leads[0]] if "shirk" in matter.fates else []
    given = arbitrations.RuleArbitration(
        **named(matter),
        mode=M.LED_JOINT if led else M.SINGLE,
        leads=tuple(stage.units[it] for it in leads),
        supports=tuple(stage.units[it] for it in supports),
        order_text=WORDS,
        shirked_org_unit_ids=tuple(stage.units[it] for it in shirked),
    )
    facts = {"leads": leads, "supports": supports, "shirked": shirked}
    await stage.do(
        matter, await stage.cast.named(people.COMMAND), arbitrations.rule, given, "ruleArbitration", **facts
    )


async def supervise(stage: Stage, matter: Matter, _task: Task) -> None:
    """T37 by the director."""
    level = matter.chance.choice(list(SupervisionLevel)[1:])
    given = supervisions.SuperviseIncident(**named(matter), level=level, text=WORDS)
    actor = await stage.cast.named(people.COMMAND)
    await stage.do(matter, actor, supervisions.supervise, given, "superviseIncident", level=level.value)


async def pardon(stage: Stage, matter: Matter, _task: Task) -> None:
    """T38."""
    given = supervisions.CancelSupervision(**named(matter), reason=WORDS)
    await stage.do(
        matter, await stage.cast.named(people.COMMAND), supervisions.cancel, given, "cancelSupervision"
    )


async def propose_void(stage: Stage, matter: Matter, _task: Task) -> None:
    """T36, asked."""
    given = otherwise.ProposeEnding(
        **named(matter), kind=EndingKind.VOID, text=WORDS, void_reason=VoidReason.MISTAKEN, reply_text=WORDS
    )
    await stage.do(matter, await stage.cast.named(people.ACCEPTOR), otherwise.propose, given, "proposeEnding")


async def propose_unreasonable(stage: Stage, matter: Matter, _task: Task) -> None:
    """T33, asked."""
    given = otherwise.ProposeEnding(
        **named(matter), kind=EndingKind.UNREASONABLE, text=WORDS, reply_text=WORDS
    )
    await stage.do(matter, await stage.cast.named(people.CALLBACK), otherwise.propose, given, "proposeEnding")


async def withdraw(stage: Stage, matter: Matter, _task: Task) -> None:
    """T40, told to the acceptor."""
    given = otherwise.WithdrawIncident(**named(matter), text=WORDS)
    await stage.do(
        matter, await stage.cast.named(people.ACCEPTOR), otherwise.withdraw, given, "withdrawIncident"
    )


ACTS: dict[str, Act] = {
    it.__name__: it
    for it in (
        reject,
        transfer,
        reinstate,
        verify,
        find,
        merge,
        file,
        dispatch,
        redispatch,
        recall,
        refer,
        speak,
        rule,
        supervise,
        pardon,
        propose_void,
        propose_unreasonable,
        withdraw,
    )
}
