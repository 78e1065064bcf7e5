"""What the websockets of a process share."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.requests import HTTPConnection

from api.engine import Executes
from api.limits import Caps, Limits, Rates
from api.protocol import Session, Shelter
from api.stored_documents import StoredDocuments


class Door(Protocol):
    """What all connections of a process share."""

    executes: Executes
    documents: StoredDocuments
    open_session: Callable[[HTTPConnection, Mapping[str, object]], Awaitable[Session]]
    limits: Limits
    rates: Rates
    shelter: Shelter
    caps: Caps
    draining: bool
    conversations: set[Any]
