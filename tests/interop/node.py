"""Node with the clients that npm brings, run as programs that answer in JSON."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.conformance.node import node

HERE = Path(__file__).parent
NPM = HERE / "npm"
SECONDS = 60


def missing() -> str | None:
    """What is not there, or None."""
    if node() is None:
        return "Node"
    return None if (NPM / "node_modules").is_dir() else "clients of npm (`make test` installs them)"


async def run(*arguments: str | Path, folder: Path = NPM, seconds: float = SECONDS) -> str:
    """What a script prints; AssertionError with all it said when it fails."""
    process = await asyncio.create_subprocess_exec(
        str(node()),
        *map(str, arguments),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complained = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        said, complained = await process.communicate()
    assert process.returncode == 0, f"{arguments[0]}: {complained.decode()}{said.decode()}"
    return said.decode()


async def answer(script: str, *arguments: str | Path) -> Any:
    """What a script of `npm/` prints, decoded."""
    return json.loads(await run(NPM / script, *arguments))
