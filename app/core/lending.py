"""Connections to PostgreSQL, each lent to one session at a time.

SQLAlchemy's pool makes a connection object of its own for every loan, which took a twelfth of a
create; here it is kept with the connection.
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
from app.core.prepared import Prepared, PreparedStatements

_RECYCLE_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Lent:
    """A connection as SQLAlchemy knows it, the driver's own below it, and when it was opened."""

    connection: AsyncConnection
    driver: Any
    opened_at: float


class Lender:
    """Keeps so many connections; the one that came back last is lent first."""

    def __init__(self, engine: AsyncEngine, *, size: int, timeout: float, keep: bool) -> None:
        """``engine`` opens them; a session waits at most ``timeout`` seconds for one.

        Without ``keep``, each is closed when it comes back, and nothing is prepared on it.
        """
        self._engine = engine
        self._timeout = timeout
        self._keep = keep
        self._statements = PreparedStatements(engine.dialect)
        self._free = asyncio.Semaphore(size)
        self._size = size
        self._kept: deque[Lent] = deque()
        self.lent = 0

    def prepared(self, statement: Executable) -> Prepared | None:
        """The statement as it is run on the driver itself, if it is a constant one."""
        return self._statements.get(statement) if self._keep else None

    def has_many_free(self) -> bool:
        """Whether one more can be lent, and half of all are then still left to others.

        How many a pooler has free is not known here.
        """
        return self._keep and 2 * (self.lent + 1) <= self._size

    async def lend(self) -> Lent:
        """A connection, to be given back by ``take_back``.

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
            while self._kept:
                found = self._kept.pop()
                if time.monotonic() - found.opened_at < _RECYCLE_SECONDS and not (
                    found.driver.is_closed()
                ):
                    return found
                await found.connection.close()
            connection = await self._engine.connect()
            raw = await connection.get_raw_connection()
            return Lent(connection, raw.driver_connection, time.monotonic())
        except BaseException:
            self._returned()
            raise

    async def take_back(self, lent: Lent, *, sound: bool) -> None:
        """Take a connection back; one in a state that nobody knows is not lent again."""
        if sound and self._keep and not lent.connection.invalidated:
            self._kept.append(lent)
            self._returned()
        else:
            # Whoever is told to stop now must still leave no connection behind.
            await asyncio.shield(self._let_go(lent, sound=sound))

    async def _let_go(self, lent: Lent, *, sound: bool) -> None:
        try:
            if lent.driver.is_closed():
                # Where one was cut off, the others were too, or will be: with a restart, say.
                while self._kept:
                    await self._kept.pop().connection.close()
            if not sound:
                await lent.connection.invalidate()
            await lent.connection.close()
        finally:
            self._returned()

    def _returned(self) -> None:
        self.lent -= 1
        self._free.release()

    async def dispose(self) -> None:
        """Close what is kept."""
        while self._kept:
            await self._kept.pop().connection.close()
        await self._engine.dispose()
