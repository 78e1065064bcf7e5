"""What waits seldom: claims, calls to the spot, what is done away with at once."""

from collections.abc import Iterator

from bench.year.ground import ON_THE_SPOT
from bench.year.matter import Matter, Task
from domain.case import Case
from domain.incident import Source
from domain.loop.request import RequestKind
from domain.loop.whistle import WhistleStep

COMMUNITY = "211005003001"
"""Where the clerk works who calls units to the spot."""

RATINGS = 2


def on_the_spot(matter: Matter, case: Case) -> bool:
    """T3: found on patrol, of nobody's asking, of a kind that may be, once."""
    found = matter.plan.source is Source.GRID_PATROL and not case.complainants
    tried = any(it.kind is RequestKind.SELF_HANDLING for it in case.requests)
    return found and matter.plan.category.code in ON_THE_SPOT and not tried


def claimed(matter: Matter, case: Case) -> Iterator[Task]:
    """T12: while nobody's duty fits, and before it ever was given or returned."""
    if case.waiting(RequestKind.CLAIM):
        yield Task("confirm_claim", mark=len(case.requests))
    elif case.incident.claim_until and "claim" in matter.fates and not case.requests:
        yield Task("claim")


def called(matter: Matter, case: Case) -> Iterator[Task]:
    """R33, R34: the community calls once; who is silent signs and stays away."""
    there = matter.plan.grid.community_code == COMMUNITY and case.incident.state.value == "HANDLING"
    if there and "whistle" in matter.fates and not matter.called:
        yield Task("blow")
    for it in matter.called:
        steps = 1 if matter.hand(it.org) == "silent" else len(WhistleStep)
        if it.steps < steps:
            yield Task("come", it.org, mark=it.steps)
        elif it.steps == len(WhistleStep) and it.rated < RATINGS:
            yield Task("rate", it.org, mark=it.rated)
