"""The release before goes on serving while a later one changes the tables under it.

What a later release will change is not known, but what it may: add tables, columns and indexes, and
take away what no release that still runs knows of. The release before is this one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from alembic import command

from app.operations.queries import alembic_config, head
from tests import make
from tests.conftest import TOKENS, Databases
from tests.serving import Server, stet

LATER = {
    "9997_columns": """
    op.add_column("annotations", sa.Column("colour", sa.Text()))
    op.add_column("documents", sa.Column("desk", sa.Text(), server_default="news", nullable=False))
    op.create_table("desks", sa.Column("name", sa.Text(), primary_key=True))
""",
    "9998_log": """
    op.add_column("changes", sa.Column("colour", sa.Text()))
""",
    "9999_index": """
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_annotations_colour",
            "annotations",
            ["colour"],
            if_not_exists=True,
            postgresql_concurrently=True,
        )
""",
    "9999_use": """
    op.execute("UPDATE documents SET desk = 'local'")
""",
    "9999_without": """
    op.drop_column("documents", "desk")
    op.drop_table("desks")
""",
}
"""What later migrations do, by their revisions."""

WAITS = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"

_MIGRATION = '''
"""A later migration."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
{work}
'''


class Desk:
    """Four people who annotate, and four who decide on that and read, until they are stopped."""

    def __init__(self, server: Server) -> None:
        """Nobody works yet."""
        self._server = server
        self._stopped = False
        self.answered = 0
        self.longest = 0.0
        """Seconds that an answer took, at most."""

    async def work(self, until: "asyncio.Task[None]") -> None:
        """Let them work until that is done; every answer must be a success."""
        async with asyncio.TaskGroup() as people:
            for _ in range(4):
                people.create_task(self._two())
            await until
            self._stopped = True

    async def answers(self, count: int) -> None:
        """Wait until so many more were given."""
        before = self.answered
        while self.answered < before + count:  # noqa: ASYNC110  # there is no hurry
            await asyncio.sleep(0.01)

    async def _two(self) -> None:
        async with AsyncExitStack() as stack:
            annotator, reviewer = [
                await stack.enter_async_context(
                    httpx.AsyncClient(
                        base_url=self._server.url,
                        headers={"Authorization": f"Bearer {TOKENS[name]}"},
                        timeout=30,
                    )
                )
                for name in ("annotator", "reviewer")
            ]
            document = await make.document(annotator)
            while not self._stopped:
                await self._mark(annotator, reviewer, document["id"])

    async def _mark(
        self, annotator: httpx.AsyncClient, reviewer: httpx.AsyncClient, document: str
    ) -> None:
        path = f"/v1/documents/{document}/annotations"
        span = {"label": "claim", "quote": "Chinese nationals fight for Russia"}
        made = await self._timed(annotator.post(path, json=span), 201)
        one = f"/v1/annotations/{made['id']}"
        change = {"note": "See the second paragraph."}
        await self._timed(annotator.patch(one, json=change, headers=make.seen(1)), 200)
        verdict = {"verdict": "approve"}
        decided = reviewer.post(f"{one}/decisions", json=verdict, headers=make.seen(2))
        await self._timed(decided, 201)
        listed = await self._timed(reviewer.get(path, params={"limit": 5}), 200)
        assert listed["items"]

    async def _timed(self, request: Awaitable[httpx.Response], status: int) -> dict[str, Any]:
        began = time.monotonic()
        said = await make.said(await request, status)
        self.longest = max(self.longest, time.monotonic() - began)
        self.answered += 1
        return said


@pytest.fixture
async def served(databases: Databases, tmp_path: Path) -> AsyncIterator[tuple[Server, str]]:
    """Two workers on PostgreSQL; on SQLite the server is stopped first, the README says."""
    url = databases.furnished("postgresql")
    async with stet(url, tmp_path, workers=2, database_pool_size=4) as server:
        yield server, url
    databases.drop(url)


async def upgrade(url: str, folder: Path, desk: Desk) -> None:
    """Do what ``stet migrate`` of the later release does, while people work before and after."""
    versions = folder / "later"
    versions.mkdir()
    before = head()
    for revision, work in LATER.items():
        written = _MIGRATION.format(revision=revision, before=before, work=work)
        (versions / f"{revision}.py").write_text(written)
        before = revision
    config = alembic_config()
    ours = config.get_main_option("script_location")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{ours}/versions\n{versions}")
    config.attributes["database_url"] = url
    await desk.answers(20)
    await asyncio.to_thread(command.upgrade, config, "head")
    await desk.answers(20)


async def test_every_request_is_answered_while_a_later_release_changes_the_tables(
    served: tuple[Server, str], tmp_path: Path
) -> None:
    server, url = served
    desk = Desk(server)

    await desk.work(asyncio.create_task(upgrade(url, tmp_path, desk)))

    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999_without"
    assert await connection.fetchval("SELECT count(colour) FROM annotations") == 0
    await connection.close()
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        assert (await client.get("/readyz")).status_code == 200


async def test_a_migration_that_waits_for_a_long_reader_lets_the_others_through(
    served: tuple[Server, str], tmp_path: Path
) -> None:
    server, url = served
    desk = Desk(server)
    reader = await asyncpg.connect(url)
    reading = reader.transaction()
    await reading.start()
    # What the second migration waits for: the first is done once.
    await reader.fetch("SELECT count(*) FROM changes")

    async def read_on_and_upgrade() -> None:
        upgrading = asyncio.create_task(upgrade(url, tmp_path, desk))
        while not await reader.fetchval(WAITS):  # noqa: ASYNC110  # there is nobody to say so
            await asyncio.sleep(0.1)
        await asyncio.sleep(6)
        assert not upgrading.done()
        await desk.answers(1)
        await reading.rollback()
        await upgrading

    try:
        await desk.work(asyncio.create_task(read_on_and_upgrade()))
    finally:
        await reader.close()

    # The migration waits for two seconds at a time, and requests behind it for as long. Had it
    # waited on, they had waited with it until the reader was done.
    assert 1 < desk.longest < 6
