"""Accounts, posts and passwords."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import idempotency, orgs, people
from db import sessions as rows
from db.unit_of_work import in_transaction
from domain.errors import DomainError, ErrorCode
from domain.person import Post, PostType, Role
from services import command, sessions
from services import people as accounts
from services.command import SYSTEM, Call, new_id
from services.people import AssignPost, ChangePassword, CreatePerson, EndPost, ResetPassword
from tests.db.factories import NOW, District, a_district
from tests.services.accounts import HASH, PASSWORD, WALL, let_sign_in, reasons, rights_told, sign_in

pytestmark = pytest.mark.usefixtures("store")

DAY = timedelta(days=1)
NEW = "Another-word-2"


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open first
    found = await a_district()
    await let_sign_in(found.people["sysadmin"].id, found.people["housing"].id)
    return found


def by(district: District, username: str = "sysadmin", key: UUID | None = None) -> Call:
    return Call(district.viewer(username), NOW, new_id, key or uuid4())


def somebody(**changes: Any) -> CreatePerson:
    given = {"username": "wang-wu", "name": "王五", "password": PASSWORD}
    return CreatePerson(**(given | changes))


async def refused(
    attempt: Awaitable[object], code: ErrorCode, field: str | None = None, rule: str | None = None
) -> DomainError:
    with pytest.raises(DomainError) as caught:
        await attempt
    assert (caught.value.code, caught.value.field) == (code, field)
    assert rule in {None, caught.value.rule}
    return caught.value


def _now() -> datetime:
    """The wall clock: commands on passwords read it themselves."""
    return datetime.now(UTC)


async def posts(person_id: UUID) -> list[Post]:
    return (await people.posts_of([person_id], viewer=SYSTEM))[person_id]


async def person_version(person_id: UUID) -> int:
    return (await people.get([person_id], viewer=SYSTEM))[person_id].version


async def test_a_new_person_can_sign_in_and_has_to_change_the_password(district: District) -> None:
    unit = district.orgs["HOUSING"].id
    made = await accounts.create(by(district), somebody(phone="138 1234-5678", org_unit_id=unit))
    (person_id,) = made.made["person"]
    found = (await people.get([person_id], viewer=SYSTEM))[person_id]
    assert (found.name, found.phone, found.org_id) == ("王五", "13812345678", unit)
    tokens = await sign_in("wang-wu")
    assert tokens.must_change
    assert tokens.viewer.roles == frozenset()
    assert await reasons() == ["RIGHTS_CHANGED", "SIGNED_IN"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "Wang"}, "username"),
        ({"username": "ab"}, "username"),
        ({"username": "1ab"}, "username"),
        ({"username": "a" * 61}, "username"),
        ({"username": "wang\n"}, "username"),
        ({"username": "housing"}, "username"),
        ({"name": " "}, "name"),
        ({"name": "王" * 31}, "name"),
        ({"name": "王\x07五"}, "name"),
        ({"phone": "12"}, "phone"),
        ({"password": "Short-1"}, "password"),
        ({"password": "onlyletters"}, "password"),
        ({"password": "Aa1-" * 51}, "password"),
        ({"password": "with\x00control-1"}, "password"),
    ],
)
async def test_bad_input_for_a_person_names_its_field(
    district: District, changes: dict[str, Any], field: str
) -> None:
    await refused(accounts.create(by(district), somebody(**changes)), ErrorCode.BAD_INPUT, field)


async def test_of_two_accounts_created_at_once_under_one_name_one_is_made(district: District) -> None:
    attempts = [accounts.create(by(district), somebody(), known_hash=HASH) for _ in range(4)]
    made = await asyncio.gather(*attempts, return_exceptions=True)
    refusals = [it for it in made if isinstance(it, DomainError)]
    assert [(it.code, it.field) for it in refusals] == [(ErrorCode.BAD_INPUT, "username")] * 3


async def test_a_person_of_an_unknown_unit_is_not_made(district: District) -> None:
    given = somebody(org_unit_id=uuid4())
    await refused(accounts.create(by(district), given), ErrorCode.NOT_FOUND, "orgUnitId")
    assert await people.by_username("wang-wu") is None


@pytest.mark.parametrize("username", ["director", "auditor", "housing", "resident"])
async def test_only_the_system_administrator_manages_people(district: District, username: str) -> None:
    call, key = by(district, username), uuid4()
    for attempt in (
        accounts.create(call, somebody()),
        accounts.assign_post(call, AssignPost(id=key, expected_version=1, type=PostType.RESIDENT)),
        accounts.end_post(call, EndPost(id=key, expected_version=1)),
        accounts.reset_password(call, ResetPassword(id=key, expected_version=1, new_password=NEW)),
    ):
        await refused(attempt, ErrorCode.FORBIDDEN)


async def test_a_replay_makes_one_person_and_its_password_cannot_be_guessed_from_the_store(
    district: District,
) -> None:
    call = by(district)
    first = await accounts.create(call, somebody(), known_hash=HASH)
    assert (await accounts.create(call, somebody(), known_hash=HASH)).made == first.made
    other = accounts.create(call, somebody(password=NEW), known_hash=HASH)
    await refused(other, ErrorCode.IDEMPOTENCY_KEY_REUSED, "idempotencyKey")
    assert not (await sign_in("wang-wu")).must_change
    plain = command._hash(somebody())

    async def claim(work: Any) -> Any:
        assert call.key
        return await idempotency.claim(work, call.actor.person_id, call.key, "x", b"", NOW)

    assert (await in_transaction(claim)).input_hash != plain


@pytest.mark.usefixtures("district")
async def test_the_first_administrator_needs_no_other() -> None:
    person_id = await accounts.create_admin("first-admin", "管理员", PASSWORD)
    tokens = await sign_in("first-admin")
    assert tokens.viewer.person_id == person_id
    assert not tokens.must_change
    viewer = await people.viewer_of(person_id, WALL + 10_000 * DAY)
    assert viewer
    assert viewer.roles == {Role.SYS_ADMIN}
    again = accounts.create_admin("first-admin", "管理员", PASSWORD)
    await refused(again, ErrorCode.BAD_INPUT, "username")
    await refused(accounts.create_admin("other", "管理员", "short"), ErrorCode.BAD_INPUT, "password")


async def test_a_post_gives_its_role_from_its_first_to_its_last_moment(district: District) -> None:
    person = district.people["volunteer"]
    given = AssignPost(
        id=person.id,
        expected_version=1,
        type=PostType.HANDLER,
        org_unit_id=district.orgs["CIVIL"].id,
        starts_at=NOW + DAY,
        ends_at=NOW + 2 * DAY,
    )
    made = await accounts.assign_post(by(district), given)
    assert made.made["person"] == (person.id,)
    assert await person_version(person.id) == 2
    for at, expected in [(NOW, False), (NOW + DAY, True), (NOW + 2 * DAY, False)]:
        viewer = await people.viewer_of(person.id, at)
        assert viewer
        assert (Role.HANDLER in viewer.roles) is expected
    (told,) = await rights_told()
    assert (told.event.person_id, told.event.subject.version) == (person.id, 2)
    await refused(accounts.assign_post(by(district), given), ErrorCode.CONFLICT, "expectedVersion")


@pytest.mark.parametrize(
    ("kind", "unit", "grid", "field"),
    [
        (PostType.HANDLER, None, None, "orgUnitId"),
        (PostType.HANDLER_LEAD, None, None, "orgUnitId"),
        (PostType.HANDLER_LEAD, "CENTER", None, "orgUnitId"),
        (PostType.LEADER, "HOUSING", None, "orgUnitId"),
        (PostType.ACCEPTOR, None, None, "orgUnitId"),
        (PostType.OFFICE_CLERK, "HOUSING", None, "orgUnitId"),
        (PostType.GRID_WORKER_FULL, "COMMUNITY", None, "gridId"),
        (PostType.HANDLER, "HOUSING", "G1", "gridId"),
    ],
)
async def test_a_post_that_cannot_exist_there_is_refused(
    district: District, kind: PostType, unit: str | None, grid: str | None, field: str
) -> None:
    given = AssignPost(
        id=district.people["resident"].id,
        expected_version=1,
        type=kind,
        org_unit_id=district.orgs[unit].id if unit else None,
        grid_id=district.grids[grid].id if grid else None,
    )
    await refused(accounts.assign_post(by(district), given), ErrorCode.BAD_INPUT, field)


async def test_a_unit_no_longer_active_gets_no_posts(district: District) -> None:
    gone = replace(district.orgs["CIVIL"], id=uuid4(), code="GONE", active=False)
    await in_transaction(lambda work: orgs.insert(work, gone))
    given = AssignPost(
        id=district.people["resident"].id, expected_version=1, type=PostType.HANDLER, org_unit_id=gone.id
    )
    await refused(accounts.assign_post(by(district), given), ErrorCode.BAD_INPUT, "orgUnitId")


async def test_a_post_of_an_unknown_person_unit_or_grid_is_not_found(district: District) -> None:
    resident = district.people["resident"].id
    for field, changes in {
        "id": {"id": uuid4()},
        "orgUnitId": {"org_unit_id": uuid4()},
        "gridId": {"grid_id": uuid4()},
    }.items():
        asked = {"id": resident, "expected_version": 1, "type": PostType.GRID_LEADER} | changes
        attempt = accounts.assign_post(by(district), AssignPost(**asked))  # type: ignore[arg-type]  # mixed values
        await refused(attempt, ErrorCode.NOT_FOUND, field)


async def test_nobody_is_two_of_the_three_administrators_at_one_time(district: District) -> None:
    auditor = district.people["auditor"].id
    for kind in (PostType.SYS_ADMIN, PostType.SEC_ADMIN):
        given = AssignPost(id=auditor, expected_version=1, type=kind)
        await refused(accounts.assign_post(by(district), given), ErrorCode.GUARD_FAILED, "type", "R85")
    held = (await posts(auditor))[0]
    await accounts.end_post(by(district), EndPost(id=held.id, expected_version=1))
    after = AssignPost(id=auditor, expected_version=2, type=PostType.SEC_ADMIN)
    await accounts.assign_post(by(district), after)


async def test_the_same_post_is_not_held_twice_at_one_time(district: District) -> None:
    housing = district.people["housing"].id
    twice = AssignPost(
        id=housing, expected_version=1, type=PostType.HANDLER, org_unit_id=district.orgs["HOUSING"].id
    )
    await refused(accounts.assign_post(by(district), twice), ErrorCode.GUARD_FAILED, "type")
    elsewhere = AssignPost(
        id=housing, expected_version=1, type=PostType.HANDLER, org_unit_id=district.orgs["CIVIL"].id
    )
    await accounts.assign_post(by(district), elsewhere)


async def test_a_post_ends_after_it_begins(district: District) -> None:
    backwards = AssignPost(
        id=district.people["resident"].id,
        expected_version=1,
        type=PostType.VOLUNTEER,
        starts_at=NOW,
        ends_at=NOW,
    )
    await refused(accounts.assign_post(by(district), backwards), ErrorCode.BAD_INPUT, "endsAt")


async def test_an_ended_post_gives_nothing_more(district: District) -> None:
    post = district.posts["housing"]
    made = await accounts.end_post(by(district), EndPost(id=post.id, expected_version=1))
    assert made.made == {"person": (post.person_id,), "post": (post.id,)}
    viewer = await people.viewer_of(post.person_id, NOW)
    assert viewer
    assert viewer.roles == frozenset()
    assert ((await posts(post.person_id))[0].version, await person_version(post.person_id)) == (2, 2)
    assert await reasons() == ["RIGHTS_CHANGED"]
    again = accounts.end_post(by(district), EndPost(id=post.id, expected_version=2))
    await refused(again, ErrorCode.GUARD_FAILED)
    stale = accounts.end_post(by(district), EndPost(id=post.id, expected_version=1))
    await refused(stale, ErrorCode.CONFLICT, "expectedVersion")
    await refused(
        accounts.end_post(by(district), EndPost(id=uuid4(), expected_version=1)), ErrorCode.NOT_FOUND, "id"
    )


async def test_an_end_lies_within_the_post(district: District) -> None:
    post = district.posts["housing"]
    early = EndPost(id=post.id, expected_version=1, ends_at=post.starts_at - DAY)
    await refused(accounts.end_post(by(district), early), ErrorCode.BAD_INPUT, "endsAt")
    await accounts.end_post(by(district), EndPost(id=post.id, expected_version=1, ends_at=NOW + DAY))
    longer = EndPost(id=post.id, expected_version=2, ends_at=NOW + 2 * DAY)
    await refused(accounts.end_post(by(district), longer), ErrorCode.BAD_INPUT, "endsAt")


async def test_a_post_that_has_not_begun_can_be_called_off(district: District) -> None:
    given = AssignPost(
        id=district.people["resident"].id,
        expected_version=1,
        type=PostType.VOLUNTEER,
        starts_at=NOW + DAY,
    )
    (post_id,) = (await accounts.assign_post(by(district), given)).made["post"]
    await accounts.end_post(by(district), EndPost(id=post_id, expected_version=1))
    viewer = await people.viewer_of(given.id, NOW + 2 * DAY)
    assert viewer
    assert Role.VOLUNTEER not in viewer.roles
    again = AssignPost(id=given.id, expected_version=3, type=PostType.VOLUNTEER)
    await accounts.assign_post(by(district), again)


async def test_a_reset_password_ends_every_session_and_lifts_a_lock(district: District) -> None:
    housing = district.people["housing"].id
    await sign_in("housing", at=_now())
    await sign_in("housing", at=_now())
    for _ in range(5):
        await refused(sign_in("housing", NEW, at=_now()), ErrorCode.BAD_CREDENTIALS)
    given = ResetPassword(id=housing, expected_version=1, new_password=NEW)
    await accounts.reset_password(by(district), given)
    told = Counter(await reasons())
    assert (told["SESSION_ENDED"], told["RIGHTS_CHANGED"]) == (2, 1)
    await refused(sign_in("housing", at=_now()), ErrorCode.BAD_CREDENTIALS)
    assert (await sign_in("housing", NEW, at=_now())).must_change
    stale = accounts.reset_password(by(district), given)
    await refused(stale, ErrorCode.CONFLICT, "expectedVersion")


async def test_somebody_without_a_password_can_be_given_one(district: District) -> None:
    given = ResetPassword(id=district.people["civil"].id, expected_version=1, new_password=PASSWORD)
    await accounts.reset_password(by(district), given)
    assert (await sign_in("civil")).must_change


@pytest.mark.usefixtures("district")
async def test_the_own_password_is_changed_and_the_other_sessions_end() -> None:
    own, other = await sign_in("housing", at=_now()), await sign_in("housing", at=_now())
    call = Call(own.viewer, NOW, new_id, uuid4())
    given = ChangePassword(old_password=PASSWORD, new_password=NEW)
    made = await accounts.change_password(call, given)
    assert (await accounts.change_password(call, given)).made == made.made, "a replay needs no old password"
    await sessions.authenticate(own.access_token, now=NOW, wall_now=_now())
    ended = sessions.authenticate(other.access_token, now=NOW, wall_now=_now())
    await refused(ended, ErrorCode.UNAUTHENTICATED)
    assert not (await sign_in("housing", NEW, at=_now())).must_change
    assert own.viewer.session_id
    session = await rows.by_id(own.viewer.session_id)
    assert session
    assert session.ended_at is None


async def test_wrong_old_passwords_lock_the_account_as_failed_sign_ins_do(district: District) -> None:
    await refused(sign_in("housing", NEW, at=_now()), ErrorCode.BAD_CREDENTIALS)
    given = ChangePassword(old_password="Wrong-word-3", new_password=NEW)
    for _ in range(4):
        attempt = accounts.change_password(by(district, "housing"), given)
        await refused(attempt, ErrorCode.BAD_CREDENTIALS, "oldPassword")
    right = ChangePassword(old_password=PASSWORD, new_password=NEW)
    await refused(accounts.change_password(by(district, "housing"), right), ErrorCode.ACCOUNT_LOCKED)
    await refused(sign_in("housing", at=_now()), ErrorCode.ACCOUNT_LOCKED)
    assert (await reasons())[-1] == "ACCOUNT_LOCKED"


@pytest.mark.parametrize("new", [PASSWORD, "short", "onlyletters"])
async def test_a_new_password_keeps_the_rules(district: District, new: str) -> None:
    given = ChangePassword(old_password=PASSWORD, new_password=new)
    attempt = accounts.change_password(by(district, "housing"), given)
    await refused(attempt, ErrorCode.BAD_INPUT, "newPassword")


async def test_who_has_no_password_cannot_change_one(district: District) -> None:
    given = ChangePassword(old_password=PASSWORD, new_password=NEW)
    await refused(accounts.change_password(by(district, "civil"), given), ErrorCode.FORBIDDEN)


async def test_two_changes_at_once_are_one_change(district: District) -> None:
    given = [ChangePassword(old_password=PASSWORD, new_password=f"{NEW}{it}") for it in range(2)]
    attempts = [accounts.change_password(by(district, "housing"), it) for it in given]
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert [it.code for it in answers if isinstance(it, DomainError)] == [ErrorCode.BAD_CREDENTIALS]
