"""What follows a body in chunks is let lie, and there may not be more of it than of a head."""

import asyncio
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from app.core.http.limits import BodyLimits
from app.operations.server.head import MAX_HEAD_BYTES
from tests.operations.line import Line, protocol_on

HEAD = b"POST /here HTTP/1.1\r\nHost: stet\r\nTransfer-Encoding: chunked\r\nKept: yes\r\n\r\n"
BODY = b"4\r\nbody\r\n0\r\n"


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell the body, and the headers as they are once it is here."""
    more, told = True, b""
    while more:
        message = await receive()
        told, more = told + message["body"], message["more_body"]
    told += b"".join(b" %b=%b" % field for field in scope["headers"])
    headers = [(b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0)


async def test_a_trailer_is_no_header() -> None:
    line = Line()
    protocol = protocol_on(line, _answer)

    protocol.data_received(HEAD + BODY + b"Authorization: Bearer mine\r\nHost: other\r\n\r\n")
    await _until(lambda: bool(line.pieces))

    [answer] = line.pieces
    said = answer.partition(b"\r\n\r\n")[2]
    assert said == b"body host=stet transfer-encoding=chunked kept=yes"
    assert not line.closed


async def test_a_trailer_without_end_is_refused_like_a_head() -> None:
    line = Line()
    limited = BodyLimits(
        _answer, max_bytes=100, max_bytes_at_once=100, max_file_bytes=100, timeout_seconds=30
    )
    protocol = protocol_on(line, limited)
    protocol.data_received(HEAD + BODY)

    for _ in range(MAX_HEAD_BYTES // 1000 + 1):
        protocol.data_received(b"X: %b\r\n" % (b"x" * 1000))
    await _until(lambda: line.closed)

    assert b"".join(line.pieces).startswith(b"HTTP/1.1 431 ")


async def test_a_body_in_small_chunks_may_be_longer_than_a_head() -> None:
    line = Line()
    protocol = protocol_on(line, _answer)

    protocol.data_received(HEAD)
    for _ in range(200):
        protocol.data_received(b"3e8\r\n%b\r\n" % (b"x" * 1000))
    protocol.data_received(b"0\r\n\r\n")
    await _until(lambda: bool(line.pieces))

    assert b"".join(line.pieces).startswith(b"HTTP/1.1 200 ")
