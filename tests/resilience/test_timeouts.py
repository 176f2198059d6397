"""Nobody waits for ever on PostgreSQL: for a lock, a statement, a connection, or whoever left.

What SQLite's one writer waits for is in ``test_disk``, what a connection may take in ``test_wire``.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import Executable, func, select, update
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.database import FAILURES, Database, Session, idle, unavailable
from app.models import Document, Project
from tests import make
from tests.conftest import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["postgresql"])

SECONDS = 0.3
"""STET_DATABASE_TIMEOUT_SECONDS; a statement has three times as long, a transaction at rest six."""
SOON = 20 * SECONDS
"""How long is allowed on a machine that does much else."""


@pytest.fixture
def hurried(newsroom: Newsroom) -> Newsroom:
    """The newsroom, but nobody in it waits for long."""
    return newsroom.beside(database_timeout_seconds=SECONDS, database_pool_size=2)


async def add(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/v1/projects/demo/documents", json={"text": make.TEXT, "title": "A"})


async def run(newsroom: Newsroom, statement: Executable) -> None:
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(statement)


def sqlstate(error: DBAPIError) -> str:
    """What PostgreSQL says it is."""
    return str(getattr(error.orig, "sqlstate", None))


async def test_a_row_that_another_program_has_locked_is_not_waited_for_long(
    hurried: Newsroom, database_url: str
) -> None:
    other = await asyncpg.connect(database_url)
    async with other.transaction():
        await other.execute("LOCK TABLE documents")
        began = time.monotonic()
        refused = await add(hurried["annotator"])
        took = time.monotonic() - began
        with pytest.raises(DBAPIError) as failure:
            await run(hurried, update(Document).values(title="B"))
    await other.close()

    again = await add(hurried["annotator"])

    make.refused(refused, 503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert SECONDS <= took < SOON
    assert sqlstate(failure.value) == "55P03"  # lock not available
    assert (await make.said(again))["version"] == 1


async def test_a_statement_that_takes_too_long_is_ended_in_the_database_too(
    hurried: Newsroom, database_url: str
) -> None:
    began = time.monotonic()
    with pytest.raises(DBAPIError) as failure:
        await run(hurried, select(func.pg_sleep(60)))
    took = time.monotonic() - began

    other = await asyncpg.connect(database_url)
    asleep = await other.fetchval(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep%'"
        " AND pid <> pg_backend_pid()"
    )
    await other.close()
    assert unavailable(failure.value) is not None
    assert sqlstate(failure.value) == "57014"  # query cancelled
    assert 3 * SECONDS <= took < SOON
    assert asleep == 0


async def test_a_transaction_that_nobody_goes_on_with_keeps_no_lock(
    hurried: Newsroom, newsroom: Newsroom
) -> None:
    waited: list[float] = []

    async def leave() -> None:
        began = time.monotonic()
        async with hurried.app.state.database.session(writes=True) as db:
            await db.begin()
            await db.execute(update(Project).values(name="Held"))
            # Whoever has all the time in the world waits until the row is free.
            async with newsroom.app.state.database.session(writes=True) as patient:
                await patient.execute(update(Project).values(name="Free"))
            waited.append(time.monotonic() - began)
            await db.execute(update(Project).values(name="Late"))

    with pytest.raises(FAILURES) as failure:
        await leave()

    assert unavailable(failure.value) is not None
    assert 6 * SECONDS <= waited[0] < 2 * SOON
    shown = await make.said(await hurried["reader"].get("/v1/projects/demo"), 200)
    assert shown["name"] == "Free"


async def test_where_all_connections_are_lent_the_next_is_refused_and_the_one_after_is_not(
    hurried: Newsroom,
) -> None:
    database = hurried.app.state.database

    async def hold(taken: asyncio.Semaphore, until: asyncio.Event) -> None:
        async with database.session(writes=False) as db:
            await db.execute(select(1))
            taken.release()
            await until.wait()

    taken, until = asyncio.Semaphore(0), asyncio.Event()
    holding = [asyncio.create_task(hold(taken, until)) for _ in range(2)]
    for _ in holding:
        await taken.acquire()
    began = time.monotonic()

    refused = await hurried["reader"].get("/v1/projects/demo")
    took = time.monotonic() - began
    until.set()
    await asyncio.gather(*holding)
    again = await hurried["reader"].get("/v1/projects/demo")

    make.refused(refused, 503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert SECONDS <= took < SOON
    assert again.status_code == 200


@pytest.fixture
async def three(newsroom: Newsroom, database_url: str) -> AsyncIterator[Newsroom]:
    """The newsroom, to which PostgreSQL allows three connections and no more."""
    owner = await asyncpg.connect(database_url)
    name = f"three_{os.getpid()}"
    await owner.execute(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 3")
    newsroom = newsroom.beside(
        database_url=database_url.replace("//postgres:", f"//{name}:"),
        database_timeout_seconds=SECONDS,
        database_pool_size=8,
    )
    yield newsroom
    await newsroom.app.state.database.dispose()
    await owner.execute(f"DROP ROLE {name}")
    await owner.close()


async def test_where_the_server_has_no_more_connections_one_s_own_are_waited_for(
    three: Newsroom,
) -> None:
    database = three.app.state.database

    async def take() -> None:
        async with database.session(writes=True) as db:
            await db.begin()
            await db.execute(select(func.pg_sleep(0.01)))

    await asyncio.gather(*(take() for _ in range(16)))
    async with AsyncExitStack() as stack:
        for _ in range(3):
            db = await stack.enter_async_context(database.session(writes=True))
            await db.begin()
        with pytest.raises(PoolTimeout):
            await take()
        with pytest.raises(DBAPIError) as failure:
            # Of those that read none is open, so none will be back.
            async with database.session(writes=False) as reading:
                await reading.execute(select(func.now()))
    await take()

    assert sqlstate(failure.value) == "53300"  # too many connections


async def test_whoever_waits_for_a_server_that_was_full_asks_it_again(three: Newsroom) -> None:
    patient = three.beside(database_timeout_seconds=SOON).app.state.database
    url = three.app.state.settings.database_url
    others = [await asyncpg.connect(url) for _ in range(2)]

    async def take(database: Database) -> None:
        async with database.session(writes=True) as db:
            await db.execute(select(func.now()))

    async with patient.session(writes=True) as kept:
        await kept.begin()
        asking = [asyncio.create_task(take(patient)) for _ in range(4)]
        await asyncio.sleep(0)
        # Who asks after them was refused, and so they were.
        with pytest.raises(DBAPIError):
            await take(three.app.state.database)
        for other in others:
            await other.close()
        await asyncio.gather(*asking)


async def test_one_that_is_lost_while_it_is_opened_is_no_fault_of_stets(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare: Any = PGDialect_asyncpg.setup_asyncpg_json_codec

    async def lost(dialect: PGDialect_asyncpg, connection: Any) -> None:
        dialect.get_driver_connection(connection).terminate()  # type: ignore[no-untyped-call]
        await prepare(dialect, connection)

    annotator = newsroom.beside()["annotator"]
    monkeypatch.setattr(PGDialect_asyncpg, "setup_asyncpg_json_codec", lost)
    refused = await annotator.get("/v1/projects")
    monkeypatch.undo()

    make.refused(refused, 503, "unavailable")
    assert (await annotator.get("/v1/projects")).is_success


Asks = Callable[[], Awaitable[set[int]]]


async def peak(database: Database, open_ones: Asks) -> set[int]:
    """Three who write at once, and so leave the connections that are returned."""
    async with AsyncExitStack() as stack:
        for _ in range(3):
            db = await stack.enter_async_context(database.session(writes=True))
            await db.begin()
        return await open_ones()


@pytest.fixture
async def open_ones(database_url: str) -> AsyncIterator[Asks]:
    """Asks for the processes of Stet's connections for writing."""
    asking = await asyncpg.connect(database_url)
    query = """
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'stet'
    """

    async def ask() -> set[int]:
        return {row["pid"] for row in await asking.fetch(query)}

    yield ask
    await asking.close()


async def test_what_a_peak_has_left_gives_way_to_who_needs_another_kind(
    three: Newsroom, open_ones: Asks
) -> None:
    database = three.app.state.database
    await peak(database, open_ones)

    async with database.session(writes=False) as reading, database.snapshot() as snapshot:
        for session in (reading, snapshot):
            await session.execute(select(func.now()))
        async with database.session(writes=True) as writing:
            await writing.execute(select(func.now()))


async def holds(db: Session) -> bool:
    """The replica is asked, and holds all."""
    await db.execute(select(func.now()))
    return True


async def test_nothing_gives_way_to_who_needs_a_replica_that_has_no_room(
    three: Newsroom, newsroom: Newsroom, open_ones: Asks
) -> None:
    url = three.app.state.settings.database_url
    database = newsroom.beside(database_replica_url=url).app.state.database
    others = [await asyncpg.connect(url) for _ in range(3)]
    left = await peak(database, open_ones)

    async with database.snapshot(holding=holds) as snapshot:
        await snapshot.execute(select(func.now()))

    assert await open_ones() == left
    for other in others:
        await other.close()


async def test_what_read_in_the_place_of_a_replica_gives_way(three: Newsroom) -> None:
    url = three.app.state.settings.database_url
    database = three.beside(database_replica_url=url).app.state.database
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(database.snapshot(holding=holds))

    async with database.session(writes=True) as writing:
        await writing.execute(select(func.now()))


async def test_what_a_peak_has_left_is_closed_in_time(
    three: Newsroom, open_ones: Asks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "_IDLE_SECONDS", 0.1)

    assert len(await peak(three.app.state.database, open_ones)) == 3
    async with asyncio.timeout(SOON):
        while len(await open_ones()) > 1:  # noqa: ASYNC110  # PostgreSQL tells nobody
            await asyncio.sleep(0.01)
