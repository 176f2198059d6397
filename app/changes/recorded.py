"""The short way to write: a change of one row, its history and its log entry as one statement.

On PostgreSQL each statement is a round trip and each transaction two more; most of the time of a
create went there. So there the parts are joined into one statement by data-modifying WITH
(https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING), which is atomic
by itself. SQLite has no such WITH and needs none: there the same parts run one after the other,
each once for all that are written together, which is half the work of each alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Executable,
    Table,
    bindparam,
    exists,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy import column as sql_column
from sqlalchemy.exc import IntegrityError

from app.changes.commands import CHANGES, HEAD, Entry
from app.changes.superseding import Superseding, Value, parameter
from app.core.database import Session
from app.core.database.group_commit import alone
from app.core.database.prepared import fixed

Row = Mapping[str, Any]


class Refused(Exception):
    """No row was written, for the guard did not hold; the caller finds out what has changed."""


class Recorded:
    """A write that is known beforehand: which rows it inserts, and which one it supersedes.

    Parameters of a statement are named ``<table>_<column>``; the statements are built once.
    """

    def __init__(
        self, *inserts: Table, supersedes: Superseding | None = None, large: bool = False
    ) -> None:
        """``supersedes`` copies a row into its history and updates it; then ``inserts`` follow.

        What is ``large`` goes alone; other writes that wait for one another go together.
        """
        self._inserts = inserts
        self._supersedes = supersedes
        self._large = large
        tables = [*(table.name for table in inserts), CHANGES.name]
        self._names = {
            table: {column.name: f"{table}_{column.name}" for column in table_of(table).c}
            for table in tables
        }
        self._one = fixed(self._joined())
        self._several = None if large else fixed(self._all_joined())
        self._apart = self._parts()

    async def write(
        self,
        db: Session,
        entry: Entry,
        *,
        epoch: int,
        rows: Mapping[str, Row],
        superseding: Row | None = None,
    ) -> None:
        """Write all of it.

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
        for table, row in (*rows.items(), (CHANGES.name, _logged(entry))):
            names = self._names[table]
            for column, value in row.items():
                parameters[names[column]] = value
        if superseding is not None:
            parameters.update({f"seen_{column}": value for column, value in superseding.items()})
        if self._large or _is_large(parameters):
            await alone(db, parameters, self._write)
        else:
            await db.together((self, entry.project_id, epoch), parameters, self._write)

    async def _write(self, db: Session, given: Sequence[dict[str, Any]]) -> list[Exception | None]:
        """What became of each: nothing to tell of what is written."""
        if db.dialect != "postgresql":
            if len(given) > 1 and await self._write_apart(db, given) is None:
                return [None] * len(given)
            # One of them is in the way of all, and which it is shows when each goes alone.
            return [await self._write_apart(db, [parameters]) for parameters in given]
        if len(given) == 1:
            written = (await db.execute(self._one, given[0])).one_or_none() is not None
            return [None if written else Refused()]
        assert self._several is not None  # noqa: S101  # what is large goes alone
        first = given[0]
        parameters: dict[str, Any] = {name: [one.get(name) for one in given] for name in first}
        parameters |= {name: first[name] for name in ("head_project", "head_epoch")}
        parameters["head_count"] = len(given)
        found = (await db.execute(self._several, parameters)).scalars()
        places = set(found)
        return [None if place in places else Refused() for place in range(1, len(given) + 1)]

    async def _write_apart(self, db: Session, given: Sequence[dict[str, Any]]) -> Exception | None:
        """Write all, or nothing for the reason that is answered."""
        head = given[0] | {"head_count": len(given)}
        # Of several, the driver prepares a statement once.
        rows = given if len(given) > 1 else given[0]

        async def work() -> None:
            before = (await db.execute(_TAKE_SEQUENCES, head)).scalar_one_or_none()
            if before is None:
                raise Refused
            for place, parameters in enumerate(given, 1):
                parameters["head_sequence"] = before + place
            for statement in self._apart:
                if (await db.execute(statement, rows)).rowcount != len(given):
                    raise Refused

        try:
            await db.atomically(work)
        except (Refused, IntegrityError) as failure:
            return failure
        return None

    def _joined(self) -> Executable:
        """One write as one statement, which answers a row unless it is refused."""
        taken = _TAKE_SEQUENCE
        if self._supersedes is not None and self._supersedes.unseen:
            # Nobody takes a number in vain, unless somebody else writes the row at this moment.
            ours = self._supersedes.table.c.project_id == HEAD.c.project_id
            taken = taken.where(exists().where(self._supersedes.seen(parameter), ours))
        head = taken.cte("head")
        parts = []
        alive: Any = head
        if self._supersedes is not None:
            updated = self._supersedes.update(parameter).where(
                self._supersedes.table.c.project_id == head.c.project_id
            )
            alive = updated.returning(head.c.sequence).cte("updated")
            copied = self._supersedes.copy(parameter, alive, true())
            parts += [alive, copied.cte("copied")]

        def value(name: str, column: Any) -> Any:
            return alive.c.sequence if column.name == "sequence" else parameter(name, column)

        parts += [
            _insert_from(table, value, alive).cte(f"into_{table.name}") for table in self._inserts
        ]
        joined: Executable = (
            _insert_from(CHANGES, value, alive).add_cte(head, *parts).returning(CHANGES.c.sequence)
        )
        return joined

    def _all_joined(self) -> Executable:
        """Several writes as one statement, which answers the places, from 1, of those written."""
        given = _given(self._parameters())
        head = _TAKE_SEQUENCES.cte("head")
        parts = [head]
        alive: Any = select(given.c.place, head.c.before).join_from(given, head, true())

        def of_given(name: str, _column: Any) -> Any:
            return given.c[name]

        if self._supersedes is None:
            alive = alive.cte("alive")
        else:
            updated = self._supersedes.update(of_given).where(
                self._supersedes.table.c.project_id == head.c.project_id
            )
            alive = updated.returning(given.c.place, head.c.before).cte("alive")
            written = given.join(alive, given.c.place == alive.c.place)
            table = self._supersedes.table
            copied = self._supersedes.copy(of_given, written, table.c.id == given.c.seen_id)
            parts += [alive, copied.cte("copied")]

        def value(name: str, column: Any) -> Any:
            if column.name == "sequence":
                return alive.c.before + given.c.place
            return given.c[name]

        rows = given.join(alive, given.c.place == alive.c.place)
        parts += [
            _insert_from(table, value, rows).cte(f"into_{table.name}")
            for table in (*self._inserts, CHANGES)
        ]
        return select(alive.c.place).add_cte(*parts)

    def _parameters(self) -> dict[str, Any]:
        """The parameters of one write, and the column that each goes into."""
        found = {
            f"{table.name}_{column.name}": column
            for table in (*self._inserts, CHANGES)
            for column in table.c
            if column.name != "sequence"
        }
        return found if self._supersedes is None else found | self._supersedes.parameters()

    def _parts(self) -> list[Executable]:
        """One write as statements that follow one another."""

        def value(name: str, column: Any) -> Any:
            return parameter("head_sequence" if column.name == "sequence" else name, column)

        before: list[Executable] = []
        if self._supersedes is not None:
            project_id = self._supersedes.table.c.project_id
            updated = self._supersedes.update(parameter).where(
                project_id == bindparam("head_project", type_=project_id.type)
            )
            before = [self._supersedes.copy(parameter), updated]
        return [*before, *(_insert_values(table, value) for table in (*self._inserts, CHANGES))]


def _given(parameters: Mapping[str, Any]) -> Any:
    """The parameters of several writes, a list for each of one write's, as a table."""
    lists = [
        bindparam(name, type_=ARRAY(column.type, dimensions=1))
        for name, column in parameters.items()
    ]
    names = [sql_column(name, column.type) for name, column in parameters.items()]
    rows = func.unnest(*lists).table_valued(*names, with_ordinality="place", name="rows")
    return select(rows.render_derived()).cte("given")


def _insert_from(table: Table, value: Value, source: Any) -> Any:
    """INSERT … SELECT, once for each row of ``source``."""
    values = [value(f"{table.name}_{column.name}", column) for column in table.c]
    rows = select(*values).select_from(source)
    return insert(table).from_select([column.name for column in table.c], rows)


def _insert_values(table: Table, value: Value) -> Any:
    return insert(table).values(
        {column: value(f"{table.name}_{column.name}", column) for column in table.c}
    )


# Whoever says more than this waits for nobody and lets nobody wait.
_LARGE = 20_000


def _is_large(parameters: Mapping[str, Any]) -> bool:
    size = 0
    for value in parameters.values():
        # Words of an enumeration are short.
        kind = type(value)
        if kind is str:
            size += len(value)
        elif kind is dict or kind is list:
            size += len(repr(value))
    return size > _LARGE


def _logged(entry: Entry) -> dict[str, Any]:
    row = entry.row(0)
    del row["sequence"]
    return row


def _take(count: Any) -> Any:
    """The UPDATE that takes so many numbers at the end of a log, under the epoch that was seen."""
    return (
        update(HEAD)
        .where(
            HEAD.c.project_id == bindparam("head_project", type_=HEAD.c.project_id.type),
            HEAD.c.epoch == bindparam("head_epoch", type_=HEAD.c.epoch.type),
        )
        .values(sequence=HEAD.c.sequence + count)
    )


_TAKE_SEQUENCE = _take(1).returning(HEAD.c.sequence, HEAD.c.project_id)
_COUNT = bindparam("head_count", type_=HEAD.c.sequence.type)
_TAKE_SEQUENCES = _take(_COUNT).returning(
    (HEAD.c.sequence - _COUNT).label("before"), HEAD.c.project_id
)


def table_of(name: str) -> Table:
    """A table by its name."""
    return HEAD.metadata.tables[name]
