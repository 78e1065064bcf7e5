"""Every open case follows working time that changed, and the answer says what moved (R78, traps 11 and 18)."""

import logging
from dataclasses import replace
from functools import partial
from uuid import UUID

from db import cases, clocks
from db.loop import calendars
from db.rulebook import calendars as moves
from db.rulebook import changes
from db.unit_of_work import Work, in_transaction
from domain.action import ActionName
from domain.rules.time.calendar import Change, follow, follows
from services.apply import act_of, apply, caught_up
from services.command import SYSTEM, Call, Result

LISTED = 100
"""How many moved clocks an answer lists."""

log = logging.getLogger("fengqiao.calendar")


async def follow_all(call: Call, action: ActionName, result: Result, change: Change) -> Result:
    """Move what the change moves, each case in a transaction of its own; `facts` has what `moved` and the `total`.

    What moved is kept under the change, so that a request sent again is answered alike.
    """
    (change_id,) = result.made.get("change") or (call.key or call.new_id(),)
    for incident_id in await calendars.find_cases(change, viewer=SYSTEM):
        step = partial(
            _follow, call=call, action=action, incident_id=incident_id, change=change, change_id=change_id
        )
        try:
            await in_transaction(step)
        except Exception:
            log.exception("a case could not follow the calendar", extra={"incident": str(incident_id)})
    moved, total = await moves.moves_of(change_id, LISTED)
    known = await changes.get([change_id], viewer=SYSTEM)
    version = known[change_id].version if change_id in known else 1
    return replace(result, facts={"moved": moved, "total": total, "version": version})


async def _follow(
    work: Work, *, call: Call, action: ActionName, incident_id: UUID, change: Change, change_id: UUID
) -> None:
    """One case under its lock: what was late by the days before is late first."""
    case = await cases.load(work, incident_id, viewer=SYSTEM)
    act = await act_of(work, call, action, case)
    late, _ = await caught_up(work, act, case)
    ids = [clock.id for clock in late.clocks if follows(late, clock, change)]
    pauses = await clocks.pauses_of(ids, viewer=SYSTEM, connection=work.connection) if ids else {}
    found = follow(act, late, change, [it for some in pauses.values() for it in some])
    if found is not None:
        outcome, moved = found
        await apply(work, late, outcome)
        await moves.keep_moves(work, change_id, incident_id, moved)
