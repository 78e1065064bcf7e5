"""What a ladder is climbed by (B.4)."""

from datetime import datetime

from db import dictionaries
from db.loop import scores
from db.unit_of_work import Work
from domain.case import Case
from domain.loop.ladder import REDS_WITHIN
from domain.rules.supervision import Grounds


async def grounds_of(work: Work, case: Case, now: datetime) -> Grounds:
    """The limits for such a case at its report, and its units' red cards of the last 30 days elsewhere (E6)."""
    book = await dictionaries.rulebook(
        case.incident.reported_at,
        category_id=case.incident.category_id,
        region_ids=case.region_ids,
        connection=work.connection,
    )
    orgs = {row.org_id for row in case.assignments}
    since = now - REDS_WITHIN
    reds = await scores.reds(orgs, since, now, case.incident.id, connection=work.connection)
    return Grounds(book.policy, reds)
