"""How many requests a worker takes at once; a few more wait in a line, and one too many is refused.

Who is answered may ask again within a millisecond, and would take each place that has just become
free from those who come now and then. So short requests have a line: when it is full, chance says
which of those in it and the one that comes is turned away. Each request fares alike so, whoever
sends it and however often.
"""

import asyncio
import random
from collections import deque

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Unavailable
from app.core.observability import LONG
from app.core.problems import ProblemResponse

WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})
"""The paths of those who watch Stet: they are answered however much there is to do."""

# Seconds in the line after which nobody hopes for a place any more: what is ahead is stuck.
_PATIENCE = 1.0
# Seconds until one is told that there is no place. To tell it takes a third of what a create does,
# and those who ask again at once, whatever Retry-After says, took half of the time from the others.
_PAUSE = 0.2
# Bytes that lie read, or in the socket, when the head does.
_SHORT_BODY = 65_536

UNDER_WAY = Gauge(
    "stet_requests_under_way",
    "Requests that have come and are not answered to the end.",
    ["kind"],
    multiprocess_mode="livesum",
)
TURNED_AWAY = Counter(
    "stet_requests_turned_away_total",
    "Requests that got no place, for the worker had as many as it takes at once.",
    ["kind"],
)


class Load:
    """ASGI middleware that turns away what is too much.

    Without it, all that come share the same few connections, so that each is answered later than
    its caller waits for it, and in vain.
    """

    def __init__(self, app: ASGIApp, *, max_requests: int, max_streams: int) -> None:
        """``max_requests`` are worked on at once, and ``max_streams`` exports, imports and logs.

        As many short ones wait. Nobody knows when a long one will end, so for these there is no
        line.
        """
        self._app = app
        self._short = Places("short", max_requests, line=max_requests)
        self._long = Places("long", max_streams, line=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if there is a place for it."""
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        if scope["path"] in WATCHED:
            self._measure()
            await self._app(scope, receive, send)
            return
        is_long: bool = scope["path"].endswith(LONG)
        places = self._long if is_long else self._short
        places.under_way += 1
        try:
            if not await places.taken():
                refusal = _refusal(unread=not await _has_come(scope, receive))
                await ProblemResponse(refusal)(scope, receive, send)
            elif is_long:
                try:
                    await self._app(scope, receive, send)
                finally:
                    places.give_back()
            else:
                await self._while_worked_on(scope, receive, send)
        finally:
            places.under_way -= 1

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """From the worker's start to its end, measure: any worker may be asked about all."""
        measuring = asyncio.create_task(self._keep_measuring())
        try:
            await self._app(scope, receive, send)
        finally:
            measuring.cancel()

    async def _keep_measuring(self) -> None:
        while True:
            self._measure()
            await asyncio.sleep(1)

    def _measure(self) -> None:
        # Not with each request: where several workers share them, that took 5 µs of it.
        for places in (self._short, self._long):
            places.gauge.set(places.under_way)

    async def _while_worked_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep the place from when the body is here until the answer is ready.

        Whoever sends or reads slowly makes no work meanwhile, and must not keep others out.
        """
        places = self._short
        holds, answered = True, False

        async def received() -> Message:
            nonlocal holds
            if not holds:
                return await receive()
            places.give_back()
            holds = False
            message = await receive()
            if not answered and message["type"] == "http.request":
                if not await places.taken():
                    raise _refusal(unread=message.get("more_body", False))
                holds = True
            return message

        async def sent(message: Message) -> None:
            nonlocal holds, answered
            answered = True
            if holds:
                places.give_back()
                holds = False
            await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            if holds:
                places.give_back()


class Places:
    """The places for one kind of request, and the line of those who wait for one."""

    def __init__(self, kind: str, count: int, *, line: int) -> None:
        """So many places, and at most so many in the line."""
        self.under_way = 0
        self.gauge = UNDER_WAY.labels(kind)
        self._turned_away = TURNED_AWAY.labels(kind)
        self._free = count
        self._longest = line
        self._line: deque[asyncio.Future[bool]] = deque()
        """What each is told: whether it has a place now."""

    async def taken(self) -> bool:
        """Whether the caller has a place now, after a wait if need be; who has none is counted."""
        if self._free:
            self._free -= 1
            return True
        if await self._waited():
            return True
        self._turned_away.inc()
        await asyncio.sleep(_PAUSE)
        return False

    async def _waited(self) -> bool:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._line.append(turn)
        if len(self._line) > self._longest:
            unlucky = random.randrange(len(self._line))  # noqa: S311  # chance, not a secret
            self._line[unlucky].set_result(False)
            del self._line[unlucky]
        overdue = loop.call_later(_PATIENCE, self._leave, turn)
        try:
            return await asyncio.shield(turn)
        except asyncio.CancelledError:
            self._leave(turn)
            if turn.result():
                self.give_back()
            raise
        finally:
            overdue.cancel()

    def _leave(self, turn: "asyncio.Future[bool]") -> None:
        """Wait no longer, unless it is settled already."""
        if turn in self._line:
            self._line.remove(turn)
            turn.set_result(False)

    def give_back(self) -> None:
        """Leave a place to whoever has waited longest."""
        if self._line:
            self._line.popleft().set_result(True)
        else:
            self._free += 1


async def _has_come(scope: Scope, receive: Receive) -> bool:
    """Whether nothing of the body is still to come, so that the connection can serve on.

    A short body lies here with its head, as a rule, and is taken up without waiting for it.
    """
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers or b"expect" in headers:
        return False
    length = headers.get(b"content-length", b"0").strip(b" ")
    if not length.strip(b"0"):
        return True
    if not length.isdigit() or int(length) > _SHORT_BODY:
        return False
    try:
        async with asyncio.timeout(0):
            while (await receive()).get("more_body", False):
                pass
    except TimeoutError:
        return False
    return True


def _refusal(*, unread: bool) -> Unavailable:
    """The answer to one too many; ``unread`` if there is more of its body."""
    problem = Unavailable("Stet has as many requests as it takes at once; nothing was done.")
    if unread:
        # The rest of the body is not read, so the connection can serve no other request.
        problem.headers["Connection"] = "close"
    return problem
