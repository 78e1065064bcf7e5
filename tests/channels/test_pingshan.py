"""The import proven on a real district's year: nothing lost, nothing doubled, whatever happens midway."""

import csv
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.text_rules import ROOT

FILE = ROOT.parent / "shared/data/cases_pingshan/pingshan_2018.early.csv.gz"
MAPPING = ROOT / "channels/casefile/pingshan.toml"
ROWS = 6993

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the real export is not shipped with the product")


def begin(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cli", "import", "cases", str(FILE)]
    command += ["--mapping", str(MAPPING), "--rejects", "rejects.csv"]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("FENGQIAO_")}
    environment = {**outside, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(  # noqa: S603 - our own program
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(folder: Path) -> str:
    process = begin(folder)
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return said


def numbers(folder: Path) -> tuple[int, int, int, int]:
    """Cases, different external ids, assignments, events."""
    with sqlite3.connect(folder / "var/fengqiao.db") as store:
        asked = (
            "SELECT COUNT(*) FROM incident",
            "SELECT COUNT(DISTINCT source_external_id) FROM incident",
            "SELECT COUNT(*) FROM assignment",
            "SELECT COUNT(*) FROM event_log",
        )
        cases, ids, rows, events = (store.execute(question).fetchone()[0] for question in asked)
    store.close()
    return cases, ids, rows, events


def kill_midway(folder: Path) -> None:
    process = begin(folder)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            halfway = numbers(folder)[0] > 1500
        except sqlite3.OperationalError:
            halfway = False
        if halfway:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was still at work"


def test_every_real_case_is_in_or_listed_even_when_killed_midway_and_a_second_run_changes_nothing(
    tmp_path: Path,
) -> None:
    kill_midway(tmp_path)
    assert 1500 < numbers(tmp_path)[0] < ROWS - 500
    began = time.monotonic()
    run(tmp_path)
    seconds = time.monotonic() - began
    found = numbers(tmp_path)
    with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        rejected = list(csv.DictReader(file))
    assert found[0] + len(rejected) == ROWS
    assert len(rejected) == 10
    assert all(it["line"] and it["field"] and it["reason"] for it in rejected)
    assert found[0] == found[1] == found[2]
    assert found[0] / seconds > 50, "at least 50 cases a second"
    assert "imported 0" in run(tmp_path)
    assert numbers(tmp_path) == found
