"""The bench starts: its generator counts, times and checks answers, and its table knows what holds."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.query import load
from bench.query.__main__ import options
from bench.query.answers import same
from bench.query.load import Load, offer, write_requests
from bench.query.process import BenchError, free_port
from bench.query.report import Target
from bench.query.rounds import Sample, Side
from tests.text_rules import ROOT

BODY = b'{"data": {"ok": true}}'


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A server of ready-made bytes."""
    if (os.cpu_count() or 1) < 2 or not all(map(shutil.which, ("cc", "taskset"))):
        pytest.skip("no second core, C compiler or taskset on this machine")
    load.build()
    body, port = tmp_path / "body", free_port()
    body.write_bytes(BODY)
    words = [sys.executable, "-m", "bench.peers.ready", str(port), str(body)]
    process = subprocess.Popen(words, cwd=ROOT)  # noqa: S603 - our own arguments
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def test_the_generator_counts_right_answers_and_refuses_wrong_ones(port: int, tmp_path: Path) -> None:
    requests = write_requests(tmp_path / "requests", [{"query": "{ ok }"}], ["one", "two"])
    (tmp_path / "right").write_bytes(BODY)
    (tmp_path / "wrong").write_bytes(BODY.replace(b"true", b"null"))
    found = offer(port, requests, 0.3, expected=tmp_path / "right")
    assert found.answered > 10
    assert found.size == len(BODY)
    assert 0 < found.p50 <= found.p99
    with pytest.raises(BenchError, match="wrong"):
        offer(port, requests, 0.1, expected=tmp_path / "wrong")


def test_an_even_load_asks_as_often_as_it_was_told_to(port: int, tmp_path: Path) -> None:
    requests = write_requests(tmp_path / "requests", [{"query": "{ ok }"}], ["one"])
    assert offer(port, requests, 0.5, rate=100).answered == pytest.approx(50, abs=2)


def test_equal_data_is_the_same_whatever_the_form_of_ids_and_times() -> None:
    key = "0192b7c0-0000-4000-8000-000000000001"
    ours = b'{"data": {"id": "R3JpZDowMTkyYjdjMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDE=", "at": "%b"}}'
    theirs = f'{{"data": {{"id": "{key}", "at": "2024-10-24T01:00:00+00:00"}}}}'.encode()
    assert same(ours % b"2024-10-24T09:00:00+08:00", theirs)
    assert not same(ours % b"2024-10-24T09:00:01+08:00", theirs)


def test_a_target_is_the_ratio_of_medians_and_names_a_miss() -> None:
    target = Target("beside a peer", "page", "ours", "theirs", least=1.5)
    assert "| **1.50×** | 1.00–2.00 | yes |" in str(target.line({"page": _group(100, 300, 400)}))
    assert "**no**" in str(target.line({"page": _group(100, 200, 200)}))
    assert target.line({}) is None


def test_the_command_knows_its_parts() -> None:
    assert list(options(["run"]).only) == ["reads", "ends", "writes"]
    assert options(["run", "--only", "ends"]).only == ["ends"]


def _group(*ours: float) -> dict[str, Side]:
    return {"ours": _side(ours), "theirs": _side((100, 200, 200))}


def _side(rates: tuple[float, ...]) -> Side:
    samples = [Sample(Load(answered=1, rate=it, p50=1, p99=2, size=3), 1, 1) for it in rates]
    return Side("side", None, Path(), b"", samples=samples)  # type: ignore[arg-type]  # a table needs no server


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return
    pytest.fail("the server did not start")
