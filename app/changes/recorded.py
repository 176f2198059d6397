"""The short way to write: a change of one row, its history and its log entry as one statement.

On PostgreSQL each statement is a round trip and each transaction two more; most of the time of a
create went there. So there the parts are joined into one statement by data-modifying WITH
(https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING), which is atomic
by itself. SQLite has no such WITH and needs none: there the same parts run one after the other.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Table,
    and_,
    bindparam,
    insert,
    select,
    update,
)

from app.changes.commands import CHANGES, HEAD, Entry
from app.core.database import Session
from app.core.prepared import fixed

Row = Mapping[str, Any]


class Refused(Exception):
    """No row was written, for the guard did not hold; the caller finds out what has changed."""


class Recorded:
    """A write that is known beforehand: which rows it inserts, and which one it supersedes.

    Parameters of a statement are named ``<table>_<column>``; the statement is built once.
    """

    def __init__(self, *inserts: Table, supersedes: "Superseding | None" = None) -> None:
        """``supersedes`` copies a row into its history and updates it; then ``inserts`` follow."""
        self._inserts = inserts
        self._supersedes = supersedes
        self._one = fixed(self._joined())
        self._many = self._apart()

    async def write(
        self,
        db: Session,
        entry: Entry,
        *,
        epoch: int,
        rows: Mapping[str, Row],
        superseding: Row | None = None,
    ) -> int:
        """Write all of it and answer the sequence of its log entry.

        Args:
            db: a session that may write.
            entry: what the log is to say.
            epoch: the project's epoch under which the caller read what it relied upon.
            rows: the rows to insert, by table name; ``sequence`` is filled in.
            superseding: ``id`` and ``version`` of the row to supersede, and its new values.

        Raises:
            Refused: when the epoch or the version is no longer the one named; nothing was written.
        """
        parameters: dict[str, Any] = {"head_project": entry.project_id, "head_epoch": epoch}
        for table, row in {**rows, CHANGES.name: _logged(entry)}.items():
            parameters.update({f"{table}_{column}": value for column, value in row.items()})
        if superseding is not None:
            parameters.update({f"seen_{column}": value for column, value in superseding.items()})
        if db.dialect == "postgresql":
            found = (await db.execute(self._one, parameters)).scalar_one_or_none()
            if found is None:
                raise Refused
            return int(found)
        return await db.atomically(lambda: self._write_apart(db, parameters))

    async def _write_apart(self, db: Session, parameters: dict[str, Any]) -> int:
        sequence = (await db.execute(_TAKE_SEQUENCE, parameters)).scalar_one_or_none()
        if sequence is None:
            raise Refused
        parameters["head_sequence"] = sequence
        for statement in self._many:
            if (await db.execute(statement, parameters)).rowcount != 1:
                raise Refused
        return int(sequence)

    def _joined(self) -> Executable:
        head = _TAKE_SEQUENCE.cte("head")
        parts = []
        alive: Any = head
        if self._supersedes is not None:
            updated = self._supersedes.update().where(
                self._supersedes.table.c.project_id == head.c.project_id
            )
            alive = updated.returning(head.c.sequence).cte("updated")
            parts += [alive, self._supersedes.copy(alive).cte("copied")]
        parts += [_insert_from(table, alive).cte(f"into_{table.name}") for table in self._inserts]
        joined: Executable = (
            _insert_from(CHANGES, alive).add_cte(head, *parts).returning(CHANGES.c.sequence)
        )
        return joined

    def _apart(self) -> list[Executable]:
        before = (
            []
            if self._supersedes is None
            else [self._supersedes.copy(None), self._supersedes.update()]
        )
        return [*before, *(_insert_values(table) for table in (*self._inserts, CHANGES))]


class Superseding:
    """Replaces a row by its next version and keeps the old one in a history table."""

    def __init__(
        self,
        table: Table,
        history: Table,
        *,
        changes: tuple[str, ...],
        living: ColumnElement[bool],
    ) -> None:
        """``changes`` are the columns that are set, ``living`` says which rows may have a next."""
        self.table = table
        self._history = history
        self._changes = changes
        self._living = living

    def _seen(self) -> ColumnElement[bool]:
        # The WHERE is the guard: of two writers at once, one changes no row.
        return and_(
            self.table.c.id == bindparam("seen_id", type_=self.table.c.id.type),
            self.table.c.version == bindparam("seen_version", type_=self.table.c.version.type),
            self._living,
        )

    def update(self) -> Any:
        """The UPDATE to the next version."""
        return (
            update(self.table)
            .where(self._seen())
            .values(
                {
                    "version": self.table.c.version + 1,
                    **{
                        name: bindparam(f"seen_{name}", type_=self.table.c[name].type)
                        for name in self._changes
                    },
                }
            )
        )

    def copy(self, updated: Any) -> Any:
        """The INSERT of the row as it was; within one statement both see the row before."""
        rows = _as_history(self.table, self._history).where(self._seen())
        if updated is not None:
            rows = rows.select_from(self.table.join(updated, updated.c.sequence > 0))
        return _into_history(self._history, rows)


def _parameter(table: Table, name: str) -> Any:
    bind_name = "head_sequence" if name == "sequence" else f"{table.name}_{name}"
    return bindparam(bind_name, type_=table.c[name].type)


def _insert_from(table: Table, source: Any) -> Any:
    """INSERT … SELECT of parameters, once for each row of ``source``: for one, or for none."""
    names = [column.name for column in table.c]
    values = [
        source.c.sequence if name == "sequence" else _parameter(table, name) for name in names
    ]
    return insert(table).from_select(names, select(*values).select_from(source))


def _insert_values(table: Table) -> Any:
    return insert(table).values({column: _parameter(table, column.name) for column in table.c})


def _logged(entry: Entry) -> dict[str, Any]:
    row = entry.row(0)
    del row["sequence"]
    return row


_TAKE_SEQUENCE = (
    update(HEAD)
    .where(
        HEAD.c.project_id == bindparam("head_project", type_=HEAD.c.project_id.type),
        HEAD.c.epoch == bindparam("head_epoch", type_=HEAD.c.epoch.type),
    )
    .values(sequence=HEAD.c.sequence + 1)
    .returning(HEAD.c.sequence, HEAD.c.project_id)
)


def _as_history(table: Table, history: Table) -> Select[Any]:
    """Annotations in the columns of their history, where their id has another name."""
    names = [column.name for column in history.c]
    return select(*(table.c["id" if name == "annotation_id" else name] for name in names))


def _into_history(history: Table, rows: Select[Any]) -> Any:
    return insert(history).from_select([column.name for column in history.c], rows)


def copied(table: Table, history: Table, *where: ColumnElement[bool]) -> Executable:
    """The INSERT that copies annotations, as they are, into their history."""
    statement: Executable = _into_history(history, _as_history(table, history).where(*where))
    return statement


def table_of(name: str) -> Table:
    """A table by its name."""
    return HEAD.metadata.tables[name]
