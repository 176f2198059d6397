"""Connections to PostgreSQL, each lent to one session at a time.

SQLAlchemy's pool makes a connection object of its own for every loan, which took a twelfth of a
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

from sqlalchemy import Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.database.prepared import Prepared, prepared
from app.core.database.resting import Resting
from app.core.database.watching import Lent, Watch
from app.core.metrics import waiting

_FULL_SECONDS = 1.0
"""How long a server that has taken too many connections is asked for no other."""
_TOO_MANY = "53300"


class Lender:
    """Keeps so many connections; of a kind, the one that came back last is lent first."""

    def __init__(
        self,
        engine: AsyncEngine,
        watch: Watch,
        *,
        size: int,
        timeout: float,
        pooler: bool,
        standby: bool = False,
    ) -> None:
        """``engine`` opens them; a session waits at most ``timeout`` seconds for one.

        ``watch`` looks at those that are lent.

        Where a ``pooler`` stands in between, they are connections to it. It finds one to the server
        for each transaction, so nothing is prepared on them.

        ``standby`` says whether they are to be connections to a replica.
        """
        self._engine = engine
        self.watch = watch
        watch.when_silent.append(self._distrust)
        self._timeout = timeout
        self._pooler = pooler
        self.others: list[Lender] = []
        """Those whose connections that rest give way where the server has no more room."""
        self._free = asyncio.Semaphore(size)
        self._size = size
        self._resting = Resting(self._see_off, standby=standby)
        self._leaving: set[asyncio.Task[None]] = set()
        self.lent = 0
        self._full_until = 0.0
        self._back = asyncio.Semaphore(0)
        self._awaited = 0
        """How many wait until one is back."""
        self.patience = timeout if pooler else None
        """How many seconds a pooler may take to find one; None where there is none in between."""

    def prepared(self, statement: Executable) -> Prepared | None:
        """The statement as it is run on the driver itself, if it is a constant one."""
        return None if self._pooler else prepared(statement)

    def has_many_free(self) -> bool:
        """Whether one more can be lent, and half of all are then still left to others.

        How many a pooler has free is not known here.
        """
        return not self._pooler and 2 * (self.lent + 1) <= self._size

    async def lend(self, *, plans_once: bool = False) -> Lent:
        """A connection, to be given back by ``take_back``: one that ``plans_once``, if there is.

        One of the other kind is the borrower's to change.

        Raises:
            sqlalchemy.exc.TimeoutError: when all stay lent for too long.
            sqlalchemy.exc.DBAPIError: when none can be opened, and none of its own is lent.
        """
        if self._free.locked():
            try:
                with waiting():
                    async with asyncio.timeout(self._timeout):
                        await self._free.acquire()
            except TimeoutError:
                raise PoolTimeout("Every connection is lent.") from None
        else:
            await self._free.acquire()
        self.lent += 1
        try:
            found = self._resting.take(plans_once=plans_once)
            if found is None:
                found = await self._found(plans_once=plans_once)
        except BaseException:
            self._returned()
            raise
        self.watch.begin(found)
        return found

    async def exchange(self, lent: Lent, *, plans_once: bool) -> Lent:
        """One of the other kind for it, if there is one free; else itself. Nobody is waited for."""
        found = self._resting.take(plans_once=plans_once)
        if found is None and not self._free.locked():
            await self._free.acquire()
            self.lent += 1
            try:
                found = await self._one_more()
            finally:
                self._returned()
        if found is None:
            return lent
        self.watch.end(lent)
        self._resting.put(lent)
        self.watch.begin(found)
        return found

    async def _found(self, *, plans_once: bool) -> Lent:
        found = await self._one(plans_once=plans_once)
        if found is not None:
            return found
        try:
            with waiting():
                async with asyncio.timeout(self._timeout):
                    while found is None:
                        await self._news()
                        found = await self._one(plans_once=plans_once)
        except TimeoutError:
            raise PoolTimeout("All connections are lent that the server has room for.") from None
        return found

    async def _one(self, *, plans_once: bool) -> Lent | None:
        """One that there is; None where the server has no room for another, and some are lent."""
        begun = time.monotonic()
        found = (
            await self._one_more()
            # No more may be opened, so one of the others has to do.
            or self._resting.take(plans_once=not plans_once)
            or self._resting.take(plans_once=plans_once)
        )
        others = self.lent > self._awaited + 1
        if found is None and (begun >= self._full_until or not others):
            return await self._opened()
        return found

    async def _news(self) -> None:
        """Wait until somebody brings one back, or the server may have room again."""
        self._awaited += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._full_until - time.monotonic()):
                    await self._back.acquire()
        finally:
            self._awaited -= 1

    async def _one_more(self) -> Lent | None:
        """A new connection for the latest loan, unless there are as many as there may be."""
        there = self.lent + len(self._resting)
        if there > self._size or time.monotonic() < self._full_until:
            return None
        if self._full_until:
            # Of those who have waited for room, one asks for all.
            self._full_until = time.monotonic() + _FULL_SECONDS
        try:
            opened = await self._opened(resting=_FULL_SECONDS)
        except DBAPIError as error:
            # Other workers, other machines and other programs have the rest.
            if not _is_full(error):
                raise
            self._full_until = time.monotonic() + _FULL_SECONDS
            return None
        self._full_until = 0.0
        return opened

    async def _opened(self, *, resting: float = 0.0) -> Lent:
        """A new one, for which others give way that have rested for so many seconds."""
        while True:
            try:
                return await self._connected()
            except DBAPIError as error:
                if not _is_full(error) or not await self._make_room(resting):
                    raise

    async def _make_room(self, resting: float) -> bool:
        """Close the connection of the others' that has rested longest; whether there was one."""
        found = [(other, lent) for other in self.others if (lent := other.longest()) is not None]
        if not found:
            return False
        other, lent = min(found, key=lambda it: it[1].rests_since)
        if time.monotonic() - lent.rests_since < resting:
            return False
        await asyncio.shield(other.give_up(lent))
        return True

    def longest(self) -> Lent | None:
        """The connection to the first server that has rested longest, if any rests."""
        return self._resting.longest()

    def give_up(self, lent: Lent) -> "asyncio.Task[None]":
        """Close one that rests; done once the server has its room back."""
        self._resting.remove(lent)
        return self._see_off(lent)

    async def _connected(self) -> Lent:
        # The first one is asked what it is, and that may wait as any statement does.
        async with asyncio.timeout(self._timeout):
            connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        return Lent(connection, raw.driver_connection, time.monotonic())

    def take_back(self, lent: Lent) -> None:
        """Take a connection back; one in a state that nobody knows is not lent again."""
        self.watch.end(lent)
        if lent.began is None and not lent.connection.invalidated:
            self._resting.put(lent)
            self._returned()
            return
        if lent.driver.is_closed():
            # Where one was cut off, the others were too, or will be: with a restart, say.
            self._distrust()
        # It counts as lent until it is gone.
        self._see_off(lent).add_done_callback(lambda _: self._returned())

    def _returned(self) -> None:
        self.lent -= 1
        if self._awaited:
            self._back.release()
        self._free.release()

    def _distrust(self) -> None:
        """Use none of those that are kept."""
        for lent in self._resting:
            lent.driver.terminate()

    def _see_off(self, lent: Lent) -> "asyncio.Task[None]":
        """Close it, and let nobody wait for that, nor be cut off in it."""
        leaving = asyncio.create_task(_close(lent), context=Context())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        return leaving

    async def dispose(self) -> None:
        """Close what is kept."""
        self._resting.close()
        await asyncio.gather(*self._leaving)
        await self._engine.dispose()


def _is_full(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _TOO_MANY


async def _close(lent: Lent) -> None:
    # What it still runs is ended in the server, but for what commits (``servers``), and a
    # farewell is said. SQLAlchemy waits for two seconds for both; asyncpg would wait for ever.
    await lent.connection.invalidate()
    await lent.connection.close()
