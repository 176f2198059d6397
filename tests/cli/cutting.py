"""A line to a server that is cut after so many bytes of answers."""

import asyncio
from types import TracebackType
from typing import Self


class Line:
    """Listens on ``url`` and passes on what is said, as long as ``bytes_left`` reaches."""

    def __init__(self, port: int) -> None:
        """``port`` is the server's; nothing is cut until ``bytes_left`` is set."""
        self._port = port
        self._server: asyncio.Server | None = None
        self._resume = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.bytes_left: int | None = None
        self.passed = 0
        self.spent = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, whoever is connected."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Close the connections that wait since the bytes were spent; later ones are whole."""
        self.bytes_left = None
        self._resume.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        asking = asyncio.create_task(self._ask(reader, back))
        self._tasks.add(asking)
        await self._answer(there, writer)
        asking.cancel()
        back.close()
        writer.close()

    async def _ask(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while asked := await reader.read(65536):
            back.write(asked)
            await back.drain()
        back.close()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answered := await there.read(65536):
            if self.bytes_left is not None and len(answered) > self.bytes_left:
                writer.write(answered[: self.bytes_left])
                await writer.drain()
                self._resume.clear()
                self.spent.set()
                await self._resume.wait()
                return
            if self.bytes_left is not None:
                self.bytes_left -= len(answered)
            self.passed += len(answered)
            writer.write(answered)
            await writer.drain()
