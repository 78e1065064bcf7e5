"""The log as it is followed: the shortest way from the store to entries, outside of any transaction or cut."""

from db import event_log
from db.connection import dialect, numbered
from db.reads import wire
from domain.event import LoggedEvent

_NAMES = (
    *("seq", "at", "kind", "action", "row", "subject_noun", "subject_id", "subject_version"),
    *(
        "incident_id",
        "assignment_id",
        "person_id",
        "actor_id",
        "scopes_before",
        "scopes_after",
        "data",
        "hash",
    ),
)


async def follow(after: int, limit: int) -> list[LoggedEvent]:
    """The next entries with `seq > after`, at most `limit`."""
    text = f"SELECT {', '.join(_NAMES)} FROM event_log WHERE seq > ? ORDER BY seq LIMIT {limit:d}"  # noqa: S608 - parts of ours
    rows = await wire.tuples(text if dialect() == "sqlite" else numbered(text), [after])
    return [event_log.logged(dict(zip(_NAMES, row, strict=True))) for row in rows]
