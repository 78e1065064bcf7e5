"""Who may hear of an entry of the log, and which entries a stream carries (design §5, §7; domain.md C.3 W4)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from api.execution.ready import peers_of
from api.feed.items import Filter
from domain.clock import Light
from domain.event import Event, EventKind, LoggedEvent
from domain.masking import names_masked
from domain.permission import STAFF
from domain.viewer import Viewer
from domain.visibility import Visibility, visibility_of

Wants = Callable[[LoggedEvent], bool]
Standing = tuple[Visibility, frozenset[object], UUID | None, frozenset[UUID]]

_CLASSES = 8192
_audiences: "dict[tuple[Standing, UUID | None], Audience]" = {}

_COMMAND_CENTRE = frozenset(
    {EventKind.REPORTED, EventKind.ESCALATED, EventKind.SUPERVISED, EventKind.SURGE}
)  # and LIGHT to RED (core.graphql)
REMINDERS = frozenset({"E0", "E1", "I1"})  # B.4, B.6: told to the desk alone


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """A visibility class, and the viewer as whom its items are written: nobody, unless a class is one person's own."""

    standing: Standing
    person_id: UUID | None
    viewer: Viewer


def standing(viewer: Viewer) -> Standing:
    """Everything the policy reads of a viewer; equal standings see and are shown the same (design §5)."""
    posts = frozenset((post.type, post.org_id, post.grid_id) for post in viewer.posts)
    return visibility_of(viewer), posts, viewer.org_id, viewer.recused


@lru_cache(_CLASSES)
def audience_of(viewer: Viewer, *, personal: bool) -> Audience:
    """The class of a viewer.

    It is one person's own where fields are `personal`, where an atom names the person (reporters, complainants), and
    where names are masked but the own (R80).
    """
    said = standing(viewer)
    visibility = said[0]
    own = personal or names_masked(viewer) or not viewer.roles & STAFF
    if own or visibility.reporter_is or visibility.complainant_is:
        return _audience(said, viewer.person_id, viewer)
    return _audience(said, None, peers_of(viewer).viewer)


def _audience(said: Standing, person_id: UUID | None, viewer: Viewer) -> Audience:
    """One object for one class, so that classes are told apart at no cost."""
    if len(_audiences) >= _CLASSES:
        _audiences.clear()
    return _audiences.setdefault((said, person_id), Audience(said, person_id, viewer))


def may_hear(visibility: Visibility, event: Event) -> bool:
    """Whether the case is or was visible; what is about no case is for those who see everything.

    Who keeps out of a case hears nothing of it, not even that it was visible before (R82).
    RIGHTS entries are for the platform and the audit of the log, never for a stream.
    """
    if visibility.apart and event.incident_id in visibility.apart:
        return False
    if event.scopes_before is None and event.scopes_after is None:
        return visibility.everything and event.kind is not EventKind.RIGHTS
    return visibility.sees(event.scopes_before) or visibility.sees(event.scopes_after)


def wanted(viewer: Viewer, chosen: Filter) -> Wants:
    """What `feed` and `events` carry: everything the viewer may hear and asked for."""
    visibility = visibility_of(viewer)
    return lambda logged: _chosen(chosen, logged.event) and may_hear(visibility, logged.event)


def of_command_centre(viewer: Viewer) -> Wants:
    """What `commandCentre` carries: new, red, escalated, supervised and surging cases."""
    visibility = visibility_of(viewer)
    return lambda logged: _striking(logged.event) and may_hear(visibility, logged.event)


def of_unit(org_id: UUID) -> Wants:
    """What moves a unit's queue: entries of cases it held before or holds after."""
    return lambda logged: any(
        scopes is not None and org_id in scopes.orgs
        for scopes in (logged.event.scopes_before, logged.event.scopes_after)
    )


def _chosen(chosen: Filter, event: Event) -> bool:
    return (chosen.kinds is None or event.kind in chosen.kinds) and (
        chosen.incident_id is None or event.incident_id == chosen.incident_id
    )


def _striking(event: Event) -> bool:
    if event.kind is EventKind.LIGHT:
        return event.data.get("light") == Light.RED.value
    return event.kind in _COMMAND_CENTRE and event.row not in REMINDERS
