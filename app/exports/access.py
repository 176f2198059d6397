"""Answers that are streamed for as long as their reader takes them."""

import asyncio
from contextlib import AsyncExitStack

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

STALLED_SECONDS = 60.0
"""How long a reader may take nothing: what it keeps from others is not kept for ever."""


class Stream(StreamingResponse):
    """A stream that lets go of what it holds once it has ended, one way or the other.

    A failure in the middle breaks the connection, so that a part never looks like the whole; so
    does a reader that has stopped reading.
    """

    held: AsyncExitStack | None = None
    """A snapshot, say."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, then let go."""

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(message)

        async with self.held or AsyncExitStack():
            await super().__call__(scope, receive, in_time)
