"""A connection without a network, on which a protocol is tried."""

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from app.operations.server.protocol import Protocol


class Line(asyncio.Transport):
    """A connection that keeps what is written to it, each piece apart."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False
        self.waiting = 0
        self.aborted = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.pieces.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def write_eof(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def pause_reading(self) -> None:
        """Nothing is read."""

    def resume_reading(self) -> None:
        """Nothing is read."""


def protocol_on(line: Line, app: ASGIApp) -> Protocol:
    """What speaks HTTP on the line and lets the application answer."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none", interface="asgi3")
    config.load()
    protocol = Protocol(
        config=config, server_state=ServerState(), app_state={}, _loop=asyncio.get_running_loop()
    )
    protocol.connection_made(line)
    return protocol
