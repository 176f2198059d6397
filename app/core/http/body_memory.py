"""How much memory the bodies of requests may take together, in each worker.

Until a body is here, whole, nobody has been asked who sends it. So whoever opens some hundreds of
connections, and on each holds back the last byte, could fill the memory with what one request may
have. Of those bodies that are arriving the largest is given up: who sends little, as almost all do,
is not kept out by who sends much. Only beside whole ones that take all of it while they are worked
on does one in several parts have to come again, however small it is.
"""

import asyncio

from starlette.types import Message, Receive

from app.core.errors import Unavailable

AT_ONCE = 256 * 1024 * 1024
"""Bytes that they may take: some articles' worth of writers, and little for a machine of today."""

# What a part takes beside its bytes: they may come one by one.
_PART = 512


class BodyMemory:
    """The bodies that came in more than one part, until their requests are over."""

    def __init__(self, most: int) -> None:
        """They may have ``most`` bytes together."""
        self._most = most
        self._bytes = 0
        self._incomplete: dict[Body, None] = {}

    def note(self, body: "Body", part: Message) -> None:
        """Count the next part of a body; if they are too much with it, the largest is given up.

        Raises:
            Unavailable: when that is this one.
        """
        if not part.get("more_body", False):
            self._incomplete.pop(body, None)
        elif not body.given_up:
            self._add(body, len(part["body"]) + _PART)
        if body.given_up:
            raise too_many()

    def _add(self, body: "Body", size: int) -> None:
        body.size += size
        self._bytes += size
        self._incomplete[body] = None
        while self._bytes > self._most and self._incomplete:
            # The newest of those that are equal.
            largest = max(reversed(self._incomplete), key=lambda it: it.size)
            self.remove(largest)
            largest.give_up()

    def remove(self, body: "Body") -> None:
        """It takes no memory any more."""
        self._incomplete.pop(body, None)
        self._bytes -= body.size
        body.size = 0


class Body:
    """What has come of a body."""

    def __init__(self, seconds: float, *, each: bool) -> None:
        """All of it has so many seconds from now, or ``each`` part has them."""
        self.size = 0
        self.given_up = False
        self._seconds = seconds
        self._each = each
        self._wait: asyncio.Timeout | None = None
        self._deadline = asyncio.get_running_loop().time() + seconds

    async def next(self, receive: Receive) -> Message:
        """What comes next.

        Raises:
            TimeoutError: when nothing came in time, or when the body was given up.
        """
        try:
            async with asyncio.timeout_at(self._deadline) as self._wait:
                message = await receive()
        finally:
            self._wait = None
        if self._each:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        return message

    def give_up(self) -> None:
        """Wait for it no longer."""
        self.given_up = True
        if self._wait is not None and not self._wait.expired():
            self._wait.reschedule(0)


def too_many() -> Unavailable:
    """What is said of a body that was given up."""
    problem = Unavailable("Stet has as many bodies as it takes at once; nothing was done.")
    # The rest of it is not read, so the connection cannot serve another request.
    problem.headers["Connection"] = "close"
    return problem
