"""Who acts in the demo: the made-up people by account, as the platform sees them at the time."""

from datetime import datetime

from db import people
from demo import data
from domain.errors import DomainError, ErrorCode
from domain.viewer import Viewer

ADMIN, ACCEPTOR, DISPATCHER, SHIFT = "admin", "acceptor", "dispatcher", "shift"
INSPECTOR, CALLBACK, COMMAND = "inspector", "callback", "command"
RESIDENT, VOLUNTEER = "resident", "volunteer"


class Cast:
    """The accounts and, at one time, the rights they hold; `at` moves it to another time."""

    def __init__(self) -> None:
        found = data.people()
        self._workers = {it.grid_code: it.username for it in found if it.grid_code}
        self._leads: dict[str | None, str] = {}
        for it in found:
            if it.post_type == "HANDLER_LEAD":
                self._leads.setdefault(it.org_code, it.username)
        self._known: dict[str, Viewer] = {}
        self._now: datetime | None = None

    def at(self, now: datetime) -> None:
        """Everybody as at that business time."""
        self._now = now
        self._known.clear()

    async def named(self, username: str) -> Viewer:
        """The person of that account; NOT_FOUND when the account is gone."""
        if username not in self._known:
            person = await people.by_username(username)
            viewer = await people.viewer_of(person.id, self._time()) if person else None
            if viewer is None:
                raise DomainError(ErrorCode.NOT_FOUND, "username", en=f"No account {username}")
            self._known[username] = viewer
        return self._known[username]

    async def worker_of(self, grid_code: str) -> Viewer:
        """Who walks the grid."""
        return await self.named(self._workers[grid_code])

    async def lead_of(self, org_code: str) -> Viewer:
        """Who heads the unit."""
        return await self.named(self._leads[org_code])

    def _time(self) -> datetime:
        if self._now is None:
            raise RuntimeError("say first when it is: cast.at(now)")
        return self._now
