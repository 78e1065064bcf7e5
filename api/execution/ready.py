"""Ready JSON of whole cases: each as one class of viewers reads it, at one revision of the case (ADR 12).

The store is asked for the revision on every read, so nothing here is older than the row that it shows. What a text
says of other things (names of units, grids, people) is dropped by their events, as references are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from db.rows import Kept
from domain.person import Post
from domain.viewer import Viewer

REVISION = "revision"
_BESIDE = 300  # bytes that an entry takes beside its text
_NOBODY = UUID(int=0)
_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_CLASSES = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """A class of viewers: those who read alike, but for what is somebody's own. `viewer` is any, and nobody."""

    viewer: Viewer


@lru_cache(_CLASSES)
def peers_of(viewer: Viewer) -> Peers:
    """The class of a viewer: whoever has the same unit and the same posts, and keeps out of the same cases."""
    posts = {
        replace(it, id=_NOBODY, person_id=_NOBODY, starts_at=_EVER, ends_at=None, version=1)
        for it in viewer.posts
    }
    ordered = sorted(posts, key=lambda it: (it.type, str(it.org_id), str(it.grid_id)))
    return _peers(viewer.org_id, tuple(ordered), viewer.clerk_regions, viewer.recused)


@lru_cache(_CLASSES)
def _peers(
    org_id: UUID | None, posts: tuple[Post, ...], clerk_regions: frozenset[UUID], recused: frozenset[UUID]
) -> Peers:
    return Peers(
        Viewer(
            person_id=_NOBODY,
            username="",
            name="",
            org_id=org_id,
            posts=posts,
            clerk_regions=clerk_regions,
            recused=recused,
        )
    )


@dataclass(slots=True)
class Audience:
    """Who reads: everybody of a class alike, and one person (`own`) whose own name may read differently."""

    shape: str
    peers: Peers
    own: str

    @classmethod
    def of(cls, shape: str, viewer: Viewer) -> "Audience":
        """The audience of one selection that this viewer belongs to."""
        return cls(shape, peers_of(viewer), str(viewer.person_id))


@dataclass(frozen=True, slots=True)
class _Entry:
    revision: int
    text: bytes
    people: frozenset[str]


_Half = dict[tuple[str, Peers, str], dict[str, _Entry]]
_EMPTY: dict[str, _Entry] = {}


class ReadyCases:
    """The texts of one process, about `most` bytes in two halves: what nobody asked for while one filled is forgotten.

    `bytes` is what the younger half takes; of nothing (`most` 0) nothing is kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._here: Kept[bool] = Kept()
        self._young: _Half = {}
        self._old: _Half = {}
        self.bytes = 0
        self.generation = 0
        self.hits = self.misses = 0

    def find(self, audience: Audience, rows: Sequence[Sequence[Any]], at: int) -> list[bytes | None]:
        """The text of each row by its id (`row[0]`), None where none of its revision (`row[at]`) is kept."""
        if self._here.get(0) is None:  # another store was opened
            self.forget()
            self._here.keep(0, True)
        own = audience.own
        young = self._young.get((audience.shape, audience.peers, ""), _EMPTY)
        found = [
            it.text
            if (it := young.get(row[0])) is not None and it.revision == row[at] and own not in it.people
            else self._elsewhere(audience, row[0], row[at])
            for row in rows
        ]
        missing = found.count(None)
        self.misses += missing
        self.hits += len(found) - missing
        return found

    def keep(
        self,
        audience: Audience,
        rows: Iterable[Sequence[Any]],
        at: int,
        texts: Iterable[bytes],
        people: set[str],
    ) -> None:
        """Keep texts that were made for one of the audience; with the own name among `people`, for nobody else."""
        named = frozenset(people)
        key = (audience.shape, audience.peers, audience.own if audience.own in named else "")
        for row, text in zip(rows, texts, strict=True):
            self._put(key, row[0], _Entry(row[at], text, named))

    def forget(self) -> None:
        """Drop everything, and what is being made."""
        self.generation += 1
        self._young, self._old, self.bytes = {}, {}, 0

    def _elsewhere(self, audience: Audience, row_id: str, revision: int) -> bytes | None:
        """The text among the viewer's own, or in the old half; what is found there becomes young again."""
        for own in ("", audience.own):
            key = (audience.shape, audience.peers, own)
            for half in (self._young, self._old):
                entry = half.get(key, _EMPTY).get(row_id)
                if entry is None or entry.revision != revision:
                    continue
                if own or audience.own not in entry.people:
                    if half is self._old:
                        self._put(key, row_id, entry)
                    return entry.text
        return None

    def _put(self, key: tuple[str, Peers, str], row_id: str, entry: _Entry) -> None:
        weight = (
            len(entry.text) + _BESIDE + (0 if key in self._young else len(key[0]))
        )  # clients write the shapes
        if self.bytes + weight > self._most // 2:
            self._young, self._old, self.bytes = {}, self._young, 0
        self.bytes += weight
        self._young.setdefault(key, {})[row_id] = entry
