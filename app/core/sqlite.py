"""SQLite behind ``core.database``: one writer, readers beside it, all called in the event loop.

Measured on two cores at ``synchronous=FULL``: four writing connections on one loop froze it for
15 s, one writer takes 0.07 s for the same. A statement takes tens of microseconds, less than a hop
to a thread, so statements run in the loop; a snapshot, which may read for long, runs in a thread.

The writer also holds an advisory lock on a file beside the database while it writes or checkpoints.
So a shell command beside a running server waits its turn, and two connections never write or
checkpoint at once, which versions 3.7.0 to 3.51.2 can answer with a corrupt file
(https://www.sqlite.org/wal.html#walresetbug).

A second lock (``hold``) says that a process has the database open, so that no other file is put in
its place under it.
"""

import asyncio
import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Iterable,
    Mapping,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic_core import from_json
from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    QueuePool,
    Table,
    create_engine,
    event,
    insert,
    make_url,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from app.core.database import (
    NO_WRITES,
    Holding,
    Moved,
    Parameters,
    Session,
    Snapshot,
    WriteGuard,
    unavailable,
)
from app.core.errors import Unavailable
from app.core.gathering import TOGETHER, Gatherer, Write, alone
from app.core.jsontext import dump_json
from app.core.metrics import waiting
from app.core.rowjson import FLOAT_FUNCTION
from app.core.settings import InvalidSettings, Settings
from app.core.threads import whole
from app.core.timing import spending

T = TypeVar("T")


def hold(path: Path, *, alone: bool = False) -> int:
    """A lock on a database's file, until the descriptor is closed or the process ends.

    Whoever has the database open holds it with others; whoever puts a file in its place, alone.

    Raises:
        Unavailable: when somebody else holds it, and either of the two is alone.
    """
    beside = path.with_name(f"{path.name}-open")
    # Reading is enough for a lock, so what root has made the server's user can hold too.
    held = os.open(beside, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(held, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        if alone:
            why = f"A server or another command has {path} open; stop it first."
        else:
            why = f"{path} is being restored from a backup."
        raise Unavailable(why) from None
    return held


class SqliteDatabase:
    """One writing connection, a pool of reading ones, and one of those that read for long."""

    dialect = "sqlite"

    def __init__(self, settings: Settings) -> None:
        """Opens the file on first use, not here."""
        url = make_url(settings.database_url)
        if not url.database or url.database == ":memory:":
            raise InvalidSettings("STET_DATABASE_URL must name a file for SQLite.")
        self.source = settings.database_url
        # The same name for all who lock it, also for those who come by a link.
        self.path = Path(url.database).resolve()
        self._timeout = settings.database_timeout_seconds
        # How many times the file was opened anew.
        self._opened = 0
        self._write_engine = self._engine("BEGIN IMMEDIATE", _WRITER_PRAGMAS, size=1)
        self._read_engine = self._engine("BEGIN", _READER_PRAGMAS, size=64)
        self._snapshot_engine = self._engine("BEGIN", _SNAPSHOT_PRAGMAS, size=4)
        self.dialect_of_driver = self._write_engine.dialect
        self._engines = (self._snapshot_engine, self._read_engine, self._write_engine)
        self._turn = asyncio.Lock()
        self._in_line = 0
        self.gatherer = Gatherer(partial(self.session, writes=True), of_all=unavailable)
        self.committer = self._committer()
        self._lock_file: int | None = None
        self._held: int | None = None
        self._holding = threading.Lock()

    def _committer(self) -> ThreadPoolExecutor:
        """A thread of its own: among those that all share, readers would keep writers waiting."""
        return ThreadPoolExecutor(1, "commit")

    def _engine(self, begin: str, pragmas: tuple[str, ...], size: int) -> Engine:
        engine = create_engine(
            "sqlite+pysqlite://",
            creator=self._connect,
            poolclass=QueuePool,
            pool_size=size,
            # Readers are never made to wait: waiting here would stop the loop.
            max_overflow=0 if size == 1 else -1,
            json_serializer=dump_json,
            json_deserializer=from_json,
            hide_parameters=True,
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
            record.info[_OPENED] = self._opened
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
            connection.create_function(FLOAT_FUNCTION, 1, dump_json, deterministic=True)

        @event.listens_for(engine, "begin")
        def open_transaction(connection: Connection) -> None:
            # Past SQLAlchemy's own machinery, which takes longer than SQLite for a word like this.
            try:
                connection.connection.driver_connection.execute(begin)  # type: ignore[union-attr]
            except sqlite3.OperationalError as error:
                self._open_anew_after(error)
                raise OperationalError(begin, None, error) from error

        @event.listens_for(engine, "handle_error")
        def look(context: ExceptionContext) -> None:
            self._open_anew_after(context.original_exception)

        @event.listens_for(engine, "checkin")
        def give_back(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
            if record.info.get(_OPENED) != self._opened:
                record.invalidate()

        return engine

    def _open_anew_after(self, failure: BaseException) -> None:
        """Keep no connection if this one could not write.

        What SQLite opened while the disk was read-only remains so, and the connections of a
        process share its map of the log. So all go: what is lent, when it is given back.
        """
        code = getattr(failure, "sqlite_errorcode", 0)
        if code & _PRIMARY == sqlite3.SQLITE_READONLY:
            self._opened += 1
            for engine in self._engines:
                engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        """A connection; from the first one on, the file is held. Snapshots ask in threads."""
        with self._holding:
            # In a folder that is not there, SQLite says so.
            if self._held is None and self.path.parent.is_dir():
                self._held = hold(self.path)
        return sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=self._timeout
        )

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        """A session that reads beside the writer and becomes the writer with its first write."""
        return SqliteSession(self, writes=writes)

    @asynccontextmanager
    async def snapshot(self, *, holding: Holding | None = None) -> AsyncIterator[Snapshot]:  # noqa: ARG002
        """One reading transaction, whose statements run in a thread; there are no replicas."""
        snapshot = SqliteSnapshot(self._snapshot_engine, self.source)
        try:
            yield snapshot
        finally:
            snapshot.close()

    def reader(self) -> Connection:
        """A connection that the database keeps from writing."""
        return self._read_engine.connect()

    async def writer(self) -> Connection:
        """The one writing connection, when it is this request's turn; give it back by ``release``.

        Raises:
            Unavailable: when the turn did not come within the time limit.
        """
        deadline = time.monotonic() + self._timeout
        # A lock that was just given back is not locked, though the next in line will have it.
        waits = self._turn.locked() or self._in_line > 0
        self._in_line += 1
        try:
            with waiting() if waits else nullcontext():
                async with asyncio.timeout(self._timeout):
                    await self._turn.acquire()
        except TimeoutError:
            raise Unavailable("Another write takes long; nothing was written.") from None
        finally:
            self._in_line -= 1
        try:
            await self._lock(deadline)
            return self._write_engine.connect()
        except BaseException:
            self._unlock()
            raise

    async def _lock(self, deadline: float) -> None:
        if self._lock_file is None:
            path = self.path.with_name(self.path.name + "-lock")
            try:
                self._lock_file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                if error.errno in _NO_WRITES_HERE:
                    raise Unavailable(NO_WRITES) from None
                raise
        while True:
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable("Another process writes; nothing was written.") from None
                await asyncio.sleep(0.002)
            else:
                return

    def release(self, connection: Connection) -> None:
        """End the writer's turn."""
        try:
            connection.close()
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._lock_file is not None:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)
        self._turn.release()

    def pool_in_use(self) -> int:
        """Connections that are at work now."""
        pools = [engine.pool for engine in self._engines]
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    def writes_waiting(self) -> int:
        """Writes that wait for the commit before theirs."""
        return self.gatherer.waiting

    async def dispose(self) -> None:
        """Close every connection; the last one out folds the log back into the file."""
        self.committer.shutdown()
        # What is disposed of may be used again, as an engine may.
        self.committer = self._committer()
        for engine in self._engines:
            engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None
        if self._held is not None:
            os.close(self._held)
            self._held = None


_NO_WRITES_HERE = {errno.EROFS, errno.EACCES, errno.ENOSPC, errno.EDQUOT}
_OPENED = "opened"
# The low byte of a result code (https://www.sqlite.org/rescode.html).
_PRIMARY = 0xFF

# FULL: an acknowledged commit survives a power cut. Readers never checkpoint: the writer does,
# inside its commit and so under its lock.
_PRAGMAS = ("foreign_keys=ON", "temp_store=MEMORY", "cache_size=-65536")
# A quarter of the memory: to keep more pages made no import faster.
_WRITER_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", *_PRAGMAS, "cache_size=-16384")
_READER_PRAGMAS = ("query_only=ON", "wal_autocheckpoint=0", *_PRAGMAS)
# Whoever reads everything once comes back to few of its pages.
_SNAPSHOT_PRAGMAS = (*_READER_PRAGMAS, "cache_size=-8192")


class SqliteSession:
    """One request's statements: on a reader until the first write, on the writer from then on."""

    dialect = "sqlite"

    def __init__(self, database: SqliteDatabase, *, writes: bool) -> None:
        """Takes no connection yet."""
        self.source = database.source
        self._database = database
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
            connection = self._reader = self._database.reader()
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
        dialect = self._database.dialect_of_driver
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
            return await self._database.gatherer.write(key, item, write)

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
        self._writer = await self._database.writer()

    async def _commit(self) -> None:
        """Commit: in a thread, so that the loop goes on while the disk is waited for."""
        if self._writer is None:
            return
        # What is on its way to the disk is not stopped.
        await whole(self._writer.commit, stop=_nothing, executor=self._database.committer)

    def _close(self) -> None:
        """Give the connections back; what is not committed is rolled back."""
        if self._reader is not None:
            self._reader.close()
        if self._writer is not None:
            self._database.release(self._writer)


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

    def __init__(self, engine: Engine, source: str) -> None:
        """The transaction begins with the first statement."""
        self.source = source
        self._engine = engine
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
            self._connection = self._engine.connect()
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
