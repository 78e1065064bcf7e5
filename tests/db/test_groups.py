"""Group commit: one transaction for whoever waits, each on its own within it, everyone answered after the commit."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from db import event_log
from db.connection import dialect, fetch
from db.engines.faults import Contention
from db.unit_of_work import Work, begin, in_transaction, listen, settle
from db.work import groups
from db.work.groups import in_group
from domain.errors import DomainError, ErrorCode
from domain.event import Event
from tests.db.samples import event

Body = Callable[[Work], Awaitable[str]]


def counts(day: str, seen: list[Work] | None = None, error: BaseException | None = None) -> Body:
    """A command that counts on a day of its own, says so in the log, and may fail at its end."""

    async def body(work: Work) -> str:
        if seen is not None:
            seen.append(work)
        await work.connection.execute_query(
            f"INSERT INTO day_counter (day, value) VALUES ('{day}', 1) "  # noqa: S608 - days of this file
            "ON CONFLICT (day) DO UPDATE SET value = day_counter.value + 1"
        )
        work.append(event(data={"day": day}))
        if error is not None:
            raise error
        return day

    return body


async def days() -> dict[str, int]:
    return {row["day"]: row["value"] for row in await fetch("SELECT day, value FROM day_counter")}


async def logged() -> list[object]:
    entries = await event_log.read(0, 100)
    assert [it.seq for it in entries] == list(range(1, len(entries) + 1))
    assert (await event_log.verify()).reason is None
    return [it.event.data.get("day") for it in entries]


@pytest.mark.usefixtures("store")
async def test_a_lone_command_is_a_transaction_like_any_other() -> None:
    seen: list[Work] = []
    assert await in_group(counts("a", seen)) == "a"
    assert (await days(), await logged(), len(seen)) == ({"a": 1}, ["a"], 1)


@pytest.mark.usefixtures("store")
async def test_commands_that_wait_share_a_transaction_and_one_append() -> None:
    seen: list[Work] = []
    told: list[int] = []
    stop = listen(lambda events: told.append(len(events)))
    answers = await asyncio.gather(*(in_group(counts(name, seen)) for name in "abcde"))
    stop()
    assert answers == list("abcde")
    assert len({id(work.connection) for work in seen}) == 1
    assert told == [5]
    assert (await days(), await logged()) == (dict.fromkeys("abcde", 1), list("abcde"))


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("error", [DomainError(ErrorCode.GUARD_FAILED), ZeroDivisionError()])
@pytest.mark.parametrize("failing", [(0,), (1,), (0, 1), (1, 3), (4,)])
async def test_a_failure_undoes_its_own_command_alone(error: Exception, failing: tuple[int, ...]) -> None:
    names = "abcde"
    bodies = [counts(name, error=error if at in failing else None) for at, name in enumerate(names)]
    answers = await asyncio.gather(*map(in_group, bodies), return_exceptions=True)
    kept = [name for at, name in enumerate(names) if at not in failing]
    assert [it for it in answers if isinstance(it, str)] == kept
    assert [answers[at] for at in failing] == [error] * len(failing)
    assert (await days(), await logged()) == (dict.fromkeys(kept, 1), kept)


@pytest.mark.usefixtures("store")
async def test_a_refusal_by_the_database_undoes_its_own_command_alone() -> None:
    async def wrong(work: Work) -> str:
        await work.connection.execute_query("INSERT INTO day_counter (day, value) VALUES ('x', NULL)")
        return "x"

    answers = await asyncio.gather(
        in_group(counts("a")), in_group(wrong), in_group(counts("b")), return_exceptions=True
    )
    assert (answers[0], answers[2]) == ("a", "b")
    assert isinstance(answers[1], Exception)
    assert (await days(), await logged()) == ({"a": 1, "b": 1}, ["a", "b"])


@pytest.mark.usefixtures("store")
async def test_a_group_that_cannot_be_stored_is_run_again_one_by_one() -> None:
    async def poisoned(work: Work) -> str:
        work.append(event(data={"share": float("nan")}))
        return "x"

    answers = await asyncio.gather(
        in_group(counts("a")), in_group(poisoned), in_group(counts("b")), return_exceptions=True
    )
    assert (answers[0], answers[2]) == ("a", "b")
    assert isinstance(answers[1], ValueError)
    assert await days() == {"a": 1, "b": 1}
    assert sorted(map(str, await logged())) == ["a", "b"]


@pytest.mark.usefixtures("store")
async def test_contention_of_one_member_is_tried_again_alone() -> None:
    tries = 0

    async def contended(work: Work) -> str:
        nonlocal tries
        tries += 1
        await counts("x")(work)
        if tries == 1:
            raise Contention
        return "x"

    answers = await asyncio.gather(in_group(counts("a")), in_group(contended), in_group(counts("b")))
    assert (list(answers), tries) == (["a", "x", "b"], 2)
    assert (await days(), await logged()) == ({"a": 1, "b": 1, "x": 1}, ["a", "b", "x"])


@pytest.mark.usefixtures("store")
async def test_a_caller_who_leaves_does_not_cut_the_group() -> None:
    callers = [asyncio.create_task(in_group(counts(name))) for name in "abc"]
    await asyncio.sleep(0)
    callers[0].cancel()
    callers[1].cancel()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert answers[2] == "c"
    await settle()
    assert await days() == {"a": 1, "b": 1, "c": 1}


@pytest.mark.usefixtures("store")
async def test_more_than_one_group_holds_are_all_served() -> None:
    count = 2 * groups.LARGEST + 3
    answers = await asyncio.gather(*(in_group(counts(f"d{at}")) for at in range(count)))
    assert len(set(answers)) == count
    assert len(await days()) == count == len(await logged())


@pytest.mark.usefixtures("store")
async def test_a_member_sees_what_those_before_it_wrote() -> None:
    answers: list[int] = []

    async def body(work: Work) -> str:
        await counts("x")(work)
        _, rows = await work.connection.execute_query("SELECT value FROM day_counter WHERE day = 'x'")
        answers.append(rows[0]["value"])
        return "x"

    await asyncio.gather(*(in_group(body) for _ in range(4)))
    assert answers == [1, 2, 3, 4]


@pytest.mark.usefixtures("store")
async def test_who_waits_for_the_end_hears_of_it_though_the_member_was_undone() -> None:
    ended: list[str] = []

    def noting(name: str, error: Exception | None = None) -> Body:
        async def body(work: Work) -> str:
            work.at_end(lambda: ended.append(name))
            return await counts(name, error=error)(work)

        return body

    bodies = [noting("a"), noting("b", ZeroDivisionError()), noting("c")]
    await asyncio.gather(*map(in_group, bodies), return_exceptions=True)
    assert sorted(ended) == ["a", "b", "c"]


@pytest.mark.usefixtures("postgres_store")
async def test_a_leader_that_is_held_up_lets_others_form_the_next_group() -> None:
    free = asyncio.Event()

    async def slow(work: Work) -> str:
        await free.wait()
        return await counts("slow")(work)

    held = asyncio.create_task(in_group(slow))
    await asyncio.sleep(0)
    others = await asyncio.gather(in_group(counts("a")), in_group(counts("b")))
    assert list(others) == ["a", "b"]
    free.set()
    assert await held == "slow"
    assert await logged() == ["a", "b", "slow"]


@pytest.mark.usefixtures("postgres_store")
async def test_a_member_waits_for_no_row_that_another_holds_but_alone() -> None:
    await in_group(counts("x"))
    held, free = asyncio.Event(), asyncio.Event()

    async def holder(work: Work) -> None:
        await work.connection.execute_query("UPDATE day_counter SET value = value + 10 WHERE day = 'x'")
        held.set()
        await free.wait()

    other = asyncio.create_task(in_transaction(holder))
    await held.wait()
    waiting = asyncio.create_task(in_group(counts("a")))
    blocked = asyncio.create_task(in_group(counts("x")))
    last = asyncio.create_task(in_group(counts("b")))
    assert list(await asyncio.gather(waiting, last)) == ["a", "b"]
    assert not blocked.done()
    free.set()
    assert await blocked == "x"
    await other
    assert await days() == {"x": 12, "a": 1, "b": 1}


@pytest.mark.usefixtures("store")
async def test_who_awaits_the_end_hears_of_it_though_the_group_was_cut_off() -> None:
    begun: list[Work] = []
    ended: list[Work] = []

    async def loses_its_connection(work: Work) -> str:
        begun.append(work)
        work.at_end(lambda: ended.append(work))
        await work.connection.rollback()
        raise ZeroDivisionError

    answers = await asyncio.gather(
        in_group(counts("a")), in_group(loses_its_connection), return_exceptions=True
    )
    assert answers[0] == "a"
    assert isinstance(answers[1], Exception)
    assert ended == begun != []


@pytest.mark.usefixtures("sqlite_store")
async def test_a_group_does_not_nest() -> None:
    async with begin():
        with pytest.raises(RuntimeError, match="open already"):
            await in_group(counts("a"))
    assert dialect() == "sqlite"
    assert await in_group(counts("b")) == "b"


@pytest.mark.usefixtures("sqlite_store")
async def test_what_is_heard_of_a_group_is_in_the_order_of_the_log() -> None:
    heard: list[Event] = []
    stop = listen(heard.extend)
    await asyncio.gather(*(in_group(counts(uuid4().hex[:8])) for _ in range(20)))
    stop()
    assert [it.data["day"] for it in heard] == await logged()


@pytest.mark.usefixtures("sqlite_store")
@pytest.mark.parametrize("after", [0.0, 2 * groups.HELD_UP_SECONDS])
async def test_a_loop_that_closes_leaves_nobody_leading(after: float) -> None:
    async def endless(_: Work) -> str:
        await asyncio.sleep(60)
        return "never"

    callers = [asyncio.create_task(in_group(body)) for body in (endless, counts("a"), counts("b"))]
    await asyncio.sleep(after)
    units = {task for task in asyncio.all_tasks() if task.get_name() == "unit of work"}
    for task in units:
        task.cancel()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(it) for it in answers] == [asyncio.CancelledError] * 3
    assert await in_group(counts("c")) == "c"
    assert await days() == {"c": 1}


@pytest.mark.usefixtures("sqlite_store")
async def test_a_leader_that_is_cut_off_takes_its_group_with_it() -> None:
    leading: list[asyncio.Task[object] | None] = []

    async def first(work: Work) -> str:
        leading.append(asyncio.current_task())
        return await counts("a")(work)

    async def endless(_: Work) -> str:
        await asyncio.sleep(60)
        return "never"

    callers = [asyncio.create_task(in_group(body)) for body in (first, endless, counts("b"))]
    await asyncio.sleep(groups.HELD_UP_SECONDS)
    (leader,) = leading
    assert leader is not None
    leader.cancel()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(it) for it in answers] == [asyncio.CancelledError] * 3
    assert await days() == {}
