"""How often one may try to sign in: per user name and per address, in each worker."""

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from app.core.errors import TooManyRequests


class SignInAttempts:
    """Counts sign-ins that failed or are under way."""

    def __init__(self, per_minute: int) -> None:
        """``per_minute`` attempts for one name, and as many from one address."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerMinute(per_minute)

    async def count(self, username: str, address: str) -> None:
        """Count one attempt.

        Raises:
            TooManyRequests: when it is one too many.
        """
        for key in (f"name:{username}", f"address:{address}"):
            if not await self._limiter.hit(self._limit, key):
                raise TooManyRequests(
                    "Too many attempts to sign in; wait a minute.", retry_after=60
                )
