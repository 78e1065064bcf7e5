"""People who can sign in, for the tests of sessions, accounts and files."""

from datetime import UTC, datetime
from uuid import UUID

from db import event_log, people
from db.unit_of_work import Work, in_transaction
from domain.event import EventKind, LoggedEvent
from domain.rules import credential
from services import sessions
from services.sessions import Tokens
from tests.db.district import new_id
from tests.db.factories import NOW

PASSWORD = "Fengqiao-demo-1"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$ykjn7NwVNCYY9OeXCm0ddQ$wQyq1Z3kijQLPTV2qmibud1RGaSkukIo1TxNabirDFY"
SECRET = b"a secret of the tests, 32 bytes long"
WALL = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)


async def let_sign_in(*person_ids: UUID, at: datetime = WALL, must_change: bool = False) -> None:
    """Give people the password of the tests; its hash is ready, for one costs a tenth of a second."""

    async def body(work: Work) -> None:
        for person_id in person_ids:
            known = credential.first(person_id, HASH, at, must_change=must_change)
            await people.save_credential(work, None, known)

    sessions.install(sessions.Mint(SECRET))
    await in_transaction(body)


async def sign_in(
    username: str, password: str = PASSWORD, *, at: datetime = WALL, now: datetime = NOW
) -> Tokens:
    """Sign in at a wall time."""
    return await sessions.sign_in(username, password, now=now, wall_now=at, new_id=new_id)


async def rights_told() -> list[LoggedEvent]:
    """What the log says about rights."""
    return [it for it in await event_log.read(0, 1000) if it.event.kind is EventKind.RIGHTS]


async def reasons() -> list[object]:
    """Why the log says that rights changed, in order."""
    return [it.event.data["reason"] for it in await rights_told()]
