"""What happens seldom: handled on the spot, claimed, called to the spot, parted; one function for each task."""

from bench.year.acts.office import OTHERS, Act
from bench.year.ground import CHECKER
from bench.year.matter import Called, Matter, Task
from bench.year.stage import WORDS, Stage, case_of, named
from channels.demo import cast as people
from db.loop import whistles as stored
from domain.incident import CaseOutcome
from domain.loop.request import RequestKind
from domain.loop.whistle import WhistleKind, WhistleStep
from services.command import SYSTEM
from services.loop import claims, intake, merges, recusals, whistles

CLERK = "community"
THIRD = 3


async def self_handle(stage: Stage, matter: Matter, _task: Task) -> None:
    """T3, by the worker of the grid."""
    actor = await stage.cast.worker_of(matter.plan.grid.code)
    given = intake.SelfHandleIncident(
        **named(matter),
        outcome=CaseOutcome.SOLVED,
        result_text=WORDS,
        before_media_ids=await stage.shot(actor, matter),
        after_media_ids=await stage.shot(actor, matter),
    )
    await stage.do(matter, actor, intake.self_handle, given, "selfHandleIncident")


async def review_self(stage: Stage, matter: Matter, _task: Task) -> None:
    """T4, by the acceptor."""
    accepted = matter.number % THIRD > 0
    given = intake.ReviewSelfHandled(**named(matter), accept=accepted, text=WORDS)
    actor = await stage.cast.named(people.ACCEPTOR)
    await stage.do(matter, actor, intake.review_self_handled, given, "reviewSelfHandled", accept=accepted)


async def claim(stage: Stage, matter: Matter, _task: Task) -> None:
    """T12, asked by some unit."""
    actor = await stage.cast.lead_of(OTHERS[matter.number % len(OTHERS)])
    given = claims.ClaimIncident(**named(matter), text=WORDS)
    await stage.do(matter, actor, claims.claim, given, "claimIncident")


async def confirm_claim(stage: Stage, matter: Matter, _task: Task) -> None:
    """T12, by the director."""
    (asked,) = case_of(matter).waiting(RequestKind.CLAIM)
    accepted = matter.number % (THIRD + 1) > 0
    given = claims.ConfirmClaim(**named(matter), accept=accepted, text=WORDS)
    facts = {"org": stage.codes[asked.org_id], "accept": accepted, "duty": False}
    actor = await stage.cast.named(people.COMMAND)
    await stage.do(matter, actor, claims.confirm, given, "confirmClaim", **facts)


async def merge_late(stage: Stage, matter: Matter, _task: Task) -> None:
    """T7 after dispatch: asked by the shift leader."""
    if matter.echo_of is None:
        return
    master = case_of(matter.echo_of).incident.id
    given = merges.MergeIncident(**named(matter), master_id=master)
    actor = await stage.cast.named(people.SHIFT)
    await stage.do(matter, actor, merges.merge, given, "mergeIncident", asked=True)


async def unmerge(stage: Stage, matter: Matter, _task: Task) -> None:
    """T7u: it was another matter after all."""
    given = merges.UnmergeIncident(**named(matter), reason=WORDS)
    actor = await stage.cast.named(people.SHIFT)
    master = case_of(matter).incident.master_id
    await stage.do(matter, actor, merges.unmerge, given, "unmergeIncident", master=master)
    if matter.echo_of:
        stage.wake(matter.echo_of)
    matter.echo_of = None


async def recuse(stage: Stage, matter: Matter, _task: Task) -> None:
    """R82: the inspector keeps out of it."""
    given = recusals.DeclareRecusal(**named(matter), reason=WORDS)
    actor = await stage.cast.named(people.INSPECTOR)
    await stage.do(matter, actor, recusals.declare, given, "declareRecusal")
    matter.checker = CHECKER
    stage.cast.at(stage.now)


async def blow(stage: Stage, matter: Matter, _task: Task) -> None:
    """R33: the community calls one or two units."""
    orgs = [OTHERS[(matter.number + it) % len(OTHERS)] for it in range(1 + matter.number % 2)]
    kind = matter.chance.choice(list(WhistleKind))
    units = tuple(stage.units[it] for it in orgs)
    given = whistles.BlowWhistle(**named(matter), kind=kind, text=WORDS, org_unit_ids=units)
    actor = await stage.cast.named(CLERK)
    made = await stage.do(matter, actor, whistles.blow, given, "blowWhistle", kind=kind.value, orgs=orgs)
    (whistle,) = made.made["whistle"]
    calls = (await stored.calls_of([whistle], viewer=SYSTEM))[whistle]
    matter.called = [Called(stage.codes[it.org_id], it.id) for it in calls]


def _called(matter: Matter, task: Task) -> Called:
    return next(it for it in matter.called if it.org == task.org)


async def come(stage: Stage, matter: Matter, task: Task) -> None:
    """R33: the unit signs, calls, comes."""
    called = _called(matter, task)
    step = list(WhistleStep)[called.steps]
    given = whistles.AnswerWhistle(call_id=called.id, step=step)
    actor = await stage.cast.lead_of(called.org)
    facts = {"org": called.org, "step": step.value}
    await stage.do(matter, actor, whistles.answer, given, "answerWhistle", **facts)
    called.steps += 1


async def rate(stage: Stage, matter: Matter, task: Task) -> None:
    """R34: the community rates who came, and then the other way round."""
    called = _called(matter, task)
    back = called.rated == 1
    actor = await (stage.cast.lead_of(called.org) if back else stage.cast.named(CLERK))
    rating = matter.chance.randint(1, 5)
    given = whistles.RateWhistle(call_id=called.id, rating=rating, text=WORDS)
    facts = {"org": called.org, "back": back, "rating": rating}
    await stage.do(matter, actor, whistles.rate, given, "rateWhistle", **facts)
    called.rated += 1


ACTS: dict[str, Act] = {
    it.__name__: it
    for it in (
        self_handle,
        review_self,
        claim,
        confirm_claim,
        merge_late,
        unmerge,
        recuse,
        blow,
        come,
        rate,
    )
}
