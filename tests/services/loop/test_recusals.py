"""Keeping out of a case over the store (R82)."""

from dataclasses import replace
from uuid import uuid4

import pytest

from db import cases, event_log, people
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.viewer import Viewer
from services import assignments
from services.command import Call
from services.loop.recusals import DeclareRecusal, declare
from tests.db.district import new_id
from tests.services.desk import Desk, a_desk
from tests.services.loop.steps_review import at, merged, told, unmerged

pytestmark = pytest.mark.usefixtures("store")


async def related(desk: Desk, username: str) -> Viewer:
    """The person as the store knows them now."""
    viewer = await people.viewer_of(desk.district.people[username].id, desk.now)
    assert viewer is not None
    return viewer


async def test_who_declares_an_interest_sees_nothing_of_the_case_and_does_nothing_more() -> None:
    desk = await (await a_desk()).walk(3)
    before, head = await desk.case(), await event_log.head()
    given = DeclareRecusal(**await desk.target(), reason="当事人是我亲属")
    call = desk.call("housing", uuid4())
    made = await declare(call, given)
    assert await desk.case() == before
    assert (await declare(call, given)).incident_id == made.incident_id  # a replay, nothing is said twice
    viewer = await related(desk, "housing")
    assert viewer.recused == {desk.id}
    assert len(viewer.posts) == 1
    assert desk.id in await cases.cases([desk.id], viewer=desk.district.viewer("housing"))
    assert desk.id not in await cases.cases([desk.id], viewer=viewer)
    row = assignments.AcceptAssignment(**await desk.target(row=True))
    with pytest.raises(DomainError) as refused:
        await assignments.accept(Call(viewer, desk.now, new_id, uuid4()), row)
    assert (refused.value.code, refused.value.rule) == (ErrorCode.FORBIDDEN, "R82")
    said = [it.event for it in await event_log.read(head, 10)]
    assert [(it.kind, it.row) for it in said] == [(EventKind.RIGHTS, "R84"), (EventKind.CHANGED, "R82")]
    assert said[0].person_id == viewer.person_id
    assert "亲属" not in repr([it.data for it in said])


async def test_a_second_declaration_a_stale_version_and_no_reason_are_refused() -> None:
    desk = await (await a_desk()).walk(2)
    target = await desk.target()
    stale = {**target, "expected_version": target["expected_version"] + 1}
    for username, given, code in (
        ("acceptor", DeclareRecusal(**stale, reason="亲属"), ErrorCode.CONFLICT),
        ("acceptor", DeclareRecusal(**target, reason=" "), ErrorCode.BAD_INPUT),
        ("volunteer", DeclareRecusal(**target, reason="亲属"), ErrorCode.FORBIDDEN),
        ("civil", DeclareRecusal(**target, reason="亲属"), ErrorCode.NOT_FOUND),
    ):
        with pytest.raises(DomainError) as refused:
            await declare(desk.call(username), given)
        assert refused.value.code is code
    await declare(desk.call("acceptor"), DeclareRecusal(**target, reason="亲属"))
    with pytest.raises(DomainError) as again:  # by a token of before, which knows nothing of it
        await declare(desk.call("acceptor"), DeclareRecusal(**target, reason="亲属"))
    assert (again.value.code, again.value.rule) == (ErrorCode.GUARD_FAILED, "R82")
    known = Call(await related(desk, "acceptor"), desk.now, new_id, uuid4())
    with pytest.raises(DomainError) as known_again:
        await declare(known, DeclareRecusal(**target, reason="亲属"))
    assert (known_again.value.code, known_again.value.rule) == (ErrorCode.FORBIDDEN, "R82")


async def test_several_posts_and_several_recusals_are_each_there_once() -> None:
    desk = await (await a_desk()).walk(1)
    first = desk.id
    await declare(desk.call("acceptor"), DeclareRecusal(**await desk.target(), reason="亲属"))
    await desk.report()
    await declare(desk.call("acceptor"), DeclareRecusal(**await desk.target(), reason="亲属"))
    viewer = await related(desk, "acceptor")
    assert viewer.recused == {first, desk.id}
    assert replace(viewer, recused=frozenset()).posts == (desk.district.posts["acceptor"],)


async def test_who_keeps_out_of_a_case_keeps_out_of_what_it_is_merged_with_until_that_is_undone() -> None:
    desk = await a_desk()
    child, master = await told(desk), await told(desk)
    declared = DeclareRecusal(**await at(desk, child).target(), reason="亲属")
    await declare(desk.call("callback"), declared)
    other = DeclareRecusal(**await at(desk, master).target(), reason="亲属")
    await declare(desk.call("inspector"), other)
    head = await event_log.head()
    await merged(desk, child, master)
    for username in ("callback", "inspector"):
        assert (await related(desk, username)).recused == {child, master}
    said = [it.event for it in await event_log.read(head, 20)]
    rights = [it.person_id for it in said if it.kind is EventKind.RIGHTS]
    assert set(rights) == {desk.district.people[it].id for it in ("callback", "inspector")}
    assert [it.kind for it in said[:2]] == [EventKind.RIGHTS] * 2  # before what they no longer may hear of
    await unmerged(desk, child)
    assert (await related(desk, "callback")).recused == {child}
    assert (await related(desk, "inspector")).recused == {master}
    later = [it.event for it in await event_log.read(head + len(said), 20)]
    assert [it.kind for it in later].count(EventKind.RIGHTS) == 2


async def test_a_merge_where_nobody_keeps_out_changes_nobodys_rights() -> None:
    desk = await a_desk()
    child, master = await told(desk), await told(desk)
    head = await event_log.head()
    await merged(desk, child, master)
    assert all(it.event.kind is not EventKind.RIGHTS for it in await event_log.read(head, 20))
