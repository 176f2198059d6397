"""Work in a thread that is never left behind, with whatever it works on."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

_AGAIN_SECONDS = 0.05


async def whole(
    work: Callable[[], T], *, stop: Callable[[], None], executor: Executor | None = None
) -> T:
    """What the work answers, done in a thread; who is cancelled goes on only when it has ended.

    A thread cannot be cancelled. Were it left, it would go on with a connection that is given back,
    rolled back or closed by then: SQLite would write the rest outside of any transaction.

    Args:
        work: what is done, in the context of whoever asks for it.
        stop: asks the work to end soon; called again until it does, for it may be between two
            things that could be stopped.
        executor: whose thread it is; else one of those that all share.
    """
    # No task, as asyncio.to_thread would need one: a loop that ends cancels all of its tasks.
    loop = asyncio.get_running_loop()
    working = loop.run_in_executor(executor, copy_context().run, work)
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
