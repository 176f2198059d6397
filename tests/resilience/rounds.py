"""kill -9 at random moments under load, round after round, more of them than a test has time for.

    .venv/bin/python -m tests.resilience.rounds --rounds 50

In each round people work on a real server (``tests.resilience.shift``) until, after a random number
of answers, something dies:

- ``server``: the server with all its workers, half of the time one of two a moment before;
- ``worker``: one worker of two; the other and the next one serve on;
- ``PostgreSQL``: the database's server, by its own crash;
- ``postmaster``: all its processes, by kill -9;
- ``backend``: one of them, whereupon it begins anew.

Then all that the database holds is compared with what was acknowledged (``tests.resilience.kept``),
what had no answer is sent again, to the same server unless that died, and all is compared again.
Every death comes once before any comes again. In the end `stet doctor` looks too.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeAlias

import asyncpg

from tests.conftest import Databases
from tests.forking import environment
from tests.resilience.kept import check, kept
from tests.resilience.shift import Shift
from tests.resilience.test_database_away import Cluster
from tests.serving import STET, Server, stet

Death: TypeAlias = Callable[[Server], Awaitable[None]]


class Rounds:
    """Rounds on one database."""

    def __init__(self, url: str, folder: Path, cluster: Cluster | None, chance: random.Random):
        """Without a ``cluster`` it is SQLite, and the server has one worker."""
        self._url = url
        self._folder = folder
        self._cluster = cluster
        self._chance = chance
        self._shift = Shift()
        self._deaths: dict[str, Death] = {"server": self._server}
        if cluster is not None:
            self._deaths |= {
                "worker": self._worker,
                "PostgreSQL": lambda _: cluster.crash(),
                "postmaster": lambda _: cluster.kill(),
                "backend": self._backend,
            }
        self._next: list[str] = []
        self._resent = 0
        self.died: Counter[str] = Counter()
        """What did, and how often."""

    async def go(self, rounds: int) -> None:
        """Go through so many.

        Raises:
            AssertionError: when something acknowledged is not there, or something is there in part.
        """
        workers = 1 if self._cluster is None else 2
        async with stet(self._url, self._folder, workers=workers) as server:
            for number in range(1, rounds + 1):
                await self._round(server)
                sys.stderr.write(f"\r{number} of {rounds}")

    async def _round(self, server: Server) -> None:
        if not self._next:
            self._next = self._chance.sample(list(self._deaths), len(self._deaths))
        name = self._next.pop()
        self.died[name] += 1
        many, workers = self._chance.randrange(1, 150), server.workers()
        await self._shift.work(server, many, end=lambda: self._deaths[name](server))
        if self._cluster is not None:
            await self._cluster.revive()
            await _recovered(self._url)
        check(self._shift, await kept(self._url))
        if name == "server":
            await server.start()
        elif name != "worker":
            # Whatever becomes of the database, the server lives.
            assert server.workers() == workers
        self._resent += await self._shift.ask_again(server)
        check(self._shift, await kept(self._url))

    async def _server(self, server: Server) -> None:
        if self._cluster is not None and self._chance.random() < 0.5:
            self._kill_one(server.workers())
            await asyncio.sleep(self._chance.random() / 4)
        await server.kill()

    async def _worker(self, server: Server) -> None:
        before = server.workers()
        self._kill_one(before)
        async with asyncio.timeout(60):
            while not set(server.workers()) - set(before):  # noqa: ASYNC110  # nobody says
                await asyncio.sleep(0.05)

    async def _backend(self, _server: Server) -> None:
        connection = await asyncpg.connect(self._url)
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'stet'"
        pids = [row["pid"] for row in await connection.fetch(query)]
        self._kill_one(pids)
        # All others are ended for that, this one among them.
        with suppress(asyncpg.PostgresError, OSError):
            await connection.execute("SELECT pg_sleep(60)")

    def _kill_one(self, pids: list[int]) -> None:
        os.kill(self._chance.choice(pids), signal.SIGKILL)

    def told(self) -> str:
        """What was asked for and what died meanwhile."""
        asked = Counter(entry.kind for request in self._shift.requests for entry in request.makes)
        things = ", ".join(f"{count} {kind}" for kind, count in sorted(asked.items()))
        return (
            f"{len(self._shift.requests)} requests for {things}; died: {dict(self.died)}; "
            f"{self._resent} sent again; nothing lost, doubled or half done."
        )


async def _recovered(url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(asyncpg.CannotConnectNowError):
                await (await asyncpg.connect(url)).close()
                return
            await asyncio.sleep(0.05)


def go_through(dialect: str, rounds: int, seed: int) -> Rounds:
    """Go through so many rounds on a new database, with `stet doctor` in the end.

    Raises:
        AssertionError: alone or in a group, as ``Rounds.go``.
        CalledProcessError: when not all is well in the end.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stet-rounds-")))
        cluster = None
        if dialect == "postgresql":
            cluster = Cluster(folder)
            stack.callback(cluster.close)
        url = cluster.url if cluster else Databases(folder, folder, "r").furnished(dialect)
        gone = Rounds(url, folder, cluster, random.Random(seed))  # noqa: S311
        asyncio.run(gone.go(rounds))
        subprocess.run((STET[0], "doctor"), env=environment(url), cwd=folder, check=True)
        return gone


def main() -> None:
    """Go through the rounds, on each database, and say what died."""
    parser = argparse.ArgumentParser(prog="python -m tests.resilience.rounds", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="this one alone")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    given = parser.parse_args()
    for dialect in [given.database] if given.database else ["sqlite", "postgresql"]:
        sys.stdout.write(f"{dialect}, {given.rounds} rounds, seed {given.seed}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{go_through(dialect, given.rounds, given.seed).told()}\n")


if __name__ == "__main__":
    main()
