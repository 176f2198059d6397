"""How often one may fail to sign in: per address and per user name, in each worker."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from app.core.errors import TooManyRequests
from app.users.addresses import source_of


class SignInAttempts:
    """Counts sign-ins that failed or are under way."""

    def __init__(self, per_minute: int) -> None:
        """``per_minute`` attempts from one address, and as many for one name."""
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._limit = RateLimitItemPerMinute(per_minute)

    async def count(self, username: str, address: str) -> None:
        """Count one attempt; ``forget`` it if it succeeds.

        Raises:
            TooManyRequests: when it is one too many, with the seconds to wait.
        """
        # The address first: one that may try no more must not use up a name's attempts.
        for key in _keys(username, address):
            if not await self._limiter.hit(self._limit, key):
                window = await self._limiter.get_window_stats(self._limit, key)
                wait = max(1, math.ceil(window.reset_time - time.time()))
                raise TooManyRequests(
                    f"Too many attempts to sign in; wait {wait} seconds.", retry_after=wait
                )

    async def forget(self, username: str, address: str) -> None:
        """Take back an attempt that succeeded: who knows the password is not slowed down."""
        for key in _keys(username, address):
            await self._storage.decr(self._limit.key_for(key))


def _keys(username: str, address: str) -> tuple[str, str]:
    return f"address:{source_of(address)}", f"name:{username}"
