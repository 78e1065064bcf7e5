"""graphql-http's audit of GraphQL over HTTP, on a running server, and the page that tells of it."""

from typing import Any

import pytest

import api.http
from tests.acceptance.town import Town
from tests.conformance import node, sheet

pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture(scope="module")
async def audits(town: Town) -> list[dict[str, Any]]:
    """The results of all audits."""
    results: list[dict[str, Any]] = node.answer("audit.mjs", f"http://{town.addresses[0]}/graphql")
    return results


def test_every_audit_is_ok(audits: list[dict[str, Any]]) -> None:
    assert len(audits) > 50
    assert [audit for audit in audits if audit["status"] != "ok"] == []


def test_the_page_tells_what_the_audit_said(audits: list[dict[str, Any]]) -> None:
    assert sheet.FILE.read_text(encoding="utf-8") == sheet.sheet(audits), "run `make conformance`"


def test_the_page_shows_the_table_of_statuses_whole() -> None:
    rows = sheet.statuses().splitlines()
    assert len(rows) > 10
    assert all(row in (api.http.__doc__ or "") for row in rows)


def test_an_endpoint_that_is_no_graphql_fails_its_audits(town: Town) -> None:
    found = {audit["status"] for audit in node.answer("audit.mjs", f"http://{town.addresses[0]}/healthz")}
    assert {"warn", "error"} <= found
