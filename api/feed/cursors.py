"""The feed's cursors: one string for one position of the log, in every process and language (design §5)."""

from collections.abc import Sequence
from typing import Protocol

from domain.event import Scalar

_CONTEXT = "feed"
_REMEMBERED = 4096


class Signer(Protocol):
    """What seals cursors; `api.pages.CursorSigner` is one."""

    def seal(self, payload: Sequence[Scalar], context: str) -> str:
        """The sealed text of these values."""

    def open(self, cursor: str, context: str, field: str = "after") -> list[Scalar]:
        """The values sealed for the same context; BAD_CURSOR for anything else."""


class Cursors:
    """Cursors of the log's present epoch; the feed sets `epoch` when it starts."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._known: dict[int, str] = {}
        self._epoch = ""

    @property
    def epoch(self) -> str:
        """The log's life."""
        return self._epoch

    @epoch.setter
    def epoch(self, epoch: str) -> None:
        self._epoch = epoch
        self._known.clear()

    def at(self, seq: int) -> str:
        """The cursor of a position: the last entry that was read."""
        known = self._known.get(seq)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[seq] = self._signer.seal([self._epoch, seq], _CONTEXT)
        return known

    def seq(self, cursor: str, field: str = "after") -> int | None:
        """The position of a cursor, None for one of another epoch; BAD_CURSOR for any other text."""
        epoch, seq = self._signer.open(cursor, _CONTEXT, field)
        return int(seq or 0) if epoch == self.epoch else None
