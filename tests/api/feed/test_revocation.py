"""Rights that end: the stream says so before its next item, the socket's person is kept as the log says (W5)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from api.feed.items import Revoked, RevokedReason
from domain.errors import DomainError, ErrorCode
from domain.person import PostType
from tests.api.feed.rig import (
    Standings,
    command,
    everything,
    handler,
    happened,
    happening,
    reading,
    rights,
    running,
    until,
    viewer,
    write,
)

pytestmark = pytest.mark.usefixtures("sqlite_store")

SOON = 5.0  # seconds from the commit (domain.md C.3 W5)


def _in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


@pytest.mark.parametrize("reason", [RevokedReason.SESSION_ENDED, RevokedReason.ACCOUNT_LOCKED])
async def test_a_stream_ends_soon_after_the_session_or_account(reason: RevokedReason) -> None:
    who, standings = command(), Standings()
    async with running(standings=standings) as feed, reading(everything(feed, who)) as reader:
        first = await reader.next()
        standings.now[who.person_id] = reason
        await write(rights(who.person_id))
        assert await reader.next(SOON) == Revoked(reason, getattr(first, "cursor", None))
        assert await reader.over()


async def test_a_stream_ends_before_its_next_item_when_a_post_ended() -> None:
    ours = uuid4()
    who, standings = handler(ours), Standings()
    async with running(standings=standings) as feed, reading(everything(feed, who)) as reader:
        await reader.next()
        await write(happening(after=[ours]))
        event = happened(await reader.next())
        standings.now[who.person_id] = replace(who, posts=())
        await write(happening(after=[ours]), rights(who.person_id), happening(after=[ours]))
        assert await reader.next(SOON) == Revoked(RevokedReason.RIGHTS_CHANGED, event.cursor)
        assert await reader.over()


async def test_a_stream_goes_on_when_what_the_person_may_see_stayed_the_same() -> None:
    who, standings = command(), Standings()
    async with running(standings=standings) as feed, reading(everything(feed, who)) as reader:
        await reader.next()
        renewed = tuple(replace(post, id=uuid4()) for post in who.posts)
        standings.now[who.person_id] = replace(who, posts=renewed)
        await write(rights(who.person_id), happening())
        assert happened(await reader.next()).logged.seq == 2


async def test_the_rights_of_somebody_else_change_nothing() -> None:
    who, standings = command(), Standings()
    other = uuid4()
    async with running(standings=standings) as feed, reading(everything(feed, who)) as reader:
        await reader.next()
        standings.now[other] = RevokedReason.SESSION_ENDED
        await write(rights(other), happening())
        assert happened(await reader.next()).logged.seq == 2


async def test_who_lost_a_right_before_subscribing_is_told_at_once() -> None:
    who, standings = command(), Standings()
    standings.now[who.person_id] = replace(who, posts=())
    async with running(standings=standings) as feed:
        after = feed.cursors.at(0)
        async with reading(everything(feed, who, after)) as reader:
            assert await reader.next() == Revoked(RevokedReason.RIGHTS_CHANGED, after)
            assert await reader.over()


async def test_a_desk_refuses_to_go_on() -> None:
    who, standings = command(), Standings()
    async with running(standings=standings) as feed, reading(feed.workbench(who)) as reader:
        await reader.next()
        standings.now[who.person_id] = RevokedReason.SESSION_ENDED
        await write(rights(who.person_id))
        with pytest.raises(DomainError) as refusal:
            await reader.next(SOON)
        assert refusal.value.code is ErrorCode.UNAUTHENTICATED


async def test_a_socket_is_told_that_its_session_ended() -> None:
    who, other, standings = command(), command(), Standings()
    async with running(standings=standings) as feed:
        there, elsewhere = feed.attend(who, _in_an_hour()), feed.attend(other, _in_an_hour())
        standings.now[who.person_id] = RevokedReason.SESSION_ENDED
        await write(rights(who.person_id))
        async with asyncio.timeout(SOON):
            await there.ended.wait()
        assert not elsewhere.ended.is_set()


async def test_the_person_on_a_socket_is_who_the_store_says_after_a_change() -> None:
    who, standings = viewer(PostType.HANDLER), Standings()
    async with running(standings=standings) as feed:
        attendee = feed.attend(who, _in_an_hour())
        standings.now[who.person_id] = changed = replace(who, posts=())
        await write(rights(who.person_id))
        await until(lambda: attendee.viewer == changed, SOON)
        assert not attendee.ended.is_set()


async def test_a_session_expires_on_its_socket_unless_it_is_renewed_there() -> None:
    async with running() as feed:
        soon = datetime.now(UTC) + timedelta(seconds=0.2)
        left, renewed = feed.attend(command(), soon), feed.attend(command(), soon)
        renewed.renew(_in_an_hour())
        async with asyncio.timeout(5):
            await left.ended.wait()
        assert not renewed.ended.is_set()
