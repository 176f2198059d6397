"""How often one may fail to sign in: from an address and as a user, in each worker.

Whoever knows a name must not be able to keep its user out: as one user, ten times as many may fail
as from one address. So it takes ten addresses to do that, and they guess no faster than that.
"""

import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from app.core.database import Moved
from app.core.errors import TooManyRequests
from app.users.addresses import source_of


class SignInAttempts:
    """Counts sign-ins that failed or are under way."""

    def __init__(self, per_minute: int) -> None:
        """``per_minute`` attempts from one address, and ten times as many for one name."""
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._of_address = RateLimitItemPerMinute(per_minute)
        self._of_name = RateLimitItemPerMinute(10 * per_minute)

    @asynccontextmanager
    async def one(self, username: str, address: str) -> AsyncIterator[None]:
        """Count what is done here as one attempt, unless it succeeds or is tried again.

        Who knows the password is not slowed down.

        Raises:
            TooManyRequests: when it is one too many, with the seconds to wait.
        """
        await self._count(username, address)
        try:
            yield
        except Moved:
            # It is tried again.
            await self._forget(username, address)
            raise
        await self._forget(username, address)

    async def _count(self, username: str, address: str) -> None:
        # The address first: one that may try no more must not use up a name's attempts.
        for limit, key in self._counted(username, address):
            if not await self._limiter.hit(limit, key):
                window = await self._limiter.get_window_stats(limit, key)
                wait = max(1, math.ceil(window.reset_time - time.time()))
                raise TooManyRequests(
                    f"Too many attempts to sign in; wait {wait} seconds.", retry_after=wait
                )

    async def _forget(self, username: str, address: str) -> None:
        for limit, key in self._counted(username, address):
            await self._storage.decr(limit.key_for(key))

    def _counted(self, username: str, address: str) -> Iterator[tuple[RateLimitItem, str]]:
        yield self._of_address, f"address:{source_of(address)}"
        yield self._of_name, f"name:{username}"
