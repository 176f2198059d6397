"""One log line and one set of measurements a request, and the last word on what nothing mended.

The lines are JSON on standard error. They say which route was asked, by whom and what came of it;
never a path, a query, a header, a body, or an exception's message, which may quote any of them.
"""

import asyncio
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
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import REGISTRY
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from app.core.database import Database
from app.core.errors import InternalError
from app.core.problems import ProblemResponse, of_failure
from app.core.timing import Spent, measured, told

REQUESTS = Counter("stet_requests_total", "Requests answered.", ["method", "route", "status"])
LATENCY = Histogram(
    "stet_request_duration_seconds",
    "From the first byte of a request to the last of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
POOL = Gauge(
    "stet_database_connections_in_use",
    "Database connections at work.",
    # Each worker keeps a number of its own; those of the living are added up.
    multiprocess_mode="livesum",
)

METRICS_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""The media type of ``metrics``."""


def metrics() -> bytes:
    """The measurements of every worker, in Prometheus's text format.

    With several workers, ``PROMETHEUS_MULTIPROC_DIR`` names a directory that they share; it must be
    there, and empty, before the first of them imports this module.
    """
    shared = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not shared:
        return generate_latest(REGISTRY)
    for pid in _dead(Path(shared)):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _dead(shared: Path) -> Iterator[int]:
    """The workers that left a number behind and are no more; what they counted still counts."""
    for path in shared.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            yield pid


async def keep_measuring(database: Database) -> None:
    """Note once a second how many connections are at work, until cancelled.

    Any worker may be asked for the measurements of all, and each can only look at its own pool.
    """
    while True:
        POOL.set(database.pool_in_use())
        await asyncio.sleep(1)


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
        self, app: ASGIApp, *, is_https: bool = False, slow_seconds: float = math.inf
    ) -> None:
        """Wraps the whole application; logs if ``configure_logging`` was called before.

        With ``is_https``, browsers come by https, whatever a request that arrives here came by.
        A request that is not answered within ``slow_seconds`` is logged with what took so long.
        """
        self._app = app
        self._is_https = is_https
        self._slow_seconds = slow_seconds
        self._log: Any = structlog.get_logger().bind() if structlog.is_configured() else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
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
            slow = waited > self._slow_seconds and not scope["path"].endswith(LONG)
            self._record(
                scope,
                status,
                time.perf_counter() - began,
                request_id,
                failure,
                spent if slow else None,
            )

    def _record(
        self,
        scope: Scope,
        status: int,
        seconds: float,
        request_id: bytes,
        failure: Exception | None,
        slow: Spent | None,
    ) -> None:
        route = route_template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        status = status or _CLOSED
        _count(method, route, status, seconds)
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
        if slow is not None:
            line["statements"] = told(slow)
        if failure is None:
            log = self._log.info if slow is None else self._log.warning
            log("closed" if status == _CLOSED else "answered", **line)
        elif isinstance(of_failure(failure), InternalError):
            self._log.error("failed", **line, **_described(failure))
        else:
            self._log.warning("unavailable", **line, **_described(failure))


LONG = ("/export", "/import", "/changes")
"""What ends so answers, or is sent, what is of any length, or waits for something to happen."""

# For a year (RFC 6797). Other hosts of the domain are not ours to speak for.
_BY_HTTPS_ALONE = (b"strict-transport-security", b"max-age=31536000")

# Where a new token or a session's cookie is answered; nothing on the way may keep either.
_SECRETIVE = frozenset({"/v1/session", "/v1/tokens"})
_SECRET = [(b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer")]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

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
    return path if isinstance(path, str) else "unmatched"


_requests: dict[tuple[str, str, int], Counter] = {}
_latencies: dict[tuple[str, str], Histogram] = {}


def _count(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request. The children are kept: looking them up by label took half of the time."""
    counter = _requests.get((method, route, status))
    if counter is None:
        counter = _requests[method, route, status] = REQUESTS.labels(method, route, status)
    counter.inc()
    latency = _latencies.get((method, route))
    if latency is None:
        latency = _latencies[method, route] = LATENCY.labels(method, route)
    latency.observe(seconds)


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
