"""Idle connections to PostgreSQL, which wait in a pool until they are used again.

A server takes so many and no more, of all kinds, workers and machines together. So those that a
peak has left are closed, and before that they give way to who else needs one.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator

from app.core.database.liveness import PooledConnection

_RECYCLE_SECONDS = 1800.0
_IDLE_SECONDS = 60.0
"""How long one may be idle; one of each kind may for as long as it is used at all."""
_ELSEWHERE_SECONDS = 10.0
"""How long one to another server than the replica that was asked for is used."""


class IdleConnections:
    """Those of one pool. Of a kind, the one that came back last is taken first."""

    def __init__(self, close: Callable[[PooledConnection], object], *, standby: bool) -> None:
        """``close`` is called with each that is not to be used again.

        Where a ``standby`` is asked for, one that is away has another server answer in its place;
        connections to that one are not kept for long, so that it is used again when it is back.
        """
        self._close = close
        self._standby = standby
        self._kinds: dict[bool, deque[PooledConnection]] = {True: deque(), False: deque()}
        """By whether they plan once."""
        self._pruning: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many there are, of both kinds."""
        return sum(map(len, self._kinds.values()))

    def __iter__(self) -> Iterator[PooledConnection]:
        """All of them."""
        for kind in self._kinds.values():
            yield from kind

    def put(self, pooled: PooledConnection) -> None:
        """One that was released."""
        pooled.idle_since = time.monotonic()
        self._kinds[pooled.plans_once].append(pooled)
        if self._pruning is None:
            self._prune_later()

    def take(self, *, plans_once: bool) -> PooledConnection | None:
        """One that can be used."""
        kind = self._kinds[plans_once]
        while kind:
            found = kind.pop()
            if time.monotonic() - found.opened_at < self._seconds_of(found) and not (
                found.driver.is_closed()
            ):
                return found
            self._close(found)
        return None

    def _seconds_of(self, found: PooledConnection) -> float:
        elsewhere = self._standby and not _is_of_standby(found)
        return _ELSEWHERE_SECONDS if elsewhere else _RECYCLE_SECONDS

    def longest_idle(self) -> PooledConnection | None:
        """The one to the first server that is idle longest; it stays."""
        of_first = (pooled for pooled in self if not self._standby or not _is_of_standby(pooled))
        return min(of_first, key=_since, default=None)

    def remove(self, pooled: PooledConnection) -> None:
        """One that is used no more."""
        self._kinds[pooled.plans_once].remove(pooled)

    def _prune_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._pruning = loop.call_later(_IDLE_SECONDS, self._prune)

    def _prune(self) -> None:
        self._pruning = None
        for kind in self._kinds.values():
            while len(kind) > 1 and time.monotonic() - kind[0].idle_since >= _IDLE_SECONDS:
                self._close(kind.popleft())
        if any(len(kind) > 1 for kind in self._kinds.values()):
            self._prune_later()

    def close(self) -> None:
        """Close them all."""
        if self._pruning is not None:
            self._pruning.cancel()
        for kind in self._kinds.values():
            while kind:
                self._close(kind.pop())


def _is_of_standby(pooled: PooledConnection) -> bool:
    # The server says so by itself, and again when it is promoted. Before PostgreSQL 14, and through
    # some poolers, nothing is said: then it is taken for what was asked for.
    return getattr(pooled.driver.get_settings(), "in_hot_standby", "on") == "on"


def _since(pooled: PooledConnection) -> float:
    return pooled.idle_since
