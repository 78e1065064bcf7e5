"""The custom scalars: what is read, what is refused, and how moments are shown."""

import datetime as dt
from uuid import UUID

import pytest

from api import ids
from api.scalars import MAX_GEOJSON, read_cursor, read_date, read_geojson, read_moment, read_uuid, show_moment
from domain.errors import DomainError, ErrorCode

KEY = UUID("01928f3a-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2024-10-24T09:00:00+08:00", "2024-10-24T09:00:00+08:00"),
        ("2024-10-24T01:00:00Z", "2024-10-24T09:00:00+08:00"),
        ("2024-10-24T01:00Z", "2024-10-24T09:00:00+08:00"),
        ("2024-10-24T01:00:00.5-00:00", "2024-10-24T09:00:00.500+08:00"),
        ("2024-10-24T01:00:00.123456Z", "2024-10-24T09:00:00.123+08:00"),
        ("2024-10-24T01:00:00.000Z", "2024-10-24T09:00:00+08:00"),
        ("2023-12-31T20:00:00-05:00", "2024-01-01T09:00:00+08:00"),
    ],
)
def test_a_moment_is_read_with_its_offset_and_shown_in_beijing_time(given: str, shown: str) -> None:
    moment = read_moment(given)
    assert moment.tzinfo is dt.UTC
    assert show_moment(moment) == shown


@pytest.mark.parametrize(
    "given",
    [
        "2024-10-24T09:00:00",
        "2024-10-24",
        "2024-10-24 09:00:00Z",
        "2024-13-24T09:00:00Z",
        "2024-10-24T25:00:00Z",
        "2024-10-24T09:00:60Z",
        "2024-10-24T09:00:00+25:00",
        "２０２４-10-24T09:00:00Z",
        "1899-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2024-10-24T09:00:00Z\n",
        "",
        5,
        1.5,
        None,
        True,
        [],
        {},
    ],
)
def test_what_is_no_moment_is_bad_input(given: object) -> None:
    with pytest.raises(DomainError) as refused:
        read_moment(given)
    assert refused.value.code is ErrorCode.BAD_INPUT


def test_a_moment_without_an_offset_never_leaves() -> None:
    with pytest.raises(ValueError, match="naive"):
        show_moment(dt.datetime(2024, 10, 24, 9))  # noqa: DTZ001 - the fault under test


def test_a_date_is_a_day_of_the_calendar() -> None:
    assert read_date("2024-02-29") == dt.date(2024, 2, 29)


@pytest.mark.parametrize(
    "given", ["2023-02-29", "20240229", "2024-2-9", "1899-01-01", "2101-01-01", "", 5, None]
)
def test_what_is_no_date_is_bad_input(given: object) -> None:
    with pytest.raises(DomainError):
        read_date(given)


def test_a_uuid_is_read_in_its_canonical_form() -> None:
    assert read_uuid(str(KEY)) == KEY
    assert read_uuid(str(KEY).upper()) == KEY


@pytest.mark.parametrize("given", [KEY.hex, f"{{{KEY}}}", f"urn:uuid:{KEY}", f"{KEY} ", "", 5, None])
def test_what_is_no_uuid_is_bad_input(given: object) -> None:
    with pytest.raises(DomainError):
        read_uuid(given)


@pytest.mark.parametrize("given", [5, None, ["x"]])
def test_what_cannot_be_a_cursor_is_a_bad_cursor(given: object) -> None:
    with pytest.raises(DomainError) as refused:
        read_cursor(given)
    assert refused.value.code is ErrorCode.BAD_CURSOR


def test_geojson_is_an_object_with_a_type() -> None:
    point = {"type": "Point", "coordinates": [123.4, 41.2]}
    assert read_geojson(point) == point


@pytest.mark.parametrize("given", [{}, {"type": 5}, [], "x", None, {"type": "Point", "x": "x" * MAX_GEOJSON}])
def test_geojson_that_is_none_or_too_long_is_bad_input(given: object) -> None:
    with pytest.raises(DomainError):
        read_geojson(given)


def test_geojson_that_nests_for_ever_is_bad_input() -> None:
    value: object = []
    for _ in range(2000):
        value = [value]
    with pytest.raises(DomainError):
        read_geojson({"type": "Polygon", "coordinates": value})


def test_a_global_id_comes_back_as_it_went() -> None:
    text = ids.encode("Incident", KEY)
    assert ids.decode(text, "Incident") == KEY
    assert ids.decode(text, ("Assignment", "Incident")) == KEY
    assert ids.parse(text) == ("Incident", KEY)


def test_the_id_of_another_type_is_refused_by_field() -> None:
    with pytest.raises(DomainError) as refused:
        ids.decode(ids.encode("Grid", KEY), ("Incident", "Assignment"), "input.id")
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_ID, "input.id")
    assert refused.value.facts == {"expected": ["Incident", "Assignment"]}


@pytest.mark.parametrize(
    "text", ["", "x", "枫桥", str(KEY), ids.encode("Incident", KEY) + "\n", "SW5jaWRlbnQ6", "===="]
)
def test_what_encode_did_not_write_is_a_bad_id(text: str) -> None:
    with pytest.raises(DomainError) as refused:
        ids.decode(text, "Incident", "id")
    assert refused.value.code is ErrorCode.BAD_ID


def test_an_id_written_another_way_is_refused() -> None:
    text = ids.encode("Grid", KEY)
    assert text.endswith("=")
    with pytest.raises(DomainError):
        ids.decode(text.rstrip("="), "Grid")
