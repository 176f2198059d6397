"""One line a request, which says what came of it and gives nothing away."""

import asyncio
import errno
import io
import json
import logging
import re
import sys
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import text
from starlette.types import ASGIApp, Message

from app.core.logs import configure_logging
from app.core.metrics import metrics
from app.main import wrapped
from tests import make
from tests.conftest import TOKENS, Newsroom
from tests.operations.conftest import Log

SECRET = "hush-hush-9f8e7d"
"""Whatever a caller would not want to find in a log."""


async def test_a_request_is_one_line(log: Log, newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations?limit=5"

    answer = await newsroom["reader"].get(path)

    assert answer.status_code == 200
    _, line = log.lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("timestamp"))
    assert 0 < line.pop("milliseconds") < 60_000
    assert line == {
        "event": "answered",
        "level": "info",
        "request_id": answer.headers["x-request-id"],
        "method": "GET",
        "route": "/v1/documents/{id}/annotations",
        "status": 200,
        "caller": "reader",
    }


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/no/such/path", "unmatched", 404),
        ("PUT", "/v1/projects/demo/annotations", "/v1/projects/{project}/annotations", 405),
        ("BREW", "/healthz", "/healthz", 405),
        ("HEAD", "/healthz", "/healthz", 200),
        ("GET", "/docs/static/docs.js", "/docs/static/{file}", 200),
        ("GET", "/openapi.json", "/openapi.json", 200),
        ("POST", "/v1/session", "/v1/session", 400),
    ],
)
async def test_a_line_names_the_route_and_not_the_path(
    log: Log, newsroom: Newsroom, method: str, path: str, route: str, status: int
) -> None:
    await newsroom["nobody"].request(method, path)

    (line,) = log.lines()
    assert (line["route"], line["status"], line["caller"]) == (route, status, None)
    assert line["method"] == ("other" if method == "BREW" else method)


async def test_the_log_has_nothing_that_a_caller_sent(log: Log, newsroom: Newsroom) -> None:
    """Secrets in every place, in requests that succeed and in requests that fail in every way."""
    annotator = newsroom["annotator"]
    document = await make.document(annotator, f"The text says {SECRET}.", title=SECRET)
    spans = f"/v1/documents/{document['id']}/annotations"
    annotation = await make.annotation(annotator, document["id"], quote=SECRET, note=SECRET)
    bearer = {"Authorization": f"Bearer stet_{'0' * 32}_{SECRET.ljust(43, 'x')}"}
    statuses = {
        (await newsroom.client(**headers).request(method, path, **sent)).status_code
        for headers in (
            {"Authorization": f"Bearer {TOKENS['annotator']}"},
            bearer,
            {"Authorization": f"Basic {SECRET}"},
            {"Cookie": f"stet_session={SECRET}"},
            {"X-Request-ID": TOKENS["annotator"], "User-Agent": SECRET, "Referer": SECRET},
        )
        for method, path, sent in (
            ("GET", f"/v1/projects/demo/documents?q={SECRET}", {}),
            ("GET", f"/v1/projects/demo/documents?{SECRET}=1", {}),
            ("GET", f"/v1/projects/{SECRET}", {}),
            ("GET", f"/{SECRET}", {}),
            (SECRET.replace("-", ""), "/v1/me", {}),
            ("GET", f"/v1/annotations/{annotation['id']}", {}),
            ("POST", "/v1/session", {"json": {"username": SECRET, "password": SECRET}}),
            ("POST", spans, {"json": {"label": SECRET, "quote": SECRET, SECRET: 1}}),
            ("POST", spans, {"content": f'{{"label": "{SECRET}", NaN'}),
            ("POST", spans, {"content": SECRET, "headers": {"Content-Type": f"text/{SECRET}"}}),
            (
                "PATCH",
                f"/v1/annotations/{annotation['id']}",
                {"json": {"note": SECRET}, "headers": {"If-Match": f'"{SECRET}"'}},
            ),
        )
    }

    assert statuses >= {200, 401, 404, 405, 412, 415, 422}
    assert len(log.lines()) == 2 + 5 * 11
    assert SECRET not in log.text
    assert SECRET.replace("-", "") not in log.text
    assert "stet_" not in log.text


async def test_a_failure_is_told_without_what_it_says(log: Log, newsroom: Newsroom) -> None:
    # The routes of all tests stay as they are.
    another = newsroom.beside()

    @another.app.get("/fails")
    async def fails(request: Request) -> Response:
        raise ValueError(f"{SECRET} in {request.url}") from KeyError(SECRET)

    answer = await another["annotator"].get(f"/fails?{SECRET}")

    problem = await make.said(answer, 500)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "/problems/internal-error"
    (line,) = log.lines()
    assert (line["event"], line["level"], line["status"]) == ("failed", "error", 500)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["error"] == ["builtins.ValueError", "builtins.KeyError"]
    assert re.fullmatch(r".*test_log\.py:\d+ fails", line["at"][-1])
    assert SECRET not in log.text + answer.text


async def test_a_failure_of_the_database_is_told_without_its_values(
    log: Log, newsroom: Newsroom
) -> None:
    document = await make.document(newsroom["annotator"])
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        await db.execute(text("ALTER TABLE annotations RENAME TO elsewhere"))

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json={"label": "claim", "quote": "Kyiv"}
    )

    assert answer.status_code == 503
    line = log.lines()[-1]
    assert (line["event"], line["level"], line["status"]) == ("unavailable", "warning", 503)
    assert line["error"][0].startswith("sqlalchemy.exc.")
    # Where in Stet it came from is told, last the place that raised it.
    assert any(place.startswith("annotations/commands.py:") for place in line["at"])
    assert "Kyiv" not in log.text


async def test_a_failure_in_the_middle_of_an_answer_breaks_it_off_and_is_told(
    log: Log, newsroom: Newsroom
) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"half"
        raise ValueError(SECRET)

    another = newsroom.beside()

    @another.app.get("/breaks")
    async def breaks() -> StreamingResponse:
        return StreamingResponse(half())

    scope = {"type": "http", "method": "GET", "path": "/breaks", "raw_path": b"/breaks"}
    scope |= {"query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http"}
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    # The server is told by the exception, and closes the connection.
    with pytest.raises(ValueError, match=SECRET):
        await wrapped(another.app)(scope, receive, send)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    (line,) = log.lines()
    assert (line["event"], line["status"]) == ("failed", 200)
    assert line["error"][0] == "builtins.ValueError"
    assert SECRET not in log.text


async def test_a_caller_who_goes_away_is_no_failure(log: Log, newsroom: Newsroom) -> None:
    scope = {"type": "http", "method": "POST", "path": "/v1/session", "raw_path": b"/v1/session"}
    scope |= {"query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http"}

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        pass

    await wrapped(newsroom.app)(scope, receive, send)

    (line,) = log.lines()
    assert (line["event"], line["level"], line["status"]) == ("closed", "info", 499)


@pytest.mark.parametrize("level", ["warning"])
async def test_a_higher_level_leaves_out_what_went_well(log: Log, newsroom: Newsroom) -> None:
    another = newsroom.beside(log_level="warning")

    @another.app.get("/fails")
    async def fails() -> Response:
        raise ValueError

    await another["nobody"].get("/healthz")
    await another["nobody"].get("/fails")

    assert [line["event"] for line in log.lines()] == ["failed"]


def test_lines_of_the_server_have_the_same_form(log: Log) -> None:
    server = logging.getLogger("uvicorn.error")
    server.error("Exception in ASGI application\n", exc_info=ValueError(SECRET))
    server.info("Application startup complete.")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %s", SECRET)
    logging.getLogger("httpx").info("GET /?q=%s", SECRET)

    failed, started, unretrieved = log.lines()
    assert failed["event"] == "Exception in ASGI application"
    assert (failed["logger"], failed["level"]) == ("uvicorn.error", "error")
    assert failed["error"] == ["builtins.ValueError"]
    assert (started["event"], started["level"]) == ("Application startup complete.", "info")
    assert unretrieved["event"] == "Task exception was never retrieved"
    assert SECRET not in log.text


def test_of_what_a_server_tells_as_text_only_what_it_was_is_logged(log: Log) -> None:
    failure = ValueError(f"{SECRET}\n{SECRET}: {SECRET}")
    told = "".join(traceback.format_exception(failure))
    heading, at = "Traceback (most recent call last):\n", '  File "on.py", line 1, in main\n'

    logging.getLogger("uvicorn.error").error("%s%s%s", heading, at, told)

    (line,) = log.lines()
    assert (line["event"], line["error"]) == ("failed", ["ValueError"])
    assert SECRET not in log.text


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/session", 401), ("/v1/me", 401), ("/v1/session", 429)]
)
async def test_where_those_who_are_turned_away_come_from_is_logged(
    log: Log, newsroom: Newsroom, path: str, status: int
) -> None:
    another = newsroom.beside(login_attempts_per_minute=1)
    tried = {"username": SECRET, "password": SECRET}
    answers = [
        await another["nobody"].request("GET" if path == "/v1/me" else "POST", path, json=tried)
        for _ in range(2)
    ]

    assert status in {answer.status_code for answer in answers}
    lines = [line for line in log.lines() if line["status"] == status]
    assert {line["address"] for line in lines} == {"127.0.0.1"}
    assert SECRET not in log.text


@pytest.mark.parametrize(
    ("username", "password", "said"),
    [
        ("guessed", "correct horse battery", {"status": 200, "caller": "guessed"}),
        ("guessed", SECRET, {"status": 401, "caller": None, "attempt": "guessed"}),
        (SECRET, SECRET, {"status": 401, "caller": None}),
    ],
)
async def test_who_signs_in_is_logged_and_from_where_but_no_name_that_nobody_has(
    log: Log, newsroom: Newsroom, username: str, password: str, said: dict[str, Any]
) -> None:
    new = {"name": "guessed", "password": "correct horse battery"}
    await make.said(await newsroom["admin"].post("/v1/users", json=new))

    await newsroom["nobody"].post("/v1/session", json={"username": username, "password": password})

    line = log.lines()[-1]
    assert line["address"] == "127.0.0.1"
    assert {name: line[name] for name in ("status", "caller", "attempt") if name in line} == said
    assert SECRET not in log.text


class Disk(io.RawIOBase):
    """A file with so much room left."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        taken = bytes(data)[: self.room]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(taken)
        self.written += taken
        return len(taken)


async def test_a_log_without_room_fails_no_request_and_spoils_no_other_line(
    log: Log, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(20)
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BufferedWriter(disk)))
    configure_logging("info")
    served = wrapped(newsroom.app)
    before = lost()

    await ask(served)
    await ask(served)
    logging.getLogger("uvicorn.error").error("Failed")
    disk.room = 100_000
    await ask(served)

    torn, whole = disk.written.splitlines()
    assert len(torn) == 20
    assert json.loads(whole)["event"] == "answered"
    assert lost() - before == 3


async def test_a_log_that_is_closed_fails_no_request(
    log: Log, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    configure_logging("info")
    before = lost()

    await ask(wrapped(newsroom.app))

    assert lost() - before == 1


async def ask(served: ASGIApp) -> None:
    """Ask for its health, as the server does: what is raised then resets the connection."""
    scope = {"type": "http", "method": "GET", "path": "/healthz", "raw_path": b"/healthz"}
    scope |= {"query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http"}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await served(scope, receive, send)
    assert sent[0]["status"] == 200


def lost() -> float:
    """How many lines were lost so far."""
    (found,) = re.findall(r"(?m)^stet_log_lines_lost_total (.*)$", metrics().decode())
    return float(found)


async def test_nothing_is_written_unless_it_is_configured(
    newsroom: Newsroom, capfd: pytest.CaptureFixture[str]
) -> None:
    await newsroom["nobody"].get("/healthz")

    assert capfd.readouterr() == ("", "")
