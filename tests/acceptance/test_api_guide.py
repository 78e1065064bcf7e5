"""docs/api.md keeps its word: every block is executed in order, every table is the code's."""

import json
import re
from dataclasses import dataclass, fields
from typing import Any

from api.limits import Limits
from domain.errors import ErrorCode
from tests.acceptance.desks import Desks, asked_in_vain
from tests.acceptance.town import ROOT, Desk

GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"^```graphql(?P<how>[^\n]*)\n(?P<document>.*?)^```$(?:\n+^```json\n(?P<given>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
EARLIER = re.compile(r"\{\{([\w.]+)\}\}")


@dataclass(frozen=True)
class Block:
    """One operation of the guide."""

    document: str
    given: str
    account: str | None
    refused: str | None

    @property
    def name(self) -> str:
        found = re.search(r"\b(?:query|mutation|subscription) (\w+)", self.document)
        assert found, self.document
        return found[1]


def _blocks() -> list[Block]:
    found = []
    for block in BLOCK.finditer(GUIDE):
        how = dict(part.split("=") for part in block["how"].split())
        found.append(Block(block["document"], block["given"] or "{}", how.get("as"), how.get("refused")))
    return found


def _filled(value: Any, answers: dict[str, Any]) -> Any:
    """The variables with `{{…}}` replaced by what earlier operations answered."""
    if isinstance(value, dict):
        return {key: _filled(it, answers) for key, it in value.items()}
    if isinstance(value, list):
        return [_filled(it, answers) for it in value]
    earlier = EARLIER.fullmatch(value) if isinstance(value, str) else None
    if earlier is None:
        return value
    found: Any = answers
    for step in earlier[1].split("."):
        found = found[int(step)] if step.isdigit() else found[step]
    return found


async def _public(desk: Desk, document: str, given: dict[str, Any]) -> dict[str, Any]:
    """The data of an operation that needs no token."""
    body = {"query": document, "variables": given}
    answer = (await desk.http.post(f"http://{desk.address}/graphql", json=body)).json()
    assert "errors" not in answer
    data: dict[str, Any] = answer["data"]
    return data


async def _by_hash(desk: Desk, kept: str, token: str | None = None, **variables: int) -> int:
    """The status of a stored document's answer."""
    answer = await desk.http.post(
        f"http://{desk.address}/graphql",
        json={"documentId": kept, "variables": variables},
        headers={"Authorization": f"Bearer {token or desk.token}"},
    )
    return answer.status_code


async def _first_item(desk: Desk, document: str) -> dict[str, Any]:
    async with desk.watch(document) as console:
        await console.until(bool)
        assert console.faults == []
        return console.items[0]


async def test_every_operation_of_the_guide_does_what_the_guide_says(desks: Desks) -> None:
    answers: dict[str, Any] = {}
    blocks = _blocks()
    assert len(blocks) == GUIDE.count("```graphql") > 15
    for block in blocks:
        desk = await desks(block.account or "command")
        given = _filled(json.loads(block.given), answers)
        if block.refused:
            code, _ = await asked_in_vain(desk, block.document, **given)
            assert code == block.refused, block.name
        elif block.account is None:
            answers[block.name] = await _public(desk, block.document, given)
        elif block.document.startswith("subscription"):
            answers[block.name] = await _first_item(desk, block.document)
        else:
            answers[block.name] = await desk.ask(block.document, **given)
    assert (
        answers["Report"]["reportIncident"]["incident"]["grid"]["code"] == answers["Where"]["gridAt"]["code"]
    )
    assert answers["Accept"]["acceptAssignment"]["assignment"]["state"] == "ACCEPTED"
    assert answers["Search"]["incidents"]["totalCount"] > 0
    assert answers["Feed"]["follows"] == answers["Feed"]["cursor"]
    kept = answers["Keep"]["storeDocument"]["document"]["hash"]
    assert await _by_hash(await desks("command"), kept, first=1) == 200
    secret = answers["MakeKey"]["createIntegrationKey"]["secret"]
    assert (
        await _by_hash(await desks("command"), kept, secret, first=1) == 401
    )  # dropped at the section's end


def test_the_table_of_errors_is_the_vocabulary_of_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+) \| (.+) \|$", GUIDE, re.MULTILINE)
    assert rows == [(code.value, code.zh, code.en) for code in ErrorCode]


def test_the_table_of_limits_holds_the_numbers_of_the_code() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ([\d.]+) \|", GUIDE, re.MULTILINE)
    numbers = {name: float(number) for name, number in rows}
    assert numbers == {it.name: float(getattr(Limits(), it.name)) for it in fields(Limits)}
