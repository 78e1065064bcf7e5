"""The README does what it says: a fresh folder, the server with its demo, the walk as a newcomer pastes it."""

import asyncio
import os
import re
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from settings import Settings
from tests import servers
from tests.text_rules import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
READY_SECONDS = 120  # design §10 promises 60 on two idle cores; the tests share theirs


def blocks(language: str) -> list[str]:
    """The README's code of one language, in order."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)


def environment(folder: Path, port: int) -> dict[str, str]:
    """A newcomer's: nothing set but the port."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FENGQIAO_")}
    own = {"PYTHONPATH": str(ROOT), "HOST": "127.0.0.1", "PORT": str(port), "FENGQIAO_DEMO": "1"}
    return {**kept, **own, "FENGQIAO_URL": f"http://127.0.0.1:{port}", "HOME": str(folder)}


@asynccontextmanager
async def started(
    *command: str, folder: Path, surroundings: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=surroundings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=2**20,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        rest, _ = await asyncio.wait_for(process.communicate(), 30)
        assert b"Traceback" not in rest, rest.decode()


async def line_with(word: str, process: asyncio.subprocess.Process, seconds: float) -> str:
    """Read the process' lines until one holds the word."""
    assert process.stdout is not None
    heard: list[str] = []
    async with asyncio.timeout(seconds):
        while line := (await process.stdout.readline()).decode():
            heard.append(line)
            if word in line:
                return line
    pytest.fail(f"{word} was not said: {''.join(heard)}")


async def test_the_walk_of_the_readme_ends_closed_while_the_department_watches(tmp_path: Path) -> None:
    surroundings = environment(tmp_path, servers.free_port())
    serve = (sys.executable, "-m", "cli", "serve")
    (watch_line,) = [block for block in blocks("sh") if "watch" in block]
    watch = (sys.executable, *shlex.split(watch_line)[1:], "--lines")
    async with started(*serve, folder=tmp_path, surroundings=surroundings) as server:
        said = await line_with("Fengqiao", server, 30)
        assert f"http://127.0.0.1:{surroundings['PORT']}/graphql" in said
        await line_with("the demo is ready", server, READY_SECONDS)
        async with started(*watch, folder=tmp_path, surroundings=surroundings) as console:
            await line_with("QUEUE", console, 30)
            script = "set -euo pipefail\n" + "\n".join(blocks("bash"))
            async with started("bash", "-c", script, folder=tmp_path, surroundings=surroundings) as walk:
                number = (await line_with("reported: ", walk, 30)).split()[1]
                entered = await line_with("ENTERED", console, 30)
                assert number in entered
                assert "路灯不亮" in entered
                rest, _ = await asyncio.wait_for(walk.communicate(), 90)
            assert walk.returncode == 0, rest.decode()
            left = await line_with(f"LEFT    {number}", console, 10)
            assert "DONE" in left
    story = rest.decode()
    assert story.split('"history"')[0].count("CLOSED") >= 2
    actions = ("reportIncident", "fileIncident", "dispatchIncident", "acceptAssignment", "closeIncident")
    places = [story.index(f'"{action}"') for action in actions]
    assert places == sorted(places)


def test_every_setting_is_in_the_readme() -> None:
    own = {"host", "port"}
    names = {name.upper() if name in own else f"FENGQIAO_{name.upper()}" for name in Settings.model_fields}
    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in README} == set()
