"""How a websocket ends: the close codes of graphql-transport-ws, and of RFC 6455 for what it leaves open."""

import secrets
from dataclasses import dataclass

from domain.errors import DomainError

RETRY_SPREAD_MS = 5000  # clients of a stopped server come back spread over this time


@dataclass(frozen=True, slots=True)
class Close:
    """A close frame."""

    code: int
    reason: str


MALFORMED = Close(4400, "Invalid message received")
NOT_INITIALISED = Close(4401, "Unauthorized")
SESSION_ENDED = Close(4403, "SESSION_ENDED")
OTHER_SUBPROTOCOL = Close(4406, "Subprotocol not acceptable")
INIT_TIMEOUT = Close(4408, "Connection initialisation timeout")
INITIALISED_TWICE = Close(4429, "Too many initialisation requests")
BUG = Close(4500, "Internal server error")
TOO_MANY_SOCKETS = Close(1013, "RATE_LIMITED")


class Closing(Exception):  # noqa: N818 - it ends the conversation, it is not a failure of ours
    """Raised where the conversation cannot go on."""

    def __init__(self, close: Close) -> None:
        super().__init__(close.code)
        self.close = close


def forbidden(refusal: DomainError) -> Close:
    """`connection_init` was refused; the reason is the error code."""
    return Close(4403, refusal.code.value)


def duplicate(operation_id: str) -> Close:
    """The id of a running operation was used again; a close frame has room for the start of it."""
    return Close(4409, f"Subscriber for {operation_id[:20]} already exists")


def restart() -> Close:
    """The server stops; the reason says after how many milliseconds to come back."""
    return Close(1012, f"retryAfterMs={secrets.randbelow(RETRY_SPREAD_MS)}")
