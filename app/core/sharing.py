"""What takes long to make, once for all who ask for it at the same time, and not again in vain."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from app.core.cache import Bounded

Made = tuple[bytes, int]
"""An answer as it goes out, and the sequence of the last change that it holds."""


class Shared:
    """Answers that a project's log alone decides: where it has not grown, they are as they were."""

    def __init__(self, capacity: int) -> None:
        """``capacity`` is how many bytes of answers are kept."""
        self._kept: Bounded[Hashable, Made] = Bounded(capacity, lambda made: len(made[0]))
        self._making: dict[Hashable, asyncio.Future[Made]] = {}

    async def get(
        self, key: Hashable, least: int, most: int, make: Callable[[], Awaitable[Made]]
    ) -> Made:
        """The answer of ``key``, with all that the log had up to ``least``.

        Whoever asks while one is made waits for it; if it was begun too early for them, one of
        those who wait makes the next. It raises to all who wait what ``make`` raises.

        Args:
            key: whose log it is, and of which database.
            least: the last change that the answer must hold.
            most: where the log ended when that was asked: what is kept of a later end is of a log
                that was put back from a copy since.
            make: makes an answer that holds ``least``.
        """
        while True:
            kept = self._kept.get(key)
            if kept is not None and least <= kept[1] <= most:
                return kept
            making = self._making.get(key)
            if making is None:
                return await self._made(key, make)
            await asyncio.wait([making])
            # Whoever was to make it may have been told to stop.
            if not making.cancelled() and (made := making.result())[1] >= least:
                return made

    async def _made(self, key: Hashable, make: Callable[[], Awaitable[Made]]) -> Made:
        making = self._making[key] = asyncio.get_running_loop().create_future()
        try:
            made = await make()
        except Exception as failure:
            making.set_exception(failure)
            # Taken notice of, for perhaps nobody waits.
            making.exception()
            raise
        else:
            self._kept.put(key, made)
            making.set_result(made)
            return made
        finally:
            making.cancel()
            del self._making[key]
