"""How values become JSON text, byte for byte as the ordinary executor encodes them."""

from binascii import b2a_base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from json.encoder import encode_basestring as text
from typing import Any

import orjson
from graphql import GraphQLEnumType, GraphQLList, GraphQLNonNull, GraphQLOutputType, is_leaf_type

__all__ = ["NULL", "gid", "optional", "stored", "text", "typed"]

NULL = "null"
MOST_REMEMBERED = 50_000  # of each kind; some 200 bytes each
_BOOLEANS = {False: "false", True: "true"}  # 0 and 1 too, as SQLite answers them
_TO_BEIJING = timedelta(hours=8)
_SECONDS_END = 19  # in `2024-10-24 01:00:00`

Encode = Callable[[Any], str]


def optional(encode: Encode) -> Encode:
    """The same for a value that may be absent."""
    return lambda value: NULL if value is None else encode(value)


def dumped(value: object) -> str:
    """Any plain value."""
    return orjson.dumps(value).decode()


class Memo(dict[str, str]):
    """Remembers the JSON of texts that come again: the same cases are asked for all day. Bounded."""

    def __init__(self, encode: Callable[[str], str]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, value: str) -> str:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        made = self[value] = self._encode(value)
        return made


@cache
def gid(noun: str) -> Encode:
    """The global id of a key of that noun, given as text."""
    prefix = f"{noun}:".encode()

    def encode(key: str) -> str:
        return f'"{b2a_base64(prefix + key.encode(), newline=False).decode()}"'

    return Memo(encode).__getitem__


def moment(value: str) -> str:
    """A stored time, UTC, as `+08:00`; milliseconds only when there are any."""
    local = datetime.fromisoformat(value[:_SECONDS_END]) + _TO_BEIJING
    fraction = value[20 : value.index("+", 20)].ljust(3, "0")[:3] if value[_SECONDS_END] == "." else "000"
    return f'"{local.isoformat()}{"" if fraction == "000" else f".{fraction}"}+08:00"'


_moment = Memo(moment).__getitem__


def stored(kind: str, type_: GraphQLOutputType) -> Encode:
    """Encodes a column as the store answers it; `kind` is that of `db.reads.nouns`."""
    if isinstance(type_, GraphQLNonNull):
        return _stored(kind, type_.of_type)
    return optional(_stored(kind, type_))


def typed(type_: GraphQLOutputType) -> Encode:
    """Encodes a value of the domain: leaves and lists of them. Raises where a null may not be."""
    if isinstance(type_, GraphQLNonNull):
        return _typed(type_.of_type)
    return optional(_typed(type_))


def _stored(kind: str, type_: Any) -> Encode:  # noqa: ANN401 - any leaf or list type
    if kind == "enum":
        return _names(type_).__getitem__
    if kind == "json":
        encode = _typed(type_)
        return lambda value: encode(orjson.loads(value))
    return _PLAIN.get(kind) or _typed(type_)


def _day(value: str) -> str:
    if value is None:
        raise ValueError("no day")
    return f'"{value}"'


_PLAIN: Mapping[str, Encode] = {
    "text": text,
    "bool": _BOOLEANS.__getitem__,
    "time": _moment,
    "int": "{:d}".format,
    "date": _day,
}


def _names(type_: GraphQLEnumType) -> dict[str, str]:
    """The name of each value by what the store keeps for it."""
    return {str(it.value): f'"{name}"' for name, it in type_.values.items()}


def _typed(type_: Any) -> Encode:  # noqa: ANN401 - any type without its NonNull
    if isinstance(type_, GraphQLList):
        item = typed(type_.of_type)
        return lambda values: f"[{','.join([item(value) for value in values])}]"
    if not is_leaf_type(type_):
        raise TypeError(type_)
    serialize = type_.serialize

    def encode(value: object) -> str:
        if value is None:
            raise ValueError("a null where none may be")
        return orjson.dumps(serialize(value)).decode()

    return encode
