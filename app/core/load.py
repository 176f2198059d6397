"""How many requests a worker takes at once: one too many is turned away before its body is read."""

import asyncio

from prometheus_client import Counter, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import Unavailable
from app.core.observability import LONG
from app.core.problems import ProblemResponse

WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})
"""The paths of those who watch Stet: they are answered however much there is to do."""

UNDER_WAY = Gauge(
    "stet_requests_under_way",
    "Requests that have come and are not answered to the end.",
    ["kind"],
    multiprocess_mode="livesum",
)
TURNED_AWAY = Counter(
    "stet_requests_turned_away_total",
    "Requests that came while the worker had as many as it takes at once.",
    ["kind"],
)


class Load:
    """ASGI middleware that turns away what is too much.

    Without it, all that come share the same few connections, so that each is answered later than
    its caller waits for it, and in vain.
    """

    def __init__(self, app: ASGIApp, *, max_requests: int, max_streams: int) -> None:
        """``max_requests`` are worked on at once, and ``max_streams`` exports, imports and logs."""
        self._app = app
        self._short = _Places("short", max_requests)
        self._long = _Places("long", max_streams)

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
        if not places.free:
            refusal = places.refusal(unread=_has_body(scope))
            await ProblemResponse(refusal)(scope, receive, send)
            return
        places.under_way += 1
        try:
            if is_long:
                places.free -= 1
                try:
                    await self._app(scope, receive, send)
                finally:
                    places.free += 1
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
        """Keep a place from when the body is here until the answer is ready.

        Whoever sends or reads slowly makes no work meanwhile, and must not keep others out.
        """
        places = self._short
        places.free -= 1
        holds, answered = True, False

        async def received() -> Message:
            nonlocal holds
            if not holds:
                return await receive()
            places.free += 1
            holds = False
            message = await receive()
            if not answered and message["type"] == "http.request":
                if not places.free:
                    raise places.refusal(unread=message.get("more_body", False))
                places.free -= 1
                holds = True
            return message

        async def sent(message: Message) -> None:
            nonlocal holds, answered
            answered = True
            if holds:
                places.free += 1
                holds = False
            await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            if holds:
                places.free += 1


class _Places:
    """The places for one kind of request."""

    def __init__(self, kind: str, count: int) -> None:
        self.free = count
        self.under_way = 0
        self.gauge = UNDER_WAY.labels(kind)
        self._turned_away = TURNED_AWAY.labels(kind)

    def refusal(self, *, unread: bool) -> Unavailable:
        """The answer to one too many, which is counted; ``unread`` if there is more of its body."""
        self._turned_away.inc()
        problem = Unavailable("Stet has as many requests as it takes at once; nothing was done.")
        if unread:
            # The rest of the body is not read, so the connection can serve no other request.
            problem.headers["Connection"] = "close"
        return problem


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 "))
        for name, value in scope["headers"]
    )
