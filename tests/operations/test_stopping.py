"""A server that stops ends its connections, but answers the request that is on its way."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from uvicorn.server import ServerState

from app.operations.server import protocol
from app.operations.server.protocol import Protocol

ASK = b"GET / HTTP/1.1\r\nHost: stet\r\n\r\n"


class Connection:
    """A connection to a server of its own, and the server's end of it."""

    def __init__(self, ours: socket.socket, theirs: Protocol) -> None:
        self.ours = ours
        self.theirs = theirs

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


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    config = uvicorn.Config(PlainTextResponse("Done."), http=Protocol, log_config=None)
    config.load()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    state = ServerState()
    transport, made = await asyncio.get_running_loop().connect_accepted_socket(
        lambda: Protocol(config=config, server_state=state, app_state={}), theirs
    )
    with ours:
        yield Connection(ours, made)
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


async def test_who_connects_and_does_not_ask_is_not_waited_for(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_ON_ITS_WAY_SECONDS", 0.01)

    connection.theirs.shutdown()

    assert not connection.theirs.transport.is_closing()
    assert await connection.rest() == b""
