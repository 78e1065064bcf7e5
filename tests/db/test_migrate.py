"""Migrations: their sum is the models' schema, they run once, and SQLite loses nothing by them."""

import asyncio
import contextlib
import importlib
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

from db import connection, migrate
from tests import servers

Schema = dict[str, set[tuple[Any, ...]]]

_POSTGRES = {
    "columns": """
        SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """
        SELECT conrelid::regclass::text, contype::text, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
}


def _sqlite_schema(file: Path) -> Schema:
    with sqlite3.connect(file) as store:
        tables = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: Schema = {"columns": set(), "indexes": set(), "constraints": set()}
        for table in tables:
            rows = store.execute(f"PRAGMA table_xinfo({table})")
            found["columns"] |= {(table, *row[1:]) for row in rows}
            for _, name, unique, _, partial in store.execute(f"PRAGMA index_list({table})").fetchall():
                columns = tuple(row[2] for row in store.execute(f"PRAGMA index_xinfo({name})") if row[5])
                shown = "" if name.startswith("sqlite_autoindex") else name
                found["indexes"].add((table, shown, columns, unique, partial))
            keys = store.execute(f"PRAGMA foreign_key_list({table})")
            found["constraints"] |= {(table, *row[2:]) for row in keys}
    store.close()
    return _ours(found)


async def _postgres_schema(url: str) -> Schema:
    session = await asyncpg.connect(url)
    try:
        return _ours(
            {kind: {tuple(row) for row in await session.fetch(sql)} for kind, sql in _POSTGRES.items()}
        )
    finally:
        await session.close()


def _ours(schema: Schema) -> Schema:
    """Without the recorder's own tables and what only statements can say."""
    statements = " ".join(migrate.extras("sqlite") + migrate.extras("postgres"))
    extra = re.findall(r"(?:TABLE|INDEX|TRIGGER|FUNCTION) (?:IF NOT EXISTS )?(\w+)", statements)
    foreign = ("tortoise_migrations", "sqlite_sequence", *extra)

    def kept(row: tuple[Any, ...]) -> bool:
        return not any(str(name).startswith(foreign) for name in row[:2])

    return {kind: {row for row in rows if kept(row)} for kind, rows in schema.items()}


def _drift(migrated: Schema, generated: Schema) -> list[str]:
    only_migrated = [f"only migrated: {row}" for kind in migrated for row in migrated[kind] - generated[kind]]
    only_models = [
        f"only in the models: {row}" for kind in generated for row in generated[kind] - migrated[kind]
    ]
    return sorted(only_migrated + only_models)


async def _generate(url: str) -> None:
    """The schema as the models alone would have it."""
    config = connection.tortoise_config(url)
    del config["connections"]["read"]
    connection.forget_statements()
    async with TortoiseContext() as context:
        await context.init(config)
        await context.generate_schemas()


async def test_on_sqlite_the_migrations_add_up_to_the_models(sqlite_template: Path, tmp_path: Path) -> None:
    await _generate(f"sqlite://{tmp_path / 'models.db'}")
    migrated, generated = _sqlite_schema(sqlite_template), _sqlite_schema(tmp_path / "models.db")
    assert generated["columns"]
    assert _drift(migrated, generated) == []


async def test_on_postgres_the_migrations_add_up_to_the_models(
    postgres_url: str, postgres_admin: asyncpg.Connection, postgres_template: str
) -> None:
    await postgres_admin.execute("DROP DATABASE IF EXISTS fengqiao_models WITH (FORCE)")
    await postgres_admin.execute("CREATE DATABASE fengqiao_models")
    url = servers.at_database(postgres_url, "fengqiao_models")
    await _generate(url)
    generated = await _postgres_schema(url)
    await postgres_admin.execute("DROP DATABASE fengqiao_models WITH (FORCE)")
    assert generated["columns"]
    migrated = await _postgres_schema(servers.at_database(postgres_url, postgres_template))
    assert _drift(migrated, generated) == []


_MODELS = """
from tortoise import fields
from tortoise.models import Model

class Parent(Model):
    id = fields.IntField(primary_key=True, generated=False)
    name = fields.CharField(max_length={length})
    code = fields.CharField(max_length=5, unique=True)

    class Meta:
        table = "parent"
        indexes = (("name",),)

class Child(Model):
    id = fields.IntField(primary_key=True, generated=False)
    parent = fields.ForeignKeyField("models.Parent", related_name=False)

    class Meta:
        table = "child"
"""
_FIRST = '''
"""First."""
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel(
            name="LogEpochRow",
            fields=[
                ("id", fields.SmallIntField(primary_key=True, generated=False)),
                ("epoch", fields.UUIDField()),
                ("anchor_seq", fields.BigIntField(default=0)),
                ("anchor_hash", fields.BinaryField()),
            ],
            options={"table": "log_epoch", "app": "models"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Parent",
            fields=[
                ("id", fields.IntField(primary_key=True, generated=False)),
                ("name", fields.CharField(max_length=10)),
                ("code", fields.CharField(max_length=5, unique=True)),
            ],
            options={"table": "parent", "app": "models", "indexes": [Index(fields=["name"])]},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Child",
            fields=[
                ("id", fields.IntField(primary_key=True, generated=False)),
                ("parent", fields.ForeignKeyField("models.Parent", related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={"table": "child", "app": "models"},
            bases=["Model"],
        ),
    ]
'''
_SECOND = '''
"""A longer name: on SQLite the table is built anew."""
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.RunSQL("CREATE TABLE said (text TEXT); INSERT INTO said VALUES ('a; b') /* c; d */"),
        ops.AlterField(model_name="Parent", name="name", field=fields.CharField(max_length=20)),
        {more}
    ]
'''


class _Tree:
    """A little application of its own with one migration, and later a second."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.name = f"tree_{uuid4().hex}"
        self._root = folder / self.name
        (self._root / "steps").mkdir(parents=True)
        (self._root / "__init__.py").touch()
        (self._root / "steps" / "__init__.py").touch()
        self.write("models", _MODELS.format(length=10) + "\nfrom db.models.event_log import LogEpochRow\n")
        self.write("steps/0001_initial", _FIRST)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.setattr(migrate, "extras", lambda _: [])
        monkeypatch.setattr(connection, "MODELS", (f"{self.name}.models",))
        monkeypatch.setattr(connection, "MIGRATIONS", f"{self.name}.steps")

    def write(self, module: str, source: str) -> None:
        (self._root / f"{module}.py").write_text(source.lstrip(), encoding="utf-8")

    def remove_first(self) -> None:
        (self._root / "steps" / "0001_initial.py").unlink()

    def add_second(self, more: str = "") -> None:
        self.write("steps/0002_longer", _SECOND.format(more=more))
        importlib.invalidate_caches()


def _copies(file: Path) -> list[Path]:
    return list(file.parent.glob(f"{file.name}.*.bak"))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Tree:
    return _Tree(tmp_path, monkeypatch)


def _told(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(file)) as store:
        rows = store.execute(sql).fetchall()
        store.commit()
    return rows


async def _first_with_data(tmp_path: Path) -> Path:
    file = tmp_path / "kept.db"
    assert await migrate.migrate(f"sqlite://{file}") == ["0001_initial"]
    _told(file, "INSERT INTO parent VALUES (1, 'one', 'c1')")
    _told(file, "INSERT INTO child VALUES (1, 1)")
    return file


async def test_a_rebuilt_sqlite_table_keeps_children_and_indexes_and_a_copy_is_made(
    tree: _Tree, tmp_path: Path
) -> None:
    file = await _first_with_data(tmp_path)
    indexes = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'parent' ORDER BY 1"
    before = _told(file, indexes)
    assert len(before) == 3
    tree.add_second()
    assert await migrate.pending(f"sqlite://{file}") == ["0002_longer"]
    assert await migrate.migrate(f"sqlite://{file}") == ["0002_longer"]
    assert _told(file, "SELECT name FROM pragma_table_info('parent') WHERE type = 'VARCHAR(20)'") == [
        ("name",)
    ]
    assert _told(file, indexes) == before
    assert _told(file, "SELECT count(*) FROM child") == [(1,)]
    assert _told(file, "SELECT text FROM said") == [("a; b",)]
    (copy,) = _copies(file)
    assert _told(copy, "SELECT name, type FROM pragma_table_info('parent') WHERE cid = 1") == [
        ("name", "VARCHAR(10)")
    ]


async def test_a_migration_that_orphans_rows_is_an_error_that_names_the_copy(
    tree: _Tree, tmp_path: Path
) -> None:
    file = await _first_with_data(tmp_path)
    tree.add_second("ops.RunSQL('DELETE FROM parent'),")
    with pytest.raises(migrate.MigrationError, match=r"child.*kept\.db\..*\.bak"):
        await migrate.migrate(f"sqlite://{file}")


async def test_a_failing_migration_leaves_nothing_of_itself(tree: _Tree, tmp_path: Path) -> None:
    file = await _first_with_data(tmp_path)
    tree.add_second("ops.RunSQL('DELETE FROM nowhere'),")
    with pytest.raises(OperationalError, match="nowhere"):
        await migrate.migrate(f"sqlite://{file}")
    assert _told(file, "SELECT count(*) FROM sqlite_master WHERE name = 'said'") == [(0,)]
    assert await migrate.pending(f"sqlite://{file}") == ["0002_longer"]


async def test_a_draft_says_what_the_models_say(tree: _Tree, tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'drafted.db'}"
    tree.remove_first()
    (written,) = await migrate.draft(url)
    assert written.stem == "0001_initial"
    await migrate.migrate(url)
    await _generate(f"sqlite://{tmp_path / 'models.db'}")
    assert _drift(_sqlite_schema(tmp_path / "drafted.db"), _sqlite_schema(tmp_path / "models.db")) == []
    assert await migrate.draft(url) == []


async def test_a_new_store_needs_no_copy_and_a_second_run_does_nothing(sqlite_template: Path) -> None:
    assert _copies(sqlite_template) == []
    assert await migrate.migrate(f"sqlite://{sqlite_template}") == []
    assert await migrate.pending(f"sqlite://{sqlite_template}") == []


async def test_two_processes_migrate_one_after_the_other(
    tmp_path: Path, postgres_url: str, postgres_admin: asyncpg.Connection
) -> None:
    await postgres_admin.execute("CREATE DATABASE fengqiao_twice")
    for url in (f"sqlite://{tmp_path / 'twice.db'}", servers.at_database(postgres_url, "fengqiao_twice")):
        program = f"import asyncio; from db.migrate import migrate; print(asyncio.run(migrate({url!r})))"
        runs = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
            )
            for _ in range(2)
        ]
        said = [(await it.communicate())[0].decode().strip() for it in runs]
        assert sorted(said) == sorted([str(_names()), "[]"])
    await postgres_admin.execute("DROP DATABASE fengqiao_twice WITH (FORCE)")


def _names() -> list[str]:
    folder = Path(__file__).parents[2] / "db" / "migrations"
    return sorted(it.stem for it in folder.glob("0*.py"))
