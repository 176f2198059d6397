"""How many times as fast as doccano Stet is, with both on this machine, in one run, by turns.

    .venv/bin/python -m tests.bench.peers                     five rounds, about nine minutes
    .venv/bin/python -m tests.bench.peers --seconds 15 --rounds 3 --connections 16

The first run installs doccano 1.8.4 into ``build/doccano``. Each is served in its form for
production: ``stet serve`` with two workers, ``doccano webserver`` with as many as it takes by
default, five on two cores. Each has a database of its own in one PostgreSQL cluster, as it comes
(fsync and synchronous_commit on), reached by a Unix socket. wrk asks the same of both:

- create: POST of one span with a token; 20 documents of 5,000 characters, spans of 80. Stet checks
  the quote and the attributes and writes its log; doccano's spans have neither.
- list: GET of one document's 50 spans, which Stet answers as it did before, once it has seen that
  nothing has changed.
- list anew: the same of pages that Stet has not read lately; doccano reads each anew.
- decide: Stet's approval of a span, each of another. doccano has no decision on a span; nearest
  comes confirming a document (POST of its state), each another one. Its PATCH of a document's score
  was no faster.

doccano, then Stet, in every round; each figure is the median of the rounds, and so is the multiple,
of which the least and the greatest stand beside it. Absolute figures are the machine's. All answers
must be 2xx, and afterwards all rows must be there.

The memory is what each server's processes hold once all of this has been asked of them for a
second, pages that they share counted once (PSS, so on Linux alone), without PostgreSQL's.
"""

import argparse
import asyncio
import os
import statistics
from itertools import product
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from app.core.database.connect import connect
from app.core.settings import Settings
from tests import serving
from tests.bench import doccano
from tests.bench.__main__ import WORKLOADS, Runs
from tests.bench.furnish import Newsroom, databases, migrate
from tests.bench.load import Stock, Workload, check_wrk, run, run_checked

AIMS = {"create": 25, "list": 20, "list anew": 20, "decide": 15}
"""By workload, how many times as fast as doccano Stet wants to be."""


def held(group: int) -> int:
    """Bytes of memory that the processes of a group hold, shared pages counted once (PSS)."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                told = (process / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in told if line.startswith("Pss:"))
        except (FileNotFoundError, ProcessLookupError):
            # It has ended since the folder was read.
            continue
    return total * 1024


async def measure(
    urls: list[str], connections: list[int], rounds: int, seconds: int, folder: Path
) -> tuple[Runs, dict[str, int]]:
    """All workloads, the two taking turns; and the bytes of memory that each held before."""
    url, peer_url = urls
    peer_folder = folder / "doccano"
    peer_folder.mkdir()
    migrate(url)
    project = doccano.Project(peer_url, peer_folder)
    project.prepare()
    database = connect(Settings(_env_file=None, database_url=url))
    runs: Runs = {}
    try:
        async with (
            serving.stet(url, folder, workers=2) as stet,
            doccano.server(peer_url, peer_folder) as peer,
        ):
            newsroom = Newsroom(database, stet.url)
            await newsroom.furnish()
            await project.furnish(peer.url)
            for name in AIMS:
                await _warm(doccano.WORKLOADS[name], project, peer.url, folder)
                await _warm(WORKLOADS[name], newsroom, stet.url, folder)
            memory = {"stet": held(stet.pid), "doccano": held(peer.pid)}
            for _, count, name in product(range(rounds), connections, AIMS):
                theirs = await doccano.WORKLOADS[name].load(project, seconds)
                measured = await run_checked(
                    *(peer.url, theirs, project, doccano.WORKLOADS[name].leaves, seconds, folder),
                    connections=count,
                )
                runs.setdefault((name, count, "doccano"), []).append(measured)
                ours = await WORKLOADS[name].load(newsroom, seconds)
                measured = await run_checked(
                    *(stet.url, ours, newsroom, WORKLOADS[name].leaves, seconds, folder),
                    connections=count,
                )
                runs.setdefault((name, count, "stet"), []).append(measured)
    finally:
        await database.dispose()
    return runs, memory


async def _warm(workload: Workload[Stock], stock: Stock, url: str, folder: Path) -> None:
    """Modules loaded in every worker, connections opened, statements prepared."""
    await run(url, await workload.load(stock, 1), 1, folder)


def _table(connections: list[int], runs: Runs) -> Table:
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("p50, p99: ms", no_wrap=True)
    columns = ("Stet/s", "p50", "p99", "doccano/s", "p50", "p99")
    for column in (*columns, "times", "rounds", "aim"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, count in product(AIMS, connections):
        sides = runs[(name, count, "stet")], runs[(name, count, "doccano")]
        multiples = [
            ours.per_second / theirs.per_second for ours, theirs in zip(*sides, strict=True)
        ]
        figures = []
        for side in sides:
            figures.append(f"{statistics.median(each.per_second for each in side):,.0f}")
            figures.append(f"{statistics.median(each.p50_ms for each in side):.1f}")
            figures.append(f"{statistics.median(each.p99_ms for each in side):.1f}")
        table.add_row(
            f"{name}, {count}",
            *figures,
            f"{statistics.median(multiples):.1f}",
            f"{min(multiples):.0f}-{max(multiples):.0f}",
            str(AIMS[name]),
        )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    given = parser.parse_args()
    check_wrk()
    doccano.install()
    with databases("postgresql", "stet", "doccano") as (folder, urls):
        work = measure(urls, given.connections, given.rounds, given.seconds, folder)
        runs, memory = asyncio.run(work)
    console = Console()
    console.print(_table(given.connections, runs))
    console.print(
        f"Memory at rest, MiB: Stet {memory['stet'] / 2**20:,.0f}, "
        f"doccano {memory['doccano'] / 2**20:,.0f}"
    )


if __name__ == "__main__":
    main()
