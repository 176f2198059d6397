"""One log line and one set of measurements a request, and the last word on what nothing mended.

The lines (``core.logs``) say which route was asked, by whom and what came of it; from where, of a
caller who is turned away or signs in, and as which user who failed to sign in tried it; never a
path, a query, a header, a body, or an exception's message, which may quote any of them.
"""

import asyncio
import math
import re
import time
from collections.abc import Callable
from typing import Any

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from app.core.errors import InternalError, Problem, Unavailable
from app.core.http.paths import is_long
from app.core.http.problems import ProblemResponse, of_failure
from app.core.logs import described
from app.core.metrics import count
from app.core.timing import Spent, measured, told
from app.core.tracing import Begun, Traces


class Observed:
    """The outermost ASGI middleware.

    Gives each request an id (the caller's ``X-Request-ID`` if it is sane), logs and measures it
    once, and answers what nothing else caught.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        is_https: bool = False,
        slow_seconds: float = math.inf,
        traces: Traces | None = None,
        stops: Callable[[], bool] = lambda: False,
    ) -> None:
        """Wraps the whole application; logs if ``configure_logging`` was called before.

        With ``is_https``, browsers come by https, whatever a request that arrives here came by.
        A request that is not answered within ``slow_seconds`` is logged with what took so long.
        With ``traces``, each request is a span, and its line names the trace.
        A request that is cut off once the process ``stops`` is told so.
        """
        self._app = app
        self._is_https = is_https
        self._slow_seconds = slow_seconds
        self._traces = traces
        self._stops = stops
        self._log: Any = structlog.get_logger().bind() if structlog.is_configured() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        begun = None if self._traces is None else self._traces.begin(scope)
        spent = measured()
        request_id = _request_id(scope)
        added = [(b"x-request-id", request_id), (b"x-content-type-options", b"nosniff")]
        if self._is_https or scope.get("scheme") == "https":
            added.append(_BY_HTTPS_ALONE)
        # What is no request to be read has none.
        path = scope.get("path", "")
        if path.startswith("/v1/"):
            added += _SECRET if path.startswith(_SECRETIVE) else _PRIVATE
        status = 0
        ended = False
        # Until the answer begins: how long a reader takes for it is the reader's.
        waited = 0.0

        async def tagged(message: Message) -> None:
            nonlocal status, ended, waited
            if message["type"] == "http.response.start":
                status = message["status"]
                waited = time.perf_counter() - began
                message["headers"] = [*message.get("headers", ()), *added]
            else:
                ended = not message.get("more_body", False)
            await send(message)

        failure: BaseException | None = None
        try:
            await self._app(scope, receive, tagged)
        except ClientDisconnect:
            # Nobody is left to be answered, and nothing has failed.
            status = _CLOSED
        except (Exception, asyncio.CancelledError) as error:  # the one place: nobody above can
            self._raise_unless_ours(error)
            failure = error
            if not status:
                await ProblemResponse(_of_failure(error))(scope, receive, tagged)
            elif not ended:
                # The answer has begun: breaking the connection is the only honest end.
                raise
        finally:
            slow = waited > self._slow_seconds and not is_long(path)
            self._record(
                scope,
                status,
                time.perf_counter() - began,
                request_id,
                failure,
                spent,
                slow=slow,
                begun=begun,
            )

    def _raise_unless_ours(self, error: BaseException) -> None:
        """Whoever cuts a request off waits for that, but for the server at the end of its grace."""
        if isinstance(error, asyncio.CancelledError) and not self._stops():
            raise error

    def _record(
        self,
        scope: Scope,
        status: int,
        seconds: float,
        request_id: bytes,
        failure: BaseException | None,
        spent: Spent,
        *,
        slow: bool,
        begun: Begun | None,
    ) -> None:
        route = route_template(scope)
        method = scope["method"] if scope["method"] in _METHODS else _OTHER
        status = status or _CLOSED
        count(method, route, status, seconds)
        if begun is not None and self._traces is not None:
            self._traces.end(
                begun,
                method=None if method == _OTHER else method,
                route=None if route == _UNMATCHED else route,
                status=status,
                failure=failure,
                spent=spent,
            )
        if self._log is None:
            return
        state = scope.get("state", {})
        line: dict[str, Any] = {
            "request_id": request_id.decode(),
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
            "caller": state.get("caller"),
        }
        if (status in _TURNED_AWAY or "attempt" in state) and scope.get("client"):
            # Whoever guesses passwords or tokens is nobody yet, and somebody once it fits.
            line["address"] = scope["client"][0]
        if line["caller"] is None and state.get("attempt"):
            line["attempt"] = state["attempt"]
        if begun is not None:
            line["trace_id"] = begun.trace_id
        if slow:
            line["statements"] = told(spent)
        if failure is None:
            log = self._log.warning if slow else self._log.info
            log("closed" if status == _CLOSED else "answered", **line)
        elif isinstance(_of_failure(failure), InternalError):
            self._log.error("failed", **line, **described(failure))
        else:
            self._log.warning("unavailable", **line, **described(failure))


def _of_failure(error: BaseException) -> Problem:
    if isinstance(error, Exception):
        return of_failure(error)
    return Unavailable(
        "Stet stopped before the request was done; whether anything was written is unknown."
    )


# For a year (RFC 6797). Other hosts of the domain are not ours to speak for.
_BY_HTTPS_ALONE = (b"strict-transport-security", b"max-age=31536000")

# What a caller may see is theirs alone, and it is asked after before it is shown again: they may be
# another one by then, or see less. No route says anything else. A 304 has it as a 200 would have
# (RFC 9110, section 15.4.5).
_PRIVATE = [(b"cache-control", b"private, no-cache")]

# Where a new token or a session's cookie is answered; nothing on the way may keep either.
_SECRETIVE = ("/v1/session", "/v1/tokens")
_SECRET = [(b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer")]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# What stands for a method that HTTP does not know, and for a path that no route has.
_OTHER, _UNMATCHED = "other", "unmatched"

# What nginx logs of a caller who closed the connection before there was an answer.
_CLOSED = 499

_TURNED_AWAY = frozenset({401, 429})

# Of at most 64 characters, so that neither a token nor a session cookie fits and would be logged.
_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return bytes(value)
    return str(uuid7()).encode()


def route_template(scope: Scope) -> str:
    """The route's path with its parameters unfilled, so that ids do not become labels."""
    path = getattr(scope.get("route"), "path_format", None)
    return path if isinstance(path, str) else _UNMATCHED
