"""Who reads exports from this process at once, so that nobody takes them from all others.

An export keeps a connection, and what was deleted since it began, for as long as its reader takes
for it. So there are fewer places for them than connections: some are left for what Stet reads at
its own pace, as the overview and what a release holds. And of the places nobody has more than half
of the connections.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from uuid import UUID

from app.core.errors import TooManyRequests, Unavailable
from app.core.metrics import waiting

_RETRY_SECONDS = 10


class ExportSlots:
    """The places for those who read exports. They are the same on SQLite, which pools nothing."""

    def __init__(self, connections: int, *, timeout: float) -> None:
        """Three quarters of the ``connections`` are places; who finds none waits ``timeout`` s."""
        self._slots = asyncio.Semaphore(max(1, connections - max(1, connections // 4)))
        self._share = max(1, connections // 2)
        self._timeout = timeout
        self._of: Counter[UUID] = Counter()

    @asynccontextmanager
    async def slot(self, user_id: UUID) -> AsyncIterator[None]:
        """A place, for one more export of this user.

        Raises:
            TooManyRequests: when they have their share already, waiting ones included.
            Unavailable: when others have all places, and keep them for too long.
        """
        if self._of[user_id] >= self._share:
            raise TooManyRequests(
                f"You have {self._share} exports under way here, as many as one may at once; go on "
                "when one of them has ended.",
                retry_after=_RETRY_SECONDS,
            )
        self._of[user_id] += 1
        try:
            await self._acquired()
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._of[user_id] -= 1
            if not self._of[user_id]:
                del self._of[user_id]

    async def _acquired(self) -> None:
        try:
            with waiting() if self._slots.locked() else nullcontext():
                async with asyncio.timeout(self._timeout):
                    await self._slots.acquire()
        except TimeoutError:
            raise Unavailable(
                "Others have as many exports under way as are sent at once.",
                retry_after=_RETRY_SECONDS,
            ) from None
