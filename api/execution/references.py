"""Ready JSON of what is small and changes slowly: regions, grids, units, categories, people's names.

A fragment is kept per selection and per class of viewers for whom it reads the same. Events drop it: those of
this process as soon as they are committed, those of others when the log's tail reads them (ADR 12).
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from db.rows import Kept
from domain.event import Event, EventKind
from domain.masking import names_masked
from domain.permission import STAFF
from domain.rules.rights import RightsReason
from domain.viewer import Viewer

MOST = 64 * 1024 * 1024  # characters kept, selections among them: clients write these
_BESIDE = 100  # what an entry costs beside its characters

Fragments = Mapping[str, str]
Make = Callable[[list[str]], Awaitable[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Reference:
    """How a noun's fragments depend on who reads them: `sort` names the class of viewers; None sees none but itself.

    `personal`: the viewer's own entry reads differently.
    """

    sort: Callable[[Viewer], Hashable | None] = lambda _: True
    personal: bool = False


def _readers_of_names(viewer: Viewer) -> Hashable | None:
    return ("masked" if names_masked(viewer) else "plain") if viewer.roles & STAFF else None


REFERENCES: Mapping[str, Reference] = {
    "Category": Reference(),
    "Grid": Reference(),
    "OrgUnit": Reference(),
    "Person": Reference(_readers_of_names, personal=True),
    "Region": Reference(),
}
_OF_PEOPLE = "Person"
_CHANGED = RightsReason.RIGHTS_CHANGED.value


class References:
    """The fragments of one process; `held` says how many characters they take, about."""

    def __init__(self) -> None:
        self._fragments: dict[tuple[str, str, Hashable], dict[str, str]] = {}
        self._here: Kept[bool] = Kept()
        self._generation = 0
        self.held = 0

    async def table(self, noun: str, shape: str, viewer: Viewer, keys: set[str], make: Make) -> Fragments:
        """The fragments of these keys; absent are those that the viewer may not see. `shape` names the selection."""
        reference = REFERENCES[noun]
        sort, own = reference.sort(viewer), str(viewer.person_id)
        if reference.personal and own in keys:
            apart = await self._kept((noun, shape, (sort, own)), {own}, make)
            others = keys - {own}
            if sort is None or not others:
                return apart
            return {**await self._kept((noun, shape, sort), others, make), **apart}
        return {} if sort is None else await self._kept((noun, shape, sort), keys, make)

    def hear(self, events: Iterable[Event]) -> bool:
        """Drop what these events change; whether there was such an event."""
        found = False
        for event in events:
            if event.kind in {EventKind.GRID, EventKind.DICTIONARY}:
                self.forget()
                return True
            if event.kind is EventKind.RIGHTS and event.data.get("reason") == _CHANGED:
                found = True
                self._generation += 1
                for key in [key for key in self._fragments if key[0] == _OF_PEOPLE]:
                    self.held -= _weight(key[1]) + sum(map(_weight, self._fragments.pop(key).values()))
        return found

    def forget(self) -> None:
        """Drop everything."""
        self._generation += 1
        self._fragments.clear()
        self.held = 0

    async def _kept(self, key: tuple[str, str, Hashable], keys: set[str], make: Make) -> dict[str, str]:
        if self._here.get(0) is None:  # another store was opened
            self.forget()
            self._here.keep(0, True)
        held = self._fragments.get(key, {})
        missing = keys - held.keys()
        if not missing:
            return held
        generation = self._generation
        made = await make(sorted(missing))
        if generation != self._generation:  # what was read may be older than the event: not kept
            return {**held, **made}
        kept = self._fragments.get(key, {})  # another request may have been quicker
        fresh = {name: text for name, text in made.items() if name not in kept}
        if not fresh:
            return kept
        weight = sum(map(_weight, fresh.values())) + (0 if kept else _weight(key[1]))
        if self.held + weight > MOST:
            self.forget()
            return {**kept, **fresh}
        kept.update(fresh)
        self._fragments[key] = kept
        self.held += weight
        return kept


def _weight(text: str) -> int:
    return len(text) + _BESIDE
