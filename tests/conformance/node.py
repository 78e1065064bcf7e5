"""The tools that npm brings, run as programs that answer in JSON."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NPM = HERE / "npm"
MODULES = NPM / "node_modules"
SECONDS = 60


def node() -> str | None:
    """The path of Node: the one that `make` put into this environment, else the machine's."""
    beside = Path(sys.executable).with_name("node")
    return str(beside) if beside.exists() else shutil.which("node")


def missing() -> str | None:
    """What is not there of the tools, or None."""
    if node() is None:
        return "Node"
    return None if MODULES.is_dir() else "tools of npm (`make test` installs them)"


def run(*arguments: str | Path, folder: Path = NPM) -> subprocess.CompletedProcess[str]:
    """Run Node on a script with its arguments."""
    command = [str(node()), *map(str, arguments)]
    return subprocess.run(  # noqa: S603 - our own scripts and the locked tools
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=SECONDS
    )


def answer(script: str, *arguments: str | Path) -> Any:
    """What a script of `npm/` prints, decoded; RuntimeError with its words when it fails."""
    done = run(NPM / script, *arguments)
    if done.returncode:
        raise RuntimeError(f"{script}: {done.stderr or done.stdout}")
    return json.loads(done.stdout)


def versions() -> dict[str, str]:
    """The versions of the tools, as the lock has them."""
    lock = json.loads((NPM / "package-lock.json").read_text(encoding="utf-8"))
    packages = lock["packages"]
    return {name: packages[f"node_modules/{name}"]["version"] for name in packages[""]["dependencies"]}
