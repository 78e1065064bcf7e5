"""Who a person is at a moment, and what stays sealed."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from db import people, sessions
from db.lists.filters import Test
from db.lists.pages import Slice
from db.loop import recusals
from db.unit_of_work import Work, in_transaction
from domain.errors import DomainError, ErrorCode
from domain.loop.recusal import Recusal
from domain.person import Credential, Person, PostType
from domain.session import Session
from domain.term import Language
from tests.db.factories import NOW, a_case, a_district, new_id, put_person, put_post

pytestmark = pytest.mark.usefixtures("store")

DAY = timedelta(days=1)


async def test_a_viewer_has_the_posts_in_force_alone() -> None:
    district = await a_district()
    housing = district.orgs["HOUSING"].id

    async def put(work: Work) -> None:
        person = district.people["clerk"]
        await put_post(work, person, PostType.HANDLER, org_id=housing, ends_at=NOW)
        await put_post(work, person, PostType.HANDLER_LEAD, org_id=housing, starts_at=NOW + DAY)

    await in_transaction(put)
    clerk = district.people["clerk"].id
    session = new_id()
    viewer = await people.viewer_of(clerk, NOW, session, Language.EN)
    assert viewer == replace(district.viewer("clerk"), session_id=session, language=Language.EN)
    before = await people.viewer_of(clerk, NOW - timedelta(microseconds=1))
    assert before
    assert {post.type for post in before.posts} == {PostType.OFFICE_CLERK, PostType.HANDLER}
    after = await people.viewer_of(clerk, NOW + DAY)
    assert after
    assert after.handler_orgs == {housing}


async def test_every_person_of_the_district_becomes_the_viewer_it_is() -> None:
    district = await a_district()
    for username, person in district.people.items():
        found = await people.viewer_of(person.id, NOW, person.id)
        assert found == district.viewer(username)


async def test_the_absent_and_the_inactive_are_no_viewers() -> None:
    district = await a_district()
    person = replace(district.people["housing"], active=False, version=2)
    await in_transaction(lambda work: people.save(work, person))
    assert await people.viewer_of(person.id, NOW) is None
    assert await people.viewer_of(new_id(), NOW) is None
    assert await people.by_username("housing") == person
    assert await people.by_username("nobody") is None


async def test_who_holds_a_session_is_who_the_person_is_then_until_a_post_begins_or_ends() -> None:
    district = await a_district()
    clerk, gone = district.people["clerk"], district.people["housing"]
    case = await a_case(district)

    async def put(work: Work) -> dict[UUID, UUID]:
        await put_post(work, clerk, PostType.HANDLER, org_id=district.orgs["HOUSING"].id, ends_at=NOW + DAY)
        await put_post(work, clerk, PostType.HANDLER_LEAD, starts_at=NOW + 2 * DAY)
        kept_out = Recusal(
            id=new_id(), incident_id=case.incident.id, person_id=clerk.id, reason="亲属", at=NOW
        )
        await recusals.insert(work, kept_out)
        await people.save(work, replace(gone, active=False, version=2))
        return {
            await _session(work, it.id): it.id
            for it in district.people.values()
            for _ in range(1 + (it == clerk))
        }

    those = await in_transaction(put)
    for now, changes_at in ((NOW, NOW + DAY), (NOW + DAY, NOW + 2 * DAY), (NOW + 2 * DAY, None)):
        found = await sessions.held(those, now)
        assert found.keys() == those.keys()
        for session_id, person_id in those.items():
            viewer = await people.viewer_of(person_id, now, session_id)
            assert found[session_id].viewer_at(NOW, person_id) == viewer
            assert (viewer is None) == (person_id == gone.id)
            if person_id == clerk.id:
                assert found[session_id].changes_at == changes_at
                assert viewer
                assert viewer.recused == {case.incident.id}


async def test_an_ended_session_is_nobodys_and_nor_is_one_of_somebody_else() -> None:
    district = await a_district()
    clerk, other = district.people["clerk"].id, district.people["civil"].id

    async def put(work: Work) -> UUID:
        return await _session(work, clerk)

    one = await in_transaction(put)
    (held,) = (await sessions.held([one, new_id()], NOW)).values()
    assert held.viewer_at(NOW, clerk)
    assert held.viewer_at(NOW, other) is None
    assert held.viewer_at(NOW + DAY, clerk) is None
    assert replace(held, ended_at=NOW).viewer_at(NOW, clerk) is None
    await in_transaction(lambda work: sessions.end_all(work, clerk, NOW))
    assert (await sessions.held([one], NOW))[one].viewer_at(NOW, clerk) is None
    assert await sessions.held([], NOW) == {}


async def _session(work: Work, person_id: UUID) -> UUID:
    session = Session(
        id=new_id(),
        person_id=person_id,
        refresh_hash=new_id().bytes,
        created_at=NOW,
        refreshed_at=NOW,
        expires_at=NOW + DAY,
        ended_at=None,
    )
    await sessions.insert(work, session)
    return session.id


async def test_staff_see_people_and_the_public_sees_itself() -> None:
    district = await a_district()
    ids = [it.id for it in district.people.values()]
    assert len(await people.get(ids, viewer=district.viewer("worker"))) == len(ids)
    own = district.people["resident"]
    assert await people.get(ids, viewer=district.viewer("resident")) == {own.id: own}
    assert await people.count(viewer=district.viewer("resident")) == (1, True)
    unit = Test("orgUnit", "eq", district.orgs["CIVIL"].id)
    page = await people.page(viewer=district.viewer("director"), tests=[unit], slice_=Slice(9))
    assert [it.username for it in page.rows] == ["civil", "civil_lead"]


async def test_a_phone_is_looked_up_exactly_and_by_those_who_may_unmask() -> None:
    district = await a_district()
    person = await in_transaction(lambda work: put_person(work, "wang", name="王五", phone="13800000001"))
    assert await people.by_phone("13800000001", viewer=district.viewer("acceptor")) == [person]
    assert await people.by_phone("1380000000", viewer=district.viewer("acceptor")) == []
    with pytest.raises(DomainError) as refused:
        await people.by_phone("13800000001", viewer=district.viewer("dispatcher"))
    assert refused.value.code is ErrorCode.FORBIDDEN


async def test_a_username_belongs_to_one_person() -> None:
    await a_district()
    with pytest.raises(DomainError) as refused:
        await in_transaction(lambda work: put_person(work, "housing"))
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "username")


async def test_grids_know_who_walks_them_now() -> None:
    district = await a_district()
    walked, other = district.grids["G1"].id, district.grids["G2"].id
    viewer = district.viewer("director")
    found = await people.workers([walked, other], NOW, viewer=viewer)
    assert found == {walked: [district.people["worker"]], other: []}
    post = district.posts["worker"]
    await in_transaction(lambda work: people.save_post(work, post, replace(post, ends_at=NOW, version=2)))
    assert await people.workers([walked], NOW, viewer=viewer) == {walked: []}
    person = district.people["worker"].id
    posts = await people.posts_of([person], viewer=viewer)
    assert posts == {person: [replace(post, ends_at=NOW, version=2)]}
    assert await people.get_posts([post.id], viewer=viewer) == {post.id: posts[person][0]}


async def test_the_end_of_a_post_is_announced_once() -> None:
    district = await a_district()
    ended = replace(district.posts["worker"], ends_at=NOW)

    async def end(work: Work) -> None:
        post = await people.load_post(work, ended.id)
        await people.save_post(work, post, ended)

    async def announce(work: Work) -> bool:
        return await people.announce_end(work, ended, NOW)

    await in_transaction(end)
    assert await people.ended_posts(NOW - timedelta(seconds=1), 10) == []
    assert await people.ended_posts(NOW, 10) == [ended]
    assert [await in_transaction(announce) for _ in range(2)] == [True, False]
    assert await people.ended_posts(NOW, 10) == []


async def test_credentials_change_behind_the_persons_lock() -> None:
    district = await a_district()
    person = district.people["housing"].id
    first = Credential(
        person_id=person,
        password_hash="x",
        must_change=True,
        failures=0,
        last_failure_at=None,
        locked_until=None,
        changed_at=NOW,
    )
    failed = replace(first, failures=1, last_failure_at=NOW, locked_until=NOW + DAY)

    async def fail(work: Work) -> None:
        assert await people.load_credential(work, person) is None
        await people.save_credential(work, None, first)
        await people.save_credential(work, first, failed)

    await in_transaction(fail)
    assert await people.credential(person) == failed


async def test_a_person_is_stored_with_a_credential_and_loaded_behind_a_lock() -> None:
    person = Person(id=new_id(), username="zhao", name="赵六", phone="13811112222", org_id=None)
    secret = Credential(
        person_id=person.id,
        password_hash="x",
        must_change=False,
        failures=0,
        last_failure_at=None,
        locked_until=None,
        changed_at=NOW,
    )

    async def put(work: Work) -> Person:
        await people.insert(work, person, secret)
        return await people.load(work, person.id)

    await a_district()
    assert await in_transaction(put) == person
    assert await people.credential(person.id) == secret


async def test_what_is_absent_cannot_be_loaded() -> None:
    async def load(work: Work) -> None:
        for attempt in (people.load(work, new_id()), people.load_post(work, new_id())):
            with pytest.raises(DomainError) as refused:
                await attempt
            assert (refused.value.code, refused.value.field) == (ErrorCode.NOT_FOUND, "id")

    await in_transaction(load)


async def test_all_sessions_of_a_person_end_but_the_own() -> None:
    district = await a_district()
    person = district.people["housing"].id
    made = [
        Session(
            id=new_id(),
            person_id=person,
            refresh_hash=bytes([n]) * 32,
            created_at=NOW,
            refreshed_at=NOW,
            expires_at=NOW + DAY * days,
            ended_at=None,
        )
        for n, days in enumerate((1, 1, -1))
    ]

    async def put(work: Work) -> list[object]:
        for session in made:
            await sessions.insert(work, session)
        return list(await sessions.end_all(work, person, NOW, but=made[0].id))

    assert await in_transaction(put) == [made[1].id]
    assert await sessions.by_id(made[0].id) == made[0]
    assert await sessions.by_id(made[1].id) == replace(made[1], ended_at=NOW)
    assert await sessions.by_id(new_id()) is None

    async def refresh(work: Work) -> None:
        session = await sessions.load(work, made[0].id)
        assert session == made[0]
        await sessions.save(work, session, replace(session, refresh_hash=b"y" * 32, refreshed_at=NOW + DAY))

    await in_transaction(refresh)
    found = await sessions.by_id(made[0].id)
    assert found
    assert (found.refresh_hash, found.refreshed_at) == (b"y" * 32, NOW + DAY)
