"""Stores what a rule answered, and what commands on cases share: their order, places, pictures (design §3)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from db import cases, clocks, grids, media, orgs, regions
from db.loop.ladder import grounds_of
from db.loop.merges import merged_into
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName
from domain.assignment import Assignment
from domain.case import Case
from domain.errors import DomainError, ErrorCode, Warned
from domain.followup import FollowUp
from domain.incident import Spot
from domain.life.outcome import Outcome
from domain.life.transition import require
from domain.loop.request import Request
from domain.media import Media
from domain.place import to_wgs84
from domain.rules.act import Act
from domain.rules.clock import provisional
from domain.rules.incident import GIVEN_BY, Place
from domain.rules.loop.archive import sealed_with
from domain.rules.step import due_steps, next_due
from domain.verification import TaskState, Verification
from domain.visibility import check_seen
from services.command import SYSTEM, Call, PointGiven, Result, act_for, check_version, perform, with_limits


class Named(Protocol):
    """The input of a command on an existing object: which one, and the version its caller saw."""

    @property
    def id(self) -> UUID:
        """The case's or the row's id, as the command names it."""

    @property
    def expected_version(self) -> int:
        """The version its caller saw."""


async def act_of(work: Work, call: Call, action: ActionName | None, case: Case | None = None) -> Act:
    """The call with the limits and the calendars in force, where the case lies and for what it is about."""
    if case is None:
        return await act_for(work, call, action)
    return await act_for(work, call, action, case.incident.category_id, case.region_ids)


async def change_case(
    call: Call,
    action: ActionName,
    given: Named,
    decide: Callable[[Work, Act, Case], Awaitable[Outcome]],
    *,
    opened: Callable[[Case], bool] | None = None,
    beside: Mapping[str, tuple[UUID, ...]] = MappingProxyType({}),
) -> Result:
    """Lock and load the case, check its version, let what is due happen, ask the table of transitions, decide, store.

    NOT_FOUND when absent or invisible, FORBIDDEN (R82), CONFLICT, what `require` and the rule refuse. `opened` says
    which cases are open to who does not see them (T12, S35); `beside` holds what `decide` made that is no part of
    the case.
    """

    async def body(work: Work) -> Result:
        case = await _loaded(work, call, given.id, opened)
        check_version(case.incident.version, given.expected_version)
        act = await act_of(work, call, action, case)
        late, _ = await caught_up(work, act, case)
        require(call.actor, action, late)
        outcome = await decide(work, act, late)
        await apply(work, late, outcome)
        result = answer(late, outcome.case)
        return replace(result, made={**result.made, **beside})

    return await perform(call, action, given, body)


async def _loaded(work: Work, call: Call, incident_id: UUID, opened: Callable[[Case], bool] | None) -> Case:
    if opened is None:
        return await cases.load(work, incident_id, viewer=call.actor)
    case = await cases.load(work, incident_id, viewer=SYSTEM)
    if not opened(case) or case.incident.id in call.actor.recused:
        check_seen(call.actor, case.scopes())
    return case


async def change_row(
    call: Call,
    action: ActionName,
    given: Named,
    decide: Callable[[Work, Act, Case, Assignment], Awaitable[Outcome]],
) -> Result:
    """As `change_case`, for a command on one assignment."""

    async def body(work: Work) -> Result:
        case = await cases.load_of_assignment(work, given.id, viewer=call.actor)
        check_version(case.assignment(given.id).version, given.expected_version)
        act = await act_of(work, call, action, case)
        late, _ = await caught_up(work, act, case)
        row = late.assignment(given.id)
        require(call.actor, action, late, row)
        outcome = await decide(work, act, late, row)
        await apply(work, late, outcome)
        return answer(late, outcome.case, assignment_id=row.id)

    return await perform(call, action, given, body)


async def catch_up(work: Work, act: Act, case: Case) -> int:
    """Let every step that is due happen and store the case; how many fired."""
    return (await caught_up(work, act, case))[1]


async def caught_up(work: Work, act: Act, case: Case) -> tuple[Case, int]:
    """The case after every step that is due, as it is stored then, and how many fired, each under its unique key.

    Commands do this too: what was late before somebody acted is late, lit and urged, sweep or no sweep (design §6).
    """
    timed = await with_limits(
        work, replace(act, actor=SYSTEM, action=None), case.incident.category_id, case.region_ids
    )
    if next_due(timed, case) is None:
        return case, 0
    stored, after, fired = case, case, 0
    for due in due_steps(timed, case, await grounds_of(work, case, act.now)):
        if due.clock.id not in {
            it.id for it in stored.clocks
        }:  # begun by a step before, as a card's reply is
            await cases.save(work, stored, after)
            stored = after
        if not await clocks.fire(work, due.clock, due.step, act.now):
            break
        after, fired = due.outcome.case, fired + 1
        work.events.extend(due.outcome.events)
    await cases.save(work, stored, after)
    if after.incident.archived_at != case.incident.archived_at:
        await seal_children(work, timed, after)
    return after, fired


async def seal_children(work: Work, act: Act, master: Case) -> None:
    """B.6 T35: cases merged into one that is archived are sealed with it."""
    for key in await merged_into(master.incident.id, viewer=SYSTEM, connection=work.connection):
        child = await cases.load(work, key, viewer=SYSTEM)
        await apply(work, child, sealed_with(act, child, master))


async def pictures(work: Work, act: Act, ids: tuple[UUID, ...], field: str) -> tuple[Media, ...]:
    """The actor's own uploads of these ids, which no case has yet. NOT_FOUND or BAD_INPUT naming the field."""
    found = await media.get(ids, viewer=act.actor, connection=work.connection) if ids else {}
    for it in ids:
        if it not in found:
            raise DomainError(ErrorCode.NOT_FOUND, field)
        if found[it].incident_id is not None:
            raise DomainError(ErrorCode.BAD_INPUT, field, zh="图片已被使用", en="The picture is in use")
    return tuple(found.values())


async def apply(work: Work, before: Case | None, outcome: Outcome) -> None:
    """Store the case as it is afterwards; its events are written last, with the commit."""
    if before is None:
        await cases.insert(work, outcome.case)
    else:
        await cases.save(work, before, outcome.case)
    for event in outcome.events:
        work.append(event)


def answer(
    before: Case | None,
    after: Case,
    *,
    assignment_id: UUID | None = None,
    warnings: tuple[Warned, ...] = (),
) -> Result:
    """What the command made or completed, by noun; a completed task comes before the one that follows it."""
    made = {
        "assignments": _new(before.assignments if before else (), after.assignments),
        "verification": _recorded(before.verifications if before else (), after.verifications),
        "followup": _recorded(before.followups if before else (), after.followups),
        "supervision": _new(before.supervisions if before else (), after.supervisions),
        "note": _new(before.notes if before else (), after.notes),
        "request": _touched(before.requests if before else (), after.requests),
    }
    return Result(
        incident_id=after.incident.id,
        assignment_id=assignment_id,
        made={noun: ids for noun, ids in made.items() if ids},
        warnings=(*warnings, *provisional(before, after)),
        case=after,
    )


async def placed(
    work: Work, act: Act, point: PointGiven | None, address: str | None, case: Case | None = None
) -> Place:
    """Where the case lies: by its point; without one where it was, or where its reporter works."""
    if point is not None:
        return await _located(work, point, address if case is None else address or case.incident.address)
    if case is not None:
        it = case.incident
        return Place(
            spot=it.spot,
            address=address,
            grid_id=it.grid_id,
            grid_version=it.grid_version,
            region_id=it.region_id,
            region_ids=case.region_ids,
        )
    region_id = await _home(work, act)
    return Place(
        spot=None,
        address=address,
        grid_id=None,
        grid_version=None,
        region_id=region_id,
        region_ids=await regions.ancestors(region_id, connection=work.connection),
    )


async def _located(work: Work, given: PointGiven, address: str | None) -> Place:
    point = given.checked()
    here = to_wgs84(point)
    found = await grids.locate(here.lng, here.lat, connection=work.connection)
    region_id = found.region.id if found else await _district(work)
    spot = Spot(
        raw_lng=point.lng,
        raw_lat=point.lat,
        crs=point.crs,
        accuracy_m=point.accuracy_m,
        lng=here.lng,
        lat=here.lat,
        given_by=text.optional_line(given.source, "point.source", most=GIVEN_BY),
    )
    return Place(
        spot=spot,
        address=address,
        grid_id=found.grid.id if found and found.grid else None,
        grid_version=found.grid.outline_version if found and found.grid else None,
        region_id=region_id,
        region_ids=await regions.ancestors(region_id, connection=work.connection),
        inside=found is not None,
    )


async def _home(work: Work, act: Act) -> UUID:
    """The division of the reporter's grid, else of the reporter's unit, else the district."""
    walked = await grids.get(act.actor.grids, viewer=act.actor, connection=work.connection)
    for grid in walked.values():
        return grid.region_id
    unit_id = act.actor.org_id
    units = await orgs.get([unit_id], viewer=act.actor, connection=work.connection) if unit_id else {}
    served = [unit.region_id for unit in units.values() if unit.region_id is not None]
    return served[0] if served else await _district(work)


async def _district(work: Work) -> UUID:
    found = await regions.district(connection=work.connection)
    if found is None:
        raise DomainError(ErrorCode.UNAVAILABLE, zh="尚未载入行政区划", en="No division is loaded yet")
    return found.id


class _Identified(Protocol):
    @property
    def id(self) -> UUID: ...


def _new(before: tuple[_Identified, ...], after: tuple[_Identified, ...]) -> tuple[UUID, ...]:
    known = {it.id for it in before}
    return tuple(it.id for it in after if it.id not in known)


def _touched(before: tuple[Request, ...], after: tuple[Request, ...]) -> tuple[UUID, ...]:
    """New requests and those that were decided, new ones last."""
    old = {it.id: it for it in before}
    changed = [it for it in after if old.get(it.id) != it]
    return tuple(it.id for it in sorted(changed, key=lambda it: it.id not in old))


def _recorded(
    before: tuple[Verification | FollowUp, ...], after: tuple[Verification | FollowUp, ...]
) -> tuple[UUID, ...]:
    old = {it.id: it for it in before}
    changed = [it for it in after if old.get(it.id) != it and it.state is not TaskState.CANCELLED]
    return tuple(it.id for it in sorted(changed, key=lambda it: it.state is TaskState.PENDING))
