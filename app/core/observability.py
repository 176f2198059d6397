"""One log line and one set of measurements a request, and the last word on what nothing mended.

The lines are JSON on standard error. They say which route was asked, by whom and what came of it;
never a path, a query, a header, a body, or an exception's message, which may quote any of them.
"""

import logging
import math
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from app.core.errors import InternalError
from app.core.metrics import count
from app.core.paths import is_long
from app.core.problems import ProblemResponse, of_failure
from app.core.timing import Spent, measured, told
from app.core.tracing import Begun, Traces


def configure_logging(level: str) -> None:
    """Write JSON lines to standard error, from ``level`` up; until this is called, write none.

    Lines of the server get the same form, and so do warnings of libraries.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(threshold, logging.WARNING))
    logging.getLogger("uvicorn").setLevel(threshold)


class _JsonLines(logging.Formatter):
    """A line of a library in the form of ours: its first line, and of an exception where it was."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            # What asyncio says on the lines below quotes the exception.
            "event": record.getMessage().strip().partition("\n")[0],
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "", {})[
                "timestamp"
            ],
        }
        if record.exc_info and record.exc_info[1] is not None:
            line.update(_described(record.exc_info[1]))
        return orjson.dumps(line).decode()


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
    ) -> None:
        """Wraps the whole application; logs if ``configure_logging`` was called before.

        With ``is_https``, browsers come by https, whatever a request that arrives here came by.
        A request that is not answered within ``slow_seconds`` is logged with what took so long.
        With ``traces``, each request is a span, and its line names the trace.
        """
        self._app = app
        self._is_https = is_https
        self._slow_seconds = slow_seconds
        self._traces = traces
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
        if scope.get("path") in _SECRETIVE:
            added += _SECRET
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

        failure: Exception | None = None
        try:
            await self._app(scope, receive, tagged)
        except ClientDisconnect:
            # Nobody is left to be answered, and nothing has failed.
            status = _CLOSED
        except Exception as error:  # the one place: nobody above can answer
            failure = error
            if not status:
                await ProblemResponse(of_failure(error))(scope, receive, tagged)
            elif not ended:
                # The answer has begun: breaking the connection is the only honest end.
                raise
        finally:
            slow = waited > self._slow_seconds and not is_long(scope["path"])
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

    def _record(
        self,
        scope: Scope,
        status: int,
        seconds: float,
        request_id: bytes,
        failure: Exception | None,
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
        line: dict[str, Any] = {
            "request_id": request_id.decode(),
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1000, 2),
            "caller": scope.get("state", {}).get("caller"),
        }
        if begun is not None:
            line["trace_id"] = begun.trace_id
        if slow:
            line["statements"] = told(spent)
        if failure is None:
            log = self._log.warning if slow else self._log.info
            log("closed" if status == _CLOSED else "answered", **line)
        elif isinstance(of_failure(failure), InternalError):
            self._log.error("failed", **line, **_described(failure))
        else:
            self._log.warning("unavailable", **line, **_described(failure))


# For a year (RFC 6797). Other hosts of the domain are not ours to speak for.
_BY_HTTPS_ALONE = (b"strict-transport-security", b"max-age=31536000")

# Where a new token or a session's cookie is answered; nothing on the way may keep either.
_SECRETIVE = frozenset({"/v1/session", "/v1/tokens"})
_SECRET = [(b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer")]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# What stands for a method that HTTP does not know, and for a path that no route has.
_OTHER, _UNMATCHED = "other", "unmatched"

# What nginx logs of a caller who closed the connection before there was an answer.
_CLOSED = 499

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


_APP = f"{Path(__file__).parent.parent}{os.sep}"


def _described(failure: BaseException) -> dict[str, Any]:
    """The types of an exception and its causes, and where in Stet it came from; no message."""
    types: list[str] = []
    error: BaseException | None = failure
    while error is not None and len(types) < 5:
        types.append(f"{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or error.__context__
    return {"error": types, "at": list(_places(failure.__traceback__))[-12:]}


def _places(trace: TracebackType | None) -> Iterator[str]:
    """Each place in Stet on the way to the exception, and the place that raised it."""
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename.startswith(_APP) or trace.tb_next is None:
            yield f"{code.co_filename.removeprefix(_APP)}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
