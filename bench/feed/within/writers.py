"""So many writers that commit again as soon as they have committed, timed."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence

WARM_SECONDS = 0.5
Commit = Callable[[int], Awaitable[object]]


async def measured(commits: Sequence[Commit], seconds: float) -> str:
    """Commits a second, p50 and p99 in milliseconds, as JSON; each writer numbers its own."""
    took: list[float] = []
    begin = time.perf_counter() + WARM_SECONDS
    end = begin + seconds

    async def writer(commit: Commit) -> None:
        number = 0
        while (before := time.perf_counter()) < end:
            number += 1
            await commit(number)
            after = time.perf_counter()
            if before >= begin and after <= end:
                took.append(after - before)

    await asyncio.gather(*(writer(it) for it in commits))
    return said(took, len(took) / seconds)


def said(took: list[float], rate: float) -> str:
    """The line of JSON that the bench reads."""
    took.sort()
    shares = {"p50": took[len(took) // 2] * 1e3, "p99": took[int(len(took) * 0.99)] * 1e3}
    return json.dumps({"rate": rate, **shares}) + "\n"
