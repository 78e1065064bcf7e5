"""How many rows a query finds, remembered for a while: it decides how a list is read, never which rows it has."""

from collections import OrderedDict
from time import monotonic

from db.rows import Connection, Kept, Sql, read

REMEMBERED_SECONDS = 60.0
MOST = 2_048
"""Queries remembered at once; those used longest ago are forgotten first."""

_known: Kept[OrderedDict[Sql, tuple[float, int]]] = Kept()


async def size_of(query: Sql, connection: Connection | None = None) -> int:
    """The `n` of a query's only row, as it was within the last `REMEMBERED_SECONDS` in the open store."""
    known = _known.get(())
    if known is None:
        known = _known.keep((), OrderedDict())
    until, size = known.get(query, (0.0, 0))
    if until < monotonic():
        size = int((await read(query, connection))[0]["n"])
        known[query] = (monotonic() + REMEMBERED_SECONDS, size)
    known.move_to_end(query)
    if len(known) > MOST:
        known.popitem(last=False)
    return size
