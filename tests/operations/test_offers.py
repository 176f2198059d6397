"""An offer to go on in another protocol changes nothing: a body is a body, however it comes."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from app.operations.server.protocol import Protocol
from tests.operations.line import Line, protocol_on

OFFERS = {
    "HTTP/2": b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMA\r\nUpgrade: h2c\r\n",
    "WebSocket": b"connection: upgrade\r\nupgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "anything, in capitals": b"UPGRADE: X\r\nCONNECTION: keep-alive, UPGRADE\r\n",
    "two of each": b"Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n",
    "not for this connection": b"Upgrade: h2c\r\n",
    "for this connection, of nothing": b"Connection: Upgrade\r\n",
}
# What would be the next request, if it were not a body.
BODY = b"GET /hidden HTTP/1.1\r\nHost: stet\r\n\r\n"
FRAMES = {
    "by its length": (b"Content-Length: %d\r\n" % len(BODY), BODY),
    "in chunks": (
        b"Transfer-Encoding: chunked\r\n",
        b"1\r\nG\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY) - 1, BODY[1:]),
    ),
    "empty": (b"Content-Length: 0\r\n", b""),
    "none": (b"", b""),
}
Come = tuple[str, bytes, bytes]


class Server:
    """A protocol on a line, and what came to the application: path, body, what was offered."""

    def __init__(self) -> None:
        self.line = Line()
        self.come: asyncio.Queue[Come] = asyncio.Queue()
        self.protocol: Protocol = protocol_on(self.line, self._answer)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            assert message["type"] == "http.request"
            body, more = body + message["body"], message["more_body"]
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})
        offered = [value for name, value in scope["headers"] if name == b"kept"]
        self.come.put_nowait((f"{scope['method']} {scope['path']}", body, b"".join(offered)))

    async def requests(self, count: int) -> list[Come]:
        """The next requests; there must be no others behind them."""
        async with asyncio.timeout(10):
            come = [await self.come.get() for _ in range(count)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert self.come.empty()
        return come


@pytest.mark.parametrize("cut", [1, 7, 1_000_000])
@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("offer", OFFERS)
async def test_behind_an_offer_a_body_is_a_body_and_the_next_request_the_next(
    offer: str, frame: str, cut: int
) -> None:
    server = Server()
    head, sent = FRAMES[frame]
    one = (
        b"POST /one HTTP/1.1\r\nHost: stet\r\nKept: it\r\n" + OFFERS[offer] + head + b"\r\n" + sent
    )
    two = b"GET /two HTTP/1.1\r\nHost: stet\r\n\r\n"

    said = one + one + two
    for at in range(0, len(said), cut):
        server.protocol.data_received(said[at : at + cut])

    body = BODY if sent else b""
    first = ("POST /one", body, b"it")
    assert await server.requests(3) == [first, first, ("GET /two", b"", b"")]
    assert b"".join(server.line.pieces).count(b"HTTP/1.1 200 ") == 3
    server.protocol.connection_lost(None)


@pytest.mark.parametrize(
    ("version", "connection"), [(b"1.0", b"Upgrade"), (b"1.1", b"close, Upgrade")]
)
async def test_the_last_request_of_a_connection_may_offer_too(
    version: bytes, connection: bytes
) -> None:
    server = Server()
    head = b"POST /one HTTP/%b\r\nHost: stet\r\nConnection: %b\r\nUpgrade: x\r\n" % (
        version,
        connection,
    )
    framing, sent = FRAMES["by its length"]

    server.protocol.data_received(head + framing + b"\r\n" + sent[:9])
    server.protocol.data_received(sent[9:])

    assert await server.requests(1) == [("POST /one", BODY, b"")]
    assert server.line.closed
