"""What the stores' tests of merging and reopening share: the steps at a desk."""

from typing import Any
from uuid import UUID

from domain.followup import DissatisfactionReason
from services import followups
from services.command import Result
from services.loop import merges, otherwise, reopenings
from tests.services.desk import Desk


async def told(desk: Desk, **changes: Any) -> UUID:
    """Another report; the desk is at it."""
    await desk.report(**changes)
    return desk.id


def at(desk: Desk, incident_id: UUID) -> Desk:
    """The desk at that case."""
    desk.id = incident_id
    return desk


async def merged(desk: Desk, child: UUID, master: UUID, username: str = "acceptor") -> Result:
    """T7."""
    given = merges.MergeIncident(**await at(desk, child).target(), master_id=master)
    return await merges.merge(desk.call(username), given)


async def unmerged(desk: Desk, child: UUID) -> Result:
    """T7u."""
    given = merges.UnmergeIncident(**await at(desk, child).target(), reason="不是同一件事")
    return await merges.unmerge(desk.call("shift_leader"), given)


async def decided(desk: Desk, *, accept: bool, username: str = "director") -> Result:
    """The director's answer."""
    given = otherwise.DecideEnding(**await desk.target(), accept=accept, text="同意")
    return await otherwise.decide_ending(desk.call(username), given)


async def reopened(desk: Desk, **changes: Any) -> Result:
    """T34."""
    given = reopenings.ReopenIncident(**await desk.target(), **({"reason": "又出现了"} | changes))
    return await reopenings.reopen(desk.call("acceptor"), given)


async def reworked(desk: Desk, username: str = "shift_leader", **changes: Any) -> Result:
    """T32, T32b."""
    told: dict[str, Any] = {"reason": DissatisfactionReason.RESULT, "text": "重办"}
    given = followups.ReworkIncident(**await desk.target(), **(told | changes))
    return await followups.rework(desk.call(username), given)
