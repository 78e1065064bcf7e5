"""The reads of the guide, and every statement that an answer sends."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from db import connection
from db.connection import dialect
from db.reads import wire
from tests.text_rules import ROOT

_BLOCK = re.compile(r"^```graphql([^\n]*)\n((?:query *(\w*)|\{).*?)^```$", re.MULTILINE | re.DOTALL)
_WHO = re.compile(r" as=(\w+)")


def documented() -> dict[str, tuple[str | None, str]]:
    """Who asks (an account of the demo) and what, by name; a question that is refused reads nothing."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))]
    found = {}
    for info, text, name in (block for it in texts for block in _BLOCK.findall(it)):
        if " refused=" not in info:
            who = _WHO.search(info)
            found[name] = (who[1] if who else None, text)
    return found


@dataclass(frozen=True, slots=True)
class Statement:
    """One that was sent: by the wire, or by a client of the ordinary reader."""

    text: str
    params: tuple[Any, ...]
    client: Any = None


class Sent:
    """Hears what goes to the store by the wire and by the ordinary reader."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.statements: list[Statement] = []
        client = type(connection.reader())
        self._at_once, self._tuples, self._plain = wire.at_once, wire.tuples, client.execute_query_dict

        async def ordinary(reader: Any, text: str, values: Any = None) -> Any:
            self.statements.append(Statement(text, tuple(values or ()), reader))
            return await self._plain(reader, text, values)

        patch.setattr(wire, "at_once", self._here)
        patch.setattr(wire, "tuples", self._there)
        patch.setattr(client, "execute_query_dict", ordinary)

    async def plan(self, statement: Statement) -> list[str]:
        """How the store would answer it now, on the way that it was sent."""
        word = "EXPLAIN QUERY PLAN" if dialect() == "sqlite" else "EXPLAIN (COSTS OFF)"
        asked, client = f"{word} {statement.text}", statement.client
        if client is None:
            return [str(row[-1]) for row in await self._tuples(asked, statement.params)]
        rows = await self._plain(client, asked, list(statement.params))
        return [str([*row.values()][-1]) for row in rows]

    def _here(self, text: str, params: Sequence[Any]) -> Any:
        rows = self._at_once(text, params)
        if rows is not None:  # else it is asked again, by `tuples`
            self.statements.append(Statement(text, tuple(params)))
        return rows

    async def _there(self, text: str, params: Sequence[Any] = (), **limits: Any) -> Any:
        self.statements.append(Statement(text, tuple(params)))
        return await self._tuples(text, params, **limits)
