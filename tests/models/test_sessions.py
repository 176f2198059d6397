"""A session keeps to what it was opened for, and the database sees to it."""

import asyncio

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from app.core.database import Database
from app.models import Project, User
from tests.conftest import Newsroom

RENAME = text("UPDATE users SET display_name = 'x' WHERE name = 'reader'")
ANOTHER = insert(User).from_select(["id"], select(User.id).where(User.name == "nobody"))


async def display_name(database: Database) -> str | None:
    async with database.session(writes=False) as db:
        query = select(User.display_name).where(User.name == "reader")
        found: str | None = (await db.execute(query)).scalar_one()
        return found


async def test_the_database_refuses_what_a_reading_session_writes(newsroom: Newsroom) -> None:
    database: Database = newsroom.app.state.database
    for reading in (database.session(writes=False), database.snapshot()):
        async with reading as db:
            # Raw SQL, which no guard of ours looks at.
            with pytest.raises(DBAPIError, match=r"read-?only"):
                await db.execute(RENAME)

    assert await display_name(database) is None


async def test_a_reading_session_refuses_a_writing_statement_itself(newsroom: Newsroom) -> None:
    database: Database = newsroom.app.state.database
    for reading in (database.session(writes=False), database.snapshot()):
        async with reading as db:
            with pytest.raises(RuntimeError, match="reads only"):
                await db.execute(ANOTHER)


async def test_a_second_write_without_a_transaction_is_a_mistake_in_the_program(
    newsroom: Newsroom,
) -> None:
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.execute(ANOTHER)
        with pytest.raises(RuntimeError, match="begin"):
            await db.execute(ANOTHER)


async def test_what_was_begun_is_written_whole_or_not_at_all(newsroom: Newsroom) -> None:
    database: Database = newsroom.app.state.database

    async def rename(*, and_fail: bool) -> None:
        async with database.session(writes=True) as db:
            await db.begin()
            await db.execute(RENAME)
            if and_fail:
                raise LookupError

    with pytest.raises(LookupError):
        await rename(and_fail=True)
    assert await display_name(database) is None
    await rename(and_fail=False)
    assert await display_name(database) == "x"


async def test_a_snapshot_sees_one_moment(newsroom: Newsroom) -> None:
    database: Database = newsroom.app.state.database
    slugs = select(Project.slug)
    async with database.snapshot() as db:
        before = (await db.execute(slugs)).scalars().all()
        created = await newsroom["admin"].post("/v1/projects", json={"slug": "new", "name": "n"})
        during = (await db.execute(slugs)).scalars().all()
    async with database.snapshot() as db:
        after = (await db.execute(slugs)).scalars().all()

    assert created.status_code == 201
    assert (before, during) == (["demo"], ["demo"])
    assert sorted(after) == ["demo", "new"]


# Counting to a thousand million.
LONG = {
    "sqlite": """
        WITH RECURSIVE counted (n) AS (
            SELECT 1 UNION ALL SELECT n + 1 FROM counted LIMIT 1000000000)
        SELECT count(*) FROM counted""",
    "postgresql": "SELECT count(*) FROM generate_series(1, 1000000000)",
}


async def test_whoever_leaves_a_long_read_does_not_wait_for_its_end(newsroom: Newsroom) -> None:
    database: Database = newsroom.app.state.database

    async def read() -> None:
        async with database.snapshot() as db:
            await db.execute(text("SELECT 1"))
            await db.execute(text(LONG[database.dialect]))

    reading = asyncio.ensure_future(read())
    await asyncio.sleep(0.1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, timeout=10)

    assert database.pool_in_use() == 0
    async with database.snapshot() as db:
        assert (await db.execute(text("SELECT 1"))).scalar_one() == 1
