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
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import select

from app.core.database import Database
from app.core.database.connect import connect
from app.models import Change
from app.operations.server import serving
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

    await see_it_stop(served.server)


async def see_it_stop(server: Server) -> None:
    """It takes no connection while it still serves those that it has."""
    running = [await call(server.port, SLOW) for _ in server.workers()]
    assert [await answered(one) for one in running] == [b"HTTP/1.1 100 Continue"] * 2

    server.terminate()
    async with asyncio.timeout(30):
        while await connects(server.port):  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.05)

    for reader, writer in running:
        assert await reader.readline() == b"\r\n"
        writer.write(b"{}")
        assert (await reader.readline()).startswith(b"HTTP/1.1 422 ")
        writer.close()
    assert await server.ended() == 0


async def test_workers_that_end_and_those_who_take_their_places_are_told_and_counted(
    served: Served, tmp_path: Path
) -> None:
    server = served.server
    killed, stopped = server.workers()

    os.kill(killed, signal.SIGKILL)
    # It answers its parent no more, for five seconds.
    os.kill(stopped, signal.SIGSTOP)
    async with asyncio.timeout(120):
        while len(second := set(server.workers()) - {killed, stopped}) != 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        async with httpx.AsyncClient(base_url=server.url, headers=ONCE, timeout=30) as client:
            while await started(client) < 4:  # noqa: ASYNC110  # nobody says
                await asyncio.sleep(0.05)
        # With this no worker can begin.
        (tmp_path / ".env").write_text("STET_UNHEARD_OF=1")
        os.kill(server.pid, signal.SIGHUP)
        while not told(server, "worker not replaced"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        (tmp_path / ".env").unlink()
        os.kill(server.pid, signal.SIGHUP)
        while len(told(server, "worker replaced")) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        async with httpx.AsyncClient(base_url=server.url, headers=ONCE, timeout=30) as client:
            assert await started(client) == 6

    ends = {line["pid"]: line for line in told(server, "worker died", "worker hung")}
    assert {ends[killed]["successor"], ends[stopped]["successor"]} == second
    for pid, event in ((killed, "worker died"), (stopped, "worker hung")):
        line = ends[pid]
        assert (line["event"], line["level"], line["signal"]) == (event, "error", "Killed")
    [failure] = told(server, "worker not replaced")
    assert failure.pop("pid") in second
    del failure["timestamp"]
    assert failure == {
        "event": "worker not replaced",
        "level": "error",
        "status": 1,
        "replaced": 0,
        "of": 2,
        "remedy": "Send SIGHUP again.",
    }
    changes = told(server, "worker replaced")
    assert {line["pid"] for line in changes} == second
    assert {line["successor"] for line in changes} == set(server.workers())
    assert [(line["level"], line["replaced"], line["of"]) for line in changes] == [
        ("info", 1, 2),
        ("info", 2, 2),
    ]


async def connects(port: int) -> bool:
    """Whether somebody takes a connection there."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        # Its listener was closed just now, and there may be another.
        return True
    writer.close()
    return True


def told(server: Server, *events: str) -> list[dict[str, Any]]:
    """What the log says of these, so far."""
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] in events]


async def started(client: httpx.AsyncClient) -> float:
    """How many workers have begun."""
    text = (await client.get("/metrics")).text
    return float(text.partition("\nstet_workers_started_total ")[2].split()[0])


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


HEALTH = b"GET /healthz HTTP/1.1\r\nHost: stet\r\n\r\n"
SLOW = b"""POST /v1/session HTTP/1.1\r
Host: stet\r
Content-Type: application/json\r
Content-Length: 2\r
Expect: 100-continue\r
\r
"""


async def call(port: int, request: bytes = HEALTH) -> Connection:
    """Ask for the server's health, or what else is to be asked."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
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
