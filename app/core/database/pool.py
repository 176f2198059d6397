"""The pool of connections to PostgreSQL, each of which one session has at a time.

SQLAlchemy's pool makes a connection object of its own for every checkout, which took a twelfth of a
create; here it is kept with the connection.

The program's constant statements (``core.database.prepared``) have connections that plan each once,
unless they are part of a transaction. Left to itself, PostgreSQL compares what such a plan would
cost with the mean of all that it planned before; in a table that grows, the past is always cheaper,
so it planned the list of a document's spans anew each time, which took as long as running it. To a
statement that is made for its request, what that asks for may matter, so such ones have connections
that are left as PostgreSQL has them
(https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-PLAN-CACHE-MODE).
"""

import asyncio
import time
from contextlib import suppress
from contextvars import Context

import asyncpg
from sqlalchemy import Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.database.idle import IdleConnections
from app.core.database.liveness import PooledConnection, Watchdog
from app.core.database.prepared import Prepared, prepared
from app.core.metrics import waiting

_FULL_SECONDS = 1.0
"""How long a server that has taken too many connections is asked for no other."""
_TOO_MANY = "53300"
_UNTRANSLATED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class ConnectionPool:
    """Keeps so many connections; of a kind, the one that was released last is acquired first."""

    def __init__(
        self,
        engine: AsyncEngine,
        watch: Watchdog,
        *,
        size: int,
        timeout: float,
        pooler: bool,
        standby: bool = False,
    ) -> None:
        """``engine`` opens them; a session waits at most ``timeout`` seconds for one.

        ``watch`` looks at those that are in use.

        Where a ``pooler`` stands in between, they are connections to it. It finds one to the server
        for each transaction, so nothing is prepared on them.

        ``standby`` says whether they are to be connections to a replica.
        """
        self._engine = engine
        self.watch = watch
        watch.when_silent.append(self._terminate_idle)
        self._timeout = timeout
        self._pooler = pooler
        self.others: list[ConnectionPool] = []
        """Those whose idle connections give way where the server has no more room."""
        self._free = asyncio.Semaphore(size)
        self._size = size
        self._idle = IdleConnections(self._discard, standby=standby)
        self._leaving: set[asyncio.Task[None]] = set()
        self.in_use = 0
        self._full_until = 0.0
        self._back = asyncio.Semaphore(0)
        self._waiters = 0
        """How many wait until one is released."""
        self.pooler_timeout = timeout if pooler else None
        """How many seconds a pooler may take to find one; None where there is none in between."""

    def prepared(self, statement: Executable) -> Prepared | None:
        """The statement as it is run on the driver itself, if it is a constant one."""
        return None if self._pooler else prepared(statement)

    def has_many_free(self) -> bool:
        """Whether one more can be acquired, and half of all are then still left to others.

        How many a pooler has free is not known here.
        """
        return not self._pooler and 2 * (self.in_use + 1) <= self._size

    async def acquire(self, *, plans_once: bool = False) -> PooledConnection:
        """A connection, to be given back by ``release``: one that ``plans_once``, if there is.

        One of the other kind is the session's to change.

        Raises:
            sqlalchemy.exc.TimeoutError: when all stay in use for too long.
            sqlalchemy.exc.DBAPIError: when none can be opened, and none of its own is in use.
        """
        if self._free.locked():
            try:
                with waiting():
                    async with asyncio.timeout(self._timeout):
                        await self._free.acquire()
            except TimeoutError:
                raise PoolTimeout("Every connection is in use.") from None
        else:
            await self._free.acquire()
        self.in_use += 1
        try:
            found = self._idle.take(plans_once=plans_once)
            if found is None:
                found = await self._acquired(plans_once=plans_once)
        except BaseException:
            self._released()
            raise
        self.watch.begin(found)
        return found

    async def exchange(self, pooled: PooledConnection, *, plans_once: bool) -> PooledConnection:
        """One of the other kind for it, if there is one free; else itself. Nobody is waited for."""
        found = self._idle.take(plans_once=plans_once)
        if found is None and not self._free.locked():
            await self._free.acquire()
            self.in_use += 1
            try:
                found = await self._one_more()
            finally:
                self._released()
        if found is None:
            return pooled
        self.watch.end(pooled)
        self._idle.put(pooled)
        self.watch.begin(found)
        return found

    async def _acquired(self, *, plans_once: bool) -> PooledConnection:
        found = await self._one(plans_once=plans_once)
        if found is not None:
            return found
        try:
            with waiting():
                async with asyncio.timeout(self._timeout):
                    while found is None:
                        await self._wait_for_room()
                        found = await self._one(plans_once=plans_once)
        except TimeoutError:
            raise PoolTimeout("All connections are in use that the server has room for.") from None
        return found

    async def _one(self, *, plans_once: bool) -> PooledConnection | None:
        """One that there is; None where the server has no room for another, and some are in use."""
        begun = time.monotonic()
        found = (
            await self._one_more()
            # No more may be opened, so one of the others has to do.
            or self._idle.take(plans_once=not plans_once)
            or self._idle.take(plans_once=plans_once)
        )
        others = self.in_use > self._waiters + 1
        if found is None and (begun >= self._full_until or not others):
            return await self._opened()
        return found

    async def _wait_for_room(self) -> None:
        """Wait until somebody releases one, or the server may have room again."""
        self._waiters += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._full_until - time.monotonic()):
                    await self._back.acquire()
        finally:
            self._waiters -= 1

    async def _one_more(self) -> PooledConnection | None:
        """A new connection for the latest checkout, unless there are as many as there may be."""
        there = self.in_use + len(self._idle)
        if there > self._size or time.monotonic() < self._full_until:
            return None
        if self._full_until:
            # Of those who have waited for room, one asks for all.
            self._full_until = time.monotonic() + _FULL_SECONDS
        try:
            opened = await self._opened(idle_for=_FULL_SECONDS)
        except DBAPIError as error:
            # Other workers, other machines and other programs have the rest.
            if not _is_full(error):
                raise
            self._full_until = time.monotonic() + _FULL_SECONDS
            return None
        self._full_until = 0.0
        return opened

    async def _opened(self, *, idle_for: float = 0.0) -> PooledConnection:
        """A new one, for which others give way that were idle for so many seconds."""
        while True:
            try:
                return await self._connected()
            except DBAPIError as error:
                if not _is_full(error) or not await self._make_room(idle_for):
                    raise

    async def _make_room(self, idle_for: float) -> bool:
        """Close the connection of the others' that is idle longest; whether there was one."""
        found = [
            (other, pooled) for other in self.others if (pooled := other.longest_idle()) is not None
        ]
        if not found:
            return False
        other, pooled = min(found, key=lambda it: it[1].idle_since)
        if time.monotonic() - pooled.idle_since < idle_for:
            return False
        await asyncio.shield(other.close_idle(pooled))
        return True

    def longest_idle(self) -> PooledConnection | None:
        """The connection to the first server that is idle longest, if any is idle."""
        return self._idle.longest_idle()

    def close_idle(self, pooled: PooledConnection) -> "asyncio.Task[None]":
        """Close an idle one; done once the server has its room back."""
        self._idle.remove(pooled)
        return self._discard(pooled)

    async def _connected(self) -> PooledConnection:
        # The first one is asked what it is, and that may wait as any statement does.
        try:
            async with asyncio.timeout(self._timeout):
                connection = await self._engine.connect()
        except _UNTRANSLATED as error:
            # By what SQLAlchemy sets on a new one, where it passes the driver's failures on.
            raise ConnectionResetError("The connection was lost while it was opened.") from error
        raw = await connection.get_raw_connection()
        return PooledConnection(connection, raw.driver_connection, time.monotonic())

    def release(self, pooled: PooledConnection) -> None:
        """Take a connection back; one in a state that nobody knows is not used again."""
        self.watch.end(pooled)
        if pooled.began is None and not pooled.connection.invalidated:
            self._idle.put(pooled)
            self._released()
            return
        if pooled.driver.is_closed():
            # Where one was cut off, the others were too, or will be: with a restart, say.
            self._terminate_idle()
        # It counts as in use until it is gone.
        self._discard(pooled).add_done_callback(lambda _: self._released())

    def _released(self) -> None:
        self.in_use -= 1
        if self._waiters:
            self._back.release()
        self._free.release()

    def _terminate_idle(self) -> None:
        """Use none of the idle ones any more."""
        for pooled in self._idle:
            pooled.driver.terminate()

    def _discard(self, pooled: PooledConnection) -> "asyncio.Task[None]":
        """Close it, and let nobody wait for that, nor be cut off in it."""
        leaving = asyncio.create_task(_close(pooled), context=Context())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        return leaving

    async def dispose(self) -> None:
        """Close what is idle."""
        self._idle.close()
        await asyncio.gather(*self._leaving)
        await self._engine.dispose()


def _is_full(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _TOO_MANY


async def _close(pooled: PooledConnection) -> None:
    # What it still runs is ended in the server, but for what commits (``servers``), and a
    # farewell is said. SQLAlchemy waits for two seconds for both; asyncpg would wait for ever.
    await pooled.connection.invalidate()
    await pooled.connection.close()
