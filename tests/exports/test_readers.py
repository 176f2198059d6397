"""Those who read exports: nobody takes them from all others, and nobody keeps one for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Scope

from app.exports import streaming
from app.exports.streaming import Stream
from app.main import wrapped
from tests import make
from tests.conftest import TOKENS, Newsroom

EXPORT = "/v1/projects/demo/export"
RELEASES = "/v1/projects/demo/releases"


class Reader:
    """One who takes what an export begins with, and nothing more until they ``go_on``."""

    def __init__(self, newsroom: Newsroom, name: str, path: str) -> None:
        self.status = 0
        self.go_on = asyncio.Event()
        self._begun = asyncio.Event()
        headers = [(b"authorization", f"Bearer {TOKENS[name]}".encode())]
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
        scope |= {"query_string": b"format=jsonl", "http_version": "1.1", "scheme": "http"}
        serve = wrapped(newsroom.app)({**scope, "headers": headers}, self._receive, self._send)
        self.reading = asyncio.ensure_future(serve)

    async def _receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        if message.get("body"):
            self._begun.set()
            await self.go_on.wait()

    async def begun(self) -> int:
        """The status, once something is there to be read."""
        await self._begun.wait()
        return self.status


@asynccontextmanager
async def reading(newsroom: Newsroom, *names: str, path: str = EXPORT) -> AsyncIterator[Any]:
    """So many readers, all with an answer that has begun."""
    readers = [Reader(newsroom, name, path) for name in names]
    assert [await reader.begun() for reader in readers] == [200] * len(readers)
    yield readers
    for reader in readers:
        reader.go_on.set()
    await asyncio.gather(*(reader.reading for reader in readers))


@pytest.fixture
async def room(newsroom: Newsroom) -> Newsroom:
    """Four connections for exports: three places, two for each, and a document to be read."""
    await make.document(newsroom["manager"])
    await make.release(newsroom["manager"], "first")
    return newsroom.beside(database_pool_size=4, database_timeout_seconds=1)


@pytest.mark.parametrize("path", [EXPORT, f"{RELEASES}/first/export"])
async def test_nobody_has_more_exports_at_once_than_their_share(room: Newsroom, path: str) -> None:
    async with reading(room, "reader", "reader", path=path) as readers:
        refused = await room["reader"].get(EXPORT, params={"format": "jsonl"})
        dry = await room["reader"].get(path, params={"format": "csv", "dry_run": True})
        another = await room["annotator"].get(EXPORT, params={"format": "jsonl"})

        for answer in (refused, dry):
            problem = make.refused(answer, 429, "too-many-requests")
            assert "2 exports under way" in problem["detail"]
            assert answer.headers["Retry-After"] == "10"
        assert another.status_code == 200

        readers[0].go_on.set()
        await readers[0].reading
        again = await room["reader"].get(EXPORT, params={"format": "jsonl"})
        assert again.status_code == 200

    assert room.app.state.database.pool_in_use() == 0


async def test_exports_leave_a_connection_to_the_overview_and_to_releases(room: Newsroom) -> None:
    async with reading(room, "reader", "reader", "annotator"):
        waits = await room["reviewer"].get(EXPORT, params={"format": "jsonl"})
        overview = await room["reviewer"].get("/v1/projects/demo/progress")
        released = await room["manager"].post(RELEASES, json={"name": "second"})

        make.refused(waits, 503, "unavailable")
        assert waits.headers["Retry-After"] == "10"
        assert overview.status_code == 200
        assert released.status_code == 201


async def test_who_finds_no_place_has_the_next(room: Newsroom) -> None:
    patient = room.beside(database_pool_size=4, database_timeout_seconds=30)
    async with reading(patient, "reader", "reader", "annotator") as readers:
        waiting = Reader(patient, "reviewer", EXPORT)
        readers[1].go_on.set()
        await readers[1].reading
        assert await waiting.begun() == 200
        waiting.go_on.set()
        await waiting.reading


async def test_who_gives_up_waiting_takes_no_place_along(room: Newsroom) -> None:
    async with reading(room, "reader", "reader", "annotator"):
        waiting = Reader(room, "reviewer", EXPORT)
        while not room.app.state.export_slots._of[make.id_of(3)]:  # noqa: SLF001, ASYNC110
            await asyncio.sleep(0.001)
        waiting.reading.cancel()
        await asyncio.wait([waiting.reading])
    async with reading(room, "reviewer", "reviewer", "annotator"):
        pass


class Line:
    """A loop's clock, and a reader who takes so many bytes of an answer in a second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rate: float) -> None:
        loop = asyncio.get_running_loop()
        self._rate = rate
        self.now = loop.time()
        self.taken = 0
        self.ended = False
        monkeypatch.setattr(loop, "time", lambda: self.now)

    async def passes(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += seconds
        # Those whose time has come are heard, in the second round as those who wait for them.
        for _ in range(3):
            await asyncio.sleep(0)

    async def send(self, message: Message) -> None:
        """As a server does: it returns when the reader has taken it."""
        body = message.get("body", b"")
        await self.passes(len(body) / self._rate)
        self.taken += len(body)
        self.ended = message["type"] == "http.response.body" and not message["more_body"]

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError


SCOPE: Scope = {"type": "http", "method": "GET", "path": EXPORT, "headers": []}


async def test_a_slow_line_has_all_of_a_stream_if_it_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = Line(monkeypatch, streaming.SLOWEST + 1)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(4):
            # What makes Stet itself wait, as a database may, is not the reader's.
            await line.passes(2 * streaming.PATIENCE_SECONDS)
            yield b"x" * 1_000_001

    began = line.now
    await Stream(pieces())(SCOPE, line.receive, line.send)

    assert (line.taken, line.ended) == (4_000_004, True)
    assert line.now - began > 5000


@pytest.mark.parametrize("rate", [1, streaming.SLOWEST / 2])
async def test_who_takes_bytes_now_and_then_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, rate: float
) -> None:
    line = Line(monkeypatch, rate)
    closed: list[bool] = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 10_000
        finally:
            closed.append(True)

    cut_off: list[bool] = []
    scope = {**SCOPE, "state": {"hang_up": lambda: cut_off.append(True)}}
    stream, began = pieces(), line.now
    with pytest.raises(ClientDisconnect):
        await Stream(stream)(scope, line.receive, line.send)
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator

    assert not line.ended
    assert closed == cut_off == [True]
    # What it takes meanwhile is held to its credit.
    assert line.now - began < 3 * streaming.PATIENCE_SECONDS + 10_000 / rate
