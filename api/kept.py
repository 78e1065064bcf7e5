"""What is kept of documents: bounded in number and in bytes, and safe from those who send many different ones.

A document that was seen once waits in a small queue of its own; asked for again, it moves to where only documents
that were asked for again can push it out.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

NEW_PART = 4
"""A quarter of the places is for documents that were seen once."""

RECKON_EVERY = 256
"""Look-ups after which the bytes are reckoned anew: what is kept of a document grows with its plans."""


class _Part(Generic[T]):
    """The least recently asked for goes first when there are too many, or too many bytes."""

    def __init__(self, most: int, most_bytes: int, size: Callable[[str, T], int]) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._size = size
        self._sizes: dict[str, int] = {}
        self.items: OrderedDict[str, T] = OrderedDict()
        self.bytes = 0

    def put(self, text: str, item: T) -> None:
        self.items[text] = item
        self._count(text, item)
        self._shrink()

    def pop(self, text: str) -> T | None:
        item = self.items.pop(text, None)
        self.bytes -= self._sizes.pop(text, 0)
        return item

    def reckon(self) -> None:
        for text, item in self.items.items():
            self._count(text, item)
        self._shrink()

    def _count(self, text: str, item: T) -> None:
        size = self._size(text, item)
        self.bytes += size - self._sizes.get(text, 0)
        self._sizes[text] = size

    def _shrink(self) -> None:
        while len(self.items) > self._most or self.bytes > self._most_bytes:
            self.pop(next(iter(self.items)))


class KeptDocuments(Generic[T]):
    """By text. `size` gives the bytes that a text and what is kept of it take; texts above `longest` are not kept."""

    def __init__(self, most: int, most_bytes: int, longest: int, size: Callable[[str, T], int]) -> None:
        new, new_bytes = most // NEW_PART, most_bytes // NEW_PART
        self._new = _Part(new, new_bytes, size)
        self._proven = _Part(most - new, most_bytes - new_bytes, size)
        self._longest = longest
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        """How many documents are kept."""
        return len(self._new.items) + len(self._proven.items)

    def __contains__(self, text: object) -> bool:
        """Whether a document is kept."""
        return text in self._proven.items or text in self._new.items

    @property
    def bytes(self) -> int:
        """What is kept, about."""
        return self._new.bytes + self._proven.bytes

    def get(self, text: str) -> T | None:
        """What is kept of a document."""
        if (self.hits + self.misses) % RECKON_EVERY == 0:
            self._new.reckon()
            self._proven.reckon()
        found = self._proven.items.get(text)
        if found is not None:
            self._proven.items.move_to_end(text)
        elif (found := self._new.pop(text)) is not None:
            self._proven.put(text, found)
        else:
            self.misses += 1
            return None
        self.hits += 1
        return found

    def put(self, text: str, item: T) -> None:
        """Keep a document that was not kept."""
        if len(text) <= self._longest:
            self._new.put(text, item)
