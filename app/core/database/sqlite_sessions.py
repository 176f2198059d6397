"""Sessions on SQLite: what ``core.database`` promises of them, by ``sqlite_connections``."""

import sqlite3
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, CursorResult, Executable, Table, insert
from sqlalchemy.exc import IntegrityError

from app.core.database import Moved, Parameters, WriteGuard
from app.core.database.group_commit import TOGETHER, GroupCommit, Write, alone
from app.core.database.sqlite_connections import Connections
from app.core.threads import whole
from app.core.timing import spending

T = TypeVar("T")


class SqliteSession:
    """One request's statements: on a reader until the first write, on the writer from then on."""

    dialect = "sqlite"

    def __init__(
        self, connections: Connections, source: str, group_commit: GroupCommit, *, writes: bool
    ) -> None:
        """Takes no connection yet."""
        self.source = source
        self._connections = connections
        self._group_commit = group_commit
        self._guard = WriteGuard(writes=writes)
        self._reader: Connection | None = None
        self._writer: Connection | None = None

    async def __aenter__(self) -> Self:
        """Nothing is done yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit, or after an exception roll back."""
        try:
            if kind is None:
                await self._commit()
        finally:
            try:
                self._close()
            finally:
                self._guard.left(sure=True)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """See ``core.database.Session``."""
        if self._guard.check(statement) and self._writer is None:
            await self._become_writer()
        connection = self._writer or self._reader
        if connection is None:
            connection = self._reader = self._connections.reader()
        with spending(statement):
            return connection.execute(statement, parameters)

    async def begin(self, *, unhurried: bool = False) -> None:  # noqa: ARG002  # nothing hurries
        """See ``core.database.Session``."""
        self._guard.begun = True
        if self._writer is None:
            await self._become_writer()

    async def rest(self) -> None:
        """See ``core.database.Session``."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def packed(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """See ``core.database.Session``; SQLAlchemy's insert makes dictionaries of rows first."""
        dialect = self._connections.dialect
        columns: list[Iterable[Any]] = []
        for column in table.columns:
            values = [row[column.name] for row in rows]
            bind = column.type.dialect_impl(dialect).bind_processor(dialect)
            columns.append(values if bind is None else _each_once(bind, values))
        return [*zip(*columns, strict=True)]

    async def load(self, table: Table, packed: list[tuple[Any, ...]]) -> None:
        """See ``core.database.Session``: in a thread, so that the loop goes on."""
        assert self._writer is not None  # noqa: S101  # begin comes first
        statement = str(insert(table).compile(dialect=self._writer.dialect))
        loading = partial(self._writer.exec_driver_sql, statement, packed)
        try:
            await whole(loading, stop=partial(_interrupt, self._writer))
        except IntegrityError:
            raise Moved from None

    async def together(self, key: Hashable, item: Any, write: Write) -> Any:
        """See ``core.database.Session``."""
        self._guard.require()
        if self._writer is not None:
            return await alone(self, item, write)
        await self.rest()
        with spending(TOGETHER):
            return await self._group_commit.write(key, item, write)

    async def atomically(self, work: Callable[[], Awaitable[T]]) -> T:
        """See ``core.database.Session``."""
        self._guard.begun = True
        if self._writer is None:
            await self._become_writer()
        assert self._writer is not None  # noqa: S101  # for the type checker
        self._writer.exec_driver_sql("SAVEPOINT work")
        try:
            result = await work()
        except BaseException:
            self._writer.exec_driver_sql("ROLLBACK TO work")
            raise
        self._writer.exec_driver_sql("RELEASE work")
        return result

    def afterwards(self, act: Callable[[bool], None]) -> None:
        """See ``core.database.Session``."""
        self._guard.afterwards(act)

    async def _become_writer(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._writer = await self._connections.writer()

    async def _commit(self) -> None:
        """Commit: in a thread, so that the loop goes on while the disk is waited for."""
        if self._writer is None:
            return
        self._connections.check_files()
        # What is on its way to the disk is not stopped.
        await whole(self._writer.commit, stop=_nothing, executor=self._connections.committer)

    def _close(self) -> None:
        """Give the connections back; what is not committed is rolled back."""
        if self._reader is not None:
            self._reader.close()
        if self._writer is not None:
            self._connections.release(self._writer)


def _interrupt(connection: Connection) -> None:
    """End the statement under way, if there is one, with an error in its thread."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101  # for the type checker
    driver.interrupt()


def _nothing() -> None:
    pass


def _each_once(bind: Callable[[Any], Any], values: Sequence[Any]) -> Iterable[Any]:
    """The values bound, each object once: the rows of an import share people and moments."""
    of_object = {id(value): value for value in values}
    bound = {key: bind(value) for key, value in of_object.items()}
    return map(bound.__getitem__, map(id, values))


class SqliteSnapshot:
    """A long read: one transaction, each statement in a thread so that the loop goes on."""

    dialect = "sqlite"

    def __init__(self, connections: Connections, source: str) -> None:
        """The transaction begins with the first statement."""
        self.source = source
        self._connections = connections
        self._connection: Connection | None = None
        self._guard = WriteGuard(writes=False)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """See ``core.database.Session``."""
        self._guard.check(statement)
        with spending(statement):
            fetching = partial(self._fetched, statement, parameters)
            return await whole(fetching, stop=self._interrupt)

    def _fetched(self, statement: Executable, parameters: Parameters | None) -> CursorResult[Any]:
        if self._connection is None:
            self._connection = self._connections.long_reader()
        result = self._connection.execute(statement, parameters)
        return result.freeze()()  # type: ignore[return-value]  # read whole here, not in the loop

    def beside(self) -> AbstractAsyncContextManager[None]:
        """No other connection can be told to see this one's moment."""
        return nullcontext()

    def _interrupt(self) -> None:
        if self._connection is not None:
            _interrupt(self._connection)

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()

    async def begin(self, *, unhurried: bool = False) -> None:  # noqa: ARG002
        """A snapshot reads only.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("A snapshot reads only.")

    async def rest(self) -> None:
        """A snapshot holds its connection: that is what keeps its moment."""

    def packed(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ARG002
        """A snapshot reads only.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("A snapshot reads only.")

    async def load(self, table: Table, packed: Any) -> None:  # noqa: ARG002
        """A snapshot reads only.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("A snapshot reads only.")

    async def together(self, key: Hashable, item: Any, write: Write) -> Any:  # noqa: ARG002
        """A snapshot reads only.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("A snapshot reads only.")

    async def atomically(self, work: Callable[[], Awaitable[T]]) -> T:
        """A snapshot is one transaction already."""
        return await work()

    def afterwards(self, act: Callable[[bool], None]) -> None:
        """A snapshot reads only.

        Raises:
            RuntimeError: always.
        """
        self._guard.afterwards(act)
