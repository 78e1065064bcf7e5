"""Appends events to the product's store as another of its processes would, and rings the bell.

    python -m within.publisher URL BROADCAST_URL CASE PORT CLOCK

A datagram "FIRST COUNT" to PORT asks for so many events in one transaction; when each was committed is noted in CLOCK
(see fan.c) just before the bell is rung.
"""

import asyncio
import mmap
import os
import struct
import sys
import time
from functools import partial
from pathlib import Path
from uuid import UUID

from within.events import pattern_of, write

from db import bell, connection, sealed
from db.bell import Bell
from db.unit_of_work import in_transaction

BASE, LIMIT, DOUBLE = 1_000_000, 400_000, 8


class Noting(Bell):
    """The bell, with a note of when it was rung for which ordinals."""

    def __init__(self, url: str, clock: mmap.mmap) -> None:
        super().__init__(url)
        self.ordinals = range(0)
        self._clock = clock

    def ring(self, seq: int) -> None:
        """Note, then ring."""
        moment = struct.pack("d", time.monotonic())
        for ordinal in self.ordinals:
            at = (LIMIT + ordinal - BASE) * DOUBLE
            self._clock[at : at + DOUBLE] = moment
        super().ring(seq)


class Requests(asyncio.DatagramProtocol):
    """What was asked for, in order."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[range] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the protocol's own signature
        """Queue it."""
        first, count = map(int, data.split())
        self.waiting.put_nowait(range(first, first + count))


async def main(url: str, broadcast_url: str, case: UUID, port: int, clock: Path) -> None:
    """Publish until ended."""
    sealed.install_keys(os.environ["FENGQIAO_DATA_KEYS"])
    await connection.connect(url)
    with clock.open("r+b") as file:
        ringing = Noting(broadcast_url, mmap.mmap(file.fileno(), 2 * LIMIT * DOUBLE))
    await ringing.connect()
    bell.install(ringing)
    pattern = await pattern_of(case)
    _, requests = await asyncio.get_running_loop().create_datagram_endpoint(
        Requests, local_addr=("127.0.0.1", port)
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        ringing.ordinals = await requests.waiting.get()
        await in_transaction(partial(write, pattern=pattern, case=case, ordinals=ringing.ordinals))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], UUID(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5])))
