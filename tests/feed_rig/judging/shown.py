"""What of a case or an assignment is compared: what a stream showed last with what a query answers."""

from tests.feed_rig.record import Row

Shown = tuple[object, ...]
_ROW = ("version", "state", "light")
_CASE = (*_ROW, "round", "supervisionLevel", "escalationStep", "returnPending", "dueAt")


def shown_row(row: Row | None) -> Shown:
    """An assignment."""
    return tuple(row[name] for name in _ROW) if row else ()


def shown_case(row: Row | None) -> Shown:
    """A case with its assignments."""
    if not row:
        return ()
    rows = sorted((it["id"], *shown_row(it)) for it in row["assignments"])
    return (*(row[name] for name in _CASE), *rows)
