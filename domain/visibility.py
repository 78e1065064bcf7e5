"""Who may see a case: data, not code (design §7, ADR 8). SQL and hub evaluate the same atoms."""

from dataclasses import dataclass, replace
from uuid import UUID

from domain.errors import DomainError, ErrorCode
from domain.event import Scopes
from domain.person import Role
from domain.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Visibility:
    """A disjunction of atoms less some cases; empty sees nothing. Equal values are one visibility class.

    `everything` · `org_holds`: a unit of the set holds an assignment that is not RETURNED, CANCELLED or
    REJECTED_RESULT · `region_under`: the case's region is one of the set or below it · `grid_is` ·
    `reporter_is` · `complainant_is`. Less `apart`: the cases the viewer declared an interest in (R82).
    """

    everything: bool = False
    org_holds: frozenset[UUID] = frozenset()
    region_under: frozenset[UUID] = frozenset()
    grid_is: frozenset[UUID] = frozenset()
    reporter_is: UUID | None = None
    complainant_is: UUID | None = None
    apart: frozenset[UUID] = frozenset()

    @property
    def nothing(self) -> bool:
        """Whether no case at all can be seen."""
        return replace(self, apart=frozenset()) == Visibility()

    def sees(self, scopes: Scopes | None) -> bool:
        """The event evaluator: whether a case with these scopes is visible."""
        if scopes is None or (self.apart and scopes.incident in self.apart):
            return False
        return (
            self.everything
            or not self.org_holds.isdisjoint(scopes.orgs)
            or not self.region_under.isdisjoint(scopes.regions)
            or (scopes.grid is not None and scopes.grid in self.grid_is)
            or (scopes.reporter is not None and scopes.reporter == self.reporter_is)
            or (scopes.complainant is not None and scopes.complainant == self.complainant_is)
        )


# Design §7: posts at the command centre see everything; so does the auditor, with personal data masked.
SEE_EVERYTHING = frozenset(
    {
        Role.ACCEPTOR,
        Role.SHIFT_LEADER,
        Role.DISPATCHER,
        Role.INSPECTOR,
        Role.CALLBACK,
        Role.COMMAND_DIRECTOR,
        Role.LEADER,
        Role.SUPERVISOR,
        Role.AUDITOR,
        Role.SYSTEM,
    }
)
_SEE_OWN_REPORTS = frozenset({Role.GRID_WORKER, Role.VOLUNTEER, Role.RESIDENT, Role.CHANNEL})


def overseer(viewer: Viewer) -> Viewer:
    """The viewer, who sees every unit's work and may compare them. FORBIDDEN for others."""
    if not viewer.roles & SEE_EVERYTHING:
        raise DomainError(ErrorCode.FORBIDDEN)
    return viewer


def visibility_of(viewer: Viewer) -> Visibility:
    """The atoms of every role the viewer holds now (design §7)."""
    roles = viewer.roles
    if roles & SEE_EVERYTHING:
        return Visibility(everything=True, apart=viewer.recused)
    return Visibility(
        org_holds=viewer.handler_orgs,
        region_under=viewer.clerk_regions,
        grid_is=viewer.grids,
        reporter_is=viewer.person_id if roles & _SEE_OWN_REPORTS else None,
        complainant_is=viewer.person_id if Role.RESIDENT in roles else None,
        apart=viewer.recused,
    )


def check_seen(viewer: Viewer, scopes: Scopes) -> None:
    """NOT_FOUND, field `id`, for a case that is not visible, as for one that does not exist.

    Who keeps out of the case is told that and no more, whatever became of it: FORBIDDEN (R82).
    """
    if scopes.incident in viewer.recused:
        raise DomainError(ErrorCode.FORBIDDEN, rule="R82")
    if not visibility_of(viewer).sees(scopes):
        raise DomainError(ErrorCode.NOT_FOUND, "id")
