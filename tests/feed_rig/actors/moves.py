"""Every command that somebody of a run may give, and those of the schema that nobody gives, with the reason."""

from collections.abc import Mapping

from tests.feed_rig.actors import calendar, intake, review, work
from tests.feed_rig.actors.scene import Move

MOVES: Mapping[str, Move] = {**intake.MOVES, **work.MOVES, **review.MOVES, **calendar.MOVES}
REPORT = "reportIncident"

_SEATED = "the people of a run sign in and are appointed by the run itself, and lose both as a fault"
_GROUND = (
    "the ground cases stand on: no step of a case's life, and no stream tells it but to who sees everything"
)
_OWN = "what somebody keeps for themselves: it is no event"
LEFT_OUT: Mapping[str, str] = {
    **dict.fromkeys(("signIn", "createPerson", "assignPost", "endPost", "resetPassword"), _SEATED),
    "refreshSession": "tokens outlive a run",
    "signOut": "a fault ends sessions by a new password, which ends every one of them",
    "changePassword": "the same as the fault's new password, but for who gives it",
    "forwardClock": "the fault `clock`",
    **dict.fromkeys(("createGrid", "reviseGrid", "retireGrid", "createOrgUnit", "reviseOrgUnit"), _GROUND),
    **dict.fromkeys(("createCategory", "reviseCategory", "setDutyItem", "endDutyItem"), _GROUND),
    **dict.fromkeys(("setDispatchRule", "endDispatchRule", "setPolicyValue"), _GROUND),
    **dict.fromkeys(("storeDocument", "retireDocument"), _OWN),
    **dict.fromkeys(("createIntegrationKey", "revokeIntegrationKey"), _OWN),
    **dict.fromkeys(("saveFilter", "reviseFilter", "deleteFilter"), _OWN),
}
