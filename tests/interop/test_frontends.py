"""What frontends build on: docs/feed.md keeps its word, and the libraries they use get along with the server.

Every snippet runs, every table is the code's. graphql-ws, Apollo Client, urql, Relay's network layer and graphql-sse
each go through the same day.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from api import close_codes
from api.close_codes import Close
from api.feed.items import GapReason, RevokedReason
from api.limits import Limits
from tests.acceptance.town import Desk, Town
from tests.interop import guide, node
from tests.text_rules import ROOT

RUN = """
import WebSocket from 'ws';
globalThis.WebSocket ??= WebSocket;
const { watch } = await import(process.argv[2]);
const stop = new AbortController();
await watch(process.argv[3], (kind) => { console.log(kind); stop.abort(); }, stop.signal);
process.exit(0);
"""


@pytest.fixture(scope="module")
async def desk(town: Town) -> Desk:
    return await town.desk("command")


def test_every_snippet_is_run_by_a_test_of_this_file() -> None:
    languages = set(re.findall(r"(?m)^```(\w+)", guide.TEXT))
    assert languages == {"graphql", "bash", "python", "typescript", "js"}
    assert len(guide.snippets("graphql")) == len(re.findall(r"(?m)^```graphql as=\w+$", guide.TEXT)) == 5


@pytest.mark.parametrize(("how", "document"), guide.snippets("graphql"), ids=range(5))
async def test_every_operation_is_answered(town: Town, how: str, document: str) -> None:
    desk = await town.desk(how.removeprefix("as="))
    if document.startswith("query"):
        answered = await desk.ask(document)
        assert answered["events"]["pageInfo"]["endCursor"]
        return
    async with desk.watch(document) as console:
        await console.until(bool)
    assert console.faults == []
    assert console.items[0].get("__typename", "BoardCounts") in {
        "BoardCounts",
        "FeedHeartbeat",
        "QueueSnapshot",
    }


async def _said(*command: str, folder: Path, **surroundings: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, **surroundings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 30)
    return said.decode()


async def test_the_lines_for_curl_hear_and_resume(desk: Desk, tmp_path: Path) -> None:
    url = f"http://{desk.address}"
    said = await _said("bash", "-c", guide.snippet("bash"), folder=tmp_path, URL=url, TOKEN=desk.token)
    assert said.count("event: next\n") == 2
    first, second = re.findall(r"(?m)^id: (\S+)$", said)
    assert first == second  # it went on where the first stopped
    assert [json.loads(it)["data"]["feed"]["cursor"] for it in re.findall(r"(?m)^data: (.+)$", said)] == [
        first,
        second,
    ]


async def test_the_client_in_python_hears(desk: Desk, tmp_path: Path) -> None:
    code = tmp_path / "console.py"
    await asyncio.to_thread(code.write_text, guide.snippet("python"), encoding="utf-8")
    url = f"http://{desk.address}"
    said = await _said(sys.executable, str(code), folder=tmp_path, URL=url, PYTHONPATH=str(ROOT))
    assert said.strip() == "FeedHeartbeat"


async def test_the_client_in_typescript_hears(desk: Desk, made: Path, clients: Path) -> None:
    script = made.parents[3] / "run.mjs"
    await asyncio.to_thread(script.write_text, RUN, encoding="utf-8")
    snippet = made / made.parents[3].name / "snippet" / "watch.js"
    said = await node.run(script, snippet, f"http://{desk.address}", folder=clients)
    assert said.strip() == "FeedHeartbeat"


async def test_the_parts_of_the_client_in_typescript(made: Path, clients: Path) -> None:
    said = await node.run("--test-reporter=tap", "--test", made / "unit.js", folder=clients)
    passed = re.search(r"(?m)^# pass (\d+)$", said)
    assert passed is not None, said
    assert int(passed[1]) >= 8
    assert "# fail 0" in said


def test_what_makes_other_libraries_resume_is_what_their_tests_use() -> None:
    used = (Path(__file__).parent / "npm" / "socket.mjs").read_text(encoding="utf-8")
    assert guide.snippet("js") in used


def test_the_table_of_close_codes_is_the_codes() -> None:
    rows = guide.rows(r"(\d{4}) \| `([^`]+)`[^|]*\| .+")
    told = {(int(row[1]), row[2]) for row in rows}
    own = {(it.code, it.reason) for it in vars(close_codes).values() if isinstance(it, Close)}
    made = {(4409, close_codes.duplicate("…").reason), (1012, "retryAfterMs=…")}
    assert told == own | made


def test_every_way_a_stream_is_ended_is_told() -> None:
    for reason in GapReason:
        assert f"`FeedGap({reason.value})`" in guide.TEXT
    for ended in RevokedReason:
        assert f"`FeedRevoked({ended.value})`" in guide.TEXT


def test_the_limits_are_the_codes() -> None:
    told = re.findall(r"`([a-z_]+)` ?[（(]([\d.]+)[）)]", guide.TEXT)
    assert len(told) == 8
    assert {name: float(number) for name, number in told} == {
        name: float(getattr(Limits(), name)) for name, _ in told
    }


def chain(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with cursors; each follows the one before, that which begins a connection as well."""
    kept = [it for it in items if "cursor" in it]
    last = kept[0]["cursor"]
    for item in kept:
        assert item["follows"] == last, items
        last = item["cursor"]
    return kept


@pytest.mark.usefixtures("clients")
@pytest.mark.parametrize("client", ["graphql-ws", "apollo", "urql", "relay", "graphql-sse"])
async def test_a_client_signs_in_asks_reports_listens_and_resumes_without_a_gap(
    town: Town, client: str
) -> None:
    told = await node.answer(f"{client}.mjs", town.addresses[0])
    assert told["viewer"] == "acceptor"
    assert told["signedOut"] is True
    assert len(set(told["numbers"])) == 4
    for name in ("feed", "commandCentre"):
        stream = told["streams"][name]
        assert stream["ended"] == {"complete": True}
        *items, last = stream["items"]
        assert last["__typename"] == "FeedRevoked"
        assert last["revoked"] == "SESSION_ENDED"
        heard = chain(items)
        assert last["resumeAt"] == heard[-1]["cursor"]
        events = [it for it in heard if it["__typename"] == "FeedEvent"]
        assert [it["incident"]["no"] for it in events] == told["numbers"]  # each once, in order, none missing
        beginnings = [it for it in heard if it["__typename"] == "FeedHeartbeat"]
        assert len(beginnings) >= 2  # the stream began again after the cut
