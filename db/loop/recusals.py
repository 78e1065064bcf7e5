"""Who keeps out of which case (R82)."""

from collections.abc import Collection
from uuid import UUID

from db import rows
from db.rows import one_of, read, select, to_columns, to_domain
from db.unit_of_work import Work
from domain.errors import DomainError, ErrorCode
from domain.loop.recusal import Recusal


async def insert(work: Work, recusal: Recusal) -> None:
    """Write a declared interest. GUARD_FAILED (R82) when this person declared one in this case before."""
    if not await rows.insert_unless_taken(work.connection, "recusal", to_columns(recusal)):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="R82")


async def of_cases(work: Work, incident_ids: Collection[UUID]) -> list[Recusal]:
    """Every interest declared in these cases, or carried to them, by person."""
    where = one_of("incident_id", incident_ids)
    found = await read(select("*", "recusal", where, "ORDER BY person_id, id"), work.connection)
    return [to_domain(Recusal, row) for row in found]


async def delete(work: Work, recusals: Collection[Recusal]) -> None:
    """Take back what a merge had carried."""
    if recusals:
        where = one_of("id", [it.id for it in recusals])
        await rows.write(rows.Sql(f"DELETE FROM recusal WHERE {where.text}", where.params), work.connection)  # noqa: S608 - parts of ours
