"""The head of an answer and its body leave together; nothing that is held back is lost."""

import asyncio
import gc
import weakref
from collections.abc import Callable

import pytest
from starlette.types import Receive, Scope, Send

from app.operations.server.buffering import BufferingTransport
from tests.operations.line import Line, protocol_on

HEAD, BODY = b"HTTP/1.1 200 OK\r\n\r\n", b"{}"


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
async def transport(line: Line) -> BufferingTransport:
    return BufferingTransport(line, asyncio.get_running_loop(), lambda: False)


async def test_two_pieces_are_one_and_a_third_is_not_waited_for(
    line: Line, transport: BufferingTransport
) -> None:
    for piece in (HEAD, BODY, b"more"):
        transport.write(piece)
    assert line.pieces == [HEAD + BODY]

    await asyncio.sleep(0)
    assert line.pieces == [HEAD + BODY, b"more"]


async def test_what_is_long_follows_at_once_without_being_copied(
    line: Line, transport: BufferingTransport
) -> None:
    long = bytes(70_000)
    for piece in (HEAD, long, long, BODY):
        transport.write(piece)
    assert line.pieces == [HEAD, long, long, BODY]


async def test_what_is_held_is_sent_before_the_connection_closes(
    line: Line, transport: BufferingTransport
) -> None:
    transport.write(HEAD)
    transport.close()
    assert (line.pieces, line.closed) == ([HEAD], True)

    # Nothing is sent to nobody.
    transport.write(BODY)
    await asyncio.sleep(0)
    assert line.pieces == [HEAD]


async def test_who_says_that_nothing_more_comes_gets_what_is_held(line: Line) -> None:
    ended = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        held = list(line.pieces)
        protocol.eof_received()
        assert (held, len(line.pieces)) == ([], 1)
        ended.set()

    protocol = protocol_on(line, app)

    protocol.data_received(b"HEAD / HTTP/1.1\r\nHost: stet\r\n\r\n")

    async with asyncio.timeout(10):
        await ended.wait()
    assert line.pieces[0].startswith(b"HTTP/1.1 200 OK\r\n")
    protocol.connection_lost(None)


class Clock:
    """A loop whose time passes when it is told to."""

    def __init__(self) -> None:
        self._acts: list[Callable[[], None]] = []

    def call_later(self, seconds: float, act: Callable[..., None], *given: int) -> None:
        assert seconds == 240
        self._acts.append(lambda: act(*given))

    def passes(self) -> None:
        """What is due next is done."""
        self._acts.pop(0)()


async def test_who_takes_of_it_slowly_is_let_and_who_takes_nothing_is_cut_off(line: Line) -> None:
    clock = Clock()
    transport = BufferingTransport(line, clock, lambda: False)  # type: ignore[arg-type]  # all that it uses
    line.waiting = 300_000
    transport.close()

    for waiting in (200_000, 1):
        line.waiting = waiting
        clock.passes()
        assert not line.aborted
    clock.passes()
    assert line.aborted


@pytest.mark.parametrize(
    ("asked", "lost"),
    [
        (b"GET / HTTP/1.1\r\nHost: stet\r\n\r\n", ConnectionResetError()),
        (b"POST / HTTP/1.1\r\nHost: stet\r\nContent-Length: 9\r\n\r\nBegin", None),
    ],
    ids=["one that rested was reset", "an answer came before the body"],
)
async def test_of_a_connection_that_is_lost_nothing_is_kept(
    asked: bytes, lost: Exception | None
) -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    line = Line()
    protocol = protocol_on(line, app)
    protocol.data_received(asked)
    async with asyncio.timeout(10):
        while not protocol.server_state.total_requests or protocol.server_state.tasks:  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0)

    line.closed = True
    protocol.connection_lost(lost)
    kept: list[weakref.ref[object]] = [weakref.ref(protocol), weakref.ref(line)]
    del protocol, line
    gc.collect()

    assert [each() for each in kept] == [None, None]
