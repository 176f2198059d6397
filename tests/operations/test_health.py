"""Whether the process answers, and whether it is ready: the database there and its tables right."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from app.main import create_app
from tests import make
from tests.conftest import Newsroom, migrate, settings


async def test_the_process_answers(newsroom: Newsroom) -> None:
    answer = await newsroom["nobody"].get("/healthz")

    assert await make.said(answer, 200) == {"status": "ok"}


async def test_a_migrated_database_is_ready(newsroom: Newsroom, dialect: str) -> None:
    answer = await newsroom["nobody"].get("/readyz")

    assert await make.said(answer, 200) == {
        "status": "ready",
        "database": dialect,
        "revision": "0012_index_authors",
    }


async def test_a_database_takes_the_longest_limit_too(newsroom: Newsroom) -> None:
    other = newsroom.beside(database_timeout_seconds=3600)

    assert (await other["nobody"].get("/readyz")).status_code == 200


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Newsroom]:
    """Stet on a database without tables."""
    async with AsyncExitStack() as stack:
        app = create_app(settings(empty_url))
        stack.push_async_callback(app.state.database.dispose)
        yield Newsroom(app, stack)


async def test_a_database_without_tables_is_not_ready_until_it_is_migrated(
    empty: Newsroom, empty_url: str
) -> None:
    before = await empty["nobody"].get("/readyz")
    migrate(empty_url)
    after = await empty["nobody"].get("/readyz")

    problem = await make.said(before, 503)
    assert problem["detail"] == "The database has no tables of Stet; run stet migrate."
    assert after.status_code == 200


async def test_without_tables_a_request_says_so(empty: Newsroom) -> None:
    problem = await make.said(await empty["annotator"].get("/v1/me"), 503)

    assert problem["detail"] == "The database's tables are not those of this release."


@pytest.mark.parametrize(
    ("revision", "status"),
    [
        ("0000_an_older_release", 503),
        ("none_of_ours", 503),
        # Another process has been upgraded; this one goes on until it is its turn.
        ("9999_a_later_release", 200),
    ],
)
async def test_a_database_of_another_release(
    newsroom: Newsroom, revision: str, status: int
) -> None:
    async with newsroom.app.state.database.session(writes=True) as db:
        stamp = "UPDATE alembic_version SET version_num = :revision"
        await db.begin()
        await db.execute(text(stamp).bindparams(revision=revision))

    answer = await newsroom["nobody"].get("/readyz")

    assert answer.status_code == status
    assert revision in answer.text
