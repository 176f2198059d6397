"""Traces: what OpenTelemetry's collector gets from ``stet serve``, and that nobody pays unasked."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from sqlalchemy import select, text

from app.core.settings import InvalidSettings
from app.core.timing import KEPT, longest, measured, spending, words
from app.core.tracing import configured
from app.models import User
from tests import make
from tests.cli.shell import stet
from tests.conftest import TOKENS, Newsroom
from tests.forking import environment, forked
from tests.serving import answers, free_port

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRET = "hush-hush-9f8e7d"


class Collector:
    """Takes OTLP over HTTP and keeps what it is sent, while it is entered."""

    def __init__(self) -> None:
        kept = self.requests = list[tuple[str, bytes]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def spans(self) -> list[tuple[dict[str, Any], Span]]:
        """Every span with the attributes of the process that sent it."""
        assert {path for path, _ in self.requests} == {"/v1/traces"}
        return [
            (attributes(of.resource), span)
            for _, body in self.requests
            for of in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in of.scope_spans
            for span in scope.spans
        ]


def attributes(of: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in of.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


@asynccontextmanager
async def served(database_url: str, folder: Path, **given: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of ``stet serve`` with these variables, which is stopped by SIGTERM at the end."""
    port, log = free_port(), folder / "server.log"
    log.touch()
    settings = environment(database_url, STET_PORT=str(port), **given)
    process = forked(("serve",), folder, settings, (Path(os.devnull), log, log))
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            while not await answers(client, "/healthz"):
                assert process.is_alive(), log.read_text()
                await asyncio.sleep(0.02)
            yield client
    finally:
        process.terminate()
        await asyncio.to_thread(process.join, 30)
    assert process.exitcode == 0


async def test_a_request_is_a_span_and_its_statements_are_below_it(
    newsroom: Newsroom, database_url: str, dialect: str, collector: Collector, tmp_path: Path
) -> None:
    document = await make.document(newsroom["annotator"], f"A text. {SECRET}")
    path = f"/v1/documents/{document['id']}/annotations"
    annotator, reader = (
        {"Authorization": f"Bearer {TOKENS[name]}"} for name in ("annotator", "reader")
    )
    traced = {**annotator, "traceparent": f"00-{TRACE}-{CALLER}-01"}
    traced |= {"tracestate": f"{SECRET};{SECRET}", "baggage": f"{SECRET};{SECRET}"}
    unsampled = {**annotator, "traceparent": f"00-{TRACE[::-1]}-{CALLER}-00"}
    given = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_SERVICE_NAME": "stet-in-test",
    }
    async with served(database_url, tmp_path, **given) as client:
        await make.said(
            await client.post(path, json={"label": "claim", "quote": SECRET}, headers=traced)
        )
        await make.said(await client.get(path, params={"author": SECRET}, headers=reader), 200)
        await client.get(f"/no/{SECRET}", headers={"Host": SECRET})
        await client.request("PROPFIND", "/v1/me")
        await client.get("/v1/me", headers=unsampled)
        async with newsroom.app.state.database.session(writes=True) as db:
            await db.begin()
            await db.execute(text("ALTER TABLE releases RENAME TO elsewhere"))
        make.refused(
            await client.get("/v1/projects/demo/releases", headers=annotator), 503, "unavailable"
        )

    written = (tmp_path / "server.log").read_text()
    log = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    spans = collector.spans()
    assert {resource["service.name"] for resource, _ in spans} == {"stet-in-test"}
    own = {span.name: span for _, span in spans if span.kind == Span.SPAN_KIND_SERVER}
    of_annotations = "/v1/documents/{id}/annotations"
    assert own.keys() == {
        f"POST {of_annotations}",
        f"GET {of_annotations}",
        "GET",
        "HTTP /v1/me",
        "GET /healthz",
        "GET /v1/projects/{project}/releases",
    }
    posted, listed = own[f"POST {of_annotations}"], own[f"GET {of_annotations}"]
    assert (posted.trace_id.hex(), posted.parent_span_id.hex()) == (TRACE, CALLER)
    assert listed.parent_span_id == b""
    assert attributes(posted) == {
        "url.scheme": "http",
        "http.request.method": "POST",
        "http.route": of_annotations,
        "http.response.status_code": 201,
    }
    assert attributes(own["GET"])["http.response.status_code"] == 404
    failed = own["GET /v1/projects/{project}/releases"]
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert attributes(failed)["error.type"].startswith("sqlalchemy.exc.")

    below = [span for _, span in spans if span.parent_span_id == listed.span_id]
    assert [span.name for span in below] == ["SELECT", "SELECT"]
    for span in below:
        assert attributes(span)["db.system.name"] == dialect
        assert span.trace_id == listed.trace_id
        assert listed.start_time_unix_nano < span.start_time_unix_nano
        assert span.start_time_unix_nano < span.end_time_unix_nano
        assert span.end_time_unix_nano < listed.end_time_unix_nano
    assert any("annotations.document_id" in attributes(s)["db.query.text"] for s in below)
    of_post = {span.name for _, span in spans if span.parent_span_id == posted.span_id}
    assert "written together with others" in of_post

    traces = {(line["method"], line["route"]): line["trace_id"] for line in log if "route" in line}
    assert traces["POST", of_annotations] == TRACE
    assert traces["GET", of_annotations] == listed.trace_id.hex()
    assert traces["GET", "/v1/me"] == TRACE[::-1]
    sent = b"".join(body for _, body in collector.requests)
    for secret in (SECRET, TOKENS["annotator"].rpartition("_")[2], document["id"]):
        assert secret.encode() not in sent
    assert SECRET not in written


def test_a_collector_that_says_nothing_keeps_no_server_from_stopping(tmp_path: Path) -> None:
    program = """
import asyncio, time, httpx
from app.core.settings import settings
from app.main import create_app, wrapped

async def ask():
    app = create_app(settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(wrapped(app))) as client:
        async with app.router.lifespan_context(app):
            for _ in range(600):
                await client.get("http://stet.test/healthz")
            print(time.monotonic(), flush=True)

asyncio.run(ask())
"""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = subprocess.run(
            [sys.executable, "-c", program],
            env={
                "STET_DATABASE_URL": f"sqlite:///{tmp_path}/none.db",
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
                "PATH": "",
            },
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            text=True,
        )

    assert 4 < time.monotonic() - float(told.stdout) < 10


def test_a_request_of_many_statements_keeps_those_that_took_longest() -> None:
    spent = measured()
    with spending("long"):
        time.sleep(0.05)
    for _ in range(50 * KEPT):
        with spending("short"):
            pass

    assert len(spent) <= 2 * KEPT
    assert [on for _, on, _ in longest(spent, 1)] == ["long"]


def test_the_words_of_a_statement_are_made_once() -> None:
    one, two = (select(User.name).where(User.name == name) for name in ("one", "two"))

    assert words(one) is words(two)
    assert words(one) != words(select(User.id).where(User.name == "one"))


def test_what_nobody_asked_for_is_not_imported(tmp_path: Path) -> None:
    program = """
import asyncio, sys, httpx
from app import cli
from app.core import tracing
from app.main import serve_app

async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(serve_app())) as client:
        return (await client.get("http://stet.test/healthz")).status_code

tracing.check()
print(asyncio.run(ask()))
parts = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto")
print(*(name for name in sys.modules if name.startswith(parts)))
"""
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"STET_DATABASE_URL": f"sqlite:///{tmp_path}/none.db", "PATH": ""},
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )

    assert told.stdout == "200\n\n"


def test_without_the_libraries_it_is_said_what_to_install(tmp_path: Path) -> None:
    program = "import sys; sys.modules['opentelemetry.sdk'] = None\n"
    program += "from app.cli import main; main()"
    told = subprocess.run(
        [sys.executable, "-c", program, "serve"],
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "PATH": ""},
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert told.returncode == 2
    assert told.stderr == (
        "stet: OTEL_EXPORTER_OTLP_ENDPOINT asks for traces, which need libraries: "
        "pip install 'stet[traces]'.\n"
    )


@pytest.mark.parametrize("address", ["collector:4318", "http://", "http://x:port", "grpc://x"])
@pytest.mark.parametrize("kind", ["TRACES_", ""])
def test_an_endpoint_that_is_no_url_is_refused(kind: str, address: str, tmp_path: Path) -> None:
    name = f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT"

    told = stet("serve", url=None, folder=tmp_path, status=2, **{name: address})

    assert told.stderr == f"stet: {name} must be a URL, such as http://collector:4318.\n"


def test_another_protocol_is_refused(tmp_path: Path) -> None:
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}

    told = stet("serve", url=None, folder=tmp_path, status=2, **given)

    assert told.stderr == ("stet: Traces are sent by the OTLP protocol http/protobuf, not grpc.\n")


def test_another_exporter_is_refused(tmp_path: Path) -> None:
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "console"}

    told = stet("serve", url=None, folder=tmp_path, status=2, **given)

    assert told.stderr == "stet: OTEL_TRACES_EXPORTER may be otlp or none, not console.\n"


def test_what_is_missing_is_said_without_the_command_line_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(InvalidSettings, match=r"pip install 'stet\[traces\]'"):
        configured("sqlite")
