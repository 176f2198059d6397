"""Connections to PostgreSQL that rest until they are lent again.

A server takes so many and no more, of all kinds, workers and machines together. So those that a
peak has left are closed, and before that they give way to who else needs one.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator

from app.core.database.watching import Lent

_RECYCLE_SECONDS = 1800.0
_IDLE_SECONDS = 60.0
"""How long one may rest; one of each kind may for as long as it is used at all."""
_ELSEWHERE_SECONDS = 10.0
"""How long one to another server than the replica that was asked for is used."""


class Resting:
    """Those of one lender. Of a kind, the one that came back last is taken first."""

    def __init__(self, close: Callable[[Lent], object], *, standby: bool) -> None:
        """``close`` is called with each that is not to be used again.

        Where a ``standby`` is asked for, one that is away has another server answer in its place;
        connections to that one are not kept for long, so that it is used again when it is back.
        """
        self._close = close
        self._standby = standby
        self._kinds: dict[bool, deque[Lent]] = {True: deque(), False: deque()}
        """By whether they plan once."""
        self._tidying: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many there are, of both kinds."""
        return sum(map(len, self._kinds.values()))

    def __iter__(self) -> Iterator[Lent]:
        """All of them."""
        for kind in self._kinds.values():
            yield from kind

    def put(self, lent: Lent) -> None:
        """One that was brought back."""
        lent.rests_since = time.monotonic()
        self._kinds[lent.plans_once].append(lent)
        if self._tidying is None:
            self._tidy_later()

    def take(self, *, plans_once: bool) -> Lent | None:
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

    def _seconds_of(self, found: Lent) -> float:
        elsewhere = self._standby and not _is_of_standby(found)
        return _ELSEWHERE_SECONDS if elsewhere else _RECYCLE_SECONDS

    def longest(self) -> Lent | None:
        """The one to the first server that has rested longest; it stays."""
        of_first = (lent for lent in self if not self._standby or not _is_of_standby(lent))
        return min(of_first, key=_since, default=None)

    def remove(self, lent: Lent) -> None:
        """One that is used no more."""
        self._kinds[lent.plans_once].remove(lent)

    def _tidy_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._tidying = loop.call_later(_IDLE_SECONDS, self._tidy)

    def _tidy(self) -> None:
        self._tidying = None
        for kind in self._kinds.values():
            while len(kind) > 1 and time.monotonic() - kind[0].rests_since >= _IDLE_SECONDS:
                self._close(kind.popleft())
        if any(len(kind) > 1 for kind in self._kinds.values()):
            self._tidy_later()

    def close(self) -> None:
        """Close them all."""
        if self._tidying is not None:
            self._tidying.cancel()
        for kind in self._kinds.values():
            while kind:
                self._close(kind.pop())


def _is_of_standby(lent: Lent) -> bool:
    # The server says so by itself, and again when it is promoted. Before PostgreSQL 14, and through
    # some poolers, nothing is said: then it is taken for what was asked for.
    return getattr(lent.driver.get_settings(), "in_hot_standby", "on") == "on"


def _since(lent: Lent) -> float:
    return lent.rests_since
