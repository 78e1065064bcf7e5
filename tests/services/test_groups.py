"""Random commands at once, in groups, end where the same commands end one by one (ADR 16)."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from db import event_log
from domain.action import ActionName
from domain.assignment import AssignmentMode
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.life.derivation import derive
from services import assignments, incidents
from services.command import Result
from tests.db.factories import District, a_district
from tests.services.desk import Desk, a_desk

Together = Callable[..., Awaitable[list[Any]]]


async def at_once(*walks: Awaitable[Any]) -> list[Any]:
    """All of them in one gulp."""
    return list(await asyncio.gather(*walks))


async def one_by_one(*walks: Awaitable[Any]) -> list[Any]:
    """Each after the one before."""
    return [await walk for walk in walks]


async def journey(district: District, seed: int) -> Desk:
    """One case: some steps of its life, and between them notes, stale ones, replays and refusals, by the seed."""
    chance, desk = random.Random(seed), Desk(district)  # noqa: S311 - which commands a test sends is no secret
    for step in desk._steps()[: chance.randint(1, 10)]:
        await step()
        for _ in range(chance.randint(0, 2)):
            await chance.choice((noted, replayed, stale, refused))(desk)
    return desk


async def noted(desk: Desk) -> None:
    given = incidents.AddNote(**await desk.target(), text="说明")
    try:
        await incidents.add_note(desk.call("acceptor"), given)
    except DomainError as error:
        assert error.code is ErrorCode.ILLEGAL_TRANSITION  # noqa: PT017 - a closed case takes no note


async def replayed(desk: Desk) -> None:
    given, call = incidents.AddNote(**await desk.target(), text="重发"), desk.call("acceptor")
    try:
        first, second = await asyncio.gather(*(incidents.add_note(call, given) for _ in range(2)))
    except DomainError:
        return
    assert first == second


async def stale(desk: Desk) -> None:
    given = replace(incidents.AddNote(**await desk.target(), text="迟到"), expected_version=99)
    with pytest.raises(DomainError) as refusal:
        await incidents.add_note(desk.call("acceptor"), given)
    assert refusal.value.code is ErrorCode.CONFLICT


async def refused(desk: Desk) -> None:
    order = assignments.DispatchIncident(
        **await desk.target(), mode=AssignmentMode.SINGLE, leads=(desk.district.orgs["CIVIL"].id,)
    )
    with pytest.raises(DomainError):
        await assignments.dispatch(desk.call("dispatcher"), order)


def plain(case: Case) -> tuple[object, ...]:
    """What a case has come to, apart from its ids and number."""
    it = case.incident
    rows = tuple((row.state, row.version, row.on_time_handle) for row in case.assignments)
    clocks = sorted((clock.type.value, clock.due_at, clock.stopped_at is None) for clock in case.clocks)
    counts = tuple(map(len, (case.notes, case.verifications, case.followups, case.supervisions)))
    return it.state, it.version, it.light, it.due_at, it.loop_completeness, rows, tuple(clocks), counts


async def told(desk: Desk) -> list[tuple[ActionName | None, str, int]]:
    """What the log says of a case, in order."""
    logged = await event_log.of_incident(desk.id, 0, 500)
    return [(it.event.action, it.event.subject.noun, it.event.subject.version) for it in logged]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_commands_in_groups_end_where_they_end_one_by_one(seed: int) -> None:
    district = await a_district()
    ends = []
    for together in (at_once, one_by_one):
        desks: list[Desk] = await together(*(journey(district, 100 * seed + at) for at in range(8)))
        cases = [await desk.case() for desk in desks]
        assert all(derive(case) == case for case in cases)
        ends.append([(plain(case), await told(desk)) for case, desk in zip(cases, desks, strict=True)])
    assert ends[0] == ends[1]
    report = await event_log.verify()
    assert (report.reason, report.checked) == (None, await event_log.head())


@pytest.mark.usefixtures("store")
async def test_of_commands_on_one_version_in_one_group_the_first_wins() -> None:
    desk = await (await a_desk()).walk(1)
    target = await desk.target()
    calls = [desk.call("acceptor") for _ in range(6)]
    filed = incidents.FileIncident(
        **target, urgency=(await desk.case()).incident.urgency, category_code="NOISE"
    )
    answers = await asyncio.gather(*(incidents.file(call, filed) for call in calls), return_exceptions=True)
    kinds = Counter(type(it) for it in answers)
    assert kinds == {Result: 1, DomainError: 5}
    assert {it.code for it in answers if isinstance(it, DomainError)} == {ErrorCode.CONFLICT}
    assert isinstance(answers[0], Result)


@pytest.mark.usefixtures("store")
async def test_numbers_given_in_groups_have_no_gap_though_some_reports_are_refused() -> None:
    district = await a_district()
    desks = [Desk(district) for _ in range(12)]
    walks = [desk.report(**({"category_code": "X"} if at % 3 == 1 else {})) for at, desk in enumerate(desks)]
    answers = await asyncio.gather(*walks, return_exceptions=True)
    made = [desk for desk, answer in zip(desks, answers, strict=True) if isinstance(answer, Result)]
    numbers = sorted([(await desk.case()).incident.no for desk in made])
    assert [int(no[-6:]) for no in numbers] == list(range(1, 9))
