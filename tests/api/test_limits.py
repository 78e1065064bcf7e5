"""Rates, caps and the bounds of variables: what a caller may do at once, in a second and in a minute."""

import time
from collections import deque
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits.aio.storage import MemoryStorage

from api.limits import Caps, Limits, Rates, SharedRates, Windows, check_variables, rates_of
from domain.errors import DomainError, ErrorCode
from tests import servers


def _nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        ({"x": _nested(40)}, "variables_depth"),
        ({"x": _nested(100_000)}, "variables_depth"),
        ({f"k{n}": n for n in range(100_000)}, "variables_values"),
        ({"x": {f"k{n}": n for n in range(100_000)}}, "variables_object"),
        ({"x": [[n] * 200 for n in range(20)]}, "variables_values"),
        ({"x": {"in": list(range(251))}}, "variables_list"),
    ],
)
def test_variables_are_bounded_in_depth_and_number(variables: dict[str, object], what: str) -> None:
    with pytest.raises(DomainError) as refused:
        check_variables(variables, Limits())
    assert refused.value.code is ErrorCode.TOO_COSTLY
    assert (refused.value.facts["what"], refused.value.facts["limit"]) == (what, getattr(Limits(), what))


def test_variables_up_to_the_bounds_are_let_through() -> None:
    lists = [list(range(200)) for _ in range(8)]
    check_variables({"a": _nested(31), "b": list(range(250)), "c": lists}, Limits())


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 3)), max_size=200),
    st.integers(1, 5),
    st.sampled_from([1.0, 2.5]),
)
def test_a_window_never_holds_more_than_it_may_and_refuses_nothing_else(
    hits: list[tuple[str, float]], amount: int, seconds: float
) -> None:
    clock = Clock()
    windows, expected = Windows(amount, seconds, clock), {"a": deque[float](), "b": deque[float]()}
    for key, pause in hits:
        clock.now += pause
        inside = expected[key]
        while inside and inside[0] <= clock.now - seconds:
            inside.popleft()
        wait = windows.hit(key)
        assert (wait is None) == (len(inside) < amount)
        if wait is None:
            inside.append(clock.now)
        else:
            assert wait == pytest.approx(inside[0] + seconds - clock.now)


def test_a_window_forgets_who_is_quiet() -> None:
    clock = Clock()
    windows = Windows(3, 1.0, clock)
    for number in range(10_000):
        clock.now += 0.001
        windows.hit(str(number))
        assert len(windows) <= 2001
    clock.now += 5
    windows.hit("late")
    assert len(windows) == 1


async def test_counting_a_request_takes_microseconds() -> None:
    rates = Rates(Limits(requests_per_second=10**6))
    await rates.request("warm")
    begun = time.thread_time()
    for number in range(10_000):
        await rates.request(str(number % 50))
    assert (time.thread_time() - begun) / 10_000 < 20e-6


async def test_sign_ins_are_counted_for_each_address() -> None:
    rates = Rates(Limits(sign_ins_per_minute=2))
    for _ in range(2):
        await rates.sign_in("10.0.0.1")
    with pytest.raises(DomainError) as refused:
        await rates.sign_in("10.0.0.1")
    assert refused.value.code is ErrorCode.RATE_LIMITED
    wait = refused.value.facts["retryAfter"]
    assert isinstance(wait, int)
    assert 55 <= wait <= 61
    await rates.sign_in("10.0.0.2")
    await rates.request("10.0.0.1")


async def test_while_a_store_of_rates_is_away_each_process_counts_by_itself() -> None:
    class Away(MemoryStorage):
        asked = 0

        async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
            self.asked += 1
            raise ConnectionError(key, limit, expiry, amount)

    store = Away()
    rates = Rates(Limits(requests_per_second=2), store)
    for _ in range(2):
        await rates.request("someone")
    with pytest.raises(DomainError):
        await rates.request("someone")
    assert store.asked == 1, "a store that is away is left alone for a while"


async def test_processes_that_share_a_redis_count_together(redis_url: str) -> None:
    limits = Limits(sign_ins_per_minute=3)
    first, second = rates_of(limits, redis_url), rates_of(limits, redis_url)
    address = f"10.0.0.1 {time.time_ns()}"
    try:
        for rates in (first, second, first):
            await rates.sign_in(address)
        for rates in (first, second):
            with pytest.raises(DomainError) as refused:
                await rates.sign_in(address)
            assert refused.value.code is ErrorCode.RATE_LIMITED
            assert 1 <= int(str(refused.value.facts["retryAfter"])) <= 60
    finally:
        await first.close()
        await second.close()


async def test_the_loss_of_redis_is_borne_and_mended(redis_binary: str) -> None:
    server = servers.RedisServer(redis_binary)
    server.start()
    rates = SharedRates(Limits(sign_ins_per_minute=2), server.url)
    try:
        await rates.sign_in("10.0.0.1")
        server.kill()
        begun = time.monotonic()
        for _ in range(2):
            await rates.sign_in("10.0.0.1")
        with pytest.raises(DomainError):
            await rates.sign_in("10.0.0.1")
        assert time.monotonic() - begun < 2
        server.start()
        with mock.patch("api.limits.time.monotonic", return_value=time.monotonic() + 10):
            for _ in range(2):
                await rates.sign_in("10.0.0.1")
            with pytest.raises(DomainError):
                await rates.sign_in("10.0.0.1")
    finally:
        await rates.close()
        server.kill()


def test_a_process_without_redis_counts_by_itself() -> None:
    assert type(rates_of(Limits(), "memory://")) is Rates


def test_a_caller_and_a_process_run_so_many_operations_at_once() -> None:
    rates = Rates(Limits(running_per_caller=2, running=3))
    with rates.running("a"), rates.running("a"), rates.running("b"):
        with pytest.raises(DomainError) as busy, rates.running("c"):
            pass
        assert (busy.value.code, busy.value.facts) == (ErrorCode.UNAVAILABLE, {"retryAfter": 1})
    with rates.running("a"), rates.running("a"):
        with pytest.raises(DomainError) as many, rates.running("a"):
            pass
        assert (many.value.code, many.value.facts) == (ErrorCode.RATE_LIMITED, {"limit": 2})
        with rates.running("b"):
            pass
    with rates.running("a"):
        pass


def test_a_holder_has_so_many_and_gives_them_back() -> None:
    caps = Caps(2)
    with caps.hold("a"), caps.hold("b"), caps.hold("a"):
        assert caps.held("a") == 2
        with pytest.raises(DomainError) as refused, caps.hold("a"):
            pass
        assert refused.value.facts == {"limit": 2}
    assert (caps.held("a"), caps.held("b")) == (0, 0)
    assert not caps._held
