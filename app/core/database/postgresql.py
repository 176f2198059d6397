"""PostgreSQL behind ``core.database``: SQLAlchemy Core over asyncpg."""

import asyncio
import time
from collections.abc import (
    AsyncIterator,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from app.core.database import FAILURES, Holding, Session, Snapshot, UntoldPooler, unavailable
from app.core.database.group_commit import GroupCommit
from app.core.database.liveness import SILENCE, Watchdog, enable_keepalive
from app.core.database.pool import ConnectionPool
from app.core.database.postgresql_sessions import PostgresSession, PostgresSnapshot
from app.core.database.prepared import JSON_OPTIONS
from app.core.database.servers import Servers
from app.core.settings import Settings


class PostgresDatabase:
    """Pools: of connections that may write, that can only read, for snapshots, and to a replica.

    All run in autocommit, so that a single statement costs one round trip: BEGIN and COMMIT of
    their own took a fifth of a create.
    """

    dialect = "postgresql"

    def __init__(self, settings: Settings) -> None:
        """Connects on first use, not here.

        Raises:
            InvalidSettings: when nothing can be made of a URL.
        """
        self._source = settings.database_url
        servers = Servers("STET_DATABASE_URL", self._source)
        self._pooled = settings.database_pooler
        watch = Watchdog(SILENCE * settings.database_timeout_seconds)
        self._writer = self._pool(settings, servers, watch, read_only=False)
        self._reader = self._pool(settings, servers, watch, read_only=True)
        # A snapshot lasts as long as somebody reads an export: other reading does not wait for it.
        self._exporter = self._pool(settings, servers, watch, read_only=True)
        replica = settings.database_replica_url
        self._replica = None
        if replica:
            servers = Servers("STET_DATABASE_REPLICA_URL", replica)
            watch = Watchdog(SILENCE * settings.database_timeout_seconds)
            self._replica = self._pool(settings, servers, watch, read_only=True, standby=True)
        # A replica has room of its own: what is closed on the first server makes none there.
        for pool in (self._writer, self._reader, self._exporter):
            pool.others = [other for other in self._pools() if other is not pool]
        self._replica_rests_until = 0.0
        self._replica_behind_until = 0.0
        self._group_commit = GroupCommit(partial(self.session, writes=True), of_all=unavailable)

    def _pool(
        self,
        settings: Settings,
        servers: Servers,
        watch: Watchdog,
        *,
        read_only: bool,
        standby: bool = False,
    ) -> ConnectionPool:
        timeout = settings.database_timeout_seconds

        async def connect(**driver_arguments: Any) -> Any:
            try:
                connection = await servers.connect(timeout, read_only=read_only, **driver_arguments)
            except asyncpg.TargetServerAttributeNotMatched as error:
                raise ConnectionRefusedError("None of the servers takes writes.") from error
            except asyncpg.ProtocolViolationError as error:
                said = str(error)
                # What pgbouncer says of the first of the settings below. PostgreSQL takes them all,
                # and a pooler that is told of gets none.
                if said.startswith("unsupported startup parameter") and not self._pooled:
                    raise UntoldPooler from error
                # What it says when it is full, where PostgreSQL has a code for that.
                if said.startswith("no more connections allowed"):
                    raise asyncpg.TooManyConnectionsError(said) from error
                raise
            enable_keepalive(connection, SILENCE * timeout)
            return connection

        common: dict[str, Any] = {
            "isolation_level": "AUTOCOMMIT",
            **JSON_OPTIONS,
            "hide_parameters": True,
        }
        if self._pooled:
            # pgbouncer hands a connection to another client after each transaction: nothing may be
            # prepared under a name, and no setting be left behind. Without its cache the driver
            # names nothing, and sends a statement's text with each run of it.
            connect_now = partial(connect, statement_cache_size=0)
        else:
            server_settings = {
                "application_name": "stet-reader" if read_only else "stet",
                "TimeZone": "UTC",
                "jit": "off",
                "default_transaction_isolation": "read committed",
                "default_transaction_read_only": "on" if read_only else "off",
                "lock_timeout": f"{round(timeout * 1000)}",
                "statement_timeout": f"{round(timeout * 3000)}",
                "idle_in_transaction_session_timeout": f"{round(timeout * 6000)}",
            }
            connect_now = partial(connect, server_settings=server_settings)
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=connect_now, poolclass=NullPool, **common
        )
        return ConnectionPool(
            engine,
            watch,
            size=settings.database_pool_size,
            timeout=timeout,
            pooler=self._pooled,
            standby=standby,
        )

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        """A session that takes no connection before its first statement."""
        return PostgresSession(
            self._writer if writes else self._reader,
            self._source,
            self._group_commit,
            writes=writes,
            opening="BEGIN READ ONLY" if self._pooled and not writes else None,
        )

    @asynccontextmanager
    async def snapshot(self, *, holding: Holding | None = None) -> AsyncIterator[Snapshot]:
        """One REPEATABLE READ transaction, read only, without a limit on how long it lasts."""
        session = None if holding is None else await self._of_replica(holding)
        if session is None:
            session = self._snapshot(self._exporter)
        try:
            yield session
        finally:
            await session.close(commit=False)

    def _snapshot(self, pool: ConnectionPool) -> PostgresSnapshot:
        return PostgresSnapshot(pool, self._source, self._group_commit)

    async def _of_replica(self, holding: Holding) -> PostgresSnapshot | None:
        """A snapshot of the replica; None if there is none, or it is away or too far behind."""
        begun = time.monotonic()
        if self._replica is None or begun < self._replica_rests_until:
            return None
        # Where somebody has just waited in vain, others only look.
        until = begun + _BEHIND_SECONDS if begun >= self._replica_behind_until else begun
        while True:
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
            if time.monotonic() >= until:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        if until > begun:
            self._replica_behind_until = time.monotonic() + _BEHIND_SECONDS
        return None

    def pool_in_use(self) -> int:
        """Connections that are at work now."""
        return sum(pool.in_use for pool in self._pools())

    def writes_waiting(self) -> int:
        """Writes that wait for the commit before theirs."""
        return self._group_commit.waiting

    async def dispose(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(pool.dispose() for pool in self._pools()))

    def _pools(self) -> list[ConnectionPool]:
        pools = (self._writer, self._reader, self._exporter, self._replica)
        return [pool for pool in pools if pool is not None]


# A replica is some milliseconds behind; one that is further behind is not waited for again for a
# while, and one that is not there is not asked.
_BEHIND_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_AWAY_SECONDS = 10.0
