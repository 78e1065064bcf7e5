"""Values as compiled plans write them: the same bytes as the ordinary executor's."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import orjson
import pytest
from graphql import GraphQLObjectType
from hypothesis import given
from hypothesis import strategies as st

from api import ids
from api.execution.codecs import Encode, Texts, gid, moment, stored, text, typed
from api.graphql import build_schema
from api.scalars import show_moment
from domain.incident import IncidentState

SCHEMA = build_schema()._schema
TIMES = st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given one beside


def written(encode: Encode | Texts, value: object) -> str:
    """The text of a value, computed or looked up."""
    return encode[value] if isinstance(encode, Mapping) else encode(value)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_is_written_as_the_encoder_writes_it(value: str) -> None:
    assert text(value).encode() == orjson.dumps(value)


@given(TIMES)
def test_a_stored_time_is_shown_in_beijing_whatever_the_store_and_its_fraction(value: datetime) -> None:
    shown = f'"{show_moment(value)}"'
    sqlite = value.isoformat(" ")
    postgres = sqlite.removesuffix("+00:00")
    postgres = (postgres.rstrip("0") if "." in postgres else postgres) + "+00"
    assert moment(sqlite) == shown
    assert moment(postgres) == shown


@given(st.uuids())
def test_a_key_becomes_the_global_id(key: UUID) -> None:
    assert gid("Assignment", nullable=False)[str(key)] == f'"{ids.encode("Assignment", key)}"'


def test_what_may_not_be_null_is_never_written_as_null() -> None:
    fields = cast("GraphQLObjectType", SCHEMA.type_map["Incident"]).fields
    for name, kind in (
        ("title", "text"),
        ("state", "enum"),
        ("returnPending", "bool"),
        ("round", "int"),
        ("reportedAt", "time"),
    ):
        with pytest.raises((TypeError, KeyError, ValueError, AttributeError)):
            written(stored(kind, fields[name].type), None)
    assert written(stored("time", fields["closedAt"].type), None) == "null"


def test_values_of_the_domain_are_written_by_their_graphql_type() -> None:
    fields = cast("GraphQLObjectType", SCHEMA.type_map["Incident"]).fields
    assert typed(fields["state"].type)(IncidentState.FILED) == '"FILED"'
    assert typed(fields["maskedFields"].type)(["a", "b"]) == '["a","b"]'
    assert typed(fields["onTime"].type)(None) == "null"
    with pytest.raises(ValueError, match="null"):
        typed(fields["state"].type)(None)
