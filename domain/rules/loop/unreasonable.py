"""T33: a request that two reviewers found unreasonable ends with an explanation (domain.md B.3 T33, R32)."""

from dataclasses import replace

from domain.case import Case, put
from domain.incident import CaseOutcome
from domain.life.guards.review import reviewed_twice
from domain.life.outcome import Outcome, conclude
from domain.loop.request import RequestKind, RequestState
from domain.rules.act import Act
from domain.rules.ending import closed
from domain.rules.incident import replied, told


def closed_as_unreasonable(act: Act, case: Case, words: str | None = None) -> Outcome:
    """T33: the director agrees with the reviewer who proposed it; the explanation goes to each who is owed a reply.

    GUARD_FAILED (T33) when nobody proposed it or nobody is dissatisfied, FORBIDDEN for the proposer.
    """
    reviewed_twice(act.actor, case)
    judged = case.waiting(RequestKind.ENDING)[0]
    agreed = replace(
        judged,
        state=RequestState.APPROVED,
        decided_by_id=act.actor_id,
        decided_at=act.now,
        answer=words,
    )
    after = closed(act, replace(case, requests=put(case.requests, agreed)))
    after = replace(after, incident=replace(after.incident, outcome=CaseOutcome.EXPLAINED))
    after = replied(act, after, judged.text or "诉求不合理，已作解释。")
    return conclude(case, after, [act.happening("T33", data={"complainants": told(case)})])
