"""The database as the rest of Stet sees it: sessions that read, sessions that may write, snapshots.

Two engines stand behind one face. On PostgreSQL (``core.database.postgresql``) every statement is a
round trip, so single statements commit themselves and a transaction is opened only by ``begin``. On
SQLite (``core.database.sqlite``) a statement costs microseconds, and there is one writer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from sqlalchemy import CursorResult, Executable, Table, UpdateBase
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.database.group_commit import Write
from app.core.errors import Unavailable

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
T = TypeVar("T")


class Moved(Exception):
    """What a request had read may be so no longer; the whole of it is to be tried again."""


class Session(Protocol):
    """What a request does with the database. Leaving it commits; an exception rolls back."""

    dialect: str
    """``postgresql`` or ``sqlite``."""

    source: str
    """Which database it is of: what is remembered of one does not hold for another."""

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement; the result is fetched whole.

        A session that may write runs a single writing statement as a transaction of its own; a
        second one without ``begin`` is a mistake in the program and raises ``RuntimeError``.
        """
        ...

    async def begin(self, *, unhurried: bool = False) -> None:
        """From here on, all or nothing; ``unhurried``, however long its statements take."""
        ...

    async def rest(self) -> None:
        """Hold no connection until the next statement; not in a transaction.

        For a request that now waits for something other than the database.
        """
        ...

    def packed(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Rows with all columns of a table as ``load`` takes them; made by the processor alone.

        Many are packed in a thread, while the database writes those before them.
        """
        ...

    async def load(self, table: Table, packed: Any) -> None:
        """Insert what ``packed`` gave by the fastest way there is; ``begin`` comes first.

        Raises:
            Moved: when a row of the same key was written meanwhile.
        """
        ...

    async def together(self, key: Hashable, item: Any, write: Write) -> Any:
        """Write an item with others of its key that wait at the same time (``gathering``).

        What comes back is committed, unless ``begin`` was called: then it is this transaction's.
        """
        ...

    async def atomically(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run ``work`` so that all its statements are written, or none if it raises."""
        ...

    def afterwards(self, act: Callable[[bool], None]) -> None:
        """Have this done once the session, which may write, is left.

        It is told whether it is sure what came of the session: where it is not, what was written
        may be committed a moment later.
        """
        ...


class Snapshot(Session, Protocol):
    """A session that sees one moment for as long as it lasts."""

    def beside(self) -> AbstractAsyncContextManager[Session | None]:
        """Another session that sees the same moment, to read two things at once.

        None where there is none: on SQLite, or when too few connections are free. It is not to be
        kept while somebody else is waited for: then it is wanted by others.
        """
        ...


Holding = Callable[[Session], Awaitable[bool]]


class Database(Protocol):
    """The process's connections."""

    dialect: str

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        """A session for one request; without ``writes`` the database itself refuses to write."""
        ...

    def snapshot(
        self, *, holding: "Holding | None" = None
    ) -> AbstractAsyncContextManager[Snapshot]:
        """A reading session that sees one moment for as long as it lasts, out of the loop's way.

        With ``holding``, which says whether a session sees all that the caller has seen, it may be
        of a replica that does.
        """
        ...

    def pool_in_use(self) -> int:
        """Connections that are at work now."""
        ...

    def writes_waiting(self) -> int:
        """Writes that wait for the commit before theirs (``core.database.group_commit``)."""
        ...

    async def dispose(self) -> None:
        """Close every connection."""
        ...


class WriteGuard:
    """Holds a session to its promise: one writing statement, or ``begin`` first."""

    def __init__(self, *, writes: bool) -> None:
        self.writes = writes
        self.begun = False
        self._wrote = False
        self._afterwards: list[Callable[[bool], None]] = []

    def require(self) -> None:
        """Raise unless the session may write."""
        if not self.writes:
            raise RuntimeError("This session reads only.")

    def afterwards(self, act: Callable[[bool], None]) -> None:
        """See ``Session``."""
        self.require()
        self._afterwards.append(act)

    def left(self, *, sure: bool) -> None:
        """The session is left; it is ``sure`` what came of it."""
        for act in self._afterwards:
            act(sure)

    def check(self, statement: Executable) -> bool:
        """Whether the statement writes; raise if the session must not run it so."""
        if not isinstance(statement, UpdateBase):
            return False
        self.require()
        if self._wrote and not self.begun:
            raise RuntimeError("A second write outside a transaction: call begin() first.")
        self._wrote = True
        return True


class UntoldPooler(ConnectionError):
    """A pooler stands before the database, and the settings do not say so."""

    def __init__(self) -> None:
        super().__init__("a pooler stands before it, so STET_DATABASE_POOLER=true is needed")


FAILURES: tuple[type[Exception], ...] = (DBAPIError, PoolTimeout, OSError)
"""What a session raises when the database cannot be reached or does not do what it is asked."""


def reason(failure: Exception) -> str:
    """What the database's driver said of a failure, on one line; never a value of a row."""
    said = failure.orig if isinstance(failure, DBAPIError) else failure
    return str(said).partition("\n")[0] or "there was no answer in time"


def misses_tables(error: Exception) -> bool:
    """Whether the database has not the tables or columns of this release."""
    if not isinstance(error, DBAPIError):
        return False
    said = str(error.orig) if hasattr(error.orig, "sqlite_errorname") else ""
    undefined = getattr(error.orig, "sqlstate", None) in _UNDEFINED
    return undefined or "no such table" in said or "no such column" in said


def unavailable(error: Exception) -> Unavailable | None:
    """The problem to answer when the database is away, full or too busy; else None."""
    if isinstance(error, PoolTimeout):
        return Unavailable("Every database connection is busy.")
    if isinstance(error, (OSError, asyncio.TimeoutError)):
        cure = f": {error}" if isinstance(error, UntoldPooler) else ""
        return Unavailable(f"The database cannot be reached{cure}.")
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "sqlstate", None) or ""
        name = getattr(error.orig, "sqlite_errorname", "")
        # Only SQLite is known by its words: PostgreSQL's may hold what the caller has sent.
        said = str(error.orig) if name else ""
        if name.startswith(_NO_WRITES):
            return Unavailable(NO_WRITES)
        if code in _BUSY or "locked" in said:
            return Unavailable("The database is too busy; nothing was written.")
        if code in _TOLD:
            return Unavailable(f"{_TOLD[code]}; nothing was written.")
        if misses_tables(error):
            return Unavailable("The database's tables are not those of this release.")
        if error.connection_invalidated:
            return Unavailable(
                "The connection to the database was lost; whether anything was written is unknown."
            )
        if (
            code[:2] in _AWAY
            or code in _NOT_NOW
            or isinstance(error, (OperationalError, InterfaceError))
            # What the driver finds wrong in a connection that has just died; all else has a code.
            or (isinstance(error, InternalError) and not code)
            # What SQLite says of a file that is damaged or none of its own; others are below it.
            or type(error) is DatabaseError
        ):
            return Unavailable("The database cannot take the request; nothing was written.")
    return None


NO_WRITES = "The database's disk takes no writes; nothing was written."
"""What is said of a disk that is full, or read-only."""
_NO_WRITES = ("SQLITE_READONLY", "SQLITE_FULL")

# https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization failure, deadlock,
# lock not available, statement cancelled by timeout; and by class: connection exceptions,
# transaction state, authorization, no such database, insufficient
# resources, operator intervention, system error, and what PostgreSQL finds wrong in itself, as
# damage. A database that takes no connections says "object not in prerequisite state"; of a file
# that may not be opened or written, as on a disk that has become read-only, PostgreSQL says
# "insufficient privilege", which may also be the user's. Undefined are a table and a column.
_BUSY = {"40001", "40P01", "55P03", "57014"}
_AWAY = {"08", "25", "28", "3D", "53", "57", "58", "XX"}
_NOT_NOW = {"42501", "55000"}
_UNDEFINED = {"42P01", "42703"}
_TOLD = {
    # Of a statement that was prepared before; asyncpg prepares it anew.
    "0A000": "The database's tables were changed just now",
    "25006": "The database takes no writes: it follows another server, or is read-only",
}
