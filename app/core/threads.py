"""Work in a thread that is never left behind, with whatever it works on."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

_AGAIN_SECONDS = 0.05


async def whole(working: "asyncio.Future[T]", *, stop: Callable[[], None]) -> T:
    """What a thread answers; who is cancelled meanwhile goes on only when the thread has ended.

    A thread cannot be cancelled. Were it left, it would go on with a connection that is given back,
    rolled back or closed by then: SQLite would write the rest outside of any transaction.

    Args:
        working: what the thread's end is known by.
        stop: asks the thread to end soon; called again until it does, for it may be between two
            things that could be stopped.
    """
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        while not working.done():
            stop()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([working], timeout=_AGAIN_SECONDS)
        if not working.cancelled():
            # Taken notice of, so that asyncio does not complain of it.
            working.exception()
        raise
