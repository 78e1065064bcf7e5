"""What a process tells of its streams, and the alarm for an escalation that no console received (design §5)."""

from datetime import datetime, timedelta
from functools import partial

from db.live import consumers
from db.live.consumers import Roll, UnseenEscalation
from db.unit_of_work import in_transaction

STRUCK_OFF_AFTER = timedelta(days=1)
"""How long the roll of a process that tells nothing any more is kept: how far its consoles had come still counts."""


async def tell(roll: Roll) -> None:
    """Replace this process' roll. UNAVAILABLE."""
    await in_transaction(partial(consumers.tell, roll=roll, forgotten=roll.told_at - STRUCK_OFF_AFTER))


async def raise_unseen(unseen: UnseenEscalation) -> bool:
    """Whether this process is the first to say that nobody received it. UNAVAILABLE."""
    return await in_transaction(partial(consumers.raise_unseen, unseen=unseen))


def fresh(roll: Roll, now: datetime, patience: timedelta) -> bool:
    """Whether the process that told this still runs."""
    return now - roll.told_at < patience
