"""Accounts, posts and passwords (design §7, B.5, R84, R85)."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from db import grids, orgs, passwords, people, sessions
from db.sealed import blind_index
from db.unit_of_work import Work, in_transaction
from domain.action import ActionName as A
from domain.errors import DomainError, ErrorCode
from domain.event import Event
from domain.grid import Grid
from domain.org import OrgUnit
from domain.permission import permit
from domain.person import Credential, Person, Post, PostType
from domain.rules import credential as credentials
from domain.rules import rights
from domain.rules.person import NAME, check_beside, check_period, check_place, check_username, end_of
from domain.rules.rights import RightsReason
from domain.text import line, phone
from services.command import SYSTEM, Call, Result, business_now, check_version, new_id, perform

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePerson:
    """A new account."""

    username: str
    name: str
    password: str
    phone: str | None = None
    org_unit_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignPost:
    """A post for the person `id`, by default from now on and at the own unit."""

    id: UUID
    expected_version: int
    type: PostType
    org_unit_id: UUID | None = None
    grid_id: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPost:
    """The post `id` ends at `ends_at`, exclusive; now unless given."""

    id: UUID
    expected_version: int
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetPassword:
    """A password set by an administrator for the person `id`."""

    id: UUID
    expected_version: int
    new_password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword:
    """The caller's own."""

    old_password: str
    new_password: str


async def create(call: Call, given: CreatePerson, *, known_hash: str | None = None) -> Result:
    """A person who can sign in; `made["person"]`. BAD_INPUT (username, name, phone, password), NOT_FOUND.

    `known_hash` spares accounts that share one password (the demo's) the cost of hashing it again and again;
    such a password need not be changed.
    """
    permit(call.actor, A.createPerson)
    credentials.check_password(given.password, "password")
    stored = known_hash or await passwords.hashed(given.password)

    async def body(work: Work) -> Result:
        person = await _insert(work, call, given, stored, must_change=known_hash is None)
        return Result(made={"person": (person.id,)})

    return await perform(call, A.createPerson, _unreadable(given, "password"), body)


async def create_admin(username: str, name: str, password: str) -> UUID:
    """The first administrator, for the command line; the new person's id. BAD_INPUT as `create`."""
    credentials.check_password(password, "password")
    stored = await passwords.hashed(password)
    call = Call(SYSTEM, await business_now(), new_id)

    async def body(work: Work) -> UUID:
        given = CreatePerson(username=username, name=name, password=password)
        person = await _insert(work, call, given, stored, must_change=False)
        post = AssignPost(id=person.id, expected_version=1, type=PostType.SYS_ADMIN)
        await _appoint(work, call, person, post, None, None)
        return person.id

    return await in_transaction(body)


async def assign_post(call: Call, given: AssignPost) -> Result:
    """Give a post (B.5); `made["person"]`, `made["post"]`.

    NOT_FOUND, CONFLICT, BAD_INPUT (orgUnitId, gridId, endsAt), GUARD_FAILED for two administrators in one
    person (R85) or the same post twice.
    """
    permit(call.actor, A.assignPost)

    async def body(work: Work) -> Result:
        person = await people.load(work, given.id)
        check_version(person.version, given.expected_version)
        org = await _org(work, call, given.org_unit_id or person.org_id)
        grid = await _grid(work, call, given.grid_id)
        check_place(given.type, org, grid)
        post = await _appoint(work, call, person, given, org, grid)
        return Result(made={"person": (person.id,), "post": (post.id,)})

    return await perform(call, A.assignPost, given, body)


async def end_post(call: Call, given: EndPost) -> Result:
    """End a post; `made["person"]`, `made["post"]`. NOT_FOUND, CONFLICT, BAD_INPUT (endsAt), GUARD_FAILED."""
    permit(call.actor, A.endPost)

    async def body(work: Work) -> Result:
        post = await people.load_post(work, given.id)
        check_version(post.version, given.expected_version)
        ended = replace(post, ends_at=end_of(post, given.ends_at, call.now), version=post.version + 1)
        await people.save_post(work, post, ended)
        await _changed(work, call, await people.load(work, post.person_id), A.endPost)
        return Result(made={"person": (post.person_id,), "post": (post.id,)})

    return await perform(call, A.endPost, given, body)


async def reset_password(call: Call, given: ResetPassword) -> Result:
    """Set somebody's password: it lifts a lock, ends every session and is to be changed; `made["person"]`.

    NOT_FOUND, CONFLICT, BAD_INPUT (newPassword).
    """
    permit(call.actor, A.resetPassword)
    credentials.check_password(given.new_password, "newPassword")
    stored, wall_now = await passwords.hashed(given.new_password), datetime.now(UTC)

    async def body(work: Work) -> Result:
        person = await people.load(work, given.id)
        check_version(person.version, given.expected_version)
        before = await people.load_credential(work, person.id)
        old = before or credentials.first(person.id, stored, wall_now, must_change=True)
        after = credentials.changed(old, stored, wall_now, must_change=True)
        await people.save_credential(work, before, after)
        return await _password_set(work, call, person, A.resetPassword, wall_now)

    return await perform(call, A.resetPassword, _unreadable(given, "new_password"), body)


async def change_password(call: Call, given: ChangePassword) -> Result:
    """Change the own password and end the other sessions; `made["person"]`.

    BAD_INPUT (newPassword), BAD_CREDENTIALS (oldPassword), which counts as a failed sign-in, ACCOUNT_LOCKED.
    """
    permit(call.actor, A.changePassword)
    credentials.check_password(given.new_password, "newPassword")
    if given.new_password == given.old_password:
        raise DomainError(
            ErrorCode.BAD_INPUT, "newPassword", zh="新旧密码相同", en="This is the old password"
        )
    stored, wall_now = await passwords.hashed(given.new_password), datetime.now(UTC)

    async def body(work: Work) -> Result:
        person = await people.load(work, call.actor.person_id)
        before = await _right(work, person.id, given.old_password, wall_now)
        after = credentials.changed(before, stored, wall_now, must_change=False)
        await people.save_credential(work, before, after)
        return await _password_set(work, call, person, A.changePassword, wall_now)

    try:
        return await perform(call, A.changePassword, _unreadable(given, "old_password", "new_password"), body)
    except DomainError as refusal:
        if refusal.code is ErrorCode.BAD_CREDENTIALS:  # the refused command was undone; its failure is kept
            await in_transaction(lambda work: _count_failure(work, call, wall_now))
        raise


async def _insert(work: Work, call: Call, given: CreatePerson, stored: str, *, must_change: bool) -> Person:
    check_username(given.username)
    org = await _org(work, call, given.org_unit_id)
    person = Person(
        id=call.new_id(),
        username=given.username,
        name=line(given.name, "name", most=NAME),
        phone=phone(given.phone, "phone"),
        org_id=org.id if org else None,
    )
    credential = credentials.first(person.id, stored, datetime.now(UTC), must_change=must_change)
    await people.insert(work, person, credential)
    work.append(_event(call, person, A.createPerson))
    return person


async def _appoint(
    work: Work, call: Call, person: Person, given: AssignPost, org: OrgUnit | None, grid: Grid | None
) -> Post:
    post = Post(
        id=call.new_id(),
        person_id=person.id,
        type=given.type,
        org_id=org.id if org else None,
        grid_id=grid.id if grid else None,
        starts_at=given.starts_at or call.now,
        ends_at=given.ends_at,
    )
    check_period(post.starts_at, post.ends_at)
    held = await people.posts_of([person.id], viewer=SYSTEM, connection=work.connection)
    check_beside(post, held[person.id])
    await people.insert_post(work, post, call.now)
    await _changed(work, call, person, A.assignPost)
    return post


async def _changed(work: Work, call: Call, person: Person, action: A) -> None:
    """The person's version goes up, and the log says that the rights changed."""
    after = replace(person, version=person.version + 1)
    await people.save(work, after)
    work.append(_event(call, after, action))


async def _right(work: Work, person_id: UUID, password: str, wall_now: datetime) -> Credential:
    """The credential, when the password fits it; looked at behind the lock, so that a replay needs no password."""
    found = await _held(work, person_id)
    credentials.check_unlocked(found, wall_now)
    if not await passwords.fits(password, found.password_hash):
        raise DomainError(ErrorCode.BAD_CREDENTIALS, "oldPassword", zh="原密码错误", en="Wrong old password")
    return found


async def _count_failure(work: Work, call: Call, wall_now: datetime) -> None:
    person = await people.load(work, call.actor.person_id)
    before = await _held(work, person.id)
    after = credentials.failed(before, wall_now)
    await people.save_credential(work, before, after)
    reason = RightsReason.ACCOUNT_LOCKED if after.locked_until else RightsReason.SIGN_IN_FAILED
    work.append(rights.of_person(person, reason, call.now, A.changePassword, person.id))


async def _held(work: Work, person_id: UUID) -> Credential:
    found = await people.load_credential(work, person_id)
    if found is None:
        raise DomainError(ErrorCode.FORBIDDEN)
    return found


async def _password_set(work: Work, call: Call, person: Person, action: A, wall_now: datetime) -> Result:
    """Whoever signed in with the old password is out, except in the very session that changed it."""
    for session_id in await sessions.end_all(work, person.id, wall_now, but=call.actor.session_id):
        ended = RightsReason.SESSION_ENDED
        work.append(rights.of_session(person.id, session_id, ended, call.now, action, _actor(call)))
    await _changed(work, call, person, action)
    return Result(made={"person": (person.id,)})


async def _org(work: Work, call: Call, org_id: UUID | None) -> OrgUnit | None:
    found = await orgs.get([org_id], viewer=call.actor, connection=work.connection) if org_id else {}
    return _named(found.get(org_id), "orgUnitId") if org_id else None


async def _grid(work: Work, call: Call, grid_id: UUID | None) -> Grid | None:
    found = await grids.get([grid_id], viewer=call.actor, connection=work.connection) if grid_id else {}
    return _named(found.get(grid_id), "gridId") if grid_id else None


def _named(found: T | None, field: str) -> T:
    """What the input names; NOT_FOUND when it is not there."""
    if found is None:
        raise DomainError(ErrorCode.NOT_FOUND, field)
    return found


def _event(call: Call, person: Person, action: A) -> Event:
    return rights.of_person(person, RightsReason.RIGHTS_CHANGED, call.now, action, _actor(call))


def _actor(call: Call) -> UUID | None:
    return None if call.actor.system else call.actor.person_id


def _unreadable(given: CreatePerson | ResetPassword | ChangePassword, *secret: str) -> dict[str, object]:
    """The input with keyed digests for its passwords: from its plain hash, kept for replays, they could be guessed."""
    plain = asdict(given)
    return plain | {name: blind_index(plain[name], f"input.{name}").hex() for name in secret}
