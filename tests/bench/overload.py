"""What becomes of Stet when three times as many ask as it takes: two minutes of it, and after.

    .venv/bin/python -m tests.bench.overload
    .venv/bin/python -m tests.bench.overload --database postgresql --seconds 20

First the rate that 16 connections sustain is measured, posting spans. Then three times as many
connections as a worker takes requests at once (STET_MAX_REQUESTS_AT_ONCE, 64 here) post without
pause; beside them a caller who asks ten times a second times each answer. Then 16 connections
again. Wanted: what is taken is answered about as soon as ever, the rest is told 503 at once, memory
stays flat, the rate afterwards is what it was before, and every span answered 201 is there.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections import Counter
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from app.core.connect import connect
from app.core.settings import Settings
from tests import serving
from tests.bench import material
from tests.bench.bulk import watched
from tests.bench.furnish import Newsroom, bearer, databases, migrate
from tests.bench.load import Load, check_wrk, lines, run, seen_of

PLACES = 64
CALM = 16


async def measure(url: str, seconds: int, folder: Path) -> dict[str, str]:
    """The figures of one database, by their names."""
    migrate(url)
    database = connect(Settings(_env_file=None, database_url=url))
    try:
        async with serving.stet(url, folder, max_requests_at_once=PLACES) as stet:
            newsroom = Newsroom(database, stet.url)
            await newsroom.furnish()
            sent = [
                (f"/v1/documents/{document}/annotations", "", material.span(number))
                for number in range(50)
                for document in newsroom.written
            ]
            load = Load("POST", bearer("annotator"), lines(sent))
            await run(stet.url, load, 3, folder)
            before = await newsroom.rows()
            calm = await run(stet.url, load, 10, folder, connections=CALM)

            path, _, body = load.requests[0].split("\t")
            caller = asyncio.create_task(_calls(stet.url, path, json.loads(body)))
            with watched(stet.pid) as grown:
                storm = await seen_of(stet.url, load, seconds, folder, connections=3 * PLACES)
            caller.cancel()
            answers = await caller

            after = await run(stet.url, load, 10, folder, connections=CALM)
            there = (await newsroom.rows())["annotations"] - before["annotations"]
    finally:
        await database.dispose()
    taken = sorted(took for status, took in answers if status == 201)
    refused = sorted(took for status, took in answers if status == 503)
    if len(taken) + len(refused) != len(answers):
        raise RuntimeError(f"Other answers than 201 and 503: {Counter(s for s, _ in answers)}")
    written = calm.requests + (storm["requests"] - storm["refused"]) + len(taken) + after.requests
    # When its time is up, wrk hangs up on requests that Stet still carries out.
    if not written <= there <= written + 2 * CALM + 3 * PLACES:
        raise RuntimeError(f"{written} were answered 201, and {there} are there.")
    return {
        "calm: 201 a second, 16 connections": f"{calm.per_second:,.0f}",
        "calm: p99 ms": f"{calm.p99_ms:.0f}",
        f"storm: 201 a second, {3 * PLACES} connections": (
            f"{(storm['requests'] - storm['refused']) / storm['seconds']:,.0f}"
        ),
        "storm: 503 a second": f"{storm['refused'] / storm['seconds']:,.0f}",
        "storm: 201 took, median and p99 ms": _times(taken),
        "storm: 503 took, median and p99 ms": _times(refused),
        "storm: memory grew by, MiB": f"{grown[0] / 2**20:.0f}",
        "after: 201 a second, 16 connections": f"{after.per_second:,.0f}",
    }


async def _calls(url: str, path: str, body: object) -> list[tuple[int, float]]:
    """Ten calls a second until cancelled: each answer's status, and its seconds."""
    answers = []
    headers = {"Authorization": bearer("annotator")}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        try:
            while True:
                began = time.perf_counter()
                answer = await client.post(path, json=body)
                answers.append((answer.status_code, time.perf_counter() - began))
                await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            return answers


def _times(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    worst = seconds[min(len(seconds) - 1, round(len(seconds) * 0.99))]
    return f"{statistics.median(seconds) * 1000:.0f} and {worst * 1000:.0f} of {len(seconds)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.overload", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="this one alone")
    parser.add_argument("--seconds", type=int, default=120, help="that the storm lasts")
    given = parser.parse_args()
    check_wrk()
    for dialect in [given.database] if given.database else ["postgresql", "sqlite"]:
        with databases(dialect, "stet") as (folder, [url]):
            figures = asyncio.run(measure(url, given.seconds, folder))
        table = Table("", dialect)
        for figure in figures.items():
            table.add_row(*figure)
        Console().print(table)


if __name__ == "__main__":
    main()
