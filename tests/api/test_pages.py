"""Page arguments, signed cursors, and the connection type as a client sees it."""

import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from api.pages import (
    Connection,
    CursorSigner,
    PageRequest,
    connection,
    page_info,
    page_request,
)
from api.scalars import SCALARS, Cursor
from domain.errors import DomainError, ErrorCode
from domain.event import Scalar

SIGNER = CursorSigner(b"secret")


@pytest.mark.parametrize(
    ("first", "last"), [(None, None), (1, 1), (0, None), (101, None), (-1, None), (None, 0), (None, 101)]
)
def test_exactly_one_size_from_1_to_100_is_required(first: int | None, last: int | None) -> None:
    with pytest.raises(DomainError) as refused:
        page_request(first, None, last, None)
    assert refused.value.code is ErrorCode.PAGE_SIZE_REQUIRED


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ((10, None, None, "b"), "before"),
        ((10, "a", None, "b"), "before"),
        ((None, "a", 10, None), "after"),
        ((None, "a", 10, "b"), "after"),
    ],
)
def test_a_cursor_of_the_other_direction_is_refused(
    page: tuple[int | None, str | None, int | None, str | None], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        page_request(*page)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_CURSOR, field)


def test_a_page_knows_its_size_direction_and_start() -> None:
    forward, backward = page_request(1, "a", None, None), page_request(None, None, 100, "b")
    assert (forward.size, forward.backward, forward.cursor, forward.cursor_field) == (1, False, "a", "after")
    assert (backward.size, backward.backward, backward.cursor, backward.cursor_field) == (
        100,
        True,
        "b",
        "before",
    )


@given(
    st.lists(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=40), max_size=4),
    st.text(),
)
def test_a_cursor_opens_in_its_own_list_alone(values: list[Scalar], context: str) -> None:
    cursor = SIGNER.seal(values, context)
    assert SIGNER.open(cursor, context) == values
    assert SIGNER.seal(values, context) == cursor
    for signer, elsewhere in ((SIGNER, context + "x"), (CursorSigner(b"other"), context)):
        with pytest.raises(DomainError) as refused:
            signer.open(cursor, elsewhere, "before")
        assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_CURSOR, "before")


@pytest.mark.parametrize("ending", ["=", "\n", "!", " "])
def test_a_cursor_is_one_string_and_no_other(ending: str) -> None:
    with pytest.raises(DomainError):
        SIGNER.open(SIGNER.seal([1], "incidents") + ending, "incidents")


@pytest.mark.parametrize("cursor", ["", "x", "枫桥", "A" * 400, "====", "a b", "\x00"])
def test_made_up_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(DomainError) as refused:
        SIGNER.open(cursor, "incidents")
    assert refused.value.code is ErrorCode.BAD_CURSOR


def test_every_changed_character_of_a_cursor_is_noticed() -> None:
    cursor = SIGNER.seal(["2024-10-24T01:00:00Z", "01928f3a"], "incidents")
    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "Q"
        with pytest.raises(DomainError):
            SIGNER.open(cursor[:place] + other + cursor[place + 1 :], "incidents")


@pytest.mark.parametrize(
    ("page", "more", "following", "preceding"),
    [
        (PageRequest(first=2), True, True, False),
        (PageRequest(first=2, after="x"), False, False, True),
        (PageRequest(last=2), True, False, True),
        (PageRequest(last=2, before="x"), False, True, False),
    ],
)
def test_page_info_tells_what_lies_on_either_side(
    page: PageRequest,
    more: bool,  # noqa: FBT001 - test parameters
    following: bool,  # noqa: FBT001 - test parameters
    preceding: bool,  # noqa: FBT001 - test parameters
) -> None:
    info = page_info([Cursor("a"), Cursor("b")], page, more=more)
    assert (info.has_next_page, info.has_previous_page) == (following, preceding)
    assert (info.start_cursor, info.end_cursor) == ("a", "b")
    assert page_info([], page, more=more).end_cursor is None


@strawberry.type
class Incident:
    no: str


counted: list[str] = []


async def count() -> tuple[int, bool]:
    counted.append("once")
    return 10_000, False


@strawberry.type
class Query:
    @strawberry.field
    def incidents(self) -> Connection[Incident]:
        rows = [(Cursor(no), Incident(no=no)) for no in ("1", "2")]
        return connection(rows, page_request(2, None, None, None), more=True, count=count)


SCHEMA = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))


@pytest.mark.parametrize(
    ("selected", "times"), [("nodes{no}", 0), ("totalCount", 1), ("totalCountExact totalCount", 1)]
)
async def test_rows_are_counted_at_most_once_and_only_when_asked(selected: str, times: int) -> None:
    counted.clear()
    result = await SCHEMA.execute(f"{{incidents{{{selected}}}}}")
    assert result.errors is None
    assert len(counted) == times


async def test_a_connection_has_the_shape_every_noun_shares() -> None:
    query = "{incidents{edges{cursor node{no}} nodes{no} pageInfo{hasNextPage endCursor} totalCount totalCountExact}}"
    result = await SCHEMA.execute(query)
    assert result.data == {
        "incidents": {
            "edges": [{"cursor": no, "node": {"no": no}} for no in ("1", "2")],
            "nodes": [{"no": "1"}, {"no": "2"}],
            "pageInfo": {"hasNextPage": True, "endCursor": "2"},
            "totalCount": 10_000,
            "totalCountExact": False,
        }
    }
    sdl = SCHEMA.as_str()
    assert "type IncidentConnection" in sdl
    assert "type IncidentEdge" in sdl
