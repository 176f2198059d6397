"""Connections to PostgreSQL, each lent to one session at a time.

SQLAlchemy's pool makes a connection object of its own for every loan, which took a twelfth of a
create; here it is kept with the connection.

The program's constant statements (``core.prepared``) have connections that plan each once, unless
they are part of a transaction. Left to itself, PostgreSQL compares what such a plan would
cost with the mean of all that it planned before; in a table that grows, the past is always cheaper,
so it planned the list of a document's spans anew each time, which took as long as running it. To a
statement that is made for its request, what that asks for may matter, so such ones have connections
that are left as PostgreSQL has them
(https://www.postgresql.org/docs/current/runtime-config-query.html#GUC-PLAN-CACHE-MODE).
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.core.metrics import waiting
from app.core.prepared import Prepared, prepared

_RECYCLE_SECONDS = 1800.0


@dataclass(slots=True)
class Lent:
    """A connection as SQLAlchemy knows it, the driver's own below it, and when it was opened."""

    connection: AsyncConnection
    driver: Any
    opened_at: float
    plans_once: bool = False
    """Whether it is for constant statements."""


class Lender:
    """Keeps so many connections; of a kind, the one that came back last is lent first."""

    def __init__(self, engine: AsyncEngine, *, size: int, timeout: float, pooler: bool) -> None:
        """``engine`` opens them; a session waits at most ``timeout`` seconds for one.

        Where a ``pooler`` stands in between, they are connections to it. It finds one to the server
        for each transaction, so nothing is prepared on them.
        """
        self._engine = engine
        self._timeout = timeout
        self._pooler = pooler
        self._free = asyncio.Semaphore(size)
        self._size = size
        self._kept: dict[bool, deque[Lent]] = {True: deque(), False: deque()}
        """By whether they plan once."""
        self.lent = 0
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
            return (
                await self._kept_one(plans_once=plans_once)
                or await self._one_more()
                # No more may be opened, so one of the others has to do.
                or await self._kept_one(plans_once=not plans_once)
                or await self._opened()
            )
        except BaseException:
            self._returned()
            raise

    async def exchange(self, lent: Lent, *, plans_once: bool) -> Lent:
        """One of the other kind for it, if there is one free; else itself. Nobody is waited for."""
        found = await self._kept_one(plans_once=plans_once)
        if found is None and not self._free.locked():
            await self._free.acquire()
            self.lent += 1
            try:
                found = await self._one_more()
            finally:
                self._returned()
        if found is None:
            return lent
        self._kept[lent.plans_once].append(lent)
        return found

    async def _kept_one(self, *, plans_once: bool) -> Lent | None:
        kept = self._kept[plans_once]
        while kept:
            found = kept.pop()
            if time.monotonic() - found.opened_at < _RECYCLE_SECONDS and not (
                found.driver.is_closed()
            ):
                return found
            await found.connection.close()
        return None

    async def _one_more(self) -> Lent | None:
        """A new connection for the latest loan, unless there are as many as there may be."""
        there = self.lent + sum(map(len, self._kept.values()))
        return await self._opened() if there <= self._size else None

    async def _opened(self) -> Lent:
        # The first one is asked what it is, and a pooler lets that wait as it does any statement.
        async with asyncio.timeout(self.patience):
            connection = await self._engine.connect()
        raw = await connection.get_raw_connection()
        return Lent(connection, raw.driver_connection, time.monotonic())

    async def take_back(self, lent: Lent, *, sound: bool) -> None:
        """Take a connection back; one in a state that nobody knows is not lent again."""
        if sound and not lent.connection.invalidated:
            self._kept[lent.plans_once].append(lent)
            self._returned()
        else:
            # Whoever is told to stop now must still leave no connection behind.
            await asyncio.shield(self._let_go(lent, sound=sound))

    async def _let_go(self, lent: Lent, *, sound: bool) -> None:
        try:
            if lent.driver.is_closed():
                # Where one was cut off, the others were too, or will be: with a restart, say.
                await self._close_kept()
            if not sound:
                await lent.connection.invalidate()
            await lent.connection.close()
        finally:
            self._returned()

    def _returned(self) -> None:
        self.lent -= 1
        self._free.release()

    async def _close_kept(self) -> None:
        for kept in self._kept.values():
            while kept:
                await kept.pop().connection.close()

    async def dispose(self) -> None:
        """Close what is kept."""
        await self._close_kept()
        await self._engine.dispose()
