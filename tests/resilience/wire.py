"""A connection on which a test may say whatever it likes."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from tests.serving import Forked, Server


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The body, which must be a problem of the answer's status."""
        assert self.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        return problem

    @property
    def code(self) -> str:
        """The last part of the problem's type."""
        code: str = self.problem["type"].rpartition("/")[2]
        return code


class Wire:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See ``to``."""
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, server: Server | Forked) -> Self:
        """Open one."""
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def send(self, *parts: bytes) -> None:
        """Say it."""
        self._writer.write(b"".join(parts))
        await self._writer.drain()

    async def told(self) -> str:
        """The head of what the server says next."""
        return (await self._reader.readuntil(b"\r\n\r\n")).decode()

    async def answer(self) -> Answer:
        """The next answer, whole."""
        head = await self.told()
        first, *lines = head.rstrip("\r\n").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(first.split()[1]), headers, body)

    async def rest(self) -> bytes:
        """What the server says until it closes the connection."""
        return await self._reader.read()

    async def ended(self) -> bool:
        """Whether the server closes the connection and says nothing more."""
        return await self.rest() == b""

    async def close(self) -> None:
        """Hang up, if the server has not."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


def head(method: str, path: str, **headers: str) -> bytes:
    """A request line and its headers; underscores in their names are hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: stet", *lines, "", ""]).encode()
