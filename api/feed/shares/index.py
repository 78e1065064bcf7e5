"""Who may hear of an entry: from the scopes of a case to the classes that see it (design §5, §7)."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from domain.event import Event, EventKind, Scopes
from domain.visibility import Visibility


class Hearer(Protocol):
    """What an entry is handed to; `incident_id` is set where only one case is wanted."""

    visibility: Visibility
    incident_id: UUID | None


H = TypeVar("H", bound=Hearer)


class _Circle(Generic[H]):
    """Everybody of one visibility."""

    def __init__(self, visibility: Visibility) -> None:
        self.visibility = visibility
        self.all: dict[H, None] = {}
        self.of_case: defaultdict[UUID, dict[H, None]] = defaultdict(dict)

    @property
    def empty(self) -> bool:
        """Whether nobody is left."""
        return not self.all and not self.of_case

    def hearing(self, event: Event) -> Iterator[H]:
        """Who wants the case of this entry, or every case."""
        yield from self.all
        if event.incident_id is not None and event.incident_id in self.of_case:
            yield from self.of_case[event.incident_id]


_Atoms = defaultdict[UUID, set[_Circle[H]]]


class Index(Generic[H]):
    """Exactly as `hearing.may_hear`, but it looks only at those who may hear."""

    def __init__(self) -> None:
        self._circles: dict[Visibility, _Circle[H]] = {}
        self._everything: set[_Circle[H]] = set()
        self._orgs: _Atoms[H] = defaultdict(set)
        self._regions: _Atoms[H] = defaultdict(set)
        self._grids: _Atoms[H] = defaultdict(set)
        self._reporters: _Atoms[H] = defaultdict(set)
        self._complainants: _Atoms[H] = defaultdict(set)

    def add(self, hearer: H) -> None:
        """Hand entries to it from now on."""
        circle = self._circles.get(hearer.visibility)
        if circle is None:
            circle = self._circles[hearer.visibility] = _Circle(hearer.visibility)
            for circles in self._places(hearer.visibility):
                circles.add(circle)
        place = circle.all if hearer.incident_id is None else circle.of_case[hearer.incident_id]
        place[hearer] = None

    def remove(self, hearer: H) -> None:
        """Hand it nothing more."""
        circle = self._circles[hearer.visibility]
        if hearer.incident_id is None:
            circle.all.pop(hearer, None)
        else:
            circle.of_case[hearer.incident_id].pop(hearer, None)
            if not circle.of_case[hearer.incident_id]:
                del circle.of_case[hearer.incident_id]
        if circle.empty:
            del self._circles[hearer.visibility]
            for circles in self._places(hearer.visibility):
                circles.discard(circle)
            self._tidy(hearer.visibility)

    def hearing(self, event: Event) -> Iterator[H]:
        """Who may hear of it, each once."""
        before, after = event.scopes_before, event.scopes_after
        if before is None and after is None:
            circles = set() if event.kind is EventKind.RIGHTS else self._everything
        else:
            circles = set(self._everything)
            for scopes in (before, after) if after != before else (after,):
                if scopes is not None:
                    self._gather(scopes, circles)
        for circle in circles:
            apart = circle.visibility.apart
            if not apart or event.incident_id not in apart:  # R82; nothing is hashed where nobody keeps out
                yield from circle.hearing(event)

    def _gather(self, scopes: Scopes, circles: set[_Circle[H]]) -> None:
        for org in scopes.orgs:
            circles.update(self._orgs.get(org, ()))
        for region in scopes.regions:
            circles.update(self._regions.get(region, ()))
        if scopes.grid is not None:
            circles.update(self._grids.get(scopes.grid, ()))
        if scopes.reporter is not None:
            circles.update(self._reporters.get(scopes.reporter, ()))
        if scopes.complainant is not None:
            circles.update(self._complainants.get(scopes.complainant, ()))

    def _atoms(self, visibility: Visibility) -> Iterator[tuple[_Atoms[H], UUID]]:
        for atoms, keys in (
            (self._orgs, visibility.org_holds),
            (self._regions, visibility.region_under),
            (self._grids, visibility.grid_is),
            (self._reporters, {visibility.reporter_is} - {None}),
            (self._complainants, {visibility.complainant_is} - {None}),
        ):
            for key in keys:
                if key is not None:
                    yield atoms, key

    def _places(self, visibility: Visibility) -> Iterator[set[_Circle[H]]]:
        if visibility.everything:
            yield self._everything
        for atoms, key in self._atoms(visibility):
            yield atoms[key]

    def _tidy(self, visibility: Visibility) -> None:
        for atoms, key in self._atoms(visibility):
            if not atoms[key]:
                del atoms[key]
