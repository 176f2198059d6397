"""PostgreSQL behind ``core.database``: SQLAlchemy Core over asyncpg."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
from pydantic_core import from_json
from sqlalchemy import JSON, AsyncAdaptedQueuePool, CursorResult, Executable, NullPool, Table
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.core.database import Moved, Parameters, Session, WriteGuard
from app.core.jsontext import dump_json
from app.core.settings import InvalidSettings, Settings

T = TypeVar("T")


class PostgresDatabase:
    """Two pools: one whose connections can only read, one that may write.

    Both run in autocommit, so that a single statement costs one round trip: BEGIN and COMMIT of
    their own took a fifth of a create.
    """

    dialect = "postgresql"

    def __init__(self, settings: Settings) -> None:
        """Connects on first use, not here."""
        self._source = settings.database_url
        self._pooled = settings.database_pooler
        self._writer = self._engine(settings, read_only=False)
        self._reader = self._engine(settings, read_only=True)

    def _engine(self, settings: Settings, *, read_only: bool) -> AsyncEngine:
        dsn = settings.database_url
        timeout = settings.database_timeout_seconds

        async def connect(**driver_arguments: Any) -> Any:
            # The URL goes to asyncpg as it is, so that all of libpq's forms work: several hosts,
            # target_session_attrs, sslmode.
            try:
                return await asyncpg.connect(dsn, timeout=timeout, **driver_arguments)
            except ValueError as error:
                raise InvalidSettings(f"STET_DATABASE_URL: {error}.") from None

        common: dict[str, Any] = {
            "isolation_level": "AUTOCOMMIT",
            "json_serializer": dump_json,
            "json_deserializer": from_json,
            # Each statement ends by itself or in the session's own COMMIT or ROLLBACK.
            "pool_reset_on_return": None,
            "hide_parameters": True,
        }
        if self._pooled:
            # pgbouncer hands a connection to another client after each transaction: nothing may be
            # prepared under a name that another could meet, and no setting may be left behind.
            return create_async_engine(
                "postgresql+asyncpg://",
                async_creator=lambda: connect(statement_cache_size=0),
                connect_args={
                    "prepared_statement_cache_size": 0,
                    "prepared_statement_name_func": lambda: f"stet_{uuid4().hex}",
                },
                poolclass=NullPool,
                **common,
            )
        server_settings = {
            "application_name": "stet-reader" if read_only else "stet",
            "TimeZone": "UTC",
            "jit": "off",
            "default_transaction_read_only": "on" if read_only else "off",
            "lock_timeout": f"{round(timeout * 1000)}",
            "statement_timeout": f"{round(timeout * 3000)}",
            "idle_in_transaction_session_timeout": f"{round(timeout * 6000)}",
        }
        return create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: connect(server_settings=server_settings),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=settings.database_pool_size,
            max_overflow=0,
            pool_timeout=timeout,
            pool_recycle=1800,
            **common,
        )

    @asynccontextmanager
    async def session(self, *, writes: bool) -> AsyncIterator[Session]:
        """A session whose connection is taken at its first statement."""
        session = PostgresSession(
            self._writer if writes else self._reader,
            self._source,
            writes=writes,
            opening="BEGIN READ ONLY" if self._pooled and not writes else None,
        )
        try:
            yield session
        except BaseException:
            await session.close(commit=False)
            raise
        await session.close(commit=True)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Session]:
        """One REPEATABLE READ transaction, read only, without a limit on how long it lasts."""
        session = PostgresSession(
            self._reader,
            self._source,
            writes=False,
            opening="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )
        try:
            yield session
        finally:
            await session.close(commit=False)

    def pool_in_use(self) -> int:
        """Connections that are at work now."""
        return sum(
            pool.checkedout()
            for pool in (self._writer.pool, self._reader.pool)
            if isinstance(pool, AsyncAdaptedQueuePool)
        )

    async def dispose(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()


class PostgresSession:
    """One request's statements, on one connection."""

    dialect = "postgresql"

    def __init__(
        self, engine: AsyncEngine, source: str, *, writes: bool, opening: str | None
    ) -> None:
        """``opening`` begins a transaction with the first statement; else each is its own."""
        self.source = source
        self._engine = engine
        self._guard = WriteGuard(writes=writes)
        self._opening = opening
        self._connection: AsyncConnection | None = None
        self._in_transaction = False

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """See ``core.database.Session``."""
        self._guard.check(statement)
        connection = self._connection or await self._connect()
        return await connection.execute(statement, parameters)

    async def begin(self) -> None:
        """See ``core.database.Session``."""
        self._guard.begun = True
        if not self._in_transaction:
            connection = self._connection or await self._connect()
            # Said before it is done: if it is cancelled on its way, there may be one to roll back.
            self._in_transaction = True
            await connection.exec_driver_sql("BEGIN")

    async def rest(self) -> None:
        """See ``core.database.Session``."""
        if self._opening:
            await self.close(commit=True)
        elif self._connection is not None and not self._in_transaction:
            await self._connection.close()
        self._connection = None

    async def load(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``core.database.Session``: by COPY, which takes half the time of INSERT."""
        connection = self._connection or await self._connect()
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        columns = [column.name for column in table.columns]
        json_columns = [column.name for column in table.columns if isinstance(column.type, JSON)]
        values = itemgetter(*columns)

        def records() -> Iterator[tuple[Any, ...]]:
            for row in rows:
                held = {**row}
                for name in json_columns:
                    if held[name] is not None:
                        held[name] = dump_json(held[name])
                yield values(held)

        try:
            await driver.copy_records_to_table(table.name, records=records(), columns=columns)
        except asyncpg.UniqueViolationError:
            raise Moved from None
        except asyncpg.PostgresError as error:
            raise DBAPIError(f"COPY {table.name}", None, error, hide_parameters=True) from None

    async def atomically(self, work: Callable[[], Awaitable[T]]) -> T:
        """See ``core.database.Session``: a single statement is atomic, more are begun."""
        return await work()

    async def _connect(self) -> AsyncConnection:
        connection = await self._engine.connect()
        self._connection = connection
        if self._opening:
            await connection.exec_driver_sql(self._opening)
            self._in_transaction = True
        return connection

    async def close(self, *, commit: bool) -> None:
        """End the transaction, if one is open, and give the connection back."""
        connection = self._connection
        if connection is None:
            return
        try:
            if self._in_transaction:
                await connection.exec_driver_sql("COMMIT" if commit else "ROLLBACK")
        except BaseException as error:
            # A connection in an unknown state must not serve another request.
            await asyncio.shield(connection.invalidate())
            # The database rolls back what it loses, and why the session ended says more.
            if commit or not isinstance(error, SQLAlchemyError):
                raise
        finally:
            self._connection, self._in_transaction = None, False
            await connection.close()
