"""The size of a list is asked once and remembered for a while, for the open store alone."""

import time

import pytest

from db import connection
from db.lists import sizes
from db.lists.sizes import size_of
from db.rows import Sql, one_of, select
from domain.incident import IncidentState
from tests.db.factories import a_case, a_district


def of_state(state: IncidentState) -> Sql:
    return select("COUNT(*) AS n", "incident i", one_of("i.state", [state]))


async def test_a_size_is_remembered_until_its_time_is_over(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store
    district, query = await a_district(), of_state(IncidentState.REPORTED)
    assert await size_of(query) == 0
    await a_case(district)
    assert await size_of(query) == 0
    assert await size_of(of_state(IncidentState.FILED)) == 0
    later = time.monotonic() + sizes.REMEMBERED_SECONDS
    monkeypatch.setattr(sizes, "monotonic", lambda: later - 5)
    assert await size_of(query) == 0
    monkeypatch.setattr(sizes, "monotonic", lambda: later + 5)
    assert await size_of(query) == 1


async def test_another_store_has_sizes_of_its_own(store: str) -> None:
    district, query = await a_district(), of_state(IncidentState.REPORTED)
    assert await size_of(query) == 0
    await a_case(district)
    await connection.disconnect()
    await connection.connect(store)
    assert await size_of(query) == 1


async def test_the_sizes_used_longest_ago_are_forgotten_first(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store
    monkeypatch.setattr(sizes, "MOST", 2)
    district = await a_district()
    states = (IncidentState.REPORTED, IncidentState.FILED, IncidentState.HANDLING)
    reported, filed, handling = map(of_state, states)
    for query in (reported, filed, reported, handling):
        assert await size_of(query) == 0
    await a_case(district)
    await a_case(district, IncidentState.FILED)
    assert await size_of(reported) == 0
    assert await size_of(filed) == 1
