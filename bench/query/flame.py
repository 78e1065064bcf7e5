"""Where the time of a request goes: our server sampled under load, drawn as a flame graph."""

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path

from bench.query import documents
from bench.query.load import BUILT, offer, write_requests
from bench.query.process import LOAD_CORE, run
from bench.query.sides import Sides
from bench.query.stores import ROOT, STORES, VIEWERS, Stores
from bench.query.tokens import tokens

SAMPLER = "py-spy==0.4.1"
SAMPLES_A_SECOND = 400
SECONDS = 8
WAITING = ("_worker (concurrent/futures/thread.py)", "_connection_worker_thread (aiosqlite/core.py)")
WIDTH, ROW, LEAST, LETTER = 1200.0, 17, 0.6, 6.6
LISTED = 25
Stacks = Counter[tuple[str, ...]]


async def draw(stores: Stores, name: str) -> None:
    """Write `bench/flame/<store>.svg` for the nested page on each store, and print what costs most by itself."""
    sampler = _sampler()
    drawn = ROOT / "bench" / "flame"
    drawn.mkdir(exist_ok=True)
    for store in STORES:
        callers = await tokens(stores.url(store, name), VIEWERS[0])
        body = {"query": documents.PAGE, "variables": {}}
        requests = write_requests(stores.folder / "flame.http", [body], callers)
        folded = stores.folder / f"{store}.folded"
        sides = Sides(stores)
        try:
            server = sides.ours(store, name)
            offer(server.port, requests, 2)
            words = ["taskset", "-c", str(LOAD_CORE), sampler, "record", "--pid", str(server.pid)]
            words += ["--duration", str(SECONDS), "--rate", str(SAMPLES_A_SECOND), "--nolineno"]
            words += ["--format", "raw", "--output", str(folded)]
            asked = asyncio.to_thread(offer, server.port, requests, SECONDS + 3)
            await asyncio.gather(asked, asyncio.to_thread(run, words))
        finally:
            sides.close()
        stacks = read_stacks(folded)
        (drawn / f"{store}.svg").write_text(svg(stacks, f"Nested page, {store}"), encoding="utf-8")
        sys.stdout.write(f"{store}\n{own_time(stacks)}\n")


def read_stacks(folded: Path) -> Stacks:
    """Sampled stacks with their counts, outermost frame first; threads that only wait are left out."""
    found: Stacks = Counter()
    for line in folded.read_text(encoding="utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        frames = tuple(stack.split(";"))
        if frames[-1] not in WAITING:
            found[frames] += int(count)
    return found


def own_time(stacks: Stacks) -> str:
    """The frames that cost most by themselves, with their shares."""
    alone: Counter[str] = Counter()
    for frames, count in stacks.items():
        alone[frames[-1]] += count
    whole = stacks.total()
    return "\n".join(f"{count / whole:6.1%}  {frame}" for frame, count in alone.most_common(LISTED))


def svg(stacks: Stacks, title: str) -> str:
    """A flame graph: the width of a frame is its share of the samples; hover for its name."""
    whole = stacks.total()
    depth = max(map(len, stacks))
    boxes = list(_boxes(stacks, (), 0.0, WIDTH / whole))
    height = ROW * (depth + 2)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height}" font-family="monospace">',
        f'<text x="4" y="13" font-size="12">{escape(title)}: {whole} samples</text>',
    ]
    for frame, level, left, width in boxes:
        top = height - ROW * (level + 1)
        share = f"{width / WIDTH:.1%}"
        shown = frame[: int(width / LETTER)] if width > LETTER * 3 else ""
        lines += [
            f"<g><title>{escape(frame)} {share}</title>",
            f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{ROW - 1}" fill="{_colour(frame)}"/>',
            f'<text x="{left + 2:.1f}" y="{top + 12}" font-size="11">{escape(shown)}</text></g>',
        ]
    return "\n".join([*lines, "</svg>", ""])


def _boxes(
    stacks: Stacks, above: tuple[str, ...], left: float, scale: float
) -> Iterator[tuple[str, int, float, float]]:
    """The frames called by `above`, with their level, place and width."""
    level = len(above)
    below: dict[str, Stacks] = {}
    for frames, count in stacks.items():
        if len(frames) > level:
            below.setdefault(frames[level], Counter())[frames] += count
    for frame, part in sorted(below.items()):
        width = part.total() * scale
        if width >= LEAST:
            yield frame, level, left, width
            yield from _boxes(part, (*above, frame), left, scale)
        left += width


def _colour(frame: str) -> str:
    """Ours warm, everybody else's cool."""
    ours = any(f"({folder}/" in frame for folder in ("api", "db", "domain", "services")) or "(<" in frame
    return "#f5a25d" if ours else "#9dc3d6"


def _sampler() -> str:
    """The sampling profiler, the system's or one installed for the bench alone."""
    found = shutil.which("py-spy")
    if found:
        return found
    tools = BUILT.parent / "tools"
    if not (tools / "bin" / "py-spy").exists():
        run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tools), SAMPLER])
    return str(tools / "bin" / "py-spy")
