"""What the rarer commands mean: handled on the spot, claimed, called to the spot (T3, T4, T12, R33, R34, R82)."""

from datetime import datetime

from bench.year.again.limits import read
from bench.year.again.parts import Whistled
from bench.year.again.story import Story
from bench.year.again.telling import Facts, given, tells

ARRIVE = {"EMERGENCY": "2h", "ROUTINE": "3d", "TOUGH": "5d"}
"""R33 says three and five working days; what an emergency asks for is the product's own word."""


@tells("selfHandleIncident")
def handled_on_the_spot(story: Story, at: datetime, _facts: Facts) -> None:
    """T3: INTAKE stands still while it is looked at."""
    for clock in story.running("INTAKE"):
        clock.pause(at)
    story.state = "SELF_DONE"
    story.start("CHECK", at)


@tells("reviewSelfHandled")
def looked_at(story: Story, at: datetime, facts: Facts) -> None:
    """T4: closed, or reported again with what was left of INTAKE."""
    if facts["accept"]:
        story.end("CLOSED", at, done=True, copies=True)
        return
    story.stop(at, ["CHECK"])
    for clock in story.running("INTAKE"):
        clock.resume(at, story.hours)
    story.state = "REPORTED"


@tells("claimIncident")
@tells("declareRecusal")
def said(_story: Story, _at: datetime, _facts: Facts) -> None:
    """T12 asked, DISPATCH runs on; R82: somebody keeps out of it."""


@tells("confirmClaim")
def claim_decided(story: Story, at: datetime, facts: Facts) -> None:
    """T12: the unit gets it, is designated, and gains (S37: where no duty binds it anyway)."""
    if not facts["accept"]:
        return
    story.stop(at, ["DISPATCH"])
    given(story, at, {"leads": [facts["org"]]}, designated=True)
    if not facts["duty"]:
        story.score(facts["org"], "CLAIMED", at)
    story.settle(at)


@tells("blowWhistle")
def called(story: Story, at: datetime, facts: Facts) -> None:
    """R33: an hour to sign, a day to call, and days to come by what it is."""
    terms = [read(it) for it in ("60m", "24h", ARRIVE[facts["kind"]])]
    signs, calls, comes = (it.due(story.hours, at) for it in terms)
    story.whistles += [Whistled(org, (signs, calls, comes)) for org in facts["orgs"]]


@tells("answerWhistle")
def came(story: Story, at: datetime, facts: Facts) -> None:
    """R33: signed, called or came, each once."""
    _of(story, facts["org"]).done.setdefault(facts["step"], at)


@tells("rateWhistle")
def rated(story: Story, _at: datetime, facts: Facts) -> None:
    """R34: each side rates the other."""
    _of(story, facts["org"]).rated.setdefault(facts["back"], facts["rating"])


def _of(story: Story, org: str) -> Whistled:
    (found,) = (it for it in story.whistles if it.org == org)
    return found
