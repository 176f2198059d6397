"""An export that two connections read: of one moment, in one order, and whole or visibly not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import func, literal, select, text
from sqlalchemy.exc import DBAPIError

from app.annotations.schemas import AnnotationFilter
from app.core.database import Database, Session, Snapshot, postgresql_sessions
from app.core.database.connect import connect
from app.core.database.postgresql_sessions import PostgresSnapshot
from app.exports import lines
from app.exports.corpus import Corpus, living
from app.models import Document, Project
from tests import make
from tests.conftest import Newsroom, settings

# Five batches: the last has nothing to be read with.
DOCUMENTS = 420
COUNT = select(func.count()).select_from(Document)


@pytest.fixture
async def database(newsroom: Newsroom) -> Database:
    """One with a project of several batches."""
    some = [
        json.dumps({"external_id": f"{number}", "title": "A number", "text": f"{number} it is."})
        for number in range(DOCUMENTS)
    ]
    path = "/v1/projects/demo/import?format=jsonl"
    await make.said(await newsroom["manager"].post(path, content="\n".join(some)), 200)
    database: Database = newsroom.app.state.database
    return database


async def of_project(db: Snapshot) -> Corpus:
    project = (await db.execute(select(Project.id))).scalar_one()
    return living(project, AnnotationFilter(), db.dialect)


async def exported(db: Snapshot) -> AsyncIterator[str]:
    async for some in lines.read(db, await of_project(db)):
        for line in some:
            yield json.loads(line)["external_id"]


@pytest.mark.parametrize("pool_size", [1, 10])
async def test_documents_come_in_their_order_however_many_read_them(
    database: Database, database_url: str, pool_size: int
) -> None:
    other = connect(settings(database_url, database_pool_size=pool_size))
    found = []

    async with other.snapshot() as db:
        async for id in exported(db):
            found.append(id)
            # Whoever waits for the reader of an export keeps no second one.
            assert other.pool_in_use() == 1

    assert found == [str(number) for number in range(DOCUMENTS)]
    assert other.pool_in_use() == 0
    await other.dispose()


async def test_a_project_of_one_batch_is_read_by_one(newsroom: Newsroom) -> None:
    await make.document(newsroom["manager"], external_id="only")
    database: Database = newsroom.app.state.database

    async with database.snapshot() as db:
        assert [id async for id in exported(db)] == ["only"]
        assert database.pool_in_use() == 1


async def test_both_see_what_was_there_when_the_first_began(
    database: Database, newsroom: Newsroom, dialect: str
) -> None:
    async with database.snapshot() as db:
        before = (await db.execute(COUNT)).scalar_one()
        for _ in range(2):
            await make.document(newsroom["manager"])
            async with db.beside() as beside:
                if dialect == "sqlite":
                    assert beside is None
                    continue
                assert beside is not None
                assert (await beside.execute(COUNT)).scalar_one() == before


async def test_where_the_moment_is_not_known_one_reads_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = select(literal("0000007F-00000001-1"))
    monkeypatch.setattr(postgresql_sessions, "_EXPORT", unknown)

    async with database.snapshot() as db:
        async with db.beside() as beside:
            assert beside is None
        assert len([id async for id in exported(db)]) == DOCUMENTS
        assert database.pool_in_use() == 1


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_whoever_leaves_while_the_second_is_lent_leaves_none_behind(
    newsroom: Newsroom, database_url: str
) -> None:
    """On SQLite there is no second one."""

    async def ask(db: Snapshot) -> None:
        async with db.beside():
            await asyncio.Event().wait()

    other = connect(settings(database_url))
    # A moment later each time: in every step on the way.
    for moments in range(1, 40):
        async with other.snapshot() as db:
            await db.execute(COUNT)
            asking = asyncio.ensure_future(ask(db))
            await asyncio.sleep(moments / 4000)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
        async with asyncio.timeout(10):
            while other.pool_in_use():  # noqa: ASYNC110  # it is seen off meanwhile
                await asyncio.sleep(0.001)
    await other.dispose()


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_when_the_second_is_cut_off_the_export_fails(
    database: Database, monkeypatch: pytest.MonkeyPatch, newsroom: Newsroom
) -> None:
    """On SQLite there is no second one, and nobody else who could end the first."""
    beside_of = PostgresSnapshot.beside

    @asynccontextmanager
    async def cut_off(db: PostgresSnapshot) -> AsyncIterator[Session | None]:
        async with beside_of(db) as beside:
            assert beside is not None
            pid = (await beside.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            async with database.session(writes=False) as another:
                await another.execute(text(f"SELECT pg_terminate_backend({pid}, 10000)"))
            yield beside

    with monkeypatch.context() as patched:
        patched.setattr(PostgresSnapshot, "beside", cut_off)
        async with database.snapshot() as db:
            with pytest.raises(DBAPIError):
                [id async for id in exported(db)]

    assert database.pool_in_use() == 0
    # And the next one is whole.
    answer = await newsroom["reader"].get("/v1/projects/demo/export?format=jsonl")
    assert len(answer.text.splitlines()) == DOCUMENTS
