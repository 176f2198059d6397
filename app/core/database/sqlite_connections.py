"""The connections to an SQLite file, of which one writes: when it has its turn, by a lock."""

import asyncio
import errno
import logging
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import quote

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from app.core.database import NO_WRITES
from app.core.database.functions import FUNCTIONS
from app.core.database.sqlite_locks import Held, Turn
from app.core.database.sqlite_opened import Opened
from app.core.errors import Unavailable
from app.core.jsontext import dump_json
from app.core.metrics import waiting

_log = logging.getLogger(__name__)


def uri(path: Path, how: str) -> str:
    """How SQLite is told to open a file that is there, and makes none.

    Args:
        path: the file.
        how: the URI's parameters (https://www.sqlite.org/uri.html).
    """
    return f"file:{quote(os.fsencode(path))}?{how}"


class Connections:
    """One writing connection, a pool of reading ones, and one of those that read for long."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        """Opens the file on first use, not here; a writer waits so many seconds for its turn."""
        self.path = path
        self._timeout = timeout
        # How many times the file was opened anew.
        self._opened = 0
        self._files = Opened(path)
        self._told: str | None = None
        self._write_engine = self._engine("BEGIN IMMEDIATE", _WRITER_PRAGMAS, size=1)
        self._read_engine = self._engine("BEGIN", _READER_PRAGMAS, size=64)
        self._snapshot_engine = self._engine("BEGIN", _SNAPSHOT_PRAGMAS, size=4)
        self.dialect = self._write_engine.dialect
        self._engines = (self._snapshot_engine, self._read_engine, self._write_engine)
        self._turn = asyncio.Lock()
        self._in_line = 0
        self.committer = self._committer()
        self._turn_of_all = Turn(path)
        self._held = Held(path)

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
            for name, (arguments, function) in FUNCTIONS.items():
                connection.create_function(name, arguments, function, deterministic=True)
            self._files.more(connection)

        @event.listens_for(engine, "begin")
        def open_transaction(connection: Connection) -> None:
            # Past SQLAlchemy's own machinery, which takes longer than SQLite for a word like this.
            try:
                connection.connection.driver_connection.execute(begin)  # type: ignore[union-attr]
            except sqlite3.OperationalError as error:
                self.open_anew_after(error)
                raise OperationalError(begin, None, error) from error

        @event.listens_for(engine, "handle_error")
        def look(context: ExceptionContext) -> None:
            self.open_anew_after(context.original_exception)

        @event.listens_for(engine, "checkin")
        def give_back(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
            if record.info.get(_OPENED) != self._opened:
                record.invalidate()

        event.listen(engine, "close", self._files.less)
        return engine

    def open_anew_after(self, failure: BaseException) -> None:
        """Keep no connection if this one could not write.

        What SQLite opened while the disk was read-only remains so, and the connections of a
        process share its map of the log. So all go: what is lent, when it is given back.
        """
        code = getattr(failure, "sqlite_errorcode", 0)
        if code & _PRIMARY == sqlite3.SQLITE_READONLY:
            self._opened += 1
            for engine in self._engines:
                engine.dispose()

    def check_files(self) -> None:
        """Look whether what is written would be found.

        Raises:
            Unavailable: when it would not.
        """
        if (strayed := self.strayed()) is not None:
            raise Unavailable(strayed)

    def strayed(self) -> str | None:
        """Why what is written would not be found; None when it would."""
        strayed = self._files.strayed()
        if strayed is None and self._told is None:
            return None
        if self._told != strayed:
            self._told = strayed
            if strayed is not None:
                _log.error(strayed)
        if self._held.is_alone != (strayed is not None):
            # Whoever opened it now would not see what is written here.
            self._held.change(alone=strayed is not None)
        return strayed

    def _connect(self) -> sqlite3.Connection:
        """A connection; from the first one on, the file is held. Snapshots ask in threads."""
        # It would be to other files than those that are open, or make a log anew.
        self.check_files()
        if self._is_there():
            self._held.take()
        return sqlite3.connect(
            uri(self.path, "mode=rw"),
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=self._timeout,
        )

    def _is_there(self) -> bool:
        """Whether there is a folder for the database, of which SQLite is to say that it is not.

        Raises:
            FileNotFoundError: when there is one, and no database in it: nothing is left beside
                none. No caller of the API is told where.
        """
        if not self.path.parent.is_dir():
            return False
        if not self.path.exists():
            raise FileNotFoundError(f"there is no database at {self.path}; run stet migrate")
        return True

    def reader(self) -> Connection:
        """A connection that the database keeps from writing."""
        return self._read_engine.connect()

    def long_reader(self) -> Connection:
        """One for those that read for long, who ask for it in a thread of theirs."""
        return self._snapshot_engine.connect()

    async def writer(self) -> Connection:
        """The one writing connection, when it is this request's turn; give it back by ``release``.

        Raises:
            Unavailable: when the turn did not come within the time limit, or the files strayed.
        """
        if self._told is not None:
            # The files are looked at before the commit, and once a second.
            raise Unavailable(self._told)
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

    def barred(self) -> str | None:
        """Why nobody here may ever write; None when they may, or the disk is full.

        Who has the writer's turn now is not asked.
        """
        if (strayed := self.strayed()) is not None:
            return strayed
        try:
            self._open_turn()
            self._turn_of_all.look()
        except PermissionError:
            return f"Permission denied: {self.path.name}-lock, which whoever writes has to open."
        except OSError:
            return None
        return None

    def _open_turn(self) -> None:
        if not self._turn_of_all.is_open:
            self._is_there()
            self._turn_of_all.open()

    async def _lock(self, deadline: float) -> None:
        while not self._has_turn():
            if time.monotonic() > deadline:
                raise Unavailable("Another process writes; nothing was written.")
            await asyncio.sleep(0.002)

    def _has_turn(self) -> bool:
        if self._turn_of_all.is_removed:
            self._turn_of_all.close()
        try:
            self._open_turn()
            return self._turn_of_all.take()
        except OSError as error:
            if error.errno in _NO_WRITES_HERE:
                raise Unavailable(self.barred() or NO_WRITES) from None
            raise

    def release(self, connection: Connection) -> None:
        """End the writer's turn."""
        try:
            connection.close()
        finally:
            self._unlock()

    def _unlock(self) -> None:
        self._turn_of_all.end()
        self._turn.release()

    def at_work(self) -> int:
        """How many are lent now."""
        pools = [engine.pool for engine in self._engines]
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    def close(self) -> None:
        """Close every one; the last one out folds the log back into the file, or saves it.

        Raises:
            Unavailable: when it was to be saved, and could not.
        """
        self.committer.shutdown()
        # What is disposed of may be used again, as an engine may.
        self.committer = self._committer()
        try:
            self._files.save()
        finally:
            for engine in self._engines:
                engine.dispose()
            self._turn_of_all.close()
            self._held.give_back()


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
