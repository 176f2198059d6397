"""Exports that fail half-way, and followers when the server stops."""

import asyncio
import json
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.conftest import DIALECTS, TOKENS, Databases
from tests.resilience.wire import Wire, head
from tests.serving import Forked, Server, has_under_way, stet

EXPORT = "/v1/projects/demo/export?format=jsonl"
CHANGES = "/v1/projects/demo/changes"
CONNECTIONS = 8
"""How many the server keeps of each kind: other tests want some too."""
DOCUMENTS = 800
SIZE = 24_000
MARKS = "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"


@pytest.fixture(params=DIALECTS)
async def served(
    request: pytest.FixtureRequest, databases: Databases, tmp_path: Path
) -> AsyncIterator[tuple[Server, str]]:
    """A server whose project fills far more than what may wait in a socket."""
    url = databases.furnished(request.param)
    async with stet(url, tmp_path, database_pool_size=CONNECTIONS) as server:
        async with client_of(server, "manager") as client:
            # The same each time. It has no words, and does not become small when it is compressed:
            # texts share some of it, but too far apart for gzip to see.
            noise = "".join(random.Random(1).choices(MARKS, k=20 * SIZE))  # noqa: S311
            lines = [
                json.dumps(
                    {
                        "title": f"{number}",
                        "text": f"{number} {noise[start : start + SIZE]}",
                        "annotations": [{"label": "claim", "start": 0, "end": 1, "quote": text}],
                    }
                )
                for number in range(DOCUMENTS)
                for text in [f"{number}"[0]]
                for start in [number * 7 * SIZE // 5 % (19 * SIZE)]
            ]
            answer = await client.post(
                "/v1/projects/demo/import?format=jsonl", content="\n".join(lines)
            )
            assert answer.json()["created"]["documents"] == DOCUMENTS, answer.text
        yield server, url
    databases.drop(url)


def client_of(server: Server, who: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {TOKENS[who]}", "Accept-Encoding": "identity"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60)


def spoil(file: Path) -> None:
    """Overwrite the beginning of nearly every page of an SQLite file."""
    with sqlite3.connect(file) as database:
        # What is only in the log would be read from there.
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as opened:
        for place in range(4096 * 16, file.stat().st_size, 4096):
            opened.seek(place)
            opened.write(b"\xff" * 16)


async def harm(url: str) -> None:
    """Make what the export has still to read unreadable."""
    if url.startswith("sqlite"):
        spoil(Path(url.removeprefix("sqlite:///")))
        return
    connection = await asyncpg.connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'stet-reader' AND datname = current_database()"
    )
    await connection.close()


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_an_export_that_fails_half_way_does_not_look_whole(
    served: tuple[Server, str], encoding: str
) -> None:
    server, url = served
    async with client_of(server, "reader") as client:
        request = client.build_request("GET", EXPORT, headers={"Accept-Encoding": encoding})
        answer = await client.send(request, stream=True)
        pieces = answer.aiter_raw()
        await anext(pieces)
        await harm(url)
        with pytest.raises(httpx.RemoteProtocolError):
            async for _ in pieces:
                pass
        await answer.aclose()


@pytest.mark.parametrize("killed", [False, True], ids=["fails", "is killed"])
async def test_an_export_without_chunks_that_fails_half_way_does_not_look_whole(
    served: tuple[Server, str], *, killed: bool
) -> None:
    server, url = served
    wire = await Wire.to(server)
    asked = head("GET", EXPORT, Authorization=f"Bearer {TOKENS['reader']}")
    await wire.send(asked.replace(b"HTTP/1.1", b"HTTP/1.0"))
    await wire.told()
    await (server.kill() if killed else harm(url))

    with pytest.raises(ConnectionResetError):
        await wire.rest()

    await wire.close()


async def test_readers_who_take_nothing_keep_nobody_else_from_reading(
    served: tuple[Server, str],
) -> None:
    server, _ = served
    async with (
        client_of(server, "reader") as stalled,
        client_of(server, "annotator") as another,
        client_of(server, "reader") as client,
    ):
        stalled.timeout = another.timeout = httpx.Timeout(5, pool=None)
        # As many exports as there are places for, and of the log as many readers as the server
        # keeps connections of one kind.
        asked = [*[(stalled, EXPORT)] * 4, *[(another, EXPORT)] * 2]
        asked += [(stalled, f"{CHANGES}?after=0")] * CONNECTIONS
        answers = [await by.send(by.build_request("GET", path), stream=True) for by, path in asked]
        began = time.monotonic()

        paths = ("/v1/me", "/readyz", "/v1/projects/demo/progress")
        found = [(await client.get(path)).status_code for path in paths]
        one_more = await client.get(EXPORT)

        assert found == [200, 200, 200]
        assert one_more.status_code == 429
        # Sooner than who waits in vain for a connection is answered.
        assert time.monotonic() - began < 9
        assert {answer.status_code for answer in answers} == {200}
        for answer in answers:
            await answer.aclose()


async def test_a_server_that_stops_lets_its_followers_go(
    databases: Databases, dialect: str, tmp_path: Path
) -> None:
    url = databases.furnished(dialect)
    async with (
        stet(url, tmp_path, database_pool_size=CONNECTIONS, shutdown_grace_seconds=30) as server,
        client_of(server, "reader") as client,
    ):
        end = (await client.head(CHANGES)).headers["Stet-Snapshot"]
        query: dict[str, str | int] = {"after": end, "wait": 60}
        polls = [asyncio.create_task(client.get(CHANGES, params=query)) for _ in range(3)]
        events = asyncio.create_task(
            client.get(CHANGES, params=query, headers={"Accept": "text/event-stream"})
        )
        await has_under_way(server, 4, "long")
        began = time.monotonic()

        server.terminate()
        status = await server.ended()

        assert status == 0
        assert time.monotonic() - began < 10
        assert [(await poll).text for poll in polls] == ["", "", ""]
        assert (await events).text.startswith("retry: ")
    databases.drop(url)


async def test_who_hangs_up_while_nothing_comes_keeps_nobody_out(
    database_url: str, tmp_path: Path
) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['reader']}"}
    path = CHANGES
    async with (
        Forked(database_url, tmp_path, max_streams_at_once=1) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client,
    ):
        # By what takes no place: one who was answered may have theirs for a moment more.
        end = (await client.get("/v1/projects/demo/progress")).headers["Stet-Snapshot"]
        begun = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            await client.get(path, params={"after": end, "wait": 60}, timeout=0.5)
        while (answer := await client.get(path)).status_code == 503:  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.02)

    assert answer.status_code == 200
    assert time.monotonic() - begun < 10
