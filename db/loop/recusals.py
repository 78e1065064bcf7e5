"""Who keeps out of which case (R82)."""

from db import rows
from db.rows import to_columns
from db.unit_of_work import Work
from domain.errors import DomainError, ErrorCode
from domain.loop.recusal import Recusal


async def insert(work: Work, recusal: Recusal) -> None:
    """Write a declared interest. GUARD_FAILED (R82) when this person declared one in this case before."""
    if not await rows.insert_unless_taken(work.connection, "recusal", to_columns(recusal)):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="R82")
