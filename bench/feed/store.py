"""The store of the feed's bench: seeded once by the measured product itself, copied for each part of a run."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.query.postgres import Postgres
from bench.query.process import LOAD_CORE, BenchError, free_port, run
from bench.query.tokens import DATA_KEYS, SECRET
from tests.servers import redis_executable

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HISTORY = 100_000
PEOPLE, CLASSES = 250, 100
FRESH_HOURS = 10.0  # the tokens last twelve
WORK = "feed_work"


@dataclass(frozen=True)
class Facts:
    """What the seed said: the case, where the log ended before its history, and the files of tokens."""

    incident: str
    cursor: str
    same: Path
    apart: Path


class Store:
    """One folder with PostgreSQL, Redis and what was seeded for the product in `product`."""

    def __init__(self, folder: Path, product: Path, *, people: int = PEOPLE, classes: int = CLASSES) -> None:
        self.product, self._people = product.resolve(), (str(people), str(classes))
        self.folder = folder / hashlib.sha256(str(self.product).encode()).hexdigest()[:8]
        self.folder.mkdir(parents=True, exist_ok=True)
        for it in (folder, self.folder):
            it.chmod(0o755)  # PostgreSQL may run as somebody else
        self.postgres = Postgres(self.folder / "postgres")
        self._redis: subprocess.Popen[bytes] | None = None
        self.broadcast_url = ""

    def start(self) -> None:
        """Start PostgreSQL and Redis on the load's core."""
        self.postgres.start()
        executable, port = redis_executable(), free_port()
        if executable is None:
            raise BenchError("no Redis here: install the development requirements")
        words = [executable, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        pinned = ["taskset", "-c", str(LOAD_CORE), *words, "--dir", str(self.folder)]
        self._redis = subprocess.Popen(pinned, stdout=subprocess.DEVNULL)  # noqa: S603 - our own arguments
        self.broadcast_url = f"redis://127.0.0.1:{port}/0"

    def stop(self) -> None:
        """Stop both."""
        if self._redis is not None:
            self._redis.terminate()
            self._redis.wait()
        self.postgres.stop()

    def prepare(self, history: int = 0) -> Facts:
        """Seed what is not there or has grown old."""
        name, folder = f"feed_{history}", self.folder / f"seed_{history}"
        facts = folder / "facts.json"
        old = not facts.exists() or time.time() - facts.stat().st_mtime > FRESH_HOURS * 3600
        if old or name not in self.postgres.databases():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            self.postgres.create("feed_loading")
            words = [sys.executable, "-m", "within.seed", self.url("feed_loading"), str(folder), str(history)]
            words += self._people
            run(words, directory=self.product, **self.environment("feed_loading"))
            self.postgres.ask("feed_loading", "VACUUM ANALYZE")
            self.postgres.ask("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            self.postgres.ask("postgres", f'ALTER DATABASE feed_loading RENAME TO "{name}"')
        said = json.loads(facts.read_text(encoding="ascii"))
        return Facts(said["incident"], said["cursor"], folder / "same.tokens", folder / "apart.tokens")

    def fresh(self, history: int = 0) -> Facts:
        """A copy of what was seeded, under the name `WORK`."""
        facts = self.prepare(history)
        self.postgres.create(WORK, f"feed_{history}")
        return facts

    def url(self, name: str = WORK) -> str:
        """The address of a database, as the product takes it."""
        return self.postgres.url(name)

    def environment(self, name: str = WORK) -> dict[str, str]:
        """What the product must know, and where its code and the programs within it lie."""
        return {
            "FENGQIAO_DATABASE_URL": self.url(name),
            "FENGQIAO_BROADCAST_URL": self.broadcast_url,
            "FENGQIAO_SECRET_KEY": SECRET,
            "FENGQIAO_DATA_KEYS": DATA_KEYS,
            "FENGQIAO_MEDIA_DIR": str(self.folder / "media"),
            "FENGQIAO_TOKEN_MINUTES": "120",
            "FENGQIAO_DEMO": "",
            "PYTHONSAFEPATH": "1",
            "PYTHONPATH": os.pathsep.join([str(self.product), str(HERE)]),
        }
