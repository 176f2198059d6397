"""What takes long to make, once for all who ask for it at the same time, and not again in vain."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Hashable
from typing import NamedTuple

from app.core.cache import LruCache


class Made(NamedTuple):
    """An answer as it goes out, and the last change that it holds."""

    answer: bytes
    sequence: int
    at: dt.datetime | None
    """When that was; None if there was none."""


class SingleFlight:
    """Answers that a project's log alone decides: where it has not grown, they are as they were."""

    def __init__(self, capacity: int) -> None:
        """``capacity`` is how many bytes of answers are kept."""
        self._kept: LruCache[Hashable, Made] = LruCache(capacity, lambda made: len(made.answer))
        self._making: dict[Hashable, asyncio.Future[Made]] = {}

    async def get(
        self,
        key: Hashable,
        least: int,
        enough: int,
        stands: Callable[[Made], Awaitable[bool]],
        make: Callable[[], Awaitable[Made]],
    ) -> Made:
        """The answer of ``key``, with all that the log had up to a sequence.

        Whoever asks while one is made waits for it; if it was begun too early for them, one of
        those who wait makes the next. It raises to all who wait what ``make`` raises.

        Args:
            key: whose log it is, and of which database.
            least: the last change that an answer must hold that was made before.
            enough: the last one that it must hold if it is made while they wait. Where it is made
                from less than the whole log, as a replica has it, all would else wait in a line for
                answers that none of them may share.
            stands: whether the log still has the last change of what is kept. It may have been put
                back from a copy, and its numbers given away again.
            make: makes an answer that holds ``enough``.
        """
        while True:
            kept = self._kept.get(key)
            if kept is not None and kept.sequence >= least and await stands(kept):
                return kept
            making = self._making.get(key)
            if making is None:
                return await self._made(key, make)
            await asyncio.wait([making])
            # Whoever was to make it may have been told to stop.
            if not making.cancelled() and (made := making.result()).sequence >= enough:
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
