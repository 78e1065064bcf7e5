"""Append and commit by the log's own way: so many writers in units of work with group commit, as commands have them.

python -m within.append URL CASE WRITERS SECONDS
"""

import asyncio
import os
import sys
from functools import partial
from uuid import UUID

from within.events import pattern_of, write
from within.writers import measured

from db import connection, sealed
from db.work.groups import in_group


async def main(url: str, case: UUID, writers: int, seconds: float) -> None:
    """Measure, and print JSON."""
    sealed.install_keys(os.environ["FENGQIAO_DATA_KEYS"])
    await connection.connect(url)
    try:
        pattern = await pattern_of(case)

        async def commit(number: int) -> None:
            ordinals = range(1_000_000 + number, 1_000_001 + number)
            await in_group(partial(write, pattern=pattern, case=case, ordinals=ordinals))

        sys.stdout.write(await measured([commit] * writers, seconds))
    finally:
        await connection.disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], UUID(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
