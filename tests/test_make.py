"""The commands a newcomer types explain themselves and fail with a sentence."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.text_rules import ROOT

NODE_FOLDERS = ("conformance", "interop")


def make(*arguments: str, directory: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("make") or "make", "--no-print-directory", *arguments]
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(  # noqa: S603 - fixed words
        command, cwd=directory, env=outside, check=False, capture_output=True, text=True
    )


def fresh_clone(directory: Path) -> Path:
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, directory)
    return directory


def interpreter(directory: Path, script: str) -> str:
    file = directory / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o700)
    return f"PYTHON={file}"


def test_make_alone_lists_every_command() -> None:
    targets = re.findall(r"(?m)^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"))[0].split()
    shown = re.findall(r"(?m)^  make (\w+) +\S", make().stdout)
    assert {"help", "run", "check", "test", "fmt", "schema", "migrate"} <= set(shown)
    assert shown == targets


def test_an_old_python_is_refused_with_its_version_and_a_way_out(tmp_path: Path) -> None:
    old = interpreter(tmp_path, 'case "$1" in -V) echo "Python 3.9.2";; *) exit 1;; esac')
    answer = make(old, "test", directory=fresh_clone(tmp_path))
    assert answer.returncode
    assert "needs Python 3.11 or newer" in answer.stderr
    assert "Python 3.9.2" in answer.stderr
    assert "make PYTHON=" in answer.stderr


def test_an_absent_python_is_named(tmp_path: Path) -> None:
    answer = make("PYTHON=no-such-python", "run", directory=fresh_clone(tmp_path))
    assert answer.returncode
    assert "needs no-such-python 3.11 or newer" in answer.stderr


def test_a_missing_venv_module_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    bare = interpreter(tmp_path, 'case "$1" in -m) mkdir -p "$3"; exit 1;; esac')
    answer = make(bare, "run", directory=fresh_clone(tmp_path))
    assert "venv module is missing" in answer.stderr
    assert not (tmp_path / ".venv").exists()


def clone_without_node(directory: Path) -> Path:
    """All is installed but Node.js, and nothing can be: a Python that only says what it was asked."""
    for name in ("requirements-node.lock", *(f"tests/{it}/npm/package-lock.json" for it in NODE_FOLDERS)):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, directory / name)
    beside = fresh_clone(directory) / ".venv" / "bin"
    beside.mkdir(parents=True)
    python = beside / "python"
    python.write_text('#!/bin/sh\ncase "$*" in *pip*) exit 1;; *) echo "ran $*";; esac\n')
    python.chmod(0o700)
    for name in ("bin/fengqiao", "run.stamp", "dev.stamp"):
        (directory / ".venv" / name).touch()
    return directory


@pytest.mark.parametrize("ci", [False, True])
def test_without_node_the_tests_run_all_the_same_but_not_in_ci(
    ci: bool,  # noqa: FBT001 - a parameter
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = shutil.which("make") or "make"
    monkeypatch.setattr(shutil, "which", lambda _: command)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", "true" if ci else "")
    answer = make("test", directory=clone_without_node(tmp_path))
    assert bool(answer.returncode) == ci, answer.stderr
    assert ("ran -m pytest" in answer.stdout) != ci
    assert ("Without Node.js" in answer.stderr) != ci


def test_ci_runs_what_a_contributor_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o100
    assert re.search(r"\bmake\b.*\btest\b", script.read_text(encoding="utf-8"))
