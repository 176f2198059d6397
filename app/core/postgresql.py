"""PostgreSQL behind ``core.database``: SQLAlchemy Core over asyncpg."""

import asyncio
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

import asyncpg
from asyncpg.connect_utils import SessionAttribute
from pydantic_core import from_json
from sqlalchemy import CursorResult, Executable, NullPool, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.copying import binary
from app.core.database import (
    FAILURES,
    Holding,
    Moved,
    Parameters,
    Session,
    WriteGuard,
    unavailable,
)
from app.core.gathering import TOGETHER, Gatherer, Write, alone
from app.core.jsontext import dump_json
from app.core.lending import Lender, Lent
from app.core.prepared import failure
from app.core.settings import InvalidSettings, Settings
from app.core.timing import spending

T = TypeVar("T")


class PostgresDatabase:
    """Three pools: one whose connections may write, one that can only read, one for snapshots.

    Both run in autocommit, so that a single statement costs one round trip: BEGIN and COMMIT of
    their own took a fifth of a create.
    """

    dialect = "postgresql"

    def __init__(self, settings: Settings) -> None:
        """Connects on first use, not here."""
        self._source = settings.database_url
        self._pooled = settings.database_pooler
        self._writer = self._lender(settings, self._source, read_only=False)
        self._reader = self._lender(settings, self._source, read_only=True)
        # A snapshot lasts as long as somebody reads an export: other reading does not wait for it.
        self._exporter = self._lender(settings, self._source, read_only=True)
        replica = settings.database_replica_url
        self._replica = self._lender(settings, replica, read_only=True) if replica else None
        self._replica_rests_until = 0.0
        self._gatherer = Gatherer(partial(self.session, writes=True), of_all=unavailable)

    def _lender(self, settings: Settings, dsn: str, *, read_only: bool) -> Lender:
        timeout = settings.database_timeout_seconds
        # A connection that only reads is not what is asked for, though its server is.
        picky = read_only and "target_session_attrs=read-write" in dsn
        wanted = SessionAttribute.primary if picky else None

        async def connect(**driver_arguments: Any) -> Any:
            # The URL goes to asyncpg as it is, so that all of libpq's forms work: several hosts,
            # target_session_attrs, sslmode.
            try:
                return await asyncpg.connect(
                    dsn, timeout=timeout, target_session_attrs=wanted, **driver_arguments
                )
            except ValueError as error:
                name = "URL" if dsn == self._source else "REPLICA_URL"
                raise InvalidSettings(f"STET_DATABASE_{name}: {error}.") from None

        common: dict[str, Any] = {
            "isolation_level": "AUTOCOMMIT",
            "json_serializer": dump_json,
            "json_deserializer": from_json,
            "hide_parameters": True,
        }
        if self._pooled:
            # pgbouncer hands a connection to another client after each transaction: nothing may be
            # prepared under a name that another could meet, and no setting may be left behind.
            connect_now = partial(connect, statement_cache_size=0)
            common["connect_args"] = {
                "prepared_statement_cache_size": 0,
                "prepared_statement_name_func": lambda: f"stet_{uuid4().hex}",
            }
        else:
            server_settings = {
                "application_name": "stet-reader" if read_only else "stet",
                "TimeZone": "UTC",
                "jit": "off",
                "default_transaction_read_only": "on" if read_only else "off",
                "lock_timeout": f"{round(timeout * 1000)}",
                "statement_timeout": f"{round(timeout * 3000)}",
                "idle_in_transaction_session_timeout": f"{round(timeout * 6000)}",
            }
            connect_now = partial(connect, server_settings=server_settings)
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=connect_now, poolclass=NullPool, **common
        )
        # What pgbouncer pools is not pooled once more.
        return Lender(
            engine, size=settings.database_pool_size, timeout=timeout, keep=not self._pooled
        )

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        """A session whose connection is taken at its first statement."""
        return PostgresSession(
            self._writer if writes else self._reader,
            self._source,
            self._gatherer,
            writes=writes,
            opening="BEGIN READ ONLY" if self._pooled and not writes else None,
        )

    @asynccontextmanager
    async def snapshot(self, *, holding: Holding | None = None) -> AsyncIterator[Session]:
        """One REPEATABLE READ transaction, read only, without a limit on how long it lasts."""
        session = None if holding is None else await self._of_replica(holding)
        if session is None:
            session = self._snapshot(self._exporter)
        try:
            yield session
        finally:
            await session.close(commit=False)

    def _snapshot(self, lender: Lender) -> "PostgresSession":
        return PostgresSession(
            lender,
            self._source,
            self._gatherer,
            writes=False,
            opening=f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_UNHURRIED}",
        )

    async def _of_replica(self, holding: Holding) -> "PostgresSession | None":
        """A snapshot of the replica; None if there is none, or it is away or too far behind."""
        begun = time.monotonic()
        if self._replica is None or begun < self._replica_rests_until:
            return None
        while time.monotonic() - begun < _BEHIND_SECONDS:
            session = self._snapshot(self._replica)
            holds = False
            try:
                async with asyncio.timeout(_BEHIND_SECONDS):
                    holds = await holding(session)
            except FAILURES:
                self._replica_rests_until = time.monotonic() + _AWAY_SECONDS
                return None
            finally:
                if not holds:
                    await session.close(commit=False)
            if holds:
                return session
            await asyncio.sleep(_LOOK_SECONDS)
        self._replica_rests_until = time.monotonic() + _BEHIND_SECONDS
        return None

    def pool_in_use(self) -> int:
        """Connections that are at work now."""
        return sum(lender.lent for lender in self._lenders())

    def writes_waiting(self) -> int:
        """Writes that wait for the commit before theirs."""
        return self._gatherer.waiting

    async def dispose(self) -> None:
        """Close every connection."""
        for lender in self._lenders():
            await lender.dispose()

    def _lenders(self) -> list[Lender]:
        lenders = (self._writer, self._reader, self._exporter, self._replica)
        return [lender for lender in lenders if lender is not None]


# A replica is some milliseconds behind; one that is not there is not asked again for a while.
_BEHIND_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_AWAY_SECONDS = 10.0
_PIECE = 256 * 1024

_UNHURRIED = """
    SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0
"""


class PostgresSession:
    """One request's statements, on one connection."""

    dialect = "postgresql"

    def __init__(
        self,
        lender: Lender,
        source: str,
        gatherer: Gatherer,
        *,
        writes: bool,
        opening: str | None,
    ) -> None:
        """``opening`` begins a transaction with the first statement; else each is its own."""
        self.source = source
        self._gatherer = gatherer
        self._lender = lender
        self._guard = WriteGuard(writes=writes)
        self._opening = opening
        self._lent: Lent | None = None
        self._in_transaction = False
        # Set while a statement runs: whoever is cut off in it leaves the connection in a state
        # that nobody knows.
        self._busy = False

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
            self._guard.left(sure=not self._busy)

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """See ``core.database.Session``."""
        self._guard.check(statement)
        lent = self._lent or await self._lend()
        prepared = self._lender.prepared(statement)
        self._busy = True
        try:
            with spending(statement):
                if prepared is None:
                    result = await lent.connection.execute(statement, parameters)
                else:
                    result = await prepared.run(lent.driver, parameters)  # type: ignore[arg-type]  # one set
        except DBAPIError as error:
            self._busy = error.connection_invalidated
            raise
        self._busy = False
        return result

    async def begin(self, *, unhurried: bool = False) -> None:
        """See ``core.database.Session``."""
        self._guard.begun = True
        if not self._in_transaction:
            lent = self._lent or await self._lend()
            # Said before it is done: if it is cancelled on its way, there may be one to roll back.
            self._in_transaction = True
            await self._say(lent, f"BEGIN; {_UNHURRIED}" if unhurried else "BEGIN")

    async def rest(self) -> None:
        """See ``core.database.Session``."""
        if self._opening or not self._in_transaction:
            await self.close(commit=True)

    def packed(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """See ``core.database.Session``."""
        return binary(table, rows)

    async def load(self, table: Table, packed: bytes) -> None:
        """See ``core.database.Session``: by COPY, which takes half the time of INSERT."""
        lent = self._lent or await self._lend()
        columns = [column.name for column in table.columns]

        async def pieces() -> AsyncIterator[memoryview]:
            # What the driver is given at once, the socket holds a second time.
            for begin in range(0, len(packed), _PIECE):
                yield memoryview(packed)[begin : begin + _PIECE]

        self._busy = True
        try:
            await lent.driver.copy_to_table(
                table.name, source=pieces(), columns=columns, format="binary"
            )
            self._busy = False
        except asyncpg.UniqueViolationError:
            raise Moved from None
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise failure(f"COPY {table.name}", error) from error

    async def together(self, key: Hashable, item: Any, write: Write) -> Any:
        """See ``core.database.Session``."""
        self._guard.require()
        if self._in_transaction:
            return await alone(self, item, write)
        # Whoever waits for a turn keeps no connection from those whose turn it is.
        await self.rest()
        with spending(TOGETHER):
            return await self._gatherer.write(key, item, write)

    async def atomically(self, work: Callable[[], Awaitable[T]]) -> T:
        """See ``core.database.Session``: a single statement is atomic, more are begun."""
        return await work()

    def afterwards(self, act: Callable[[bool], None]) -> None:
        """See ``core.database.Session``."""
        self._guard.afterwards(act)

    async def _lend(self) -> Lent:
        lent = self._lent = await self._lender.lend()
        if self._opening:
            self._in_transaction = True
            await self._say(lent, self._opening)
        return lent

    async def _say(self, lent: Lent, words: str) -> None:
        """Begin or end a transaction: past SQLAlchemy, whose connection is in autocommit."""
        self._busy = True
        try:
            await lent.driver.execute(words)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise failure(words, error) from error
        self._busy = False

    async def close(self, *, commit: bool) -> None:
        """End the transaction, if one is open, and give the connection back."""
        lent = self._lent
        if lent is None:
            return
        try:
            if self._in_transaction and not self._busy:
                await self._say(lent, "COMMIT" if commit else "ROLLBACK")
        except DBAPIError:
            # The database rolls back what it loses, and why the session ended says more.
            if commit:
                raise
        finally:
            self._lent, self._in_transaction = None, False
            await self._lender.take_back(lent, sound=not self._busy)
