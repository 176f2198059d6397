"""What becomes of Stet when three times as many ask as it takes: two minutes of it, and after.

    .venv/bin/python -m tests.bench.overload
    .venv/bin/python -m tests.bench.overload --database postgresql --seconds 20

First the rate that 16 connections sustain is measured, posting spans: the best of three runs, for
what else a machine does only makes it slower. Then three times as many connections as a worker
takes requests at once (STET_MAX_REQUESTS_AT_ONCE, 64 here) post without pause; beside them eight
callers who ask up to ten times a second time each answer. Then 16 connections again. What is wanted
has limits (``Measured.missed``), and the program fails where one is missed: what is taken is
answered in time, the rest is told 503 with a Retry-After, whoever asks seldom is taken about as
often as whoever asks without pause, memory stays flat, the rate afterwards is what it was before,
and every span answered 201 is there.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from app.core.database.connect import connect
from app.core.settings import Settings
from tests import serving
from tests.bench import material
from tests.bench.bulk import watched
from tests.bench.furnish import Newsroom, bearer, databases, migrate
from tests.bench.load import Load, Run, check_wrk, lines, run, seen_of

PLACES = 64
CALM = 16
CROWD = 3 * PLACES
CALLERS = 8
_GROWTH = CROWD * 65_536


@dataclass(frozen=True)
class Measured:
    """What was seen of one database."""

    calm: list[Run]
    storm: dict[str, Any]
    """In wrk's words (``requests.lua``)."""
    taken: list[float]
    """The seconds that the callers' 201s took, shortest first."""
    refused: list[float]
    """The same of all else that the callers were answered."""
    grown: int
    """By how many bytes the server's memory grew at most, in the storm."""
    after: list[Run]
    made: int
    """Spans that are there now and were not before."""

    @property
    def accepted(self) -> int:
        """How many of the storm's requests were answered 2xx."""
        return int(self.storm["requests"] - self.storm["refused"])

    @property
    def shares(self) -> tuple[float, float]:
        """Which part of the callers' requests was taken, and which of the crowd's."""
        asked = len(self.taken) + len(self.refused)
        return len(self.taken) / max(asked, 1), self.accepted / max(self.storm["requests"], 1)

    def table(self, title: str) -> Table:
        """All of it, by name."""
        seconds, calm, after = self.storm["seconds"], _best(self.calm), _best(self.after)
        table = Table("", title)
        for name, figure in (
            (f"calm: 201 a second, {CALM} connections", f"{calm.per_second:,.0f}"),
            ("calm: p99 ms", f"{calm.p99_ms:.0f}"),
            (f"storm: 201 a second, {CROWD} connections", f"{self.accepted / seconds:,.0f}"),
            ("storm: 503 a second", f"{self.storm['refused'] / seconds:,.0f}"),
            ("storm: 201 took, median and p99 ms", _times(self.taken)),
            ("storm: 503 took, median and p99 ms", _times(self.refused)),
            (
                "storm: taken, of the callers and of the crowd",
                "{:.0%}, {:.0%}".format(*self.shares),
            ),
            ("storm: memory grew by, MiB", f"{self.grown / 2**20:.0f}"),
            (f"after: 201 a second, {CALM} connections", f"{after.per_second:,.0f}"),
        ):
            table.add_row(name, figure)
        return table

    def missed(self) -> Iterator[str]:
        """What is not as it should be."""
        calm, after = _best(self.calm).per_second, _best(self.after).per_second
        accepted = self.accepted / self.storm["seconds"]
        # Who is taken has at most a line and the other places' requests before them: twice the time
        # of those. Ten times leaves room for all that the same loop refuses meanwhile, and for
        # callers who share two cores with it, the database and the storm.
        longest, most = _p99(self.taken), 10 * PLACES / calm
        if longest > most:
            yield f"p99 of what was taken: {longest * 1000:.0f} ms, at most {most * 1000:.0f}"
        # To refuse one takes a third of what it takes to serve one, so the refused are told after a
        # while: those who ask again at once leave most of the time to those who are taken.
        if accepted < 0.7 * calm:
            yield f"201 in the storm: {accepted:,.0f} a second, at least 0.7 of {calm:,.0f}"
        if not self.storm["refused"]:
            yield "nobody was refused, so there was no storm"
        if self.storm["wrong"] or self.storm["broken"]:
            yield (
                f"{self.storm['wrong']} answers were neither 2xx nor a 503 or 429 with a "
                f"Retry-After, {self.storm['broken']} requests had none"
            )
        if self.shares[0] < 0.5 * self.shares[1]:
            yield "callers were taken at {:.0%}, the crowd at {:.0%}".format(*self.shares)
        # For each connection what uvicorn reads ahead and no more. Were a hundred bytes lost with
        # each request, two minutes would lose twice as much.
        if self.grown > _GROWTH:
            yield f"memory grew by {self.grown / 2**20:.0f} MiB, at most {_GROWTH / 2**20:.0f}"
        # A storm must leave nothing behind; a fifth is what a machine that does other things too
        # varies by from one minute to the next.
        if after < 0.8 * calm:
            yield f"201 afterwards: {after:,.0f} a second, at least 0.8 of {calm:,.0f}"
        runs = [*self.calm, *self.after]
        said = self.accepted + len(self.taken) + sum(each.requests for each in runs)
        # When their time is up, all hang up on requests that Stet still carries out; those of the
        # warming up are counted as made since.
        if not said <= self.made <= said + (len(runs) + 1) * CALM + CROWD + CALLERS:
            yield f"{said} spans were answered 201, and {self.made} are there"


async def measure(url: str, seconds: int, folder: Path) -> Measured:
    """Before, in and after a storm of so many seconds."""
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
            calm = [await run(stet.url, load, 10, folder, connections=CALM) for _ in range(3)]

            path, _, body = load.requests[0].split("\t")
            callers = [
                asyncio.create_task(_calls(stet.url, path, json.loads(body)))
                for _ in range(CALLERS)
            ]
            with watched(stet.pid) as grown:
                storm = await seen_of(
                    stet.url, load, seconds, folder, connections=CROWD, strict=True
                )
            for caller in callers:
                caller.cancel()
            answers = [answer for caller in callers for answer in await caller]

            # What was begun is carried out, though nobody waits for it any more.
            await asyncio.sleep(1)
            after = [await run(stet.url, load, 10, folder, connections=CALM) for _ in range(3)]
            made = (await newsroom.rows())["annotations"] - before["annotations"]
    finally:
        await database.dispose()
    taken = sorted(took for status, took in answers if status == 201)
    refused = sorted(took for status, took in answers if status != 201)
    return Measured(calm, storm, taken, refused, grown[0], after, made)


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


def _best(runs: list[Run]) -> Run:
    return max(runs, key=lambda each: each.per_second)


def _p99(seconds: list[float]) -> float:
    return seconds[min(len(seconds) - 1, round(len(seconds) * 0.99))] if seconds else 0.0


def _times(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    median = statistics.median(seconds)
    return f"{median * 1000:.0f} and {_p99(seconds) * 1000:.0f} of {len(seconds)}"


def main() -> None:
    """Measure and print.

    Raises:
        SystemExit: naming what was missed, if anything was.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench.overload", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="this one alone")
    parser.add_argument("--seconds", type=int, default=120, help="that the storm lasts")
    given = parser.parse_args()
    check_wrk()
    missed = []
    for dialect in [given.database] if given.database else ["postgresql", "sqlite"]:
        with databases(dialect, "stet") as (folder, [url]):
            measured = asyncio.run(measure(url, given.seconds, folder))
        Console().print(measured.table(dialect))
        missed += [f"{dialect}: {miss}." for miss in measured.missed()]
    if missed:
        raise SystemExit("\n".join(["Missed:", *missed]))


if __name__ == "__main__":
    main()
