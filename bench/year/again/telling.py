"""What each command means for the retold case, row by row of domain.md B.3, B.5 and B.6: before and beside the work."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bench.year.again.ledger import Row
from bench.year.again.limits import EXTERNAL_BUFFER
from bench.year.again.story import SHIRKED_WITHIN, Story, Teller
from bench.year.again.tables import Place

Facts = Mapping[str, Any]
TELLERS: dict[str, Teller] = {}


def tells(action: str) -> Callable[[Teller], Teller]:
    """Register what a command means."""

    def registered(teller: Teller) -> Teller:
        TELLERS[action] = teller
        return teller

    return registered


@tells("reportIncident")
def reported(story: Story, at: datetime, facts: Facts) -> None:
    """T2."""
    story.urgency, story.consult = facts["urgency"], facts["consult"]
    story.place, story.source_due = Place(facts["categories"], facts["regions"]), facts["source_due"]
    story.own = [facts["reachable"]] if facts["asks"] else []
    story.asking += story.own
    story.start("INTAKE", at)


@tells("rejectIncident")
def rejected(story: Story, at: datetime, _facts: Facts) -> None:
    """T5."""
    story.end("REJECTED", at)


@tells("transferIncident")
def transferred(story: Story, at: datetime, _facts: Facts) -> None:
    """T6."""
    story.end("TRANSFERRED", at)


@tells("reinstateIncident")
def reinstated(story: Story, at: datetime, _facts: Facts) -> None:
    """T5b."""
    story.stop(at, ["ARCHIVE"])
    story.state = "REPORTED"
    story.start("INTAKE", at)


@tells("requestVerification")
def sent_to_verify(story: Story, at: datetime, _facts: Facts) -> None:
    """T8: INTAKE stands still."""
    for clock in story.running("INTAKE"):
        clock.pause(at)
    story.state = "VERIFYING"
    story.start("VERIFY", at)


@tells("recordVerification")
def verified(story: Story, at: datetime, _facts: Facts) -> None:
    """T9: INTAKE goes on."""
    story.stop(at, ["VERIFY"])
    for clock in story.running("INTAKE"):
        clock.resume(at, story.hours)
    story.state = "REPORTED"


@tells("fileIncident")
def filed(story: Story, at: datetime, facts: Facts) -> None:
    """T10."""
    story.stop(at, ["INTAKE"])
    story.urgency, story.state = facts["urgency"], "FILED"
    story.start("DISPATCH", at)


def given(story: Story, at: datetime, facts: Facts, *, designated: bool = False) -> None:
    """Rows and their clocks (B.6 State → running clocks)."""
    for role, named in (("LEAD", "leads"), ("SUPPORT", "supports"), ("CC", "copies")):
        for org in facts.get(named, ()):
            row = Row(org, role, story.round, at, designated=designated and role == "LEAD")
            story.rows.append(row)
            if role == "CC":
                story.start("READ", at, row=row)
                continue
            story.start("SIGN", at, row=row)
            if role == "LEAD":
                story.start("CONTACT", at, row=row)
            _handling(story, at, row)


def _handling(story: Story, at: datetime, row: Row) -> None:
    """HANDLE, no later than what another platform asks for less four working hours (B.2), and the stages (R24)."""
    found = story.limit("CONSULT" if story.consult else "HANDLE", at)
    ceiling = story.hours.before(story.source_due, EXTERNAL_BUFFER) if story.source_due else None
    sooner = ceiling if ceiling and ceiling < found.due(story.hours, at) else None
    story.start("HANDLE", at, row=row, of=found, due=sooner).ceiling = ceiling
    if row.role == "LEAD":
        for name, term in story.world.tables.stages.get(story.place.categories[0], ()):
            story.start("MILESTONE", at, row=row, of=term).name = name


@tells("dispatchIncident")
def dispatched(story: Story, at: datetime, facts: Facts) -> None:
    """T11."""
    story.stop(at, ["DISPATCH"])
    given(story, at, facts)
    story.settle(at)


def _cleared(story: Story, at: datetime) -> None:
    """B.5: live rows end, every clock with them, replies to cards too."""
    for row in story.live():
        row.state = "CANCELLED"
    story.stop(at)


@tells("withdrawDispatch")
def withdrawn(story: Story, at: datetime, _facts: Facts) -> None:
    """T13."""
    _cleared(story, at)
    story.state = "FILED"
    story.start("DISPATCH", at)


@tells("redispatchIncident")
def redispatched(story: Story, at: datetime, facts: Facts) -> None:
    """T13b."""
    _cleared(story, at)
    given(story, at, facts, designated=True)
    story.settle(at)


def _ended(story: Story, at: datetime, row: Row, state: str) -> None:
    story.stop(at, row=row)
    row.state = state


@tells("releaseSupport")
def released(story: Story, at: datetime, facts: Facts) -> None:
    """T13c."""
    _ended(story, at, story.row(facts["org"], "SUPPORT"), "CANCELLED")
    story.settle(at)


@tells("requestReturn")
def return_asked(story: Story, at: datetime, facts: Facts) -> None:
    """T15: SIGN stops, judged now."""
    row = story.row(facts["org"], "LEAD", "SUPPORT")
    story.stop(at, ["SIGN"], row)
    if row.state == "PENDING":
        row.on_time_accept = row.on_time_accept is not False
    row.state, row.boundary = "RETURN_REQ", facts["boundary"]
    story.start("RETURN_DECIDE", at, row=row)
    story.settle(at)


@tells("decideReturn")
def return_decided(story: Story, at: datetime, facts: Facts) -> None:
    """T16, T17."""
    row = story.row(facts["org"], "LEAD", "SUPPORT")
    if not facts["accept"]:
        _return_refused(story, at, row, shirked=facts["shirked"])
        return
    _ended(story, at, row, "RETURNED")
    if row.role == "LEAD" and row.boundary:
        story.boundary_returns += 1
    if not story.leads:
        for other in story.live():
            _ended(story, at, other, "CANCELLED")
        story.ruling = row.boundary and story.boundary_returns > 1
        if not story.ruling:
            story.stop(at, ["REPLY"])  # rule C: FILED is out of Z, and nobody is left to answer a card
        story.start("ARBITRATE" if story.ruling else "DISPATCH", at)
    story.settle(at)


def _return_refused(story: Story, at: datetime, row: Row, *, shirked: bool) -> None:
    """T17: accepted by the refusal; the second of the unit in 30 days is shirking (R27), and a yellow card."""
    story.stop(at, ["RETURN_DECIDE"], row)
    row.state = "ACCEPTED"
    before = story.world.refused.setdefault(row.org, [])
    again = any(it > at - SHIRKED_WITHIN for it in before)
    before.append(at)
    story.score(row.org, "SHIRKED" if shirked or again else "RETURN_REJECTED", at)
    if again:
        story.rise(4)
        story.card("YELLOW", at, row, "T17.E4")
    story.settle(at)


@tells("referToArbitration")
def referred(story: Story, at: datetime, _facts: Facts) -> None:
    """T18."""
    story.stop(at, ["DISPATCH", "RETURN_DECIDE"])
    story.ruling = True
    story.start("ARBITRATE", at)
    story.settle(at)


@tells("submitStatement")
def spoken(story: Story, _at: datetime, facts: Facts) -> None:
    """S35."""
    if facts["volunteers"]:
        story.volunteers.add(facts["org"])


@tells("ruleArbitration")
def ruled(story: Story, at: datetime, facts: Facts) -> None:
    """T19: who is named is kept or begins, the others end; who offered gains, who shirked loses."""
    story.stop(at, ["ARBITRATE"])
    story.ruling = False
    named = {"LEAD": facts["leads"], "SUPPORT": facts["supports"], "CC": ()}
    held = []
    for row in story.live():
        if row.org not in named[row.role]:
            _ended(story, at, row, "RETURNED" if row.state == "RETURN_REQ" else "CANCELLED")
            continue
        held.append(row.org)
        if row.state == "RETURN_REQ":
            row.state = "ACCEPTED"
            story.world.refused.setdefault(row.org, []).append(at)
        row.designated = row.designated or row.role == "LEAD"
    fresh = {name: [it for it in facts[name] if it not in held] for name in ("leads", "supports")}
    given(story, at, fresh, designated=True)
    for org in story.volunteers & {*facts["leads"], *facts["supports"]}:
        story.score(org, "CLAIMED" if org in facts["leads"] else "VOLUNTEERED", at)
    for org in facts["shirked"]:
        story.score(org, "SHIRKED", at)
    story.volunteers.clear()
    story.settle(at)


@tells("superviseIncident")
def supervised(story: Story, at: datetime, facts: Facts) -> None:
    """T37 by a person."""
    story.card(facts["level"], at, None, None)


@tells("replySupervision")
def answered(story: Story, at: datetime, facts: Facts) -> None:
    """T37: the reply to one card."""
    for card in story.cards:
        if card.open and card.level == facts["level"]:
            card.open = False
            card.clock.stop(at)


@tells("cancelSupervision")
def card_cancelled(story: Story, at: datetime, _facts: Facts) -> None:
    """T38: points stay."""
    story.level = "NONE"
    for card in story.cards:
        if card.open:
            card.open = False
            card.clock.stop(at)


@tells("addNote")
def noted(story: Story, at: datetime, facts: Facts) -> None:
    """A note; of the hung unit it is the progress note that a review asks for (B.6 decided 9)."""
    story.notes.append((facts["org"], at))


@tells("proposeEnding")
@tells("withdrawIncident")
def asked(_story: Story, _at: datetime, _facts: Facts) -> None:
    """Asked; nothing changes until another decides."""
