"""Answers beside each other: whoever serves the same data must say the same."""

import base64
import binascii
import re
import struct
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson

from bench.query.process import BenchError

_SECONDS = 60
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*")
_GLOBAL = re.compile(r"[A-Za-z]+:[0-9a-f-]{36}")


def post(port: int, raw: bytes) -> bytes:
    """The body of the answer to a raw request; BenchError unless it is 200 without errors."""
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("POST", "/graphql", body, headers)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if answer.status != 200 or "errors" in orjson.loads(said):  # noqa: PLR2004 - HTTP's own number
        raise BenchError(f"port {port} answers {answer.status}: {said[:2000].decode(errors='replace')}")
    return said


def first_request(requests: Path) -> bytes:
    """The first request of a file for the load generator."""
    data = requests.read_bytes()
    return data[4 : 4 + struct.unpack_from("<I", data)[0]]


def steady(port: int, raw: bytes) -> tuple[bytes, bool]:
    """The answer to a raw request, and whether the same is said again."""
    once = post(port, raw)
    return once, once == post(port, raw)


def same(ours: bytes, theirs: bytes) -> bool:
    """Whether two answers hold the same data, ids and times brought into one form."""
    return bool(_normal(orjson.loads(ours)["data"]) == _normal(orjson.loads(theirs)["data"]))


def _normal(value: Any) -> Any:  # noqa: ANN401 - decoded JSON
    if isinstance(value, dict):
        return {name: _normal(it) for name, it in value.items()}
    if isinstance(value, list):
        return [_normal(it) for it in value]
    if not isinstance(value, str):
        return value
    if _TIME.fullmatch(value):
        return datetime.fromisoformat(value).timestamp()
    return uuid_of(value)


def uuid_of(text: str) -> str:
    """The uuid in a global id; any other text as it is."""
    try:
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError):
        return text
    return plain.partition(":")[2] if _GLOBAL.fullmatch(plain) else text
