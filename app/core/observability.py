"""One log line and one set of measurements a request, and the last word on what nothing mended."""

import logging
import os
import re
import sys
import time
from typing import Any

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import REGISTRY
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from app.core.problems import ProblemResponse, of_failure

_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")

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
    multiprocess_mode="livesum",
)


def metrics() -> bytes:
    """The measurements of every worker, in Prometheus's text format."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY)


def configure_logging(level: str) -> None:
    """JSON lines on standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


class Observed:
    """The outermost ASGI middleware.

    Gives each request an id (the caller's ``X-Request-ID`` if it is sane), logs it once with the
    route's template, never with a query, a header or a body, and answers what nothing else caught.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wraps the whole application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(scope)
        status = 0

        async def tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        failure: Exception | None = None
        try:
            await self._app(scope, receive, tagged)
        except Exception as error:  # the one place: nobody above can answer
            failure = error
            if status:
                # The answer has begun: breaking the connection is the only honest end.
                raise
            await ProblemResponse(of_failure(error))(scope, receive, tagged)
        finally:
            _record(scope, status, time.perf_counter() - began, request_id, failure)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return str(value, "ascii")
    return str(uuid7())


def route_template(scope: Scope) -> str:
    """The route's path with its parameters unfilled, so that ids do not become labels."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unmatched"


_log: Any = structlog.get_logger("stet.request")


def _record(
    scope: Scope, status: int, seconds: float, request_id: str, failure: Exception | None
) -> None:
    route = route_template(scope)
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, status).inc()
    LATENCY.labels(method, route).observe(seconds)
    line = {
        "method": method,
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 2),
        "request_id": request_id,
        "caller": scope.get("state", {}).get("caller"),
    }
    if failure is not None and status in {0, 500}:
        # The type and the place, never the message: that may quote what the caller sent.
        _log.error("failed", **line, error=type(failure).__name__, at=_place(failure))
    else:
        _log.info("answered", **line)


def _place(failure: Exception) -> list[str]:
    frames: list[str] = []
    trace = failure.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-8:]


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
