"""While the database is away, requests say so; once it is back, they go on without a restart."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.database import unavailable
from tests import make
from tests.conftest import Databases, Newsroom, in_thread

GONE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


def on_server(databases: Databases, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(databases.server_uri())
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    in_thread(run())


def name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def away(databases: Databases, url: str) -> Iterator[None]:
    """The database cannot be reached, and what was connected to it no longer is."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        kept = {path: path.read_bytes() for path in file.parent.glob(f"{file.name}*")}
        for path in kept:
            path.unlink()
        file.mkdir()
        yield
        file.rmdir()
        for path, content in kept.items():
            path.write_bytes(content)
    else:
        name = name_of(url)
        renamed = f'ALTER DATABASE "{name}" RENAME TO "{name}_away"'
        on_server(databases, GONE.format(name), renamed)
        yield
        on_server(databases, f'ALTER DATABASE "{name}_away" RENAME TO "{name}"')


def remove(url: str) -> None:
    Path(url.removeprefix("sqlite:///")).unlink()


def ruin(url: str) -> None:
    Path(url.removeprefix("sqlite:///")).write_text("Not a database. " * 100)


async def is_refused(answer: httpx.Response) -> None:
    problem = await make.said(answer, 503)
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert problem["type"] == "/problems/unavailable"


async def test_requests_are_refused_while_the_database_is_away_and_taken_when_it_is_back(
    newsroom: Newsroom, databases: Databases, database_url: str, dialect: str
) -> None:
    manager, document = newsroom["manager"], {"title": "An article", "text": "A text."}
    if dialect == "postgresql":
        # A connection that was open before is noticed to be dead; SQLite's keep the file.
        await make.said(await manager.get("/v1/tokens"), 200)

    with away(databases, database_url):
        for _ in range(2):
            await is_refused(await manager.get("/v1/tokens"))
            await is_refused(await manager.post("/v1/projects/demo/documents", json=document))
            await is_refused(await newsroom["nobody"].get("/readyz"))
        alive = await newsroom["nobody"].get("/healthz")
        measured = await newsroom["nobody"].get("/metrics")

    assert (alive.status_code, measured.status_code) == (200, 200)
    await make.said(await newsroom["nobody"].get("/readyz"), 200)
    await make.said(await manager.get("/v1/tokens"), 200)
    await make.said(await manager.post("/v1/projects/demo/documents", json=document))


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_whoever_asks_is_not_told_where_the_missing_database_was(
    newsroom: Newsroom, database_url: str
) -> None:
    remove(database_url)

    answer = await newsroom["nobody"].get("/readyz")

    await is_refused(answer)
    assert answer.json()["detail"] == "The database cannot be reached."


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_connections_that_the_server_has_closed_are_replaced(
    newsroom: Newsroom, databases: Databases, database_url: str
) -> None:
    manager = newsroom["manager"]
    await asyncio.gather(*(manager.get("/v1/tokens") for _ in range(8)))
    on_server(databases, GONE.format(name_of(database_url)))

    statuses = [(await manager.get("/v1/tokens")).status_code for _ in range(9)]

    # The first to find its connection dead is told so; with it the others are thrown away.
    assert statuses[1:] == [200] * 8


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_user_who_may_not_do_what_stet_does_is_refused(
    newsroom: Newsroom, databases: Databases, database_url: str
) -> None:
    """PostgreSQL says the same of files that the disk does not let it write."""
    role = name_of(database_url)
    on_server(databases, f'CREATE ROLE "{role}" LOGIN')
    url = database_url.replace("//postgres:@", f"//{role}@")
    other = newsroom.beside(database_url=url)

    await is_refused(await other["manager"].get("/v1/tokens"))
    await is_refused(await other["nobody"].get("/readyz"))

    on_server(databases, f'DROP ROLE "{role}"')


@pytest.mark.parametrize("dialect", ["postgresql"])
@pytest.mark.parametrize("code", ["XX000", "XX001"])
async def test_a_database_that_finds_itself_damaged_is_refused(
    newsroom: Newsroom, database_url: str, code: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "CREATE FUNCTION damaged() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$BEGIN RAISE 'invalid page in block 7' USING ERRCODE = '{code}'; END$$;"
        " CREATE TRIGGER damaged BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION damaged()"
    )
    await connection.close()

    document = {"title": "An article", "text": "A text."}
    await is_refused(await newsroom["manager"].post("/v1/projects/demo/documents", json=document))


async def test_what_a_row_says_is_not_taken_for_what_the_database_says(newsroom: Newsroom) -> None:
    """The others of a commit would be told that the database is too busy, for one that is not."""
    document = await make.document(newsroom["annotator"], external_id="locked: no such table")
    database = newsroom.app.state.database
    rows = text(
        "INSERT INTO documents SELECT * FROM documents WHERE external_id = 'locked: no such table'"
    )

    async def insert() -> None:
        async with database.session(writes=True) as db:
            await db.begin()
            await db.execute(rows)

    with pytest.raises(IntegrityError) as failure:
        await insert()

    assert document["external_id"] == "locked: no such table"
    assert unavailable(failure.value) is None


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_file_that_is_no_database_is_refused(
    newsroom: Newsroom, database_url: str, dialect: str
) -> None:
    ruin(database_url)

    await is_refused(await newsroom["manager"].get("/v1/tokens"))
    await is_refused(await newsroom["nobody"].get("/readyz"))
