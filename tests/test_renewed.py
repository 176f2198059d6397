"""A PostgreSQL database that a test has used is as new for the next, or is given to none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from tests.conftest import Databases
from tests.renewed import Kept

CHANGES = {
    "a table more": "CREATE TABLE more (id integer)",
    "a table less": "DROP TABLE browser_sessions",
    "a column more": "ALTER TABLE users ADD COLUMN more integer",
    "an index more": "CREATE INDEX more ON users (display_name)",
    "a constraint less": "ALTER TABLE browser_sessions DROP CONSTRAINT pk_browser_sessions",
    "a trigger at rest": "ALTER TABLE memberships DISABLE TRIGGER ALL",
    "a function more": "CREATE FUNCTION more() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "a setting more": "DO $$ BEGIN EXECUTE format("
    "'ALTER DATABASE %I SET lock_timeout = 1000', current_database()); END $$",
}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_one_whose_tables_were_changed_is_given_to_nobody(
    databases: Databases, change: str
) -> None:
    url = databases.furnished("postgresql")
    kept = await Kept.of(url)
    async with opened(url) as connection:
        await connection.execute(change)

        assert not await kept.restore(connection)
    databases.drop(url)


async def test_one_whose_rows_were_changed_has_those_that_it_had(databases: Databases) -> None:
    url = databases.furnished("postgresql")
    kept = await Kept.of(url)
    async with opened(url) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM users")
        # Without a row before, and with a number of its own.
        await connection.execute(
            "INSERT INTO document_words (document_id, project_id, title, text, keys) "
            "VALUES (gen_random_uuid(), gen_random_uuid(), '', '', '')"
        )
        assert await Kept.of(url) != kept

        assert await kept.restore(connection)
    renewed = await Kept.of(url)
    databases.drop(url)

    assert (renewed.rows, renewed.sequences) == (kept.rows, kept.sequences)
