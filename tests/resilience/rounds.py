"""kill -9 at random moments under load, round after round, more of them than a test has time for.

    .venv/bin/python -m tests.resilience.rounds --rounds 50

In each round people work on a real server (``tests.resilience.shift``) until, after a random number
of answers, something dies: the server with all its workers; one worker of two, and the others a
moment later; or PostgreSQL, by its own crash or by kill -9 of a process of its. Then the server is
started again, what had no answer is sent again, and all that the database holds is compared with
what was acknowledged (``tests.resilience.test_kill``). In the end `stet doctor` looks too.
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
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import asyncpg

from tests.conftest import Databases
from tests.forking import environment
from tests.resilience.shift import Shift
from tests.resilience.test_database_away import Cluster
from tests.resilience.test_kill import check, kept
from tests.serving import Server, stet

STET = Path(sys.executable).with_name("stet")
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
        self.deaths: Counter[str] = Counter()
        self.resent = 0

    async def round(self) -> None:
        """One round.

        Raises:
            AssertionError: when something acknowledged is not there, or something is there in part.
        """
        deaths: dict[str, Death] = {"server": self._server}
        if self._cluster is not None:
            deaths |= {"worker": self._worker, "PostgreSQL": self._crash, "backend": self._backend}
        name = self._chance.choice(list(deaths))
        self.deaths[name] += 1
        answers = self._chance.randrange(1, 150)
        workers = 1 if self._cluster is None else 2
        async with stet(self._url, self._folder, workers=workers) as server:
            await self._shift.work(server, answers, end=lambda: deaths[name](server))
            await server.kill()
        if self._cluster is not None:
            await self._cluster.revive()
            await _recovered(self._url)
        check(self._shift, await kept(self._url))
        async with stet(self._url, self._folder, workers=workers) as server:
            self.resent += await self._shift.ask_again(server)
        check(self._shift, await kept(self._url))

    async def _server(self, server: Server) -> None:
        await server.kill()

    async def _worker(self, server: Server) -> None:
        os.kill(self._chance.choice(server.workers()), signal.SIGKILL)
        await asyncio.sleep(self._chance.random() / 4)
        await server.kill()

    async def _crash(self, _server: Server) -> None:
        assert self._cluster is not None
        await self._cluster.crash()

    async def _backend(self, server: Server) -> None:
        """PostgreSQL's answer to a process that died so is to begin anew, all of it."""
        connection = await asyncpg.connect(self._url)
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'stet'"
        pids = [row["pid"] for row in await connection.fetch(query)]
        os.kill(self._chance.choice(pids), signal.SIGKILL)
        with suppress(asyncpg.PostgresError, OSError):
            await connection.close()
        await asyncio.sleep(self._chance.random() / 4)
        await server.kill()

    @property
    def annotations(self) -> int:
        """How many were written or tried."""
        return len(self._shift.told)


async def _recovered(url: str) -> None:
    while True:
        with suppress(asyncpg.CannotConnectNowError):
            await (await asyncpg.connect(url)).close()
            return
        await asyncio.sleep(0.05)


async def _all(rounds: Rounds, count: int) -> None:
    for number in range(1, count + 1):
        await rounds.round()
        sys.stderr.write(f"\r{number} of {count}")


def main() -> None:
    """Go through the rounds, on each database, and say what died."""
    parser = argparse.ArgumentParser(prog="python -m tests.resilience.rounds", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="this one alone")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    given = parser.parse_args()
    for dialect in [given.database] if given.database else ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory(prefix="stet-rounds-") as name:
            folder = Path(name)
            cluster = Cluster(folder) if dialect == "postgresql" else None
            url = cluster.url if cluster else Databases(folder, folder, "r").furnished(dialect)
            rounds = Rounds(url, folder, cluster, random.Random(given.seed))  # noqa: S311
            sys.stdout.write(f"{dialect}, seed {given.seed}\n")
            try:
                asyncio.run(_all(rounds, given.rounds))
                subprocess.run((STET, "doctor"), env=environment(url), cwd=folder, check=True)
            finally:
                if cluster is not None:
                    cluster.close()
            sys.stdout.write(
                f"{given.rounds} rounds, killed: {dict(rounds.deaths)}; {rounds.annotations} "
                f"annotations, {rounds.resent} requests sent again; nothing lost, doubled or half "
                "done.\n"
            )


if __name__ == "__main__":
    main()
