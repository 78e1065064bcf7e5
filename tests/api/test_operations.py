"""The log of those who run the platform: an outage is a line, a fault keeps its trace."""

import pytest

from api.operations import brief
from domain.errors import DomainError, ErrorCode


@pytest.mark.parametrize(
    ("logger", "error", "traced"),
    [
        ("fengqiao.sweep", DomainError(ErrorCode.UNAVAILABLE), False),
        ("asyncpg.pool", ConnectionRefusedError(111, "refused"), False),
        ("fengqiao.sweep", DomainError(ErrorCode.NOT_FOUND), True),
        ("fengqiao.sweep", ValueError("a fault of ours"), True),
    ],
)
def test_a_store_that_is_away_is_named_in_one_line(logger: str, error: Exception, *, traced: bool) -> None:
    told = brief(
        None, "error", {"logger": logger, "event": "it failed", "exc_info": (type(error), error, None)}
    )
    assert ("exc_info" in told, "reason" in told) == (traced, not traced)


def test_an_entry_without_an_error_stays_as_it_is() -> None:
    assert brief(None, "info", {"logger": "x", "event": "it went well"}) == {
        "logger": "x",
        "event": "it went well",
    }
