"""PostgreSQL goes silent: nobody says that it is gone, as when its machine loses its power.

What stands in between here takes what is said and passes nothing on; it closes nothing either.
"""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from app.core.database import Database, unavailable
from app.core.database.connect import connect
from app.models import Base, Project
from tests import make
from tests.conftest import TOKENS, Newsroom, migrate, settings
from tests.serving import stet

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"])

SECONDS = 0.7
"""STET_DATABASE_TIMEOUT_SECONDS; nobody is listened for longer than four times that."""
SOON = 20 * SECONDS
"""How long is allowed on a machine that does much else."""


class Line:
    """The way to a PostgreSQL: TCP on this side, the server's socket on the other."""

    def __init__(self, database_url: str) -> None:
        """Nothing listens yet."""
        self._begun, _, folder = database_url.partition("?host=")
        self._server = f"{folder}/.s.PGSQL.5432"
        self._open = asyncio.Event()
        self._open.set()
        self._dead: set[asyncio.Task[Any]] = set()
        self._passing: set[asyncio.Task[Any]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.waiting = 0
        """How often something was said since it was cut."""
        self.port = 0

    @property
    def url(self) -> str:
        """The database, by this way."""
        name = self._begun.rpartition("/")[2]
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def cut(self) -> None:
        """Pass nothing on, also of connections that come now, and say nothing of it."""
        self._open.clear()
        self.waiting = 0

    def mend(self) -> None:
        """Take new connections. Those that were cut off stay so: their server is gone."""
        self._dead |= self._passing
        self._open.set()

    def hang_up(self) -> None:
        """Close all connections on this side."""
        for writer in self._writers:
            writer.transport.abort()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Line"]:
        """It is there while this is entered."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._passing:
                task.cancel()
            await asyncio.gather(*self._passing, return_exceptions=True)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        serving = asyncio.create_task(self._serve_one(reader, writer))
        self._passing.add(serving)
        serving.add_done_callback(self._passing.discard)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            await self._open.wait()
            theirs, ours = await asyncio.open_unix_connection(self._server)
            try:
                await asyncio.gather(
                    self._pass(reader, ours, task), self._pass(theirs, writer, task)
                )
            finally:
                ours.close()
        finally:
            writer.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: object
    ) -> None:
        with suppress(ConnectionError):
            while said := await reader.read(65536):
                self.waiting += not self._open.is_set()
                await self._open.wait()
                if task in self._dead:
                    await asyncio.Event().wait()
                writer.write(said)
                await writer.drain()
            writer.write_eof()


@pytest.fixture
async def line(database_url: str) -> AsyncIterator[Line]:
    async with Line(database_url).listening() as made:
        yield made


@pytest.fixture
def far(newsroom: Newsroom, line: Line) -> Newsroom:
    """The newsroom by that way, with few connections and no time to lose."""
    return newsroom.beside(
        database_url=line.url, database_timeout_seconds=SECONDS, database_pool_size=2
    )


def requests(newsroom: Newsroom) -> list[Callable[[], Coroutine[Any, Any, httpx.Response]]]:
    """One that reads, one that writes, one that exports, and whether it is ready."""
    reader = newsroom["reader"]
    new = {"text": make.TEXT, "title": "A"}
    return [
        partial(reader.get, "/v1/projects"),
        partial(newsroom["annotator"].post, "/v1/projects/demo/documents", json=new),
        partial(reader.get, "/v1/projects/demo/export?format=jsonl"),
        partial(newsroom["nobody"].get, "/readyz"),
    ]


async def ask(newsroom: Newsroom) -> list[int]:
    """The status of each, one after the other: nobody waits for a connection."""
    return [(await request()).status_code for request in requests(newsroom)]


WELL = [200, 201, 200, 200]


def transport(db: Any) -> Any:
    """What the session's connection is sent by."""
    return db._pooled.driver._transport  # noqa: SLF001  # there is no other way to it


_HIGH_WATER = 65_536
"""How many bytes may wait to be sent, in asyncio; with more, nothing is added."""


async def test_requests_are_refused_while_it_is_silent_and_taken_once_it_can_be_reached(
    far: Newsroom, line: Line
) -> None:
    well = await ask(far)
    line.cut()
    began = time.monotonic()

    # More than there are connections.
    many = [request() for _ in range(4) for request in requests(far)]
    ill = {answer.status_code for answer in await asyncio.gather(*many)}
    took = time.monotonic() - began
    line.mend()
    again = await ask(far)

    assert well == again == WELL
    assert ill == {503}
    assert took < SOON


async def test_connections_that_went_silent_while_nobody_used_them_are_thrown_away_together(
    far: Newsroom, line: Line
) -> None:
    """The one that is found out is one of reading; those of writing are no better."""
    well = await ask(far)
    line.cut()
    line.mend()

    found_out = await far["reader"].get("/v1/projects")
    again = await ask(far)

    assert found_out.status_code == 503
    assert well == again == WELL


async def test_of_two_servers_the_one_that_answers_is_asked_though_the_other_says_nothing(
    newsroom: Newsroom, database_url: str, line: Line
) -> None:
    async with Line(database_url).listening() as second:
        line.cut()
        one = f":{line.port}/"
        url = line.url.replace(one, f":{line.port},127.0.0.1:{second.port}/")
        both = newsroom.beside(
            database_url=f"{url}?target_session_attrs=read-write", database_timeout_seconds=8
        )
        first = await ask(both)
        began = time.monotonic()
        # Who comes at once wants more connections: for these it is not asked first any more.
        answers = await asyncio.gather(*(request() for _ in range(3) for request in requests(both)))
        took = time.monotonic() - began
        await asyncio.to_thread(migrate, url)

    assert first == WELL
    assert {answer.status_code for answer in answers} == {200, 201}
    assert took < 4


async def test_whether_it_is_ready_is_told_at_once_whatever_a_statement_may_take(
    newsroom: Newsroom, line: Line
) -> None:
    patient = newsroom.beside(database_url=line.url, database_timeout_seconds=60)
    ready = await patient["nobody"].get("/readyz")
    line.cut()
    began = time.monotonic()

    silent = await patient["nobody"].get("/readyz")
    took = time.monotonic() - began
    line.mend()

    assert ready.status_code == 200
    make.refused(silent, 503, "unavailable")
    assert took < 30
    assert (await patient["nobody"].get("/readyz")).status_code == 200


async def test_a_statement_that_may_take_its_time_is_let_run(far: Newsroom) -> None:
    database = far.app.state.database
    # On a busy machine no connection may be had for a while.
    async with asyncio.timeout(SOON):
        while not await _answers(database):
            pass

    async with database.snapshot() as db:
        await db.execute(select(func.pg_sleep(6 * SECONDS)))
        again = await db.execute(select(Project.slug))

    assert again.scalars().all() == ["demo"]


async def _answers(database: Database) -> bool:
    with suppress(TimeoutError):
        async with database.snapshot() as db:
            await db.execute(select(1))
            return True
    return False


async def test_rows_that_wait_to_be_sent_on_a_connection_that_is_lost_are_given_up(
    line: Line, newsroom: Newsroom
) -> None:
    database = connect(settings(line.url))
    table = Base.metadata.tables["projects"]
    row = {**dict.fromkeys(table.columns.keys()), "description": "x" * 1_000_000}

    async with database.session(writes=True) as db:
        await db.begin(unhurried=True)
        # More than the sockets and whoever stands in between hold.
        packed = db.packed(table, [row] * 50)
        line.cut()
        loading = asyncio.create_task(db.load(table, packed))
        while transport(db).get_write_buffer_size() < _HIGH_WATER:  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.01)
        line.hang_up()
        # Not TimeoutError, which is what is raised here if it waits on.
        with pytest.raises(DBAPIError) as failure:
            await asyncio.wait_for(loading, SOON)

    assert unavailable(failure.value) is not None
    await database.dispose()


async def test_a_server_that_hears_nothing_from_it_stops_in_time(
    line: Line, newsroom: Newsroom, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
    async with (
        stet(line.url, tmp_path, shutdown_grace_seconds=1, database_pool_size=2) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client,
    ):
        new = {"text": make.TEXT, "title": "A"}
        paths = ("/v1/projects", "/v1/projects/demo/export?format=jsonl", "/v1/projects")

        async def all_at_once() -> list[Any]:
            added = client.post("/v1/projects/demo/documents", json=new)
            read = [client.get(path) for path in paths]
            return await asyncio.gather(added, *read, return_exceptions=True)

        answers = await all_at_once()
        line.cut()
        asking = asyncio.create_task(all_at_once())
        while line.waiting < 3:  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.01)
        began = time.monotonic()
        server.terminate()
        ended = await server.ended()
        took = time.monotonic() - began
        cut_off = await asking

    for answer in cut_off:
        assert "Stet stopped" in make.refused(answer, 503, "unavailable")["detail"]
        assert answer.headers["Retry-After"] == "1"
    assert Counter(answer.status_code for answer in answers) == {200: 3, 201: 1}
    assert ended == 0
    assert took < 10
    assert "Traceback" not in server.log()
    assert "Exception in ASGI" not in server.log()


async def test_the_system_looks_after_the_connection(line: Line) -> None:
    """Whoever takes as long as it takes has no other limit, and what answers there is a kernel."""
    database = connect(settings(line.url, database_timeout_seconds=3))
    async with database.snapshot() as db:
        await db.execute(select(1))
        connection = transport(db).get_extra_info("socket")
        found = {
            name: connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
        }
        kept_alive = connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    await database.dispose()

    assert kept_alive
    assert found == {
        "TCP_KEEPIDLE": 3,
        "TCP_KEEPINTVL": 3,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 12_000,
    }
