"""The end of a connection: what is on its way is answered, and no answer is taken back."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send
from uvicorn.server import ServerState

from app.operations.server import buffering, protocol
from app.operations.server.protocol import Protocol

ASK = b"GET / HTTP/1.1\r\nHost: stet\r\n\r\n"


class Connection:
    """A connection to a server of its own, and the server's end of it."""

    def __init__(self, ours: socket.socket, theirs: Protocol, closed: asyncio.Event) -> None:
        self.ours = ours
        self.theirs = theirs
        self.closed = closed

    def say(self, said: bytes) -> None:
        """At once: the server is not let read it meanwhile."""
        self.ours.send(said)

    async def rest(self) -> bytes:
        """What the server says until it closes the connection."""
        loop = asyncio.get_running_loop()
        heard = b""
        while more := await loop.sock_recv(self.ours, 65_536):
            heard += more
        return heard

    async def answer(self) -> bytes:
        """The next answer."""
        return await asyncio.get_running_loop().sock_recv(self.ours, 65_536)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].startswith("/later"):
        await asyncio.sleep(0.05)
    if scope["path"].endswith("/read"):
        await Request(scope, receive).body()
    if scope["path"].endswith("/watched"):
        while (await receive())["type"] != "http.disconnect":
            pass
        scope["state"]["left"].set()
    said = "Long. " * 1_000_000 if scope["path"] == "/long" else "Done."
    await PlainTextResponse(said)(scope, receive, send)


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    config = uvicorn.Config(app, http=Protocol, log_config=None)
    config.load()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    closed = asyncio.Event()

    class Closed(Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            closed.set()

    transport, made = await asyncio.get_running_loop().connect_accepted_socket(
        lambda: Closed(config=config, server_state=ServerState(), app_state={}), theirs
    )
    with ours:
        yield Connection(ours, made, closed)
    transport.abort()


async def test_who_has_just_connected_is_still_answered(connection: Connection) -> None:
    connection.theirs.shutdown()
    connection.say(ASK)
    heard = await connection.rest()

    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in heard


@pytest.mark.parametrize("come", [ASK, ASK[:10]])
async def test_what_has_come_on_a_connection_that_rested_is_answered(
    connection: Connection, come: bytes
) -> None:
    connection.say(ASK)
    first = await connection.answer()
    connection.say(come)
    connection.theirs.shutdown()
    await asyncio.sleep(0)
    connection.say(ASK[len(come) :])
    heard = await connection.rest()

    assert b"\r\nconnection: close\r\n" not in first
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in heard


async def test_a_connection_that_rests_is_closed_at_once(connection: Connection) -> None:
    connection.say(ASK)
    await connection.answer()
    connection.theirs.shutdown()

    assert connection.theirs.transport.is_closing()


TOO_LONG = (
    b"POST / HTTP/1.1\r\nHost: stet\r\nConnection: close\r\nContent-Length: 90000\r\n\r\nBegin"
)


async def test_who_sends_on_behind_an_answer_is_let_read_it(connection: Connection) -> None:
    connection.say(TOO_LONG)
    heard = await connection.rest()
    connection.say(b"and on" * 1000)
    await asyncio.sleep(0)
    connection.say(bytes(90_000) + ASK)
    hung_up = connection.closed.is_set()
    connection.ours.close()
    await connection.closed.wait()

    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in heard
    assert not hung_up
    assert connection.theirs.server_state.total_requests == 1


REFUSED = {
    "400": b"POST / HTTP/1.1\r\nContent-Length: 90000\r\n\r\nBegin",
    "431": b"GET / HTTP/1.1\r\nHost: stet\r\nCookie: " + b"x" * 70_000,
    "501": b"POST / HTTP/1.1\r\nHost: stet\r\nTransfer-Encoding: gzip, chunked\r\n\r\nBegin",
}


@pytest.mark.parametrize(("status", "refused"), REFUSED.items(), ids=REFUSED)
async def test_who_sends_on_behind_a_head_that_is_refused_is_let_read_why(
    connection: Connection, status: str, refused: bytes
) -> None:
    connection.say(refused)
    heard = await connection.rest()
    connection.say(b"and on" * 1000)
    await asyncio.sleep(0)
    hung_up = connection.closed.is_set()
    connection.ours.close()
    await connection.closed.wait()

    assert heard.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"\r\nconnection: close\r\n" in heard
    assert not hung_up


@pytest.mark.parametrize(("version", "continues"), [("1.0", False), ("1.1", True)])
async def test_only_who_knows_of_it_is_told_to_continue(
    connection: Connection, version: str, continues: bool
) -> None:
    asked = f"POST /read HTTP/{version}\r\nHost: stet\r\nConnection: close\r\n"
    connection.say(f"{asked}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode())
    if continues:
        assert await connection.answer() == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.say(b"ok")
    heard = await connection.rest()

    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_body_that_has_come_whole_closes_nothing_if_nobody_reads_it(
    connection: Connection,
) -> None:
    connection.say(b"POST / HTTP/1.1\r\nHost: stet\r\nContent-Length: 5\r\n\r\nWhole")
    first = await connection.answer()
    connection.say(ASK)
    second = await connection.answer()

    assert [heard[:15] for heard in (first, second)] == [b"HTTP/1.1 200 OK"] * 2


async def test_who_sends_on_for_ever_is_not_listened_to_for_long(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffering, "_LISTENS_SECONDS", 0.01)

    connection.say(TOO_LONG)
    await connection.closed.wait()

    with pytest.raises(BrokenPipeError):
        connection.say(b"and on")


async def test_who_connects_and_does_not_ask_is_not_waited_for(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_ON_ITS_WAY_SECONDS", 0.01)

    connection.theirs.shutdown()

    assert not connection.theirs.transport.is_closing()
    assert await connection.rest() == b""


@pytest.mark.parametrize("ends", [b"", b"Connection: close\r\n"])
async def test_who_does_not_read_an_answer_is_not_waited_for_for_ever(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, ends: bytes
) -> None:
    monkeypatch.setattr(buffering, "_TAKES_SECONDS", 0.01)

    connection.say(b"GET /long HTTP/1.1\r\nHost: stet\r\n" + ends + b"\r\n")

    async with asyncio.timeout(10):
        await connection.closed.wait()


async def test_who_says_no_more_and_does_not_read_is_not_waited_for_for_ever(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buffering, "_TAKES_SECONDS", 0.01)
    monkeypatch.setattr(connection.theirs, "pause_writing", lambda: None)

    connection.say(b"GET /long HTTP/1.1\r\nHost: stet\r\n\r\n")
    await connection.answer()
    connection.ours.shutdown(socket.SHUT_WR)

    async with asyncio.timeout(10):
        await connection.closed.wait()


async def test_of_many_requests_at_once_the_first_are_answered(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_BEHIND", 2)

    connection.say(ASK * 1000)
    heard = await connection.rest()
    connection.say(ASK * 1000)

    assert heard.count(b"HTTP/1.1 200 OK\r\n") == 3
    *_, last = heard.split(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in last
    assert heard.count(b"\r\nconnection: close\r\n") == 1
    assert not connection.closed.is_set()


async def test_the_last_of_many_requests_at_once_has_its_body(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_BEHIND", 1)

    connection.say(ASK + b"POST / HTTP/1.1\r\nHost: stet\r\nContent-Length: 5\r\n\r\n")
    await asyncio.sleep(0)
    connection.say(b"Whole" + ASK)
    heard = await connection.rest()

    assert heard.count(b"HTTP/1.1 200 OK\r\n") == 2


LATER = b"GET /later HTTP/1.1\r\nHost: stet\r\n\r\n"
EMPTY = b"POST /later/read HTTP/1.1\r\nHost: stet\r\nContent-Length: 0\r\n\r\n"
UNREAD = b"POST /later/read HTTP/1.1\r\nHost: stet\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("asked", "answers"),
    [(LATER, 1), (LATER * 3, 3), (EMPTY, 1), (UNREAD, 1), (LATER + b"garbage\r\n\r\n", 2)],
    ids=["one", "several", "an empty body", "a body that is read later", "garbage behind one"],
)
async def test_who_says_that_they_send_no_more_is_answered(
    connection: Connection, asked: bytes, answers: int
) -> None:
    connection.say(asked)
    connection.ours.shutdown(socket.SHUT_WR)
    heard = await connection.rest()
    # Nothing that they might still send is waited for.
    async with asyncio.timeout(10):
        await connection.closed.wait()

    assert heard.count(b"HTTP/1.1 ") == answers


@pytest.mark.parametrize("ahead", [b"", LATER], ids=["alone", "behind another"])
@pytest.mark.parametrize("path", [b"/watched", b"/later/watched"])
async def test_who_sends_no_more_has_left_for_those_who_listen_for_it(
    connection: Connection, path: bytes, ahead: bytes
) -> None:
    left = connection.theirs.app_state["left"] = asyncio.Event()

    connection.say(ahead + ASK.replace(b"/", path, 1))
    connection.ours.shutdown(socket.SHUT_WR)
    async with asyncio.timeout(10):
        await left.wait()
    heard = await connection.rest()

    assert heard.count(b"HTTP/1.1 200 OK\r\n") == bool(ahead)


BODY: Message = {"type": "http.response.body"}


async def test_who_speaks_http_1_0_and_hangs_up_is_no_failure() -> None:
    ours, theirs = socket.socketpair()
    ended = asyncio.Event()
    sent = []

    async def late(_scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        # The connection is closed for good behind those that are told so.
        for _ in range(5):
            await asyncio.sleep(0)
        try:
            for message in ({"type": "http.response.start", "status": 200, "headers": []}, BODY):
                await send(message)
                sent.append(message["type"])
        finally:
            ended.set()

    config = uvicorn.Config(late, http=Protocol, log_config=None, interface="asgi3")
    config.load()
    await asyncio.get_running_loop().connect_accepted_socket(
        lambda: Protocol(config=config, server_state=ServerState(), app_state={}), theirs
    )
    with ours:
        ours.send(b"GET / HTTP/1.0\r\n\r\n")

    async with asyncio.timeout(10):
        await ended.wait()
    assert sent == ["http.response.start", "http.response.body"]
