"""The custom scalars; `SCALARS` goes into `StrawberryConfig(scalar_map=...)` (design §8).

Annotate fields and arguments with `DateTime`, `Date`, `UUID`, `Cursor` and `GeoJSON`.
A bad value is refused with BAD_INPUT.
"""

import datetime as dt
import re
import uuid
from typing import NewType

import orjson
import strawberry
from strawberry.types.scalar import ScalarDefinition

from domain.errors import DomainError, ErrorCode

DateTime = dt.datetime
Date = dt.date
UUID = uuid.UUID
Cursor = NewType("Cursor", str)
GeoJSON = NewType("GeoJSON", dict[str, object])

BEIJING = dt.timezone(dt.timedelta(hours=8))
FIRST_YEAR, LAST_YEAR = 1900, 2100
MAX_GEOJSON = 128 * 1024  # bytes of JSON

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE_ONLY = re.compile(_DATE)
_MOMENT = re.compile(_DATE + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def show_moment(value: dt.datetime) -> str:
    """`2024-10-24T09:00:00+08:00`; milliseconds only when there are any. A naive datetime is a bug."""
    if value.tzinfo is None:
        raise ValueError("a naive datetime reached the wire")
    local = value.astimezone(BEIJING)
    return local.isoformat(timespec="milliseconds" if local.microsecond >= 1000 else "seconds")  # noqa: PLR2004 - µs in a ms


def read_moment(value: object) -> dt.datetime:
    """A datetime in UTC from ISO 8601 with an offset, years 1900 to 2100; else BAD_INPUT."""
    refusal = _refusal(
        "日期时间须为带时区的 ISO 8601 格式", "Give ISO 8601 with an offset, years 1900 to 2100"
    )
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise refusal
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        raise refusal from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise refusal
    return moment.astimezone(dt.UTC)


def read_date(value: object) -> dt.date:
    """A date from `YYYY-MM-DD`, years 1900 to 2100; else BAD_INPUT."""
    refusal = _refusal("日期须为 YYYY-MM-DD", "Give a date as YYYY-MM-DD, years 1900 to 2100")
    if not isinstance(value, str) or not _DATE_ONLY.fullmatch(value):
        raise refusal
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        raise refusal from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise refusal
    return day


def read_uuid(value: object) -> uuid.UUID:
    """A UUID in its canonical form with hyphens; else BAD_INPUT."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise _refusal("UUID 格式有误", "Give a UUID in its canonical form")
    return uuid.UUID(value)


def read_cursor(value: object) -> str:
    """A cursor's text; its seal is checked where it is used, and the refusal names the argument. Else BAD_CURSOR."""
    if not isinstance(value, str):
        raise DomainError(ErrorCode.BAD_CURSOR)
    return value


def read_geojson(value: object) -> dict[str, object]:
    """A GeoJSON object of at most 128 KiB; its geometry is checked by the rules. Else BAD_INPUT."""
    refusal = _refusal("GeoJSON 有误或过大", "Give a GeoJSON object of at most 128 KiB")
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise refusal
    try:
        size = len(orjson.dumps(value))
    except TypeError:  # too deep for the encoder
        raise refusal from None
    if size > MAX_GEOJSON:
        raise refusal
    return value


def _refusal(zh: str, en: str) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, zh=zh, en=en)


SCALARS: dict[object, ScalarDefinition] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="日期时间：ISO 8601，须带时区；以 +08:00 返回。ISO 8601 with offset; served as +08:00.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=show_moment,
        parse_value=read_moment,
    ),
    Date: strawberry.scalar(
        name="Date",
        description="日期：YYYY-MM-DD。A calendar day.",
        serialize=dt.date.isoformat,
        parse_value=read_date,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="通用唯一标识。A UUID in its canonical form.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc9562",
        serialize=str,
        parse_value=read_uuid,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="游标：不透明且带签名，原样传回。Opaque and signed; pass it back as it came.",
        serialize=str,
        parse_value=read_cursor,
    ),
    GeoJSON: strawberry.scalar(
        name="GeoJSON",
        description="GeoJSON 几何对象。A GeoJSON object (RFC 7946).",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc7946",
        serialize=dict,
        parse_value=read_geojson,
    ),
}
