"""Random steps of checks, follow-ups, reopening and merging, for the walk; `require` has been asked before."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.case import Case
from domain.followup import DissatisfactionReason, FollowUpLayer
from domain.life.guards.review import at_desk, open_layers, unhappy, worked_out
from domain.life.outcome import Outcome
from domain.person import Role
from domain.rules import followup, verification
from domain.rules.act import Act
from domain.rules.loop import merging, reopening
from domain.verification import CheckResult
from tests.domain.loop.play.steps_review import HAPPY, NOBODY, UNHAPPY
from tests.domain.stage import act, story_at

Move = Callable[[random.Random, Act, Case, Assignment | None], Outcome]

_ORDER = tuple(FollowUpLayer)


def _passed(_chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return verification.record_check(act, case, verification.Check(result=CheckResult.PASS, note="已核查"))


def _content(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    layer = chance.choice(sorted(open_layers(act.actor, case), key=_ORDER.index))
    people = [None, *(it.id for it in case.complainants)]
    return followup.record(act, case, layer, chance.choice((HAPPY, HAPPY, NOBODY)), chance.choice(people))


def _check(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    results = [CheckResult.PASS, CheckResult.FAIL] + ([] if at_desk(case) else [CheckResult.UNABLE])
    result = chance.choice(results)
    false = result is CheckResult.FAIL and chance.random() < 0.3
    given = verification.Check(result=result, note="已核查", false_completion=false)
    return verification.record_check(act, case, given)


def _follow_up(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    layer = chance.choice(sorted(open_layers(act.actor, case), key=_ORDER.index))
    people = [None, *(it.id for it in case.complainants)]
    return followup.record(
        act, case, layer, chance.choice((HAPPY, HAPPY, UNHAPPY, NOBODY)), chance.choice(people)
    )


def _close(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    director = Role.COMMAND_DIRECTOR in act.actor.roles
    partly = director and worked_out(case) and (chance.random() < 0.7 or not unhappy(case))
    return followup.close(act, case, partly=partly, minutes="会议纪要" if partly else None)


def _rework(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    units = [row.org_id for row in case.leads]
    named = chance.sample(units, chance.randint(0, len(units)))
    helping = [row.org_id for row in case.supports] if len(named or units) == 1 else []
    given = followup.Rework(
        reason=chance.choice(tuple(DissatisfactionReason)),
        words="重办",
        leads=named,
        supports=chance.sample(helping, chance.randint(0, len(helping))),
        minutes="会议纪要",
    )
    return followup.rework(act, case, given)


def _reopen(_chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return reopening.reopen(act, case, "又出现了")


def _merge(chance: random.Random, doing: Act, case: Case, _row: Assignment | None) -> Outcome:
    """Into a case of its own kind and place, at some step of its life."""
    story = story_at(chance.randint(0, 8))
    master = replace(
        story.case,
        category=case.category,
        incident=replace(story.case.incident, spot=case.incident.spot, address=case.incident.address),
    )
    if case.incident.state in merging.BEFORE_DISPATCH:
        return merging.merge(doing, case, master).child
    return merging.ask_merge(doing, case, master)


def _unmerge(_chance: random.Random, doing: Act, case: Case, _row: Assignment | None) -> Outcome:
    master = story_at(2).case
    grown = replace(master.incident, merged_count=1, report_count=1 + case.incident.report_count)
    return merging.unmerge(doing, case, replace(master, incident=grown), "误并").child


def _join(_chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return merging.join(act, case)


def absorbed(doing: Act, case: Case) -> Outcome:
    """The case after somebody else's report of the same matter was merged into it, for the walk of merged pairs."""
    other = story_at(1).case
    child = replace(
        other,
        category=case.category,
        incident=replace(other.incident, spot=case.incident.spot, address=case.incident.address),
    )
    return merging.merge(act(doing.actor, A.mergeIncident, doing.now), child, case).master


MOVES: Mapping[A, Move] = {
    A.recordCheck: _check,
    A.recordFollowUp: _follow_up,
    A.closeIncident: _close,
    A.reworkIncident: _rework,
    A.reopenIncident: _reopen,
    A.mergeIncident: _merge,
    A.unmergeIncident: _unmerge,
    A.joinIncident: _join,
}

WELL: Mapping[A, Move] = {A.recordCheck: _passed, A.recordFollowUp: _content}
"""The same where nothing is wrong any more: sending a case back may not be its only way out."""
