"""The feed's cursors: one string for one position of the log, in every process and language (design §5)."""

from collections.abc import Sequence
from typing import Protocol

from domain.event import Scalar

_CONTEXT = "feed"


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
        self.epoch = ""

    def at(self, seq: int) -> str:
        """The cursor of a position: the last entry that was read."""
        return self._signer.seal([self.epoch, seq], _CONTEXT)

    def seq(self, cursor: str, field: str = "after") -> int | None:
        """The position of a cursor, None for one of another epoch; BAD_CURSOR for any other text."""
        epoch, seq = self._signer.open(cursor, _CONTEXT, field)
        return int(seq or 0) if epoch == self.epoch else None
