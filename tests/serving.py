"""Servers in processes of their own, as they run in production: to load, to stop, to kill."""

import asyncio
import os
import signal
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.forking import environment, forked

STET = (str(Path(sys.executable).with_name("stet")), "serve")
_START_SECONDS = 60.0


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def children(pid: int) -> list[int]:
    """The processes that a process has started itself."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in found.split()]


def exists(pid: int) -> bool:
    """Whether there is such a process, if only to be asked how it ended."""
    return Path(f"/proc/{pid}").exists()


async def answers(client: httpx.AsyncClient, path: str) -> bool:
    """Whether 200 is answered there."""
    try:
        return (await client.get(path)).status_code == 200
    except httpx.TransportError:
        return False


async def has_under_way(server: "Server", count: int, kind: str = "short") -> None:
    """Wait until it has so many requests, of one worker."""
    wanted = f'stet_requests_under_way{{kind="{kind}"}} {count}.0'
    async with httpx.AsyncClient(base_url=server.url) as client, asyncio.timeout(60):
        while wanted not in (await client.get("/metrics")).text:  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.01)


class _Listening(ABC):
    """Something that listens on ``port`` of this machine while it is entered."""

    port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Start it and wait until it is ready."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing running."""
        await self.kill()

    @abstractmethod
    async def start(self) -> None:
        """Start it and wait until it is ready."""

    @abstractmethod
    async def kill(self) -> None:
        """End it at once, if it still runs."""


class Server(_Listening):
    """A process that listens on ``port`` of this machine, and all processes that it starts."""

    def __init__(
        self, command: Sequence[str], folder: Path, *, ready: str, **environment: str
    ) -> None:
        """Starts nothing yet.

        Args:
            command: what to run; ``{port}`` in it becomes the port.
            folder: where it runs, and where its output goes to ``server.log``.
            ready: the path that answers 200 once it serves.
            environment: variables beside those of this process, without its ``STET_*``.
        """
        self._command = command
        self._folder = folder
        self._ready = ready
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process that was started; its workers, if it has any, are its children."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """The processes that serve, of those that the first one has started."""
        found = []
        for child in children(self.pid):
            # One that is being replaced may be gone since its parent was asked.
            with suppress(FileNotFoundError, ProcessLookupError):
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(child)
        return found

    def log(self) -> str:
        """What it has written so far."""
        return (self._folder / "server.log").read_text()

    async def start(self) -> None:
        """Start it on a free port and wait until it is ready; its log begins anew.

        Raises:
            RuntimeError: with the log, when it ends or does not become ready.
        """
        self.port = free_port()
        given = environment(None, STET_PORT=str(self.port), **self._environment)
        with (self._folder / "server.log").open("w") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(part.format(port=self.port) for part in self._command),
                cwd=self._folder,
                env=given,
                stdout=output,
                stderr=output,
                # A group of its own, so that kill reaches the workers too.
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        async with httpx.AsyncClient(base_url=self.url) as client:
            while not await answers(client, self._ready):
                if self._process.returncode is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"The server did not start.\n{self.log()}")
                await asyncio.sleep(0.05)

    def terminate(self) -> None:
        """Ask it to stop (SIGTERM) and don't wait."""
        assert self._process is not None
        self._process.terminate()

    async def ended(self) -> int:
        """The exit status, once it has ended; negative for a signal."""
        assert self._process is not None
        return await self._process.wait()

    async def kill(self) -> None:
        """End it at once, workers included (SIGKILL), if it still runs."""
        if self._process is None or self._process.returncode is not None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


def stet(database_url: str, folder: Path, **settings: object) -> Server:
    """``stet serve`` on a migrated database, with settings by their names in the code."""
    environment = {f"STET_{name.upper()}": str(value) for name, value in settings.items()}
    return Server(STET, folder, ready="/readyz", STET_DATABASE_URL=database_url, **environment)


class Forked(_Listening):
    """``stet serve`` for tests that ask it and need nothing of its process: there at once."""

    def __init__(self, database_url: str, folder: Path, **settings: object) -> None:
        """Starts nothing yet; its output goes to ``server.log`` in the folder.

        Settings go by their names in the code.
        """
        self._database_url = database_url
        # Tests that run at once share one PostgreSQL server's hundred connections.
        given = {"database_pool_size": 8, **settings}
        self._settings = {f"STET_{name.upper()}": str(value) for name, value in given.items()}
        self._log = folder / "server.log"
        self._process: BaseProcess | None = None

    @property
    def pid(self) -> int:
        """The process that serves."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    async def start(self) -> None:
        """Fork it and wait until it is ready."""
        self.port = free_port()
        self._log.write_bytes(b"")
        given = environment(self._database_url, STET_PORT=str(self.port), **self._settings)
        streams = (Path(os.devnull), self._log, self._log)
        self._process = forked(("serve",), self._log.parent, given, streams)
        deadline = time.monotonic() + _START_SECONDS
        async with httpx.AsyncClient(base_url=self.url) as client:
            while not await answers(client, "/readyz"):
                if not self._process.is_alive() or time.monotonic() > deadline:
                    raise RuntimeError(f"The server did not start.\n{self._log.read_text()}")
                await asyncio.sleep(0.02)

    async def stop(self) -> int:
        """End it (SIGTERM); its exit status, negative for a signal."""
        assert self._process is not None
        self._process.terminate()
        await asyncio.to_thread(self._process.join)
        status = self._process.exitcode
        assert status is not None
        return status

    async def kill(self) -> None:
        """End it at once (SIGKILL), if it still runs."""
        assert self._process is not None
        self._process.kill()
        await asyncio.to_thread(self._process.join)
