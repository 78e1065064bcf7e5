"""The feed's bench starts: consoles count, compare and chain, sides deliver the same, the table knows what holds."""

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import results
from bench.feed import fan, measures
from bench.feed.__main__ import PARTS, options
from bench.feed.fan import BUILT, Door, Fan
from bench.feed.plan import NODE_SIDES, Run, Scale, kept
from bench.feed.report import Target, section, targets
from bench.feed.sides import Side, Sides, free_udp_port
from bench.feed.store import Store
from bench.query.process import BenchError, Command, Server, free_port
from bench.query.sides import NODE
from tests.servers import redis_executable
from tests.text_rules import ROOT

SOCKETS = 5
SCALE = Scale(sockets=SOCKETS, many=SOCKETS, rounds=1, seconds=0.05, history=10, writers=(2,))
EVENT = {
    "__typename": "FeedEvent",
    "cursor": "c",
    "follows": "f",
    "kind": "CHANGED",
    "version": 1_000_002,
    "incident": {"no": "N-1", "title": "路灯不亮", "state": "FILED"},
}


@pytest.fixture(scope="module")
def built() -> Path:
    """The folder of the C programs; skipped where a run could not be pinned."""
    if (os.cpu_count() or 1) < 2 or not all(map(shutil.which, ("cc", "taskset"))):
        pytest.skip("no second core, C compiler or taskset on this machine")
    fan.build()
    return BUILT


@pytest.fixture(scope="module")
def store(built: Path) -> Iterator[Store]:
    """The product's own store for a handful of people."""
    if redis_executable() is None:
        pytest.skip("no Redis on this machine")
    assert (built / "fan").exists()
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to who runs PostgreSQL
        made = Store(Path(folder), ROOT, people=SOCKETS, classes=SOCKETS)
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture
def bare(built: Path, tmp_path: Path) -> Iterator[Side]:
    """The C loop with a message of ours."""
    text = json.dumps({"type": "next", "payload": {"data": {"feed": EVENT}}}, separators=(",", ":"))
    (tmp_path / "message").write_text(text, encoding="utf-8")
    (tmp_path / "nobody").write_text("", encoding="ascii")
    (tmp_path / "document").write_text("subscription { feed { version } }", encoding="ascii")
    port, publish_port = free_port(), free_udp_port()
    words = [str(built / "bare"), str(port), str(publish_port), str(tmp_path / "message")]
    server = Server("bare", Command(words, {}, ROOT), port, tmp_path / "log")
    door = Door(
        port, publish_port, tmp_path / "clock", tmp_path / "nobody", tmp_path / "document", ours=False
    )
    try:
        server.ready()
        yield Side("bare", server, door)
    finally:
        server.stop()


def test_consoles_count_and_time_every_delivery(bare: Side) -> None:
    with bare.fan() as consoles:
        consoles.do("open", SOCKETS, "sent", "-")
        consoles.do("idle", 0.1)
        assert consoles.do("publish", 6, 1, 2, 5)["deliveries"] == 6 * SOCKETS
        said = consoles.do("pace", 100, 10, 5)
        assert said["deliveries"] == 10 * SOCKETS
        assert 0 < said["p50"] <= said["p99"] <= said["most"]
        assert (
            json.loads(consoles.frame())["payload"]["data"]["feed"]["version"] == consoles.newest == 1_000_016
        )


def test_an_event_that_comes_twice_ends_the_run(bare: Side) -> None:
    with bare.fan() as consoles:
        consoles.do("open", SOCKETS, "sent", "-")
        consoles.do("idle", 0.1)
        consoles.do("publish", 2, 1, 1, 5)
        consoles.do("from", consoles.newest - 1)
        with pytest.raises(BenchError, match="lost, doubled or out of order"):
            consoles.do("publish", 1, 1, 1, 5)


def test_who_stalls_is_waited_for_by_nobody_and_misses_nothing(bare: Side) -> None:
    with bare.fan() as consoles:
        consoles.do("open", SOCKETS, "sent", "-")
        consoles.do("idle", 0.1)
        consoles.do("stall", 2)
        assert consoles.do("publish", 3, 1, 1, 5)["deliveries"] == 3 * (SOCKETS - 2)
        consoles.do("resume")
        assert consoles.do("until", consoles.newest, 5)["all"]
        assert consoles.do("publish", 1, 1, 1, 5)["deliveries"] == SOCKETS


def test_an_item_of_ours_that_follows_nothing_ends_the_run(bare: Side) -> None:
    door = Door(**{**vars(bare.door), "ours": True})
    with Fan(door) as consoles:
        consoles.do("open", 1, "sent", "-")
        consoles.do("idle", 0.1)
        with pytest.raises(BenchError, match="does not follow"):
            consoles.do("publish", 2, 1, 1, 5)


def test_every_side_delivers_the_same_to_five_sockets(store: Store) -> None:
    with Sides(store, store.fresh()) as sides:
        ours = sides.ours(calm=False)
        message = sides.message(ours)
        chosen = [ours, sides.among(ours, "apart", sides.facts.apart), sides.bare(message)]
        chosen += [sides.stock(message, tuned=True)]
        if NODE.exists():
            chosen += [sides.node(name, script, message) for name, script in NODE_SIDES]
        for side in chosen:
            assert measures.delivery(side, SOCKETS, 0.05)["events"] >= measures.LEAST
        assert measures.paced(ours, SOCKETS, 50, 0.2)["missing"] == 0
        assert measures.memory(sides.idle(), SOCKETS)["kb"] > 0


def test_the_parts_for_the_product_alone_run_in_small(store: Store) -> None:
    run = Run(store, SCALE)
    for name in ("connect", "append", "catchup"):
        run.part(name)
    parts = kept(run.kept)
    assert all(it.line(parts) for it in targets() if it.part in {"connect", "catchup"})
    assert all(it["rate"] > 0 for (it,) in parts["append"]["sides"].values())
    assert len(parts["append"]["sides"]) == 4  # ours, bare, and the two ways of the prototype
    assert parts["catchup"]["sides"]["live, meanwhile"][0]["done"] >= SCALE.history


def test_a_target_is_a_ratio_of_medians_or_a_median_itself() -> None:
    parts = {
        "fan": {"sides": {"ours": [{"cpu": it} for it in (1.0, 3.0, 4.0)], "C loop": [{"cpu": 2.0}] * 3}}
    }
    assert "**1.50×** | 0.50–2.00 | yes" in str(
        Target("", "fan", "cpu", "ours", "C loop", most=1.5).line(parts)
    )
    assert "**no**" in str(Target("", "fan", "cpu", "ours", most=2).line(parts))
    assert Target("", "fan", "cpu", "ours", "nobody", most=2).line(parts) is None
    shown = section({"fan": {**parts["fan"], "at": "then", "seconds": 1, "rounds": 3}}, ["how"])
    assert "| C loop | **2.00** |" in shown


def test_a_section_of_the_results_is_replaced_alone(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    for text in itertools.chain(
        ("# Results of `a`\n\nold\n", "# Results of `b`\n"), ["# Results of `a`\n\nnew\n"]
    ):
        results.put(path, text)
    assert path.read_text(encoding="utf-8") == "# Results of `a`\n\nnew\n\n# Results of `b`\n"


def test_the_command_knows_its_parts() -> None:
    assert tuple(options(["run"]).only) == PARTS
    assert options(["run", "--only", "storm", "--product", "elsewhere"]).product == Path("elsewhere")
