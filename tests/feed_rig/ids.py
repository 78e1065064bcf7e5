"""Ids as the schema gives them, and as they are meant: `Incident:key`."""

import json
from base64 import b64decode, b64encode
from typing import Any

from tests.feed_rig.record import Row

_IDS = frozenset({"id", "subjectId", "assignmentId"})


def plainly(value: Row) -> Row:
    """One object with its ids as they are meant."""
    for name in _IDS & value.keys():
        if isinstance(value[name], str) and len(value[name]) > 40:
            value[name] = b64decode(value[name]).decode()
    return value


def plain(value: Any) -> Any:
    """An answer with its ids as they are meant."""
    return json.loads(json.dumps(value), object_hook=plainly)


def key_of(text: str) -> str:
    """The key in an id."""
    return b64decode(text).decode().rpartition(":")[2]


def global_id(text: str) -> str:
    """The id of `Noun:key`."""
    return b64encode(text.encode()).decode()
