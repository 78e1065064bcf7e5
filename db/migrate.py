"""Brings a store to the newest schema: Tortoise's migrations, one process at a time, SQLite guarded (design §9).

Tortoise's own SQLite steps rebuild a table: that deletes its indexes, and its children when foreign keys are on.
"""

import asyncio
import fcntl
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from tortoise.apps import Apps
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.schema_editor import BaseSchemaEditor, SqliteSchemaEditor
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.utils import get_schema_sql

from db import event_log
from db.connection import APP, Dialect, forget_statements, reach, tortoise_config
from db.engines.notify import TRIGGER
from db.engines.sqlite import SafeSqlite
from db.lists import search
from db.workbench import desks

_LOCK = 0x66656E68
_INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX .*;$", re.MULTILINE)


class MigrationError(Exception):
    """A migration left the store inconsistent; the message names the copy made before it."""


async def migrate(url: str, *, patience: float = 8.0) -> list[str]:
    """Apply what is pending at `url` and say what that was; a second process waits and then finds nothing.

    A SQLite file that holds data is copied beside itself first. Call it before `connect`.
    Raises MigrationError and UNAVAILABLE.
    """
    async with _opened(url, patience) as (connection, executor), _alone(connection):
        return await _apply(connection, executor)


async def pending(url: str, *, patience: float = 8.0) -> list[str]:
    """The migrations that `migrate` would apply."""
    async with _opened(url, patience) as (_, executor):
        return [step.migration.name for step in await executor.plan()]


async def draft(url: str) -> list[Path]:
    """Write the migration from the last one to the models, for whoever changed them; the files to read over.

    Tortoise's generator forgets `generated=False` of a number as key, which makes it a serial: put back here.
    """
    config = _config(url)
    async with TortoiseContext() as context:
        await context.init(config)
        known = cast("Apps", context.apps)
        written = [Path(it) for it in await MigrationAutodetector(known, config["apps"]).write()]
        keys = {model.__name__: model._meta.pk for model in known[APP].values()}  # noqa: SLF001 - Tortoise has no other way
    for file in written:
        source = file.read_text(encoding="utf-8")
        for name in (name for name, key in keys.items() if not key.generated):
            model = rf"(name='{name}',\s+fields=\[\s+\('\w+', fields\.\w*IntField\(primary_key=True)"
            source = re.sub(model, r"\1, generated=False", source)
        file.write_text(source, encoding="utf-8")
    return written


def extras(dialect: Dialect) -> list[str]:
    """What Tortoise cannot say, as statements that may be run again; every `migrate` ends with them."""
    triggers = TRIGGER if dialect == "postgres" else ()
    return [*search.create_statements(dialect), *desks.create_statements(), *triggers]


class _WholeStatements(SqliteSchemaEditor):
    """Splits a script where a statement ends, not at each semicolon of a comment, text or trigger."""

    async def _run_sql(self, sql: str) -> None:
        for statement in _statements(sql):
            await self.client.execute_query(statement)


class _Shapes(StateApps):
    """The models as far as tables are made of them: Tortoise builds every model's filters anew at every step."""

    def _build_initial_querysets(self) -> None:
        for model in (it for app in self.apps.values() for it in app.values() if it._meta._inited):  # noqa: SLF001 - Tortoise's own do the same
            model._meta.finalise_fields()  # noqa: SLF001 - the same

    def whole(self, models: dict[tuple[str, str], ModelState]) -> StateApps:
        """The models of that state, to be queried too."""
        empty = StateApps(dict(self._default_connections), self._connections)
        return empty.clone({key: it.clone() for key, it in models.items()})


class _Before(State):
    """The state before a step, its models built when asked for: most steps look only at what they lead to."""

    def __init__(self, models: dict[tuple[str, str], ModelState], shapes: _Shapes) -> None:
        self.models = models
        self._shapes = shapes

    @cached_property
    def apps(self) -> StateApps:  # type: ignore[override]  # there as soon as it is read
        return self._shapes.whole(self.models)


class _State(State):
    """The state that migrations lead from and to; its copy costs next to nothing until somebody reads it."""

    apps: _Shapes

    def clone(self) -> State:
        kept = {
            key: replace(it, options=dict(it.options), fields=dict(it.fields))
            for key, it in self.models.items()
        }
        return _Before(kept, self.apps)


class _Executor(MigrationExecutor):
    async def _project_state(self, applied: set[MigrationKey], *, upto: MigrationKey | None = None) -> State:
        """The state after what is applied."""
        homes = {label: config["default_connection"] for label, config in self.loader.apps_config.items()}
        state = _State(models={}, apps=_Shapes(default_connections=homes))
        for key in self._full_plan():
            if key == upto:
                break
            if key in applied:
                migration = self.loader.graph.nodes[key]
                if migration is None:
                    raise MigrationError(f"the store has {key.name}, which is not here")
                await migration.apply(state, dry_run=True)
        return state

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:  # noqa: FBT001, FBT002 - Tortoise's own signature
        if _on_sqlite(self.connection):
            return _WholeStatements(self.connection, atomic=atomic, collect_sql=collect_sql)
        return super()._schema_editor(atomic=atomic, collect_sql=collect_sql)


def _config(url: str) -> dict[str, Any]:
    """One connection, without foreign keys on SQLite and without a time limit for commands on PostgreSQL."""
    config = tortoise_config(url)
    default = config["connections"]["default"]
    own = {"foreign_keys": "OFF"} if "file_path" in default["credentials"] else {"command_timeout": None}
    default["credentials"].update(own)
    config["connections"] = {"default": default}
    return config


@asynccontextmanager
async def _opened(url: str, patience: float) -> AsyncIterator[tuple[BaseDBAsyncClient, _Executor]]:
    config = _config(url)
    forget_statements()
    async with TortoiseContext() as context:
        await context.init(config)
        connection = context.connections.get("default")
        await reach(connection, patience)
        yield connection, _Executor(connection, config["apps"])


async def _apply(connection: BaseDBAsyncClient, executor: _Executor) -> list[str]:
    names = [step.migration.name for step in await executor.plan()]
    if names:
        copy = await _copy(connection) if executor.loader.applied_migrations else None
        await executor.migrate(direction="forward")
        await _index_again(connection)
        await _check(connection, copy)
    for statement in extras("sqlite" if _on_sqlite(connection) else "postgres"):
        await connection.execute_query(statement)
    await event_log.found(connection)
    return names


@asynccontextmanager
async def _alone(connection: BaseDBAsyncClient) -> AsyncIterator[None]:
    """Hold the lock of migrations: a session lock of the server, or a file beside the store."""
    if _on_sqlite(connection):
        with Path(f"{_file(connection)}.migrating").open("w") as lock:  # noqa: ASYNC230 - opens an empty file
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            yield
    else:
        async with connection.acquire_connection() as session:
            await session.execute("SELECT pg_advisory_lock($1)", _LOCK)
            try:
                yield
            finally:
                await session.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def _copy(connection: BaseDBAsyncClient) -> Path | None:
    """A whole copy of a SQLite file, beside it; PostgreSQL has its own backups."""
    if not _on_sqlite(connection):
        return None
    copy = Path(f"{_file(connection)}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.bak")
    await connection.execute_query("VACUUM INTO ?", [str(copy)])
    return copy


async def _index_again(connection: BaseDBAsyncClient) -> None:
    """Create the indexes that a rebuilt table lost."""
    if _on_sqlite(connection):
        for statement in _INDEX.findall(get_schema_sql(connection, safe=True)):
            await connection.execute_query(statement)


async def _check(connection: BaseDBAsyncClient, copy: Path | None) -> None:
    if _on_sqlite(connection):
        _, broken = await connection.execute_query("PRAGMA foreign_key_check")
        if broken:
            tables = sorted({row["table"] for row in broken})
            raise MigrationError(f"rows without a parent in {', '.join(tables)}; the copy before it: {copy}")


def _statements(script: str) -> list[str]:
    found, held = [], ""
    for piece in re.findall(r"[^;]*;|[^;]+$", script):
        held += piece
        if sqlite3.complete_statement(held):
            found.append(held.strip())
            held = ""
    return [*found, held.strip()] if held.strip() else found


def _on_sqlite(connection: BaseDBAsyncClient) -> bool:
    return connection.capabilities.dialect == "sqlite"


def _file(connection: BaseDBAsyncClient) -> str:
    return cast("SafeSqlite", connection).filename
