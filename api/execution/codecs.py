"""How values become JSON text, byte for byte as the ordinary executor encodes them."""

from binascii import b2a_base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from json.encoder import encode_basestring as text
from typing import Any

import orjson
from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLOutputType, is_leaf_type

__all__ = ["NULL", "Encode", "Texts", "gid", "moment", "stored", "text", "typed"]

NULL = "null"
MOST_REMEMBERED = 50_000  # of each kind; some 200 bytes each
_BOOLEANS = {False: "false", True: "true"}  # 0 and 1 too, as SQLite answers them
_TO_BEIJING = timedelta(hours=8)
_SECONDS_END = 19  # in `2024-10-24 01:00:00`

Encode = Callable[[Any], str]
Texts = Mapping[Any, str]


def optional(encode: Encode) -> Encode:
    """The same for a value that may be absent."""
    return lambda value: NULL if value is None else encode(value)


class Memo(dict[str | None, str]):
    """Remembers the JSON of texts that come again: the same cases are asked for all day. Bounded."""

    def __init__(self, encode: Callable[[str], str], *, nullable: bool) -> None:
        super().__init__()
        self._encode = encode
        self._nullable = nullable
        self._begin()

    def __missing__(self, value: str) -> str:
        if len(self) >= MOST_REMEMBERED:
            self._begin()
        made = self[value] = self._encode(value)
        return made

    def _begin(self) -> None:
        self.clear()
        if self._nullable:
            self[None] = NULL


@cache
def gid(noun: str, *, nullable: bool) -> Memo:
    """The global id of a key of that noun, given as text."""
    prefix = f"{noun}:".encode()

    def encode(key: str) -> str:
        return f'"{b2a_base64(prefix + key.encode(), newline=False).decode()}"'

    return Memo(encode, nullable=nullable)


class _Hours(dict[str, str]):
    """`2024-10-23 17` in UTC as the hour of Beijing, `2024-10-24T01`: few are ever made."""

    def __missing__(self, hour: str) -> str:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        local = datetime.fromisoformat(f"{hour}:00:00") + _TO_BEIJING
        made = self[hour] = local.isoformat(timespec="hours")
        return made


_hours = _Hours()


def moment(value: str) -> str:
    """A stored time, UTC, as `+08:00`; milliseconds only when there are any."""
    if value[_SECONDS_END] != ".":
        return f'"{_hours[value[:13]]}{value[13:19]}+08:00"'
    millis = value[20 : value.index("+", 20)].ljust(3, "0")[:3]
    fraction = "" if millis == "000" else f".{millis}"
    return f'"{_hours[value[:13]]}{value[13:19]}{fraction}+08:00"'


_MOMENTS = {nullable: Memo(moment, nullable=nullable) for nullable in (False, True)}


def stored(kind: str, type_: GraphQLOutputType) -> Encode | Texts:
    """Encodes a column as the store answers it, or looks it up; `kind` is that of `db.reads.nouns`."""
    nullable = not isinstance(type_, GraphQLNonNull)
    inner: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    known = _looked_up(kind, inner, nullable=nullable)
    if known is not None:
        return known
    encode = _stored(kind, inner)
    return optional(encode) if nullable else encode


def typed(type_: GraphQLOutputType) -> Encode:
    """Encodes a value of the domain: leaves and lists of them. Raises where a null may not be."""
    if isinstance(type_, GraphQLNonNull):
        return _typed(type_.of_type)
    return optional(_typed(type_))


def _looked_up(kind: str, type_: Any, *, nullable: bool) -> Texts | None:  # noqa: ANN401 - any leaf or list type
    """What few values, or values that come again, are written as."""
    if kind == "time":
        return _MOMENTS[nullable]
    if kind not in {"bool", "enum"}:
        return None
    known: dict[Any, str] = dict(_BOOLEANS) if kind == "bool" else _names(type_)
    return {**known, None: NULL} if nullable else known


def _stored(kind: str, type_: Any) -> Encode:  # noqa: ANN401 - any leaf or list type
    if kind == "json":
        encode = _typed(type_)
        return lambda value: encode(orjson.loads(value))
    return _PLAIN.get(kind) or _typed(type_)


def _day(value: str) -> str:
    if value is None:
        raise ValueError("no day")
    return f'"{value}"'


_PLAIN: Mapping[str, Encode] = {"text": text, "int": "{:d}".format, "date": _day}


def _names(type_: GraphQLEnumType) -> dict[Any, str]:
    """The name of each value by what the store keeps for it."""
    return {str(it.value): f'"{name}"' for name, it in type_.values.items()}


class _Enumerated(dict[Any, str]):
    """The names of an enum's values, by the values of the domain, as they are met."""

    def __init__(self, type_: GraphQLEnumType) -> None:
        super().__init__()
        self._type = type_

    def __missing__(self, value: object) -> str:
        if value is None:
            raise ValueError("a null where none may be")
        made = self[value] = orjson.dumps(self._type.serialize(value)).decode()
        return made


def _typed(type_: Any) -> Encode:  # noqa: ANN401 - any type without its NonNull
    if isinstance(type_, GraphQLList):
        item = typed(type_.of_type)
        return lambda values: f"[{','.join([item(value) for value in values])}]"
    if not is_leaf_type(type_):
        raise TypeError(type_)
    if isinstance(type_, GraphQLEnumType):
        return _Enumerated(type_).__getitem__
    serialize = type_.serialize

    def encode(value: object) -> str:
        if value is None:
            raise ValueError("a null where none may be")
        return orjson.dumps(serialize(value)).decode()

    return encode
