"""HTTP as uvicorn speaks it, with limits where it has none and problems for what is not HTTP.

uvicorn answers what it cannot parse in plain text, takes a head of any size, waits for one without
end, asks for no Host, answers HTTP/1.0 in chunks, and sends the head of an answer and its body
apart, which the kernel and the caller each pay for twice. What follows an offer to go on in another
protocol it takes for the next request, and what follows a body in chunks for more of the head.
"""

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any

from httptools import HttpParserInvalidMethodError
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.core.errors import HeadTooLarge, InvalidHttp, Problem, RequestTimeout
from app.core.http.observability import Observed
from app.core.http.problems import ProblemResponse
from app.core.settings import settings
from app.operations.server.buffering import BufferingTransport
from app.operations.server.ending import last_if_unread, until_closed
from app.operations.server.head import MAX_HEAD_BYTES, problem_of
from app.operations.server.parser import Parser

# How long a request may be on its way when the server stops.
_ON_ITS_WAY_SECONDS = 1.0

# How many requests may wait behind one. In a single read thousands come, each of which takes forty
# times as much memory as its bytes.
_BEHIND = 100


class _Refused(Exception):
    """Stops the parser."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """As uvicorn makes them."""
        super().__init__(*arguments, **named)
        self.parser = Parser(self)
        self._seconds = settings().body_timeout_seconds
        self._overdue: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head_bytes = 0
        self._in_body = False
        self._of_body = False
        self._beside_body = 0
        self._problem: Problem | None = None
        self._under_way: RequestResponseCycle | None = None
        self._listener: RequestResponseCycle | None = None
        self._has_ended = False
        self._stops = False
        self._is_full = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        self._buffering = BufferingTransport(transport, self.loop, self._is_interrupted)
        super().connection_made(self._buffering)  # type: ignore[arg-type]  # all that it uses
        self._expect_head()

    def eof_received(self) -> bool:  # type: ignore[override]  # uvicorn always closes
        """The caller sends no more: they wait for what they have asked for, or they have left.

        Only who listens for them to leave takes them to have left, and then the transport is closed
        now, once it has sent what it has.
        """
        self._buffering.flush()
        if self._rests() or self._in_head or self._in_body or self._listener is self._under_way:
            self._buffering.watch()
            return False
        self._has_ended = True
        self.cycle.keep_alive = False
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer, and answer nobody."""
        self._disarm()
        super().connection_lost(exc)
        # After a reset uvicorn lets it run, and that keeps the last request for as long.
        self._unset_keepalive_if_required()
        self._buffering.lost()
        # uvicorn tells the newest request; with one behind it, that is not the one under way.
        if self._under_way is not None and not self._under_way.response_complete:
            self._under_way.disconnected = True
            self._under_way.message_event.set()

    def pause_writing(self) -> None:
        """Much waits to be sent, and nothing more is written until the caller takes of it."""
        super().pause_writing()
        self._buffering.watch()

    def resume_writing(self) -> None:
        """The caller has taken of it."""
        self._buffering.unwatch()
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._under_way = cycle
        super()._start_asgi_task(cycle, self._reading(cycle, app))

    def _reading(self, cycle: RequestResponseCycle, app: Any) -> Any:
        """The application, which is told when a body that it reads has broken off."""

        def unbroken(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            async def received() -> Message:
                # Neither of one that has its body to read yet, nor of one that is answered already.
                if self._has_ended and not cycle.message_event.is_set():
                    cycle.disconnected = True
                    self.transport.close()
                self._listener = cycle
                message = await receive()
                if self._listener is cycle:
                    self._listener = None
                # What came before the last request came whole.
                broken = message["type"] == "http.request" and self.cycle is cycle
                if broken and self._problem is not None and not cycle.response_started:
                    raise self._problem
                return message

            # Nothing that holds the scope itself: each request would be left to the collector.
            scope["state"]["hang_up"] = self._hang_up
            if cycle.more_body:
                send = last_if_unread(cycle, send)
            if scope["http_version"] == "1.0":
                send = until_closed(cycle, send)
            # Not awaited here: each request would pay for one coroutine more.
            served: Awaitable[None] = app(scope, received, send)
            return served

        return unbroken

    def _hang_up(self) -> None:
        """End the answer that is under way, and the connection, whatever waits to be sent."""
        if self._under_way is not None:
            self._under_way.disconnected = True
        self._buffering.abort()

    def data_received(self, data: bytes) -> None:
        """Parse what has come, unless the connection is refused already."""
        if self._problem is not None or self._buffering.is_deaf or self._has_enough():
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._overdue is None:
                self._expect_head()
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(HeadTooLarge(limit=MAX_HEAD_BYTES))
        elif self._in_body:
            # What comes without being a part of the body: trailers, or what is said of chunks.
            self._beside_body = 0 if self._of_body else self._beside_body + len(data)
            self._of_body = False
            if self._beside_body > MAX_HEAD_BYTES:
                self._refuse(HeadTooLarge(limit=MAX_HEAD_BYTES))
        elif self._rests() and self._overdue is None:
            # Blank lines (RFC 9112, section 2.2), for which uvicorn would wait no longer, and so
            # for ever.
            self._expect_head()

    def on_message_begin(self) -> None:
        """A request's first byte is here."""
        if self._has_enough():
            raise _Refused
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A request's head is here, and its body may follow: the application measures that."""
        self._problem = problem_of(self.parser, self.url, self.headers)
        if self._problem is not None:
            raise _Refused
        if self.parser.should_upgrade():
            # It comes once more, without the offer.
            return
        if self.expect_100_continue and self.parser.get_http_version() == "1.0":
            # Which would take it for the answer (RFC 9110, section 10.1.1).
            self.expect_100_continue = False
        # This takes no URL without a path.
        super().on_headers_complete()
        # Whoever sends so many at once asks again for those behind the last (RFC 9112, 9.3.2).
        self._is_full = len(self.pipeline) >= _BEHIND
        if self._stops or self._is_full:
            self.cycle.keep_alive = False
        self._in_head, self._in_body, self._beside_body = False, True, 0
        # Of a trailer nobody has looked through the fields: they are let lie (RFC 9110, 6.5.1).
        self.headers = []
        self._disarm()

    def on_body(self, body: bytes) -> None:
        """A part of a body is here."""
        self._of_body = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is here, whole."""
        self._in_body = False
        if not self._in_head:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's signature
        """Called when the parser has given up."""
        if self._has_enough():
            return
        said = "What was sent is not HTTP/1.1."
        if isinstance(sys.exception(), HttpParserInvalidMethodError):
            said = (
                "What was sent begins with no method that is known; methods are written in "
                "capitals, such as GET."
            )
        self._refuse(self._problem or InvalidHttp(said))

    def shutdown(self) -> None:
        """End the connection, but answer the request that is on its way, if one must be.

        Who has just connected is about to ask, and cannot know that the server stops: proxies make
        a connection for each request. What has come and was not read yet is on its way too.
        """
        self._stops = True
        if not self._rests():
            super().shutdown()
        elif self._under_way is None or self._in_head or self._buffering.has_unread():
            self.loop.call_later(_ON_ITS_WAY_SECONDS, self._end_if_it_rests)
        else:
            self.transport.close()

    def _rests(self) -> bool:
        return self._under_way is None or self._under_way.response_complete

    def _has_enough(self) -> bool:
        return self._is_full and not self._in_body

    def _is_interrupted(self) -> bool:
        is_unread = self._in_body or self._is_full or self._problem is not None
        return is_unread and self._rests() and not self._has_ended

    def _end_if_it_rests(self) -> None:
        if self._rests():
            self.transport.close()

    def _expect_head(self) -> None:
        self._overdue = self.loop.call_later(self._seconds, self._give_up)

    def _disarm(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        if self._in_head:
            said = f"The request's head did not arrive within {self._seconds:g} seconds."
            self._refuse(RequestTimeout(said))
        else:
            self.transport.close()

    def _refuse(self, problem: Problem) -> None:
        """Answer a problem after what is still to be answered, and close the connection."""
        self._problem = problem
        self._disarm()
        if not self._in_head:
            self._break_off(self.cycle)
            return
        self._in_head = False
        # Until there is a URL the parser has read no method, and names another.
        self.scope["method"] = self.parser.get_method().decode() if self.url else ""
        cycle = RequestResponseCycle(
            # With the headers that have come: the caller's request id may be among them.
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )
        app: Any = Observed(ProblemResponse(problem))
        last: RequestResponseCycle | None = self.cycle
        self.cycle = cycle
        if last is None or last.response_complete:
            self._start_asgi_task(cycle, app)
        else:
            self.pipeline.appendleft((cycle, app))

    def _break_off(self, cycle: RequestResponseCycle) -> None:
        """End the last request, whose body will not be whole."""
        if cycle.response_started:
            # To the application it is as if the caller had hung up.
            cycle.disconnected = True
            self.transport.close()
        # Else it answers the problem itself, once it reads on.
        cycle.keep_alive = False
        cycle.message_event.set()
