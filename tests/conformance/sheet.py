"""The conformance sheet, `docs/conformance.md`: made from what the tools say, so that it cannot say more."""

import re
from importlib.metadata import version
from typing import Any

import api.http
from tests.acceptance.town import ROOT
from tests.conformance import node

FILE = ROOT / "docs" / "conformance.md"
JUDGES = (
    ("Judge 评判者", "Version", "What it holds 要求", "Test"),
    ("---", "---", "---", "---"),
    (
        "graphql-http, `serverAudits`",
        "{graphql-http}",
        "every audit of GraphQL over HTTP is `ok` on a running server",
        "`tests/conformance/test_audit.py`",
    ),
    (
        "relay-compiler",
        "{relay-compiler}",
        "Relay documents compile against `schema.graphql`, and the server answers what the compiler wrote",
        "`tests/conformance/test_relay.py`",
    ),
    (
        "GraphQL Inspector",
        "{@graphql-inspector/core}",
        "no breaking change since the last release but those listed with a reason in `accepted.toml`",
        "`tests/conformance/test_changes.py`",
    ),
    (
        "Schemathesis",
        "{schemathesis}",
        "no 5xx and no `INTERNAL` for any valid document, on SQLite and PostgreSQL, as several roles",
        "`tests/conformance/test_documents.py`",
    ),
)

HEAD = """\
# Conformance 规范符合情况

本页由 `make conformance` 写成，测试逐字核对：审计结果有变而未重写，测试即告失败。

Written by `make conformance`; a test compares it word for word, so it cannot go stale.

{judges}

## Statuses 状态码

From the docstring of [`api/http.py`](../api/http.py), the one place where it is kept.

{statuses}

## GraphQL over HTTP: {total} audits, {ok} ok 审计

| Audit | Level | Requirement | Result |
|---|---|---|---|
"""


def sheet(audits: list[dict[str, Any]]) -> str:
    """The text of the page for these results of graphql-http's audits."""
    versions = {**node.versions(), "schemathesis": version("schemathesis")}
    head = HEAD.format(
        judges="\n".join(f"| {' | '.join(row)} |" for row in JUDGES).format_map(versions),
        statuses=statuses(),
        total=len(audits),
        ok=sum(audit["status"] == "ok" for audit in audits),
    )
    return head + "".join(map(_row, audits))


def statuses() -> str:
    """The table of status codes, as the door's docstring has it."""
    return "\n".join(re.findall(r"(?m)^\|.*\|$", api.http.__doc__ or ""))


def _row(audit: dict[str, Any]) -> str:
    level, rest = re.split(r" (?!NOT )", audit["name"], maxsplit=1)
    return f"| {audit['id']} | {level} | {rest} | {audit['status']} |\n"
