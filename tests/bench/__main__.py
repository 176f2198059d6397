"""How fast Stet answers, as a share of what FastAPI itself can do on the same machine.

    make bench                                       both databases, about twelve minutes
    .venv/bin/python -m tests.bench --database postgresql --workers 1 --seconds 10

The real server is driven by wrk over 16 and 64 connections: `stet serve` with two workers on
PostgreSQL as it comes (fsync and synchronous_commit on), and with the one that SQLite allows on a
file (synchronous=FULL). Five things are measured:

- create: POST of one span with a bearer token, the server makes the id; 20 documents of 5,000
  characters, quotes of 80.
- list: GET of one document's 50 spans, in which nothing has changed since they were read last: only
  that has to be seen (``app.annotations.page_cache``).
- list anew: the same of pages that were not read lately, which the database writes.
- decide: POST of an approval with If-Match, each of another annotation.
- me: GET of who the token is.

Beside each stands the floor (``tests.bench.floor``): the same server software with as many workers,
the same body into the same models and the same JSON out, but no database, token, check or log line.
The two take turns, so that what else the machine does falls on both; each figure is the median of
the rounds. Absolute figures are the machine's; compare the ratios.

All answers must be 2xx, and afterwards all rows must be there.

Then a file of 200,000 spans is imported and exported (``tests.bench.bulk``), beside what the
database itself takes for the same rows; in brackets is by how much the server's memory grew.

What one create takes, in microseconds of CPU, on a machine half as fast as that of README.md's
figures (PostgreSQL, one worker, 16 connections; shares by py-spy, the whole by the processes' own
count):

    111 PostgreSQL: the statement, its indexes and foreign keys, the commit (130 with two workers)
    450 the worker (500 of two):
         39  uvicorn and the loop: reading and parsing
         40  the answer on its way out, most of it in the kernel
         43  the body, read and parsed strictly
         65  what the route's function is called with: the body's model, the query, who the caller
             is and the document
         98  what Stet checks and makes of it: scheme, span, rows; 24 of it on the way to the log
         47  writing with others: the statement of all, asyncpg, each one's outcome
         16  the answer as JSON
         35  the log line and the measurements
         65  limits, places, other middleware, finding the route, the session
    257 the floor's worker does of this: uvicorn, FastAPI, one body in, one answer out

A list that has not changed takes the worker 320 and PostgreSQL 115 (the floor 555), a decision 357
and 135 (247), me 182 (126). So a worker with a core of its own answers more than half as many
writes as FastAPI's floor, and more lists; where workers, PostgreSQL and wrk share two cores the
floor has both of them for itself. What a batch takes whatever is in it, some 300 in the worker and
200 in PostgreSQL, falls on sixteen writes of one worker's callers, on eight of two workers' and on
one of somebody who writes alone: so 16 connections are further from the floor than 64.
"""

import argparse
import asyncio
import statistics
import sys
from itertools import product
from pathlib import Path
from uuid import UUID

from rich import box
from rich.console import Console
from rich.table import Table

from app.core.database.connect import connect
from app.core.settings import Settings
from tests import serving
from tests.bench import bulk, material
from tests.bench.furnish import Newsroom, bearer, databases, migrate
from tests.bench.load import Load, Run, Workload, check_wrk, lines, run, run_checked

_FLOOR = (
    *(sys.executable, "-m", "uvicorn", "tests.bench.floor:app", "--port", "{port}"),
    *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--workers"),
)
# More than can be decided in a second.
_DECISIONS_PER_SECOND = 10_000
_SPANS = 200_000


async def _create(newsroom: Newsroom, _seconds: float) -> Load:
    sent = [
        (f"/v1/documents/{document}/annotations", "", material.span(number))
        for number in range(50)
        for document in newsroom.written
    ]
    return Load("POST", bearer("annotator"), lines(sent))


async def _list(newsroom: Newsroom, _seconds: float) -> Load:
    sent = [(f"/v1/documents/{newsroom.read[0]}/annotations", "", None)]
    return Load("GET", bearer("annotator"), lines(sent))


async def _list_anew(newsroom: Newsroom, _seconds: float) -> Load:
    # A page of another length is another page, and these are eight times as many as are kept.
    sent = [
        (f"/v1/documents/{document}/annotations?limit={limit}", "", None)
        for limit in range(51, 1001)
        for document in newsroom.read
    ]
    return Load("GET", bearer("annotator"), lines(sent))


async def _decide(newsroom: Newsroom, seconds: float) -> Load:
    ids: list[UUID] = await newsroom.pend(round(_DECISIONS_PER_SECOND * seconds))
    sent = [(f"/v1/annotations/{id}/decisions", '"1"', {"verdict": "approve"}) for id in ids]
    return Load("POST", bearer("reviewer"), lines(sent), once=True)


async def _me(_newsroom: Newsroom, _seconds: float) -> Load:
    return Load("GET", bearer("annotator"), lines([("/v1/me", "", None)]))


WORKLOADS: dict[str, Workload[Newsroom]] = {
    "create": Workload(_create, {"annotations": 1, "changes": 1}),
    "list": Workload(_list, {}),
    "list anew": Workload(_list_anew, {}),
    "decide": Workload(_decide, {"decisions": 1, "annotation_versions": 1, "changes": 1}),
    "me": Workload(_me, {}),
}

Runs = dict[tuple[str, int, str], list[Run]]
"""By workload, connections and who answered: ``stet`` or ``floor``."""


async def measure(
    url: str, workers: int, connections: list[int], rounds: int, seconds: int, folder: Path
) -> Runs:
    """All workloads on one database, Stet and the floor taking turns."""
    migrate(url)
    (folder / "floor").mkdir()
    database = connect(Settings(_env_file=None, database_url=url))
    floor_of = serving.Server((*_FLOOR, str(workers)), folder / "floor", ready="/readyz")
    runs: Runs = {}
    try:
        async with serving.stet(url, folder, workers=workers) as stet, floor_of as floor:
            newsroom = Newsroom(database, stet.url)
            await newsroom.furnish()
            await _warm(newsroom, stet.url, floor.url, folder)
            for _ in range(rounds):
                for count, (name, workload) in product(connections, WORKLOADS.items()):
                    load = await workload.load(newsroom, seconds)
                    measured = await run_checked(
                        *(stet.url, load, newsroom, workload.leaves, seconds, folder),
                        connections=count,
                    )
                    runs.setdefault((name, count, "stet"), []).append(measured)
                    load = Load(load.method, load.authorization, load.requests)
                    measured = await run(floor.url, load, seconds, folder, connections=count)
                    runs.setdefault((name, count, "floor"), []).append(measured)
    finally:
        await database.dispose()
    return runs


async def _warm(newsroom: Newsroom, stet: str, floor: str, folder: Path) -> None:
    """Connections opened, statements prepared, pages in memory."""
    for workload in WORKLOADS.values():
        load = await workload.load(newsroom, 1)
        for url in (stet, floor):
            await run(url, Load(load.method, load.authorization, load.requests), 1, folder)


def _table() -> Table:
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("")
    for column in ("a second", "p50 ms", "p99 ms", "beside it", "ratio", "rounds"):
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _add_requests(table: Table, connections: list[int], runs: Runs) -> None:
    for name, count in product(WORKLOADS, connections):
        stet, floor = runs[(name, count, "stet")], runs[(name, count, "floor")]
        ratios = [
            ours.per_second / theirs.per_second for ours, theirs in zip(stet, floor, strict=True)
        ]
        table.add_row(
            f"{name}, {count}",
            f"{statistics.median(each.per_second for each in stet):,.0f}",
            f"{statistics.median(each.p50_ms for each in stet):.1f}",
            f"{statistics.median(each.p99_ms for each in stet):.1f}",
            f"{statistics.median(each.per_second for each in floor):,.0f}",
            f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f}-{max(ratios):.2f}",
        )


def _add_spans(table: Table, figures: dict[str, bulk.Figure]) -> None:
    for name, figure in figures.items():
        table.add_row(
            f"{name} (+{figure.grown / 2**20:.0f} MiB)",
            f"{figure.per_second:,.0f}",
            "",
            "",
            f"{figure.raw_per_second:,.0f}",
            f"{figure.per_second / figure.raw_per_second:.2f}",
            "",
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="this one alone")
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--workers", type=int, default=2, help="on PostgreSQL")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    given = parser.parse_args()
    check_wrk()
    table = _table()
    for dialect in [given.database] if given.database else ["postgresql", "sqlite"]:
        workers = given.workers if dialect == "postgresql" else 1
        table.add_section()
        table.add_row(f"{dialect}, {workers} worker{'s' * (workers > 1)}")
        with databases(dialect, "stet") as (folder, [url]):
            work = measure(url, workers, given.connections, given.rounds, given.seconds, folder)
            _add_requests(table, given.connections, asyncio.run(work))
        with databases(dialect, "stet", "raw") as (folder, [url, raw]):
            _add_spans(table, asyncio.run(bulk.measure(url, raw, _SPANS, folder)))
    Console().print(table)


if __name__ == "__main__":
    main()
