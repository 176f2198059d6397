"""Traces by OpenTelemetry, where its variables ask for them: a span for each request.

FastAPI has a hook of its own for it, which is left off: its spans have the path, the query and the
``Host`` of a request, and end before the outermost middleware has written its log line. Without
``OTEL_EXPORTER_OTLP_ENDPOINT`` nothing of OpenTelemetry's SDK is imported, and nothing is wrapped.
"""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.core.settings import InvalidSettings
from app.core.timing import KEPT, Spent, longest, words

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL = "http/protobuf"

_CLOSING_SECONDS = 5.0


def wanted() -> bool:
    """Whether the environment names somewhere to send traces to.

    https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
    """
    return (
        any(map(os.environ.get, _ENDPOINTS))
        and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
        and _exporter() != "none"
    )


def _exporter() -> str:
    return os.environ.get("OTEL_TRACES_EXPORTER") or "otlp"


def check() -> bool:
    """Whether traces are asked for, which then can be made.

    Raises:
        InvalidSettings: when a library is not installed, the exporter or protocol is another, or an
            endpoint is no URL: every trace would be lost.
    """
    if not wanted():
        return False
    exporter = _exporter()
    if exporter != "otlp":
        raise InvalidSettings(f"OTEL_TRACES_EXPORTER may be otlp or none, not {exporter}.")
    protocol = next(filter(None, map(os.environ.get, _PROTOCOLS)), _PROTOCOL)
    if protocol != _PROTOCOL:
        raise InvalidSettings(f"Traces are sent by the OTLP protocol {_PROTOCOL}, not {protocol}.")
    name = next(name for name in _ENDPOINTS if os.environ.get(name))
    if not _is_url(os.environ[name]):
        raise InvalidSettings(f"{name} must be a URL, such as http://collector:4318.")
    try:
        import opentelemetry.exporter.otlp.proto.http  # noqa: PLC0415  # only if they are wanted
        import opentelemetry.sdk.trace  # noqa: PLC0415, F401
    except ImportError:
        raise InvalidSettings(
            "OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, which need libraries: "
            "pip install 'stet[traces]'."
        ) from None
    return True


def _is_url(said: str) -> bool:
    try:
        url = urlsplit(said)
        # A port that is no number raises.
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def configured(dialect: str) -> "Traces | None":
    """The traces that the environment asks for, of requests to a database of that dialect.

    Raises:
        InvalidSettings: as ``check`` does.
    """
    return Traces(dialect) if check() else None


@dataclass(frozen=True, slots=True)
class Begun:
    """The span of a request that runs, and its beginning by both clocks.

    Moments are told by one clock and measured by another. They are read together once for each
    request, so that nothing in it begins before it does, whatever is done to the first meanwhile.
    """

    span: "Span"
    nanoseconds: int
    """Since 1970."""
    seconds: float
    """By ``perf_counter``."""

    @property
    def trace_id(self) -> str:
        """The trace that the span is part of, as ``traceparent`` writes it."""
        return f"{self.span.get_span_context().trace_id:032x}"

    def at(self, moment: float) -> int:
        """A moment by ``perf_counter`` in nanoseconds since 1970."""
        return self.nanoseconds + round((moment - self.seconds) * 1e9)


class Traces:
    """Makes the spans of one process and sends them, some seconds' worth at a time."""

    def __init__(self, dialect: str) -> None:
        """Starts the thread that sends; OpenTelemetry's own variables say where, and how often."""
        from opentelemetry import trace  # noqa: PLC0415  # as in check
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        given = OTELResourceDetector().detect().attributes
        service = {"service.name": "stet", "service.version": version("stet")}
        self._provider = TracerProvider(
            resource=Resource.create({**service, **given}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("stet", version("stet"))
        self._api, self._extract = trace, TraceContextTextMapPropagator().extract
        self._dialect = dialect

    def begin(self, scope: Mapping[str, Any]) -> Begun:
        """The span of a request, to be ended by ``end``; part of its caller's trace, if it has one.

        The caller's is taken from its ``traceparent`` (https://www.w3.org/TR/trace-context/).
        """
        seconds, nanoseconds = time.perf_counter(), time.time_ns()
        # And from nothing else: what is wrong with ``tracestate`` or ``baggage`` is logged by
        # OpenTelemetry as it came.
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name == b"traceparent"
        }
        # It is named once its route is known.
        span = self._tracer.start_span(
            "HTTP",
            context=self._extract(headers),
            kind=self._api.SpanKind.SERVER,
            attributes={"url.scheme": scope.get("scheme", "http")},
            start_time=nanoseconds,
        )
        return Begun(span, nanoseconds, seconds)

    def end(
        self,
        begun: Begun,
        *,
        method: str | None,
        route: str | None,
        status: int,
        failure: BaseException | None,
        spent: Spent,
    ) -> None:
        """End the span of a request, named by its method and its route alone, if they are known.

        Its attributes, and those of the spans of its statements, are those of OpenTelemetry's
        conventions (https://opentelemetry.io/docs/specs/semconv/http/http-spans/); none of them is
        a path, a query or a value.
        """
        span, ended = begun.span, time.perf_counter()
        if not span.is_recording():
            return
        span.update_name(" ".join(filter(None, (method or "HTTP", route))))
        span.set_attribute("http.request.method", method or "_OTHER")
        span.set_attribute("http.response.status_code", status)
        if route is not None:
            span.set_attribute("http.route", route)
        if status >= 500 or failure is not None:
            kind = type(failure)
            name = str(status) if failure is None else f"{kind.__module__}.{kind.__qualname__}"
            span.set_attribute("error.type", name)
            span.set_status(self._api.StatusCode.ERROR)
        self._statements(begun, spent)
        span.end(begun.at(ended))

    def _statements(self, begun: Begun, spent: Spent) -> None:
        """Spans for what took time, which was measured before anybody asked for a trace of it."""
        inside = self._api.set_span_in_context(begun.span)
        for seconds, on, began in longest(spent, KEPT):
            said = words(on)
            start = begun.at(began)
            if isinstance(on, str):
                child = self._tracer.start_span(said, inside, start_time=start)
            else:
                child = self._tracer.start_span(
                    said.partition(" ")[0],
                    inside,
                    kind=self._api.SpanKind.CLIENT,
                    attributes={"db.system.name": self._dialect, "db.query.text": said},
                    start_time=start,
                )
            child.end(begun.at(began + seconds))

    def close(self) -> None:
        """Send what was not sent yet, for 5 seconds at most; what is left then is lost.

        It blocks, and a process that ends after it waits for nothing more.
        """
        # OpenTelemetry's own bound is one for each batch, of which there may be many. Neither this
        # thread nor the one that sends keeps a process from ending.
        sending = threading.Thread(target=self._provider.shutdown, daemon=True)
        sending.start()
        sending.join(_CLOSING_SECONDS)
