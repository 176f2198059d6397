"""What Prometheus reads: requests, their durations, connections; of one worker and of several."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app.core.database import Database, Session
from app.core.database.connect import connect
from tests import make
from tests.conftest import TOKENS, Newsroom, settings
from tests.serving import STET, Server

Measured = dict[tuple[str, ...], float]


def samples(exposed: str, name: str, *labels: str) -> Measured:
    """The samples of that name, by the values of the labels."""
    return {
        tuple(sample.labels[label] for label in labels): sample.value
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
        if sample.name == name
    }


async def exposed(client: httpx.AsyncClient) -> str:
    answer = await client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


async def counted(client: httpx.AsyncClient) -> Measured:
    text = await exposed(client)
    return samples(text, "stet_requests_total", "method", "route", "status")


def risen(before: Measured, after: Measured) -> Measured:
    return {key: n - before.get(key, 0) for key, n in after.items() if n > before.get(key, 0)}


async def test_requests_are_counted_by_route_and_status(newsroom: Newsroom) -> None:
    document = (await make.document(newsroom["annotator"]))["id"]
    before = await counted(newsroom["nobody"])

    for _ in range(3):
        await newsroom["reader"].get(f"/v1/documents/{document}")
    await newsroom["reader"].get(f"/v1/documents/{make.id_of(9)}")
    await newsroom["nobody"].get(f"/v1/documents/{document}")
    await newsroom["nobody"].get("/no/such/path")
    await newsroom["nobody"].get("/no/other/path")
    await newsroom["nobody"].request("BREW", "/healthz")

    assert risen(before, await counted(newsroom["nobody"])) == {
        ("GET", "/v1/documents/{id}", "200"): 3,
        ("GET", "/v1/documents/{id}", "404"): 1,
        ("GET", "/v1/documents/{id}", "401"): 1,
        ("GET", "unmatched", "404"): 2,
        ("other", "/healthz", "405"): 1,
        ("GET", "/metrics", "200"): 1,
    }


async def test_durations_are_measured_by_route(newsroom: Newsroom) -> None:
    name, labels = "stet_request_duration_seconds", ("method", "route")
    before = await exposed(newsroom["nobody"])

    await newsroom["reader"].get("/v1/me")

    after = await exposed(newsroom["nobody"])
    me = ("GET", "/v1/me")
    times = [samples(text, f"{name}_count", *labels).get(me, 0) for text in (before, after)]
    seconds = [samples(text, f"{name}_sum", *labels).get(me, 0) for text in (before, after)]
    assert times[1] - times[0] == 1
    assert 0 < seconds[1] - seconds[0] < 60


async def test_connections_at_work_are_measured(newsroom: Newsroom) -> None:
    name = "stet_database_connections_in_use"
    database: Database = newsroom.app.state.database

    async with database.snapshot() as db:
        await db.execute(text("SELECT 1"))
        during = samples(await exposed(newsroom["nobody"]), name)
    after = samples(await exposed(newsroom["nobody"]), name)

    assert (during, after) == ({(): 1}, {(): 0})


async def test_waits_for_a_connection_are_measured(newsroom: Newsroom) -> None:
    name = "stet_database_connection_wait_seconds"
    database = connect(settings(newsroom.app.state.settings.database_url, database_pool_size=1))
    ended: list[str] = []

    async def write(seconds: float) -> None:
        async with database.session(writes=True) as db:
            await db.begin()
            await asyncio.sleep(seconds)
            ended.append("written")

    await write(0)
    before = await exposed(newsroom["nobody"])
    await asyncio.gather(write(0.2), write(0))
    after = await exposed(newsroom["nobody"])
    await database.dispose()

    count, total = (
        samples(after, f"{name}_{what}")[()] - samples(before, f"{name}_{what}")[()]
        for what in ("count", "sum")
    )
    assert len(ended) == 3
    assert count == 1
    assert 0.15 < total < 10


async def test_writes_that_wait_are_measured(newsroom: Newsroom) -> None:
    database: Database = newsroom.app.state.database
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def write(_: Session, items: Sequence[Any]) -> Sequence[Any]:
        begun.set()
        await may_end.wait()
        return items

    async def written(item: int) -> Any:
        async with database.session(writes=True) as db:
            return await db.together("key", item, write)

    first = asyncio.create_task(written(0))
    await begun.wait()
    others = [asyncio.create_task(written(item)) for item in (1, 2, 3)]
    await asyncio.sleep(0)
    during = samples(await exposed(newsroom["nobody"]), "stet_writes_waiting")
    may_end.set()
    outcomes = await asyncio.gather(first, *others)
    after = samples(await exposed(newsroom["nobody"]), "stet_writes_waiting")

    assert outcomes == [0, 1, 2, 3]
    assert (during, after) == ({(): 3}, {(): 0})


async def test_exported_documents_are_counted_by_format(newsroom: Newsroom) -> None:
    name = "stet_exported_documents_total"
    for _ in range(3):
        await make.document(newsroom["annotator"])
    before = samples(await exposed(newsroom["nobody"]), name, "format")

    for query in ("format=jsonl", "format=csv", "format=csv", "format=brat&annotated=true"):
        answer = await newsroom["reader"].get(f"/v1/projects/demo/export?{query}")
        assert answer.status_code == 200
    await newsroom["reader"].get("/v1/projects/demo/export?format=csv&dry_run=true")

    after = samples(await exposed(newsroom["nobody"]), name, "format")
    assert risen(before, after) == {("jsonl",): 3, ("csv",): 6}


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_any_worker_answers_for_all_of_them(database_url: str, tmp_path: Path) -> None:
    command = (*STET, "--port", "{port}", "--workers", "2")
    reader = {"Authorization": f"Bearer {TOKENS['reader']}"}
    me = ("GET", "/v1/me", "200")
    async with (
        Server(command, tmp_path, ready="/readyz", STET_DATABASE_URL=database_url) as server,
        httpx.AsyncClient(base_url=server.url, timeout=30) as client,
    ):

        async def ask(path: str) -> httpx.Response:
            # Each on a connection of its own, so that both workers get some.
            return await client.get(path, headers={**reader, "Connection": "close"})

        answers = await asyncio.gather(*(ask("/v1/me") for _ in range(40)))
        told = [(await ask("/metrics")).text for _ in range(8)]
        killed, other = server.workers()
        os.kill(killed, signal.SIGKILL)
        await until(lambda: len(set(server.workers()) - {killed, other}) == 1)
        told += [(await ask("/metrics")).text for _ in range(4)]

    assert {answer.status_code for answer in answers} == {200}
    in_requests = [samples(t, "stet_requests_total", "method", "route", "status") for t in told]
    assert [requests[me] for requests in in_requests] == [40] * 12
    # One figure for all workers; how many it is depends on when each of them last looked.
    in_use = [samples(t, "stet_database_connections_in_use") for t in told]
    assert {tuple(use) for use in in_use} == {((),)}


# The number of one that ended may be another user's by now, who takes no signal of ours.
_OF_ANOTHER_USER = """
import os
def kill(pid, signal):
    if pid != os.getpid():
        raise PermissionError
os.kill = kill
"""


@pytest.mark.parametrize("others", ["", _OF_ANOTHER_USER])
def test_a_worker_that_ended_has_no_connections_but_its_requests_count(
    others: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    worker = others + "from app.core.metrics import POOL, REQUESTS, metrics; POOL.set({}); "
    worker += "REQUESTS.labels('GET', '/', 200).inc(); print(metrics().decode())"

    told = [
        subprocess.run(
            [sys.executable, "-c", worker.format(connections)],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for connections in (3, 1)
    ]

    name = "stet_database_connections_in_use"
    assert [samples(text, name) for text in told] == [{(): 3}, {(): 1}]
    assert [samples(text, "stet_requests_total") for text in told] == [{(): 1}, {(): 2}]


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError
