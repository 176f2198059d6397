"""Sessions on PostgreSQL: what ``core.database`` promises of them, over asyncpg."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncpg
from sqlalchemy import CursorResult, Executable, Table, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.database import FAILURES, Moved, Parameters, WriteGuard
from app.core.database.copy_format import binary
from app.core.database.group_commit import TOGETHER, GroupCommit, Write, alone
from app.core.database.liveness import UNLIMITED, PooledConnection, unless_lost
from app.core.database.pool import ConnectionPool
from app.core.database.prepared import DRIVER_FAILURES, failure
from app.core.timing import spending

T = TypeVar("T")

_PIECE = 256 * 1024

_COMMIT = "COMMIT"
_PLANNING = {True: "force_generic_plan", False: "auto"}
_UNHURRIED = """
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0
"""


class PostgresSession:
    """One request's statements: a transaction on one connection, others on whichever suits them."""

    dialect = "postgresql"

    def __init__(
        self,
        pool: ConnectionPool,
        source: str,
        group_commit: GroupCommit,
        *,
        writes: bool,
        opening: str | None,
        unhurried: bool = False,
    ) -> None:
        """``opening`` begins a transaction with the first statement; else each is its own.

        In one that is ``unhurried`` they take as long as they take.
        """
        self.source = source
        self._group_commit = group_commit
        self._pool = pool
        self._guard = WriteGuard(writes=writes)
        self._opening = opening
        self._opens_unhurried = unhurried
        self._pooled: PooledConnection | None = None
        self._in_transaction = False
        self._unhurried = False
        self._sure = True

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
            await self.close(commit=kind is None)
        finally:
            # Whoever is cut off in a COMMIT does not know whether it is done, or when.
            self._guard.left(sure=self._sure)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """See ``core.database.Session``."""
        writes = self._guard.check(statement)
        prepared = self._pool.prepared(statement)
        pooled = await self._connection(plans_once=prepared is not None)
        self._begins(pooled, commits=writes and not self._in_transaction)
        try:
            with spending(statement):
                if prepared is None:
                    result = await pooled.connection.execute(statement, parameters)
                else:
                    result = await prepared.run(pooled.driver, parameters)  # type: ignore[arg-type]  # one set
        except DBAPIError as error:
            if not error.connection_invalidated:
                pooled.began = None
            raise
        pooled.began = None
        return result

    async def begin(self, *, unhurried: bool = False) -> None:
        """See ``core.database.Session``."""
        self._guard.begun = True
        if not self._in_transaction:
            pooled = await self._connection()
            # Said before it is done: if it is cancelled on its way, there may be one to roll back.
            self._in_transaction = True
            await self._open(pooled, "BEGIN", unhurried=unhurried)

    async def rest(self) -> None:
        """See ``core.database.Session``."""
        if self._opening or not self._in_transaction:
            await self.close(commit=True)

    def packed(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """See ``core.database.Session``."""
        return binary(table, rows)

    async def load(self, table: Table, packed: bytes) -> None:
        """See ``core.database.Session``: by COPY, which takes half the time of INSERT."""
        pooled = await self._connection()
        columns = [column.name for column in table.columns]

        async def pieces() -> AsyncIterator[memoryview]:
            # What the driver is given at once, the socket holds a second time.
            for begin in range(0, len(packed), _PIECE):
                yield memoryview(packed)[begin : begin + _PIECE]

        self._begins(pooled, commits=False)
        try:
            async with unless_lost(pooled.driver):
                await pooled.driver.copy_to_table(
                    table.name, source=pieces(), columns=columns, format="binary"
                )
            pooled.began = None
        except asyncpg.UniqueViolationError:
            raise Moved from None
        except DRIVER_FAILURES as error:
            raise failure(f"COPY {table.name}", error) from error

    async def together(self, key: Hashable, item: Any, write: Write) -> Any:
        """See ``core.database.Session``."""
        self._guard.require()
        if self._in_transaction:
            return await alone(self, item, write)
        # Whoever waits for a turn keeps no connection from those whose turn it is.
        await self.rest()
        with spending(TOGETHER):
            return await self._group_commit.write(key, item, write)

    async def atomically(self, work: Callable[[], Awaitable[T]]) -> T:
        """See ``core.database.Session``: a single statement is atomic, more are begun."""
        return await work()

    def afterwards(self, act: Callable[[bool], None]) -> None:
        """See ``core.database.Session``."""
        self._guard.afterwards(act)

    async def _connection(self, *, plans_once: bool = False) -> PooledConnection:
        """The connection that it has, or another of the kind that is wanted."""
        if self._opening:
            # A transaction of statements of both kinds.
            plans_once = False
        pooled = self._pooled
        if pooled is None:
            return await self._acquire(plans_once=plans_once)
        if not self._in_transaction and pooled.plans_once is not plans_once:
            pooled = self._pooled = await self._pool.exchange(pooled, plans_once=plans_once)
            await self._fit(pooled, plans_once=plans_once)
        return pooled

    async def _acquire(self, *, plans_once: bool = False) -> PooledConnection:
        pooled = self._pooled = await self._pool.acquire(plans_once=plans_once)
        await self._fit(pooled, plans_once=plans_once)
        if self._opening:
            self._in_transaction = True
            await self._open(pooled, self._opening, unhurried=self._opens_unhurried)
        elif self._pool.pooler_timeout is not None:
            # Whether a pooler has a connection is asked by itself: how long the statement then
            # takes is another matter.
            await self._open(pooled, "SELECT 1")
        return pooled

    async def _fit(self, pooled: PooledConnection, *, plans_once: bool) -> None:
        if pooled.plans_once is not plans_once:
            await self._say(pooled, f"SET plan_cache_mode = {_PLANNING[plans_once]}")
            pooled.plans_once = plans_once

    async def _open(self, pooled: PooledConnection, words: str, *, unhurried: bool = False) -> None:
        """Begin, with these words; a pooler has to find a connection first."""
        try:
            async with asyncio.timeout(self._pool.pooler_timeout):
                await self._say(pooled, f"{words}; {_UNHURRIED}" if unhurried else words)
        except TimeoutError:
            # Nothing has begun.
            pooled.driver.terminate()
            raise PoolTimeout("The pooler has no connection.") from None
        self._unhurried = unhurried

    def _begins(self, pooled: PooledConnection, *, commits: bool) -> None:
        """A statement does; when it ends, what was done may be committed."""
        pooled.began = UNLIMITED if self._unhurried else self._pool.watch.looks
        pooled.driver.commits = commits

    async def _say(self, pooled: PooledConnection, words: str) -> None:
        """Begin or end a transaction: past SQLAlchemy, whose connection is in autocommit."""
        self._begins(pooled, commits=words == _COMMIT and self._guard.writes)
        try:
            await pooled.driver.execute(words)
        except DRIVER_FAILURES as error:
            raise failure(words, error) from error
        pooled.began = None

    async def close(self, *, commit: bool) -> None:
        """End the transaction, if one is open, and give the connection back."""
        pooled = self._pooled
        if pooled is None:
            return
        # To roll back takes no time, whatever was done.
        self._unhurried = self._unhurried and commit
        try:
            if self._in_transaction and pooled.began is None:
                await self._say(pooled, _COMMIT if commit else "ROLLBACK")
        except DBAPIError:
            # The database rolls back what it loses, and why the session ended says more.
            if commit:
                raise
        finally:
            self._sure = pooled.began is None
            self._pooled, self._in_transaction, self._unhurried = None, False, False
            self._pool.release(pooled)


class PostgresSnapshot(PostgresSession):
    """A long read: one moment, which a second connection can see too."""

    def __init__(self, pool: ConnectionPool, source: str, group_commit: GroupCommit) -> None:
        """The moment is that of the first statement."""
        super().__init__(
            pool, source, group_commit, writes=False, opening=_ONE_MOMENT, unhurried=True
        )
        self._exported: str | None = None
        self._alone = False

    @asynccontextmanager
    async def beside(self) -> AsyncIterator[PostgresSession | None]:
        """See ``core.database.Snapshot``."""
        if self._alone or not self._pool.has_many_free():
            yield None
            return
        if self._exported is None:
            self._exported = (await self.execute(_EXPORT)).scalar_one()
        opening = f"{_ONE_MOMENT}; SET TRANSACTION SNAPSHOT '{self._exported}'"
        beside = PostgresSession(
            self._pool,
            self.source,
            self._group_commit,
            writes=False,
            opening=opening,
            unhurried=True,
        )
        try:
            try:
                await beside._acquire()  # noqa: SLF001  # of this module
            except FAILURES:
                # Another server of several behind one address, say, which does not know the moment.
                self._alone = True
            yield None if self._alone else beside
        finally:
            await beside.close(commit=False)

    async def close(self, *, commit: bool) -> None:
        """End it: what it exported is known no longer."""
        self._exported = None
        await super().close(commit=commit)


_ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-SNAPSHOT-SYNCHRONIZATION
_EXPORT = select(func.pg_export_snapshot())
