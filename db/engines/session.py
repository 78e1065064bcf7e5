"""How a session of our own is opened beside Tortoise's pools: for plain reads, and to be notified."""

import socket
from collections.abc import Mapping
from typing import Any

import asyncpg

from db.engines.faults import STATEMENT_SECONDS

_STATEMENTS = 128  # per connection; a list's prepared statement holds 80 kB at the server
_STATEMENT_BYTES = 1 << 16
_SILENT_SECONDS = 5
_OF_POOLS = {
    *("minsize", "maxsize", "min_size", "max_size", "max_queries", "max_inactive_connection_lifetime"),
    *("loop", "connection_class", "connection_name", "fetch_inserted", "command_timeout"),
}


def watch(connection: asyncpg.Connection) -> None:
    """Let the kernel notice a server that has gone without a word."""
    wire = connection._transport.get_extra_info("socket")  # noqa: SLF001 - asyncpg has no setting for it
    if wire.family != socket.AF_UNIX:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENT_SECONDS)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _SILENT_SECONDS)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2 * _SILENT_SECONDS * 1000)


def arguments_of(credentials: Mapping[str, Any]) -> dict[str, Any]:
    """What `asyncpg.connect` takes, from what Tortoise was given."""
    given = {name: value for name, value in credentials.items() if name not in _OF_POOLS}
    settings = {
        **given.pop("server_settings", {}),
        "default_transaction_isolation": "read committed",  # one statement is one snapshot anyway
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "jit": "off",  # it pays for itself in long statements only
        # plan_cache_mode stays auto. Measured: children by ANY($1) 185 µs, forced generic 180, forced custom 268;
        # a list with its LIMIT written out 365, 413 and 843. A generic plan for every role would be a gamble.
        "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
    }
    for word, setting in (("schema", "search_path"), ("application_name", "application_name")):
        if word in given:
            settings[setting] = given.pop(word)
    return {
        "statement_cache_size": _STATEMENTS,
        "max_cached_statement_lifetime": 0,
        "max_cacheable_statement_size": _STATEMENT_BYTES,
        **given,
        "server_settings": settings,
    }
