"""How many requests a worker takes at once; a few more wait in a line, and one too many is refused.

Who is answered may ask again within a millisecond, and would take each place that has just become
free from those who come now and then. So short requests have a line: when it is full, chance says
which of those in it and the one that comes is turned away: each request fares alike, whoever sends
it and however often.
"""

import asyncio
import random
from collections import deque

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Unavailable
from app.core.http.limits import has_body
from app.core.http.paths import is_long
from app.core.http.problems import ProblemResponse
from app.core.timing import spending

WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})
"""The paths of those who watch Stet: they are answered however much there is to do."""

# Seconds in the line after which nobody hopes for a place any more.
_PATIENCE = 0.7
# Seconds until one is told that there is no place. To tell it takes a third of what a create does,
# and those who ask again at once, whatever Retry-After says, took half of the time from the others.
_PAUSE = 0.2
_IN_LINE = "in line for a place among the requests that are worked on"

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


class Admission:
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
        self._short = Slots("short", max_requests, line=max_requests)
        self._long = Slots("long", max_streams, line=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if there is a place for it."""
        if scope["type"] != "http":
            await self._live(scope, receive, send)
            return
        if scope["path"] in WATCHED:
            self._measure()
            await self._app(scope, receive, send)
            return
        slots, serve = (
            (self._long, self._serve_long)
            if is_long(scope["path"])
            else (self._short, self._serve_short)
        )
        slots.under_way += 1
        try:
            await serve(scope, receive, send)
        finally:
            slots.under_way -= 1

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
        for slots in (self._short, self._long):
            slots.gauge.set(slots.under_way)

    async def _serve_long(self, scope: Scope, receive: Receive, send: Send) -> None:
        slots = self._long
        if not await slots.take():
            refusal = _refusal()
            if has_body(scope):
                # It is not read, so the connection can serve no other request.
                refusal.headers["Connection"] = "close"
            await ProblemResponse(refusal)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            slots.release()

    async def _serve_short(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold a place from when the body is here, whole, until the answer is ready.

        Whoever sends or reads slowly makes no work meanwhile, and must not keep others out.
        """
        slots = self._short
        came: deque[Message] = deque()
        more = has_body(scope)
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            came.append(message)
            more = message.get("more_body", False)
        waits = slots.full
        if not await slots.take():
            await ProblemResponse(_refusal())(scope, receive, send)
            return
        holds = True

        async def received() -> Message:
            return came.popleft() if came else await receive()

        async def sent(message: Message) -> None:
            nonlocal holds
            if holds:
                slots.release()
                holds = False
            await send(message)

        try:
            if waits and (meanwhile := await _come(receive)) is not None:
                if meanwhile["type"] == "http.disconnect":
                    return
                came.append(meanwhile)
            await self._app(scope, received, sent)
        finally:
            if holds:
                slots.release()


class Slots:
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

    @property
    def full(self) -> bool:
        """Whether one more has to wait."""
        return not self._free

    async def take(self) -> bool:
        """Whether the caller has a place now, to be left by ``release``.

        It may be a wait of some tenths of a second until there is one, or until it is said that
        there is none. Those are counted.
        """
        if self._free:
            self._free -= 1
            return True
        with spending(_IN_LINE):
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
                self.release()
            raise
        finally:
            overdue.cancel()

    def _leave(self, turn: "asyncio.Future[bool]") -> None:
        """Wait no longer, unless it is settled already."""
        if turn in self._line:
            self._line.remove(turn)
            turn.set_result(False)

    def release(self) -> None:
        """Leave a place to whoever has waited longest, or to the next who comes."""
        if self._line:
            self._line.popleft().set_result(True)
        else:
            self._free += 1


async def _come(receive: Receive) -> Message | None:
    """The next message, if it is here already: of somebody who has hung up, that they have."""
    try:
        async with asyncio.timeout(0):
            return await receive()
    except TimeoutError:
        return None


def _refusal() -> Unavailable:
    return Unavailable("Stet has as many requests as it takes at once; nothing was done.")
