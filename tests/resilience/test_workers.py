"""Two workers on one PostgreSQL: what one wrote the other knows, and the log has one order."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import select

from app.core.connect import connect
from app.core.database import Database
from app.models import Change
from app.operations import serving
from tests import make
from tests.conftest import TOKENS, Databases, settings
from tests.serving import Server, stet

CLIENTS = 16
EACH = 10

ONCE = {"Connection": "close"}
"""Each request has a connection of its own, so that either worker may take it."""


@dataclass(frozen=True)
class Served:
    server: Server
    database_url: str
    database: Database


@pytest.fixture
async def served(databases: Databases, tmp_path: Path) -> AsyncIterator[Served]:
    url = databases.furnished("postgresql")
    database = connect(settings(url))
    # With one connection each for reading and for writing, connections are workers.
    async with stet(url, tmp_path, workers=2, database_pool_size=1) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=ONCE, timeout=60) as client:
            while await workers(url, "stet-reader") < 2:
                await client.get("/readyz")
        yield Served(server, url, database)
    await database.dispose()
    databases.drop(url)


async def workers(url: str, pool: str) -> int:
    """How many workers have used that pool of theirs."""
    connection = await asyncpg.connect(url)
    # The server has other tests' databases too.
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = $1"
    )
    found: int = await connection.fetchval(query, pool)
    await connection.close()
    return found


@pytest.fixture
async def clients(served: Served) -> AsyncIterator[list[httpx.AsyncClient]]:
    """The annotator, many times."""
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}", **ONCE}
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=served.server.url, headers=headers, timeout=30)
            )
            for _ in range(CLIENTS)
        ]


async def test_a_follower_sees_every_change_once_and_in_order(
    served: Served, clients: list[httpx.AsyncClient]
) -> None:
    document = await make.document(clients[0])
    before = await sequences(served, after=0)

    async def annotate(client: httpx.AsyncClient) -> None:
        for _ in range(EACH):
            await make.annotation(client, document["id"])

    writing = asyncio.gather(*(annotate(client) for client in clients))
    seen = list(before)
    looks = 0
    while not writing.done():
        found = await sequences(served, after=seen[-1])
        seen += found
        looks += bool(found)
        await asyncio.sleep(0)
    await writing
    seen += await sequences(served, after=seen[-1])

    assert seen == list(range(1, len(before) + CLIENTS * EACH + 1))
    # Had it looked only once, there was nothing to miss.
    assert looks > 5
    assert await workers(served.database_url, "stet") == 2


async def sequences(served: Served, *, after: int) -> list[int]:
    query = select(Change.sequence).where(Change.sequence > after).order_by(Change.sequence)
    async with served.database.session(writes=False) as db:
        return list((await db.execute(query)).scalars())


async def test_a_scheme_that_one_worker_took_holds_in_both_at_once(
    served: Served, clients: list[httpx.AsyncClient]
) -> None:
    document = await make.document(clients[0])
    # Both have checked by the scheme as it was, and keep it.
    await asyncio.gather(*(make.annotation(client, document["id"]) for client in clients))
    headers = {"Authorization": f"Bearer {TOKENS['manager']}"}
    async with httpx.AsyncClient(
        base_url=served.server.url, headers=headers, timeout=30
    ) as manager:
        scheme = await make.said(await manager.get("/v1/projects/demo/scheme"), 200)
        del scheme["version"]
        scheme["labels"].append({"name": "rumour", "attributes": []})
        changed = await manager.put("/v1/projects/demo/scheme", json=scheme, headers=make.seen(1))
    await make.said(changed, 200)

    await asyncio.gather(
        *(make.annotation(client, document["id"], label="rumour") for client in clients)
    )

    assert await workers(served.database_url, "stet") == 2


async def test_connections_are_dealt_out_and_those_of_a_worker_that_died_wait_for_the_next(
    served: Served,
) -> None:
    workers = served.server.workers()
    idle = [sockets(worker) for worker in workers]
    opened = [await call(served.server.port) for _ in range(64)]
    assert [await answered(one) for one in opened] == [b"HTTP/1.1 200 OK"] * 64

    dealt = [sockets(worker) - before for worker, before in zip(workers, idle, strict=True)]
    # By chance, a worker gets fewer than nine of them less than once in a hundred million times.
    assert min(dealt) > 8

    os.kill(workers[0], signal.SIGKILL)
    others = [await call(served.server.port) for _ in range(64)]
    assert [await answered(one) for one in others] == [b"HTTP/1.1 200 OK"] * 64
    [successor] = set(served.server.workers()) - set(workers)
    assert sockets(successor) > 8
    for _, writer in opened + others:
        writer.close()


async def test_workers_that_end_and_those_who_take_their_places_are_told_and_counted(
    served: Served,
) -> None:
    server = served.server
    killed, stopped = server.workers()

    os.kill(killed, signal.SIGKILL)
    # It answers its parent no more, for five seconds.
    os.kill(stopped, signal.SIGSTOP)
    async with asyncio.timeout(120):
        while len(second := set(server.workers()) - {killed, stopped}) != 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        while second & set(server.workers()):
            # On a machine that is slow, a new one may not be there in time, and the old one stays.
            os.kill(server.pid, signal.SIGHUP)
            await asyncio.sleep(1)
        async with httpx.AsyncClient(base_url=server.url, headers=ONCE, timeout=30) as client:
            while await started(client) < 6:  # noqa: ASYNC110  # nobody says
                await asyncio.sleep(0.05)

    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    told = {line["pid"]: line for line in lines if line["event"].startswith("worker ")}
    assert {told[killed]["successor"], told[stopped]["successor"]} == second
    for pid, event in ((killed, "worker died"), (stopped, "worker hung")):
        line = told[pid]
        assert (line["event"], line["level"], line["signal"]) == (event, "error", "Killed")
    for pid in second:
        assert (told[pid]["event"], told[pid]["level"]) == ("worker replaced", "info")


async def started(client: httpx.AsyncClient) -> float:
    """How many workers have begun."""
    text = (await client.get("/metrics")).text
    return float(text.partition("\nstet_workers_started_total ")[2].split()[0])


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def call(port: int) -> Connection:
    """Ask for the server's health."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: stet\r\n\r\n")
    return reader, writer


async def answered(connection: Connection) -> bytes:
    """The status line, as soon as it comes."""
    async with asyncio.timeout(30):
        return (await connection[0].readline()).rstrip()


def sockets(pid: int) -> int:
    """How many sockets a process has open."""
    count = 0
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            count += str(file.readlink()).startswith("socket:")
    return count


def test_where_a_port_cannot_be_shared_all_workers_have_one_listener(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    listeners = serving.listen("127.0.0.1", 0, 3)

    assert len(listeners) == 3
    assert len(set(listeners)) == 1
    listeners[0].close()
