"""100,000 malformed requests to a real server, and none is answered with a failure of its own.

    .venv/bin/python -m tests.fuzz.requests --requests 100000 --database postgresql

They come over kept connections, and are spoilt at every level (``tests.fuzz.malformed``): HTTP
itself, addresses, headers, bodies, values. No answer may be a failure, not even a 503, for there is
room for all; each refusal is a problem with a known code; nothing failed by the log; and in the end
the server is ready and `stet doctor` finds nothing. What was answered how often is printed.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.core.database import Database
from app.core.database.connect import connect
from app.core.errors import UnknownTransferCoding, catalogue
from tests.conftest import DIALECTS, TOKENS, Databases, Newsroom, settings
from tests.desk import Desk, Request
from tests.forking import environment, forked
from tests.fuzz.malformed import malformed
from tests.fuzz.spoilt import Spoilt
from tests.serving import Forked
from tests.uses import TABLE

CONNECTIONS = 8
AGAIN = 2000
"""After so many requests lawful ones are laid out anew, for some of them delete what is there."""
_SECONDS = 30.0
_CODES = catalogue()


class Served(Newsroom):
    """A newsroom that is asked over the network."""

    def __init__(self, url: str, database: Database, stack: AsyncExitStack) -> None:
        """``url`` is where the server of the ``database`` listens."""
        self._url = url
        self._database = database
        self._clients: dict[str, httpx.AsyncClient] = {}
        self.stack = stack

    @property
    def database(self) -> Database:
        """Beside the server, as the shell has it."""
        return self._database

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A client that sends these headers."""
        client = httpx.AsyncClient(base_url=self._url, headers=headers, timeout=60)
        self.stack.push_async_callback(client.aclose)
        return client


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def fault(self) -> str | None:
        """What is wrong with it; None if nothing is."""
        if self.status >= 500 and self.status != UnknownTransferCoding.status:
            return "a failure"
        if "x-request-id" not in self.headers:
            return "no X-Request-ID"
        if self.status < 400:
            return None
        if self.headers.get("content-type") != "application/problem+json":
            return "no problem"
        # To HEAD there is no body.
        if not self.body:
            return None
        problem = json.loads(self.body)
        code = str(problem.get("type", "")).removeprefix("/problems/")
        if code not in _CODES or not _CODES[code].status == problem.get("status") == self.status:
            return "a problem that is none of Stet's"
        # A transfer coding that is not known is the caller's fault (RFC 9112, section 6.1).
        if self.status >= 500 and code != UnknownTransferCoding.code:
            return "a failure"
        return None


@dataclass
class Tally:
    """What became of the requests."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    """The first of them, each with its request."""

    def note(self, sent: bytes, answer: Answer | None, *, is_http: bool) -> None:
        """One more; None when the connection was closed without an answer."""
        self.statuses["no answer" if answer is None else str(answer.status)] += 1
        if answer is None and is_http:
            self.faults.append(f"no answer: {sent[:1500]!r}")
        fault = answer and answer.fault
        if fault and answer:
            said = f"{answer.status} {answer.headers} {answer.body[:500]!r}"
            self.faults.append(f"{fault}: {sent[:1500]!r} was answered {said}")


class Caller:
    """One connection, opened anew whenever it has ended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, spoilt: Spoilt) -> Answer | None:
        """The first answer; None when the connection ends without one.

        What is not HTTP ends with the sender's side of the connection, and so it may.

        Raises:
            TimeoutError: when nothing comes for 30 seconds.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        answer = None
        async with asyncio.timeout(_SECONDS):
            # The server may have closed it, or may do so while it is spoken to.
            with suppress(OSError, asyncio.IncompleteReadError):
                writer.write(spoilt.whole())
                await writer.drain()
                if spoilt.raw is not None and writer.can_write_eof():
                    # What was cut short must not wait for the rest.
                    writer.write_eof()
                answer = await _answer(reader, bodiless=spoilt.method == "HEAD")
        closing = answer is None or answer.headers.get("connection") == "close"
        if closing or (answer and _is_endless(answer.headers)) or spoilt.raw is not None:
            await self.close()
        return answer

    async def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            writer = self._streams[1]
            self._streams = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _is_endless(headers: Mapping[str, str]) -> bool:
    """Whether the server goes on for a minute with whatever comes."""
    return headers.get("content-type", "").startswith("text/event-stream")


async def _answer(reader: asyncio.StreamReader, *, bodiless: bool) -> Answer:
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        status = int(first.split()[1])
        if status >= 200:
            break
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = b""
    if bodiless or status in {204, 304} or _is_endless(headers):
        pass
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readuntil(b"\r\n")
    return Answer(status, headers, body)


async def barrage(port: int, newsroom: Newsroom, requests: int, chance: random.Random) -> Tally:
    """So many malformed requests to the server there, whose newsroom it is."""
    tally = Tally()
    desk = Desk(newsroom)
    callers = [Caller(port) for _ in range(CONNECTIONS)]
    left = requests

    async def call(caller: Caller, lawful: list[Request], count: int) -> None:
        for _ in range(count):
            spoilt = malformed(lawful, TOKENS["admin"], chance)
            try:
                answer = await caller.ask(spoilt)
                if answer is None and spoilt.raw is None:
                    # The server closes a connection on which nothing has come for a second.
                    answer = await caller.ask(spoilt)
            except TimeoutError:
                await caller.close()
                answer = None
                tally.faults.append(f"no answer in time: {spoilt.whole()[:1500]!r}")
            tally.note(spoilt.whole(), answer, is_http=spoilt.raw is None)

    while left > 0:
        # One to every route, on fresh things.
        lawful = [await desk.request(route) for route in TABLE]
        each = max(1, min(AGAIN, left) // CONNECTIONS)
        async with asyncio.TaskGroup() as group:
            for caller in callers:
                group.create_task(call(caller, lawful, each))
        left -= each * CONNECTIONS
    for caller in callers:
        await caller.close()
    return tally


async def run(url: str, folder: Path, requests: int, seed: int) -> Tally:
    """The barrage on that database, and what was looked at after it."""
    async with Forked(url, folder, body_timeout_seconds=1) as server, AsyncExitStack() as stack:
        database = connect(settings(url))
        stack.push_async_callback(database.dispose)
        newsroom = Served(server.url, database, stack)
        tally = await barrage(server.port, newsroom, requests, random.Random(seed))  # noqa: S311
        ready = await newsroom["nobody"].get("/readyz")
        if ready.status_code != 200:
            tally.faults.append(f"The server is not ready: {ready.text}")
    tally.faults += [f"The log has: {line}" for line in _failures(folder / "server.log")]
    said = folder / "doctor.log"
    said.touch()
    doctor = forked(("doctor",), folder, environment(url), (said, said, said))
    await asyncio.to_thread(doctor.join)
    if doctor.exitcode != 0:
        tally.faults.append(said.read_text())
    return tally


def _failures(log: Path) -> list[str]:
    """Its lines that tell of one, as what is no line of Stet's own does, such as a traceback."""
    # The first lines are for people: they say where it listens.
    lines = log.read_text().splitlines()
    first = next((place for place, line in enumerate(lines) if line.startswith("{")), 0)
    return [
        line
        for line in lines[first:]
        if not line.startswith("{") or json.loads(line)["level"] in {"error", "critical"}
    ]


def main() -> None:
    """Send them, and say what came back."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.requests")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--database", choices=DIALECTS, default="sqlite")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    # PostgreSQL never runs as root, so its folder is not in one that is closed to other users.
    server = Path(tempfile.gettempdir()) / f"stet-fuzz-{os.getpid()}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        databases = Databases(folder, server, "fuzz")
        url = databases.furnished(given.database)
        began = time.monotonic()
        tally = asyncio.run(run(url, folder, given.requests, given.seed))
        seconds = time.monotonic() - began
        databases.close()
    print(f"{tally.statuses.total():,} requests in {seconds:.0f} s")  # noqa: T201
    for status, count in sorted(tally.statuses.items()):
        print(f"{status:>10} {count:>8,}")  # noqa: T201
    for fault in tally.faults[:20]:
        print(fault)  # noqa: T201
    raise SystemExit(f"{len(tally.faults)} faults" if tally.faults else 0)


if __name__ == "__main__":
    main()
