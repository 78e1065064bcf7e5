"""Writes of one transaction that wait to be sent together: one round trip on PostgreSQL (design §9)."""

from collections.abc import Sequence

from db.rows import Columns, Connection, Sql, change, insertion, read, write


class Batch:
    """Statements in order, each on rows of its own: nothing in the batch may read or write what another writes."""

    def __init__(self) -> None:
        self.waiting: list[Sql] = []
        """What the next flush sends."""

    def add(self, *statements: Sql) -> None:
        """Send these INSERTs and UPDATEs with the next flush; what they answer is dropped."""
        self.waiting += statements

    def insert(self, table: str, rows: Sequence[Columns]) -> None:
        """Write new rows, all of the same columns."""
        if rows:
            self.add(insertion(table, rows))

    def update(self, table: str, changes: Columns, where: Sql) -> None:
        """Set columns of the rows that fit."""
        if changes:
            self.add(change(table, changes, where))

    def save(self, table: str, before: Columns, after: Columns) -> None:
        """Write what differs between two states of one row."""
        changes = {name: value for name, value in after.items() if before[name] != value}
        self.update(table, changes, Sql("id = ?", (after["id"],)))

    def take(self, other: "Batch") -> None:
        """Send what waits in another batch with this one instead."""
        self.waiting += other.waiting
        other.waiting = []

    async def flush(self, connection: Connection) -> None:
        """Send everything; PostgreSQL checks references when the whole statement is done."""
        waiting, self.waiting = self.waiting, []
        if len(waiting) > 1 and connection.capabilities.dialect == "postgres":
            parts = ", ".join(f"w{at} AS ({statement.text})" for at, statement in enumerate(waiting))
            values = tuple(value for statement in waiting for value in statement.params)
            await read(Sql(f"WITH {parts} SELECT 1", values), connection)
            return
        for statement in waiting:
            await write(statement, connection)
