"""Sessions for the bench's callers, opened straight in the store: signing in one by one would meet the rates.

Every caller holds a token of its own, as people do; the server checks each as it always does.
"""

from datetime import UTC, datetime

from bench.query.process import BenchError
from db import connection, people, sealed, sessions
from db.unit_of_work import Work, in_transaction, settle
from services.command import new_id
from services.sessions import Mint

SECRET = "bench-only-and-known-to-everybody-0"  # noqa: S105 - its stores hold made-up people alone
DATA_KEYS = "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
CALLERS = 128  # 100 requests a second each: more than any side here can answer
HOURS = 12.0


async def tokens(url: str, username: str, count: int = CALLERS) -> list[str]:
    """Access tokens of so many sessions of one person in the store at `url`."""
    sealed.install_keys(DATA_KEYS)
    mint = Mint(SECRET.encode(), token_minutes=HOURS * 60, session_hours=HOURS)
    await connection.connect(url)
    try:
        person = await people.by_username(username)
        if person is None:
            raise BenchError(f"no {username} in this store")
        now = datetime.now(UTC)
        made = [mint.session(new_id(), person.id, mint.refresh(new_id()), now) for _ in range(count)]

        async def body(work: Work) -> None:
            for session in made:
                await sessions.insert(work, session)

        await in_transaction(body)
        await settle()
    finally:
        await connection.disconnect()
    return [mint.access(session, now)[0] for session in made]
