"""Who holds which token is kept in memory; every way in which it may end or change is felt."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api import auth
from api.auth import KnownTokens
from api.feed.feed import Feed
from api.pages import CursorSigner
from db import bell, clocks, unit_of_work
from db import sessions as stored
from db.bell import Bell
from db.clocks import BusinessClock
from db.sessions import Held
from db.unit_of_work import in_transaction
from domain.errors import DomainError, ErrorCode
from domain.person import Person, PostType, Role
from domain.term import Language
from domain.viewer import Viewer
from services import people, sessions
from services.clocks import start_test_clock
from services.command import Call, forget_clock
from services.people import EndPost, ResetPassword
from services.sessions import Tokens
from tests.db.district import new_id
from tests.db.factories import NOW, District, a_district, put_post
from tests.services.accounts import PASSWORD, SECRET, let_sign_in, sign_in

DAY = timedelta(days=1)


@dataclass
class Desk:
    """A cache that hears what this process commits, and how often it asked the store."""

    tokens: KnownTokens
    lag: float = 0.0
    reads: list[UUID | None] = field(default_factory=list)  # sessions
    statements: int = 0
    asks: Callable[[Collection[UUID], datetime], Awaitable[dict[UUID, Held]]] = stored.held  # and is counted

    async def viewer(self, given: Tokens, language: Language = Language.ZH) -> Viewer:
        """Who holds the token."""
        known = await self.tokens.signed_in(f"Bearer {given.access_token}", language)
        assert known is not None
        assert known.expires_at == given.expires_at
        return known.viewer

    async def refuses(self, given: Tokens) -> bool:
        """Whether the token is good no more."""
        try:
            await self.viewer(given)
        except DomainError as error:
            return error.code is ErrorCode.UNAUTHENTICATED
        return False


@pytest.fixture
async def district(store: str) -> AsyncIterator[District]:  # noqa: ARG001 - the store must be open first
    forget_clock()
    found = await a_district()
    await let_sign_in(found.people["director"].id, found.people["housing"].id, at=datetime.now(UTC))
    yield found
    forget_clock()


@pytest.fixture
async def desk(district: District, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:  # noqa: ARG001 - people come first
    found = Desk(KnownTokens(lambda: found.lag))
    asks = stored.held

    async def counted(ids: Collection[UUID], now: datetime) -> dict[UUID, Held]:
        found.statements += 1
        found.reads += ids
        return await asks(ids, now)

    found.asks = counted
    monkeypatch.setattr("api.auth.held", counted)
    end = unit_of_work.listen(found.tokens.hear)
    yield found
    end()


async def entered(username: str = "director") -> Tokens:
    """A session that begins now, by both clocks."""
    now = datetime.now(UTC)
    return await sign_in(username, at=now, now=now)


def admin(district: District) -> Call:
    return Call(district.viewer("sysadmin"), datetime.now(UTC), new_id)


async def forwarded(to: datetime) -> None:
    """Another process forwards the test clock; nothing is announced."""
    clock = BusinessClock(datetime.now(UTC), to, 0.0000001)
    await in_transaction(lambda work: clocks.set_business_clock(work, clock))


async def test_a_token_is_looked_up_once_and_answers_in_the_language_asked(desk: Desk) -> None:
    tokens = await entered()
    first = await desk.viewer(tokens)
    assert first == tokens.viewer
    assert await desk.viewer(tokens) is first
    english = await desk.viewer(tokens, Language.EN)
    assert (english.language, english.roles, english.posts) == (Language.EN, first.roles, first.posts)
    assert await desk.tokens.signed_in(None) is None
    assert len(desk.reads) == 1


async def test_signing_out_is_felt_by_the_next_request_and_by_nobody_else(desk: Desk) -> None:
    leaving, other = await entered(), await entered("housing")
    viewer = await desk.viewer(leaving)
    await desk.viewer(other)
    now = datetime.now(UTC)
    await sessions.sign_out(viewer, now=now, wall_now=now)
    assert await desk.refuses(leaving)
    assert not await desk.refuses(other)
    assert desk.reads.count(other.viewer.session_id) == 1


async def test_signing_in_elsewhere_refreshing_and_a_wrong_password_change_nothing(desk: Desk) -> None:
    tokens = await entered()
    await desk.viewer(tokens)
    await entered()
    now = datetime.now(UTC)
    await sessions.refresh(tokens.refresh_token, now=now, wall_now=now)
    with pytest.raises(DomainError):
        await sign_in("director", PASSWORD + "x", at=now, now=now)
    await desk.viewer(tokens)
    assert len(desk.reads) == 1


async def test_a_stolen_refresh_token_ends_the_session_at_once(desk: Desk) -> None:
    tokens = await entered()
    await desk.viewer(tokens)
    now = datetime.now(UTC)
    await sessions.refresh(tokens.refresh_token, now=now, wall_now=now)
    with pytest.raises(DomainError):
        await sessions.refresh(tokens.refresh_token, now=now, wall_now=now)
    assert await desk.refuses(tokens)


async def test_an_ended_post_a_lock_and_a_reset_password_are_asked_for_anew(
    desk: Desk, district: District
) -> None:
    tokens, director = await entered(), district.people["director"]
    assert Role.COMMAND_DIRECTOR in (await desk.viewer(tokens)).roles
    await people.end_post(admin(district), EndPost(id=district.posts["director"].id, expected_version=1))
    assert not (await desk.viewer(tokens)).roles
    assert len(desk.reads) == 2
    for _ in range(5):
        with pytest.raises(DomainError):
            await sign_in("director", PASSWORD + "x", at=datetime.now(UTC))
    assert not await desk.refuses(tokens)  # a lock bars new sign-ins alone
    assert len(desk.reads) == 3
    reset = ResetPassword(id=director.id, expected_version=2, new_password=PASSWORD + "2")
    await people.reset_password(admin(district), reset)
    assert await desk.refuses(tokens)


async def test_what_another_process_commits_is_felt_as_soon_as_the_log_is_read(desk: Desk) -> None:
    ringing, tokens = Bell("memory://"), await entered()
    feed = Feed(CursorSigner(SECRET), ringing, lambda _: None, poll_seconds=0.05)
    elsewhere = Desk(KnownTokens(lambda: feed.lag_seconds))
    feed.listen(lambda batch: elsewhere.tokens.hear(it.event for it in batch))
    viewer = await elsewhere.viewer(tokens)  # nothing is followed yet, so nothing is kept
    assert not elsewhere.tokens._kept
    await ringing.connect()
    await feed.start()
    bell.install(None)  # the other process' bell does not ring here: the poll has to find it
    try:
        await elsewhere.viewer(tokens)
        assert len(elsewhere.tokens._kept) == 1
        now = datetime.now(UTC)
        await sessions.sign_out(viewer, now=now, wall_now=now)
        async with asyncio.timeout(5):
            while not await elsewhere.refuses(tokens):  # noqa: ASYNC110 - the tail wakes nobody but its listeners
                await asyncio.sleep(0.01)
    finally:
        await feed.stop()
        await ringing.disconnect()
    assert desk.reads


async def test_posts_begin_and_end_by_business_time_without_any_event(desk: Desk, district: District) -> None:
    await start_test_clock(NOW)
    await in_transaction(lambda work: _boss_for_a_day(work, district.people["housing"]))
    tokens = await entered("housing")
    for to, wanted in (
        (NOW, False),
        (NOW + DAY - timedelta(seconds=1), False),
        (NOW + DAY, True),
        (NOW + 2 * DAY - timedelta(seconds=1), True),
        (NOW + 2 * DAY, False),
    ):
        await forwarded(to)
        for _ in range(3):
            assert (Role.COMMAND_DIRECTOR in (await desk.viewer(tokens)).roles) is wanted
    assert len(desk.reads) == 3


async def _boss_for_a_day(work: unit_of_work.Work, person: Person) -> None:
    await put_post(work, person, PostType.COMMAND_DIRECTOR, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)


async def test_a_test_clock_that_starts_in_the_past_asks_anew(desk: Desk, district: District) -> None:
    since = datetime.now(UTC) - DAY
    person = district.people["housing"]
    await in_transaction(lambda work: put_post(work, person, PostType.COMMAND_DIRECTOR, starts_at=since))
    tokens = await entered("housing")
    assert Role.COMMAND_DIRECTOR in (await desk.viewer(tokens)).roles
    await start_test_clock(NOW)
    assert Role.COMMAND_DIRECTOR not in (await desk.viewer(tokens)).roles


@pytest.mark.parametrize("life", [{"token_minutes": 0.5}, {"session_hours": 30 / 3600}], ids=str)
async def test_neither_a_token_nor_a_session_outlives_its_end(desk: Desk, life: dict[str, float]) -> None:
    sessions.install(sessions.Mint(SECRET, **life))
    before = datetime.now(UTC)
    tokens = await entered()
    await desk.viewer(tokens)
    after = datetime.now(UTC)
    (kept,) = desk.tokens._kept.values()
    half = timedelta(seconds=30)
    assert (
        before + half - timedelta(seconds=1) <= kept.wall_until <= after + half
    )  # a token's end is a whole second
    assert kept.holds(kept.since)
    assert not kept.holds(replace(kept.since, wall=kept.wall_until))
    desk.tokens._kept = OrderedDict(
        (key, replace(it, wall_until=after)) for key, it in desk.tokens._kept.items()
    )
    await desk.viewer(tokens)
    assert len(desk.reads) == 2


async def test_nothing_is_kept_for_longer_than_a_minute(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert timedelta(seconds=60) == auth.KEPT
    monkeypatch.setattr(auth, "KEPT", timedelta(milliseconds=50))
    tokens = await entered()
    await desk.viewer(tokens)
    await asyncio.sleep(0.06)
    await desk.viewer(tokens)
    assert len(desk.reads) == 2


async def test_while_the_log_is_behind_every_request_asks_the_store(desk: Desk) -> None:
    tokens = await entered()
    await desk.viewer(tokens)
    desk.lag = 5.1
    for _ in range(2):
        await desk.viewer(tokens)
    assert len(desk.reads) == 3
    desk.lag = 0.5
    await desk.viewer(tokens)
    assert len(desk.reads) == 3


async def test_who_loses_the_session_while_it_is_read_is_not_let_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, other, asks = await entered(), await entered("housing"), desk.asks

    async def overtaken(ids: Collection[UUID], now: datetime) -> dict[UUID, Held]:
        found = await asks(ids, now)
        monkeypatch.setattr("api.auth.held", asks)
        await sessions.sign_out(tokens.viewer, now=datetime.now(UTC), wall_now=datetime.now(UTC))
        return found

    monkeypatch.setattr("api.auth.held", overtaken)
    refused, bystander = await asyncio.gather(desk.refuses(tokens), desk.refuses(other))
    assert refused
    assert not bystander
    assert desk.reads.count(other.viewer.session_id) == 1
    assert len(desk.tokens._kept) == 1


async def test_a_storm_of_tokens_is_a_few_statements_and_each_gets_its_own_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "TOGETHER", 20)
    signed = [await entered(), await entered("housing")]
    those = [*signed, *(await in_transaction(lambda work: _more_of(work, signed, 24)))]
    ended = those[7]
    await sessions.sign_out(ended.viewer, now=datetime.now(UTC), wall_now=datetime.now(UTC))
    forged = replace(those[0], access_token=those[0].access_token[:-2] + "AA")
    desk.reads.clear()
    desk.statements = 0
    answers = await asyncio.gather(*(_answer(desk, it) for it in (*those, forged)))
    assert answers == [it.viewer if it is not ended else None for it in those] + [None]
    assert sorted(map(str, desk.reads)) == sorted(str(it.viewer.session_id) for it in those)
    assert desk.statements == 3
    await asyncio.gather(*(_answer(desk, it) for it in those if it is not ended))
    assert desk.statements == 3


async def _more_of(work: unit_of_work.Work, signed: Sequence[Tokens], each: int) -> list[Tokens]:
    """So many sessions more for each of these, without the time that passwords take."""
    now, mint, found = datetime.now(UTC), sessions.Mint(SECRET), list[Tokens]()
    for it in (it for it in signed for _ in range(each)):
        session = mint.session(new_id(), it.viewer.person_id, it.refresh_token, now)
        await stored.insert(work, session)
        token, until = mint.access(session, now)
        viewer = replace(it.viewer, session_id=session.id)
        found.append(replace(it, access_token=token, expires_at=until, viewer=viewer))
    return found


async def _answer(desk: Desk, tokens: Tokens) -> Viewer | None:
    return None if await desk.refuses(tokens) else await desk.viewer(tokens)


async def test_a_store_that_is_away_refuses_all_who_wait_and_the_next_are_asked_for_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, other, asks = await entered(), await entered("housing"), desk.asks
    desk.reads.clear()

    async def away(*_: object) -> dict[UUID, Held]:
        raise DomainError(ErrorCode.UNAVAILABLE)

    monkeypatch.setattr("api.auth.held", away)
    refusals = await asyncio.gather(desk.viewer(tokens), desk.viewer(other), return_exceptions=True)
    assert [it.code for it in refusals if isinstance(it, DomainError)] == [ErrorCode.UNAVAILABLE] * 2
    monkeypatch.setattr("api.auth.held", asks)
    assert await desk.viewer(tokens) == tokens.viewer


async def test_who_leaves_before_the_answer_takes_nothing_from_the_others(desk: Desk) -> None:
    tokens, other = await entered(), await entered("housing")
    leaving, staying = (asyncio.create_task(_answer(desk, it)) for it in (tokens, other))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == other.viewer
    assert leaving.cancelled()
    assert await desk.viewer(tokens) == tokens.viewer


async def test_the_least_used_tokens_are_forgotten_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "TOKENS", 2)
    used, idle, last = await entered(), await entered("housing"), await entered()
    for tokens in (used, idle, used, last, used):
        await desk.viewer(tokens)
    assert len(desk.reads) == 3
    await desk.viewer(idle)
    assert len(desk.reads) == 4
    assert len(desk.tokens._kept) == sum(map(len, desk.tokens._of_person.values())) == 2
