"""The stores everything is measured on: load data by the product's own bulk path, kept between runs.

Beside the product's tables lie `bench_person` (names are sealed in ours, so the peers get them as our viewers read
them) and, on PostgreSQL, views for PostGraphile.
"""

import shutil
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal

from bench.query.postgres import Postgres
from bench.query.process import BenchError, run
from bench.query.tokens import DATA_KEYS, SECRET

Store = Literal["sqlite", "postgres"]
STORES: tuple[Store, Store] = ("sqlite", "postgres")
VIEWERS = ("command", "housing")
ROOT = Path(__file__).parent.parent.parent
NUMBERS = 1000  # cases asked for one by one
WRITES = "writes"

# name, primary key, foreign keys; PostGraphile learns from comments what a view cannot tell
_VIEWS = {
    "incidents": (
        "SELECT id, no, title, state, urgency, reported_at, due_at, grid_id, reporter_id FROM incident",
        ("(grid_id) references bench.grids (id)", "(reporter_id) references bench.people (id)"),
    ),
    "grids": ("SELECT id, name, region_id FROM grid", ("(region_id) references bench.regions (id)",)),
    "regions": ("SELECT id, name FROM region", ()),
    "people": ("SELECT id, command AS name FROM public.bench_person", ()),
    "org_units": ("SELECT id, name FROM org_unit", ()),
    "assignments": (
        "SELECT id, incident_id, org_id AS org_unit_id, state, handle_due_at FROM assignment",
        ("(incident_id) references bench.incidents (id)", "(org_unit_id) references bench.org_units (id)"),
    ),
}


class Stores:
    """One folder with SQLite files and a PostgreSQL."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # PostgreSQL may run as somebody else
        self.postgres = Postgres(folder / "postgres")

    def environment(self, url: str) -> dict[str, str]:
        """What the product must know to use a store of the bench."""
        return {
            "FENGQIAO_DATABASE_URL": url,
            "FENGQIAO_SECRET_KEY": SECRET,
            "FENGQIAO_DATA_KEYS": DATA_KEYS,
            "FENGQIAO_MEDIA_DIR": str(self.folder / "media"),
            "FENGQIAO_TOKEN_MINUTES": "120",
            "FENGQIAO_DEMO": "",
        }

    def file(self, name: str) -> Path:
        """The SQLite file of that name."""
        return self.folder / f"{name}.db"

    def url(self, store: Store, name: str) -> str:
        """The address of a store of that name."""
        return f"sqlite://{self.file(name)}" if store == "sqlite" else self.postgres.url(name)

    def prepare(self, count: int) -> str:
        """Load so many cases into both stores unless they are there; the stores' name."""
        name, loading = f"cases_{count}", f"loading_{count}"
        if not self.file(name).exists():
            for left in self.folder.glob(f"{loading}.db*"):
                left.unlink()
            self._load(self.url("sqlite", loading), count)
            with closing(sqlite3.connect(self.file(loading))) as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.file(loading).rename(self.file(name))
        if name not in self.postgres.databases():
            self.postgres.create(loading)
            self._load(self.url("postgres", loading), count)
            self.postgres.ask(loading, "VACUUM ANALYZE")
            self.postgres.ask("postgres", f'ALTER DATABASE "{loading}" RENAME TO "{name}"')
        return name

    def known(self, count: int) -> bool:
        """Whether so many cases are loaded in both stores."""
        name = f"cases_{count}"
        return self.file(name).exists() and name in self.postgres.databases()

    def copy_for_writes(self, name: str) -> None:
        """Fresh copies, so that commands change nothing that is read beside them."""
        for left in self.folder.glob(f"{WRITES}.db*"):
            left.unlink()
        with closing(sqlite3.connect(self.file(name))) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.file(name), self.file(WRITES))
        self.postgres.create(WRITES, name)

    def anew(self, name: str) -> None:
        """An empty database of each kind, for a peer."""
        for left in self.folder.glob(f"{name}.db*"):
            left.unlink()
        self.postgres.create(name)

    def give_people(self, name: str, names: Mapping[str, Mapping[str, str]]) -> None:
        """Write `bench_person` into both stores: each viewer's reading of every person's name, by id."""
        rows = [(person, *(names[it].get(person) for it in VIEWERS)) for person in names[VIEWERS[0]]]
        columns = ", ".join(f"{it} TEXT" for it in VIEWERS)
        with closing(sqlite3.connect(self.file(name))) as file, file:
            file.execute("DROP TABLE IF EXISTS bench_person")
            file.execute(f"CREATE TABLE bench_person (id CHAR(36) PRIMARY KEY NOT NULL, {columns})")
            file.executemany("INSERT INTO bench_person VALUES (?, ?, ?)", rows)
        texts = ["DROP SCHEMA IF EXISTS bench CASCADE", "DROP TABLE IF EXISTS bench_person"]
        texts.append(f"CREATE TABLE bench_person (id UUID PRIMARY KEY, {columns})")
        quoted = (", ".join(f"'{value}'" for value in row) for row in rows)
        texts += [f"INSERT INTO bench_person VALUES ({row})" for row in quoted]  # noqa: S608 - names of the demo
        texts += ["CREATE SCHEMA bench", *_views(), "ANALYZE bench_person"]
        self.postgres.ask(name, *texts)

    def numbers(self, name: str) -> list[str]:
        """The numbers of closed cases, spread over the whole store."""
        with closing(sqlite3.connect(self.file(name))) as file:
            found = [
                row[0] for row in file.execute("SELECT no FROM incident WHERE state = 'CLOSED' ORDER BY id")
            ]
        return found[:: max(1, len(found) // NUMBERS)][:NUMBERS]

    def unit_of(self, name: str, username: str) -> str:
        """The id of a person's unit."""
        with closing(sqlite3.connect(self.file(name))) as file:
            found = file.execute("SELECT org_id FROM person WHERE username = ?", (username,)).fetchone()
        if not found:
            raise BenchError(f"no {username} in {name}")
        return str(found[0])

    def _load(self, url: str, count: int) -> None:
        words = [sys.executable, "-m", "cli", "demo", "--cases", str(count)]
        run(words, directory=ROOT, **self.environment(url))


def _views() -> list[str]:
    """Views and what PostGraphile reads in their comments."""
    found = [f"CREATE VIEW bench.{name} AS {text}" for name, (text, _) in _VIEWS.items()]
    for name, (_, keys) in _VIEWS.items():
        said = "\n".join(["@primaryKey id", *(f"@foreignKey {key}" for key in keys)])
        found.append(f"COMMENT ON VIEW bench.{name} IS '{said}'")
    return found
