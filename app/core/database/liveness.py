"""Servers that say nothing any more: their machine has lost its power, or a cable is cut.

No packet tells of that, so whoever waits for an answer would wait for ever, and PostgreSQL's own
limits end nothing where there is no PostgreSQL. The system is told to look after connections that
are idle or wait (``enable_keepalive``), which costs nothing. It knows machines, not programs, and
whatever stands in between may answer for one that is gone; so statements have a limit here too. A
timer for each took as long as a twentieth of a read: one look a second at all that runs takes
nothing.
"""

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

_LOOK_SECONDS = 1.0
_PROBES = 3

SILENCE = 4
"""How many times ``STET_DATABASE_TIMEOUT_SECONDS`` a server may say nothing; its own limit is 3."""

UNLIMITED = math.inf
"""When a statement began that nobody is to end."""


@dataclass(slots=True, eq=False)
class PooledConnection:
    """A connection as SQLAlchemy knows it, the driver's own below it, and when it was opened."""

    connection: AsyncConnection
    driver: Any
    opened_at: float
    idle_since: float = 0.0
    """When it was released last."""
    plans_once: bool = False
    """Whether it is for constant statements."""
    began: float | None = None
    """At which look of the watch its statement began; None while it has none.

    Whoever is cut off in a statement leaves it so, and the connection in a state that nobody knows.
    """


class Watchdog:
    """Looks at the connections to one server that are in use, and ends those that hear nothing."""

    def __init__(self, seconds: float) -> None:
        """A statement may take so long, and a little more."""
        self._most = math.ceil(seconds / _LOOK_SECONDS)
        self._watched: set[PooledConnection] = set()
        self._next: asyncio.TimerHandle | None = None
        self.looks = 0
        """The clock here: it stands still while the process does, and nothing can be heard."""
        self.when_silent: list[Callable[[], None]] = []
        """What is done when a connection heard nothing: idle ones are no better."""

    def begin(self, pooled: PooledConnection) -> None:
        """Look at it from now on."""
        self._watched.add(pooled)
        if self._next is None:
            self._wait()

    def end(self, pooled: PooledConnection) -> None:
        """Look at it no longer."""
        self._watched.discard(pooled)

    def _wait(self) -> None:
        self._next = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._next = None
        self.looks += 1
        silent = [
            pooled
            for pooled in self._watched
            if pooled.began is not None and self.looks - pooled.began > self._most
        ]
        for pooled in silent:
            # Not cancelled, nor closed: both wait for the server.
            pooled.driver.terminate()
        if silent:
            for act in self.when_silent:
                act()
        if self._watched:
            self._wait()


def enable_keepalive(driver: Any, seconds: float) -> None:
    """Let the system end the driver's connection once it has not heard of the server for so long.

    What was sent and what waits for an answer are both asked after (``tcp(7)``). Where a system
    does not know one of these, the others have to do.
    """
    # There is no public way to it.
    connection = driver._transport.get_extra_info("socket")  # noqa: SLF001
    if connection.family == socket.AF_UNIX:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    between = max(1, round(seconds / (_PROBES + 1)))
    for name, value in (
        ("TCP_KEEPIDLE", between),
        ("TCP_KEEPINTVL", between),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_USER_TIMEOUT", max(1, round(seconds * 1000))),
    ):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


@asynccontextmanager
async def unless_lost(driver: Any) -> AsyncIterator[None]:
    """Cut off what is done in it once the connection is lost.

    asyncpg lets COPY wait on until there is room to send, which there never is again.

    Raises:
        ConnectionResetError: when it is lost.
    """
    loop = asyncio.get_running_loop()

    def lost(_driver: Any) -> None:
        # It may have ended of itself by now.
        with suppress(RuntimeError):
            limit.reschedule(loop.time())

    try:
        async with asyncio.timeout(None) as limit:
            driver.add_termination_listener(lost)
            try:
                yield
            finally:
                driver.remove_termination_listener(lost)
    # The last two are what it raises when it then tries to tell the server that it stops.
    except (TimeoutError, RuntimeError, AttributeError) as error:
        if not driver.is_closed():
            raise
        raise ConnectionResetError("The connection was lost.") from error
