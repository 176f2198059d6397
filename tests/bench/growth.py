"""Whether reading, searching and writing take as long among millions of annotations.

    .venv/bin/python -m tests.bench.growth                          10,000 and 10,000,000, both
    .venv/bin/python -m tests.bench.growth --large 500000 --database sqlite

Two servers with a project each, one small and one large: documents of 5,000 characters with a
hundred annotations in each, a tenth of them approved. Documents are imported; annotations and their
entries in the log are written by the database itself. Then both are asked the same by turns, over
one connection each, so that what else the machine does falls on both; the middle of the times
counts, and for the large one what one in a hundred takes. What is searched for occurs as often in
the small project as in the large one; what is read and written is spread over all documents.
"""

import argparse
import asyncio
import itertools
import json
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from app.core.database.connect import connect
from app.core.settings import Settings
from tests import make, serving
from tests.bench import material
from tests.bench.furnish import PEOPLE, TOKENS, databases, migrate

ANNOTATIONS_A_DOCUMENT = 100
REQUESTS = 500
_DOCUMENTS_AT_ONCE = 1000

# Both databases know row_number and substr; only the row of numbers and new ids differ.
_NUMBERS = {
    "postgresql": "generate_series(0, 99) AS numbers (n)",
    "sqlite": "(WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted "
    "WHERE n < 99) SELECT n FROM counted) AS numbers",
}
_NEW_ID = {
    "postgresql": "gen_random_uuid()",
    "sqlite": "lower(hex(randomblob(16)))",
}
_FILL = """
    INSERT INTO annotations (id, project_id, document_id, revision, origin, author_id, editor_id,
        updated_by_id, version, sequence, created_at, label, start, "end", quote, attributes,
        status, updated_at)
    SELECT {id}, d.project_id, d.id, 1, 'human', d.created_by_id, d.created_by_id,
        d.created_by_id, 1, {end} + row_number() OVER (ORDER BY d.sequence, n), d.created_at,
        'claim', n % 50 * 100, n % 50 * 100 + 80,
        substr(r.text, n % 50 * 100 + 1, 80), '{{}}',
        CASE WHEN n % 10 = 0 THEN 'approved' ELSE 'pending' END, d.created_at
    FROM documents d JOIN revisions r ON r.document_id = d.id CROSS JOIN {numbers}
    WHERE d.sequence > {after}
"""
_LOG = """
    INSERT INTO changes (project_id, sequence, at, actor_id, kind, subject_id, version)
    SELECT project_id, sequence, created_at, author_id, 'annotation.created', id, 1
    FROM annotations WHERE sequence > {end}
"""
_TAIL = """
    SELECT h.sequence, coalesce(max(a.sequence), 0)
    FROM change_heads h LEFT JOIN annotations a ON a.project_id = h.project_id GROUP BY h.sequence
"""
_RAISE_HEAD = "UPDATE change_heads SET sequence = (SELECT max(sequence) FROM changes)"
_SOME_DOCUMENTS = "SELECT id FROM documents ORDER BY random() LIMIT {count}"
_SOME_PENDING = (
    "SELECT id FROM annotations WHERE status = 'pending' ORDER BY random() LIMIT {count}"
)


@dataclass(frozen=True)
class Asked:
    """One request; ``by`` is who sends it."""

    method: str
    path: str
    by: str = "admin"
    body: dict[str, Any] | None = None
    headers: dict[str, str] | None = None


Ask = Callable[[int, str, str], Asked]
"""The request of a number, a document and a pending annotation, each time another."""

_PROJECT = "/v1/projects/bench"


def _get(path: str) -> Ask:
    return lambda _number, document, _annotation: Asked("GET", path.format(document=document))


WORK: dict[str, Ask] = {
    "create": lambda number, document, _: Asked(
        "POST",
        f"/v1/documents/{document}/annotations",
        "annotator",
        {"label": "claim", "start": number % 50 * 100 + 10, "end": number % 50 * 100 + 80}
        | {"quote": material.TEXT[number % 50 * 100 : number % 50 * 100 + 70]},
    ),
    "decide": lambda _number, _document, annotation: Asked(
        "POST",
        f"/v1/annotations/{annotation}/decisions",
        "reviewer",
        {"verdict": "approve"},
        make.seen(1),
    ),
    "a document's annotations": _get("/v1/documents/{document}/annotations?limit=50"),
    "a document": _get("/v1/documents/{document}"),
    "newest annotations": _get(f"{_PROJECT}/annotations?limit=50"),
    "oldest pending": _get(f"{_PROJECT}/annotations?limit=50&status=pending&order=oldest"),
    "documents": _get(f"{_PROJECT}/documents?limit=50"),
    "q: a word of one document": _get(f"{_PROJECT}/documents?q=00000007x"),
    "q: a phrase in one": _get(f'{_PROJECT}/documents?q="00000007x the ministry said"'),
    "quote: words of one": _get(
        f"{_PROJECT}/annotations?quote_contains=00000007x the ministry&limit=50"
    ),
    "quote: a part of a word": _get(f"{_PROJECT}/annotations?quote_contains=0000007x&limit=50"),
}


class Filled:
    """A project of some size, and the server in front of it."""

    def __init__(self, url: str, people: dict[str, httpx.AsyncClient]) -> None:
        """Empty at first."""
        self._url = url
        self._dialect = url.partition(":")[0]
        self._people = people
        self._documents: list[str] = []
        self._pending: Iterator[str] = iter(())

    async def fill(self, annotations: int) -> None:
        """Fill it up to so many annotations."""
        admin = self._people["admin"]
        await make.project(admin, "bench")
        for name in ("annotator", "reviewer"):
            await make.member(admin, name, name, "bench")
        wanted = annotations // ANNOTATIONS_A_DOCUMENT
        for first in range(0, wanted, _DOCUMENTS_AT_ONCE):
            some = range(first, min(first + _DOCUMENTS_AT_ONCE, wanted))
            # Ten characters of its own in front of what is in all.
            lines = [
                json.dumps({"title": f"Report {n}", "text": f"{n:08}x " + material.TEXT[:-10]})
                for n in some
            ]
            answer = await admin.post(f"{_PROJECT}/import?format=jsonl", content="\n".join(lines))
            await make.said(answer, 200)
            [(end, annotated)] = await self._run(_TAIL)
            fill = {"id": _NEW_ID[self._dialect], "numbers": _NUMBERS[self._dialect]}
            await self._run(_FILL.format(**fill, end=end, after=annotated))
            await self._run(_LOG.format(end=end))
            await self._run(_RAISE_HEAD)
        # What a database does by itself sooner or later.
        await self._run("VACUUM ANALYZE" if self._dialect == "postgresql" else "ANALYZE")
        documents = await self._run(_SOME_DOCUMENTS.format(count=REQUESTS))
        self._documents = [str(UUID(str(id))) for (id,) in documents]
        pending = await self._run(_SOME_PENDING.format(count=REQUESTS))
        self._pending = iter([str(UUID(str(id))) for (id,) in pending])

    async def _run(self, statement: str) -> list[Any]:
        """What a statement of SQL answers, by a connection of its own."""
        if self._dialect == "sqlite":
            file = self._url.removeprefix("sqlite:///")
            with sqlite3.connect(file, timeout=60) as database:
                return database.execute(statement).fetchall()
        connection = await asyncpg.connect(self._url)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def size(self) -> int:
        """How much of the disk its database takes, in bytes."""
        if self._dialect == "sqlite":
            [(pages,)], [(page,)] = (
                await self._run("PRAGMA page_count"),
                await self._run("PRAGMA page_size"),
            )
            return int(pages * page)
        [(size,)] = await self._run("SELECT pg_database_size(current_database())")
        return int(size)

    async def took(self, ask: Ask, number: int) -> float:
        """Milliseconds that one request takes."""
        document = self._documents[number % len(self._documents)]
        asked = ask(number, document, next(self._pending) if ask is WORK["decide"] else "")
        client = self._people[asked.by]
        began = time.perf_counter()
        answer = await client.request(
            asked.method, asked.path, json=asked.body, headers=asked.headers
        )
        took = (time.perf_counter() - began) * 1000
        if not answer.is_success or '"items":[]' in answer.text or not answer.text:
            raise RuntimeError(f"{asked} is answered {answer.status_code} {answer.text}")
        return took


async def measure(
    urls: list[str], folder: Path, numbers: list[int]
) -> tuple[dict[str, list[list[float]]], int]:
    """For each work the times in projects of these sizes; and the bytes that the last one takes."""
    async with AsyncExitStack() as stack:
        projects = []
        for url, number in zip(urls, numbers, strict=True):
            of_it = folder / str(number)
            await asyncio.to_thread(of_it.mkdir)
            projects.append(await _served(stack, url, of_it))
            await projects[-1].fill(number)
        bytes_taken = await projects[-1].size()
        times: dict[str, list[list[float]]] = {}
        for name, ask in WORK.items():
            times[name] = [[] for _ in projects]
            for number, (place, project) in itertools.product(range(REQUESTS), enumerate(projects)):
                times[name][place].append(await project.took(ask, number))
        return times, bytes_taken


async def _served(stack: AsyncExitStack, url: str, folder: Path) -> Filled:
    migrate(url)
    database = connect(Settings(_env_file=None, database_url=url))
    try:
        for number, name in enumerate(PEOPLE, 1):
            await make.user(database, name, number=number, admin=name == "admin")
    finally:
        await database.dispose()
    stet = await stack.enter_async_context(serving.stet(url, folder))
    people = {}
    for name in PEOPLE:
        headers = {"Authorization": f"Bearer {TOKENS[name]}"}
        client = httpx.AsyncClient(base_url=stet.url, headers=headers, timeout=600)
        people[name] = await stack.enter_async_context(client)
    return Filled(url, people)


def _table(title: str, sizes: list[int], times: dict[str, list[list[float]]]) -> Table:
    table = Table(title=title)
    table.add_column("milliseconds")
    for column in (*(f"{size:,}" for size in sizes), "ratio", "p99", "p99 of p50"):
        table.add_column(column, justify="right")
    for name, (of_small, of_large) in times.items():
        small, large = statistics.median(of_small), statistics.median(of_large)
        worst = statistics.quantiles(of_large, n=100)[-1]
        table.add_row(
            name,
            f"{small:.1f}",
            f"{large:.1f}",
            f"{large / small:.2f}",
            f"{worst:.1f}",
            f"{worst / large:.1f}",
        )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="this one alone")
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=10_000_000)
    given = parser.parse_args()
    sizes = [given.small, given.large]
    for dialect in [given.database] if given.database else ["postgresql", "sqlite"]:
        with databases(dialect, "small", "large") as (folder, urls):
            times, taken = asyncio.run(measure(urls, folder, sizes))
        title = f"{dialect}; the large one takes {taken / 2**30:.1f} GiB"
        Console().print(_table(title, sizes, times))


if __name__ == "__main__":
    main()
