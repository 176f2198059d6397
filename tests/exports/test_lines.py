"""The two ways to write a record: in Python by its writer, and in the database itself."""

import re
import sqlite3
from contextlib import closing
from typing import Any

import asyncpg
from sqlalchemy import Engine, event, select, text

from app.annotations.schemas import AnnotationFilter
from app.core.database import Database
from app.exports import lines, queries
from app.exports.corpus import living, released
from app.formats.jsonl import Writer
from app.formats.record import Head
from app.models import Project, Release
from tests import make
from tests.conftest import Newsroom

HEAD = Head("demo", {"labels": []}, 1)


async def furnish(newsroom: Newsroom) -> None:
    """Two documents, one with all that a line can hold and one with nothing that it need not."""
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    document = await make.document(
        annotator,
        external_id="a/1",
        metadata={"odd": ['"\\', "\n\t\u2028", 1e-7, 10**20, 1.0, True, None, {}, []]},
        published_on="2026-11-23",
        source_url="https://example.org/1",
        language="uk",
    )
    attributes = {"speaker": "Україна", "cue_span": {"quote": "Ukraine says that"}}
    claim = await make.annotation(
        annotator, document["id"], attributes=attributes, note='"Why"?\n\tSo.', external_id="c"
    )
    pieces = [{"quote": "have called"}, {"quote": "“totally unfounded”"}]
    denial = await make.annotation(annotator, document["id"], "denial", None, fragments=pieces)
    for confidence in (0, 1, 1e-5, 0.1 + 0.2, 0.12345678901234566):
        await make.annotation(annotator, document["id"], origin="model", confidence=confidence)
    await make.relation(annotator, document["id"], "denies", denial["id"], claim["id"])
    await make.decision(reviewer, claim["id"], "reject", comment='It "is" not.')
    edited = await annotator.patch(
        f"/v1/annotations/{claim['id']}", json={"note": None}, headers=make.seen(2)
    )
    assert edited.status_code == 200, edited.text
    await make.decision(reviewer, claim["id"], version=3)
    await make.document(annotator, "\ufeffOne.\r\n" + make.ASTRAL, title="No annotations")


async def test_the_database_writes_what_the_writer_writes(newsroom: Newsroom) -> None:
    await furnish(newsroom)
    database: Database = newsroom.app.state.database

    async with database.snapshot() as db:
        project = (await db.execute(select(Project.id))).scalar_one()
        corpus = living(project, AnnotationFilter(), db.dialect)
        [batch] = [batch async for batch in queries.batches(db, corpus)]
        [some] = [found async for found in lines.read(db, corpus)]
        records = await queries.records(db, corpus, batch)

    assert len(records[0].annotations) == 7
    assert len(records[0].annotations[0].decisions) == 2
    assert lines.joined(some).splitlines() == [
        Writer(HEAD).write(record).rstrip() for record in records
    ]


async def test_each_batch_reads_no_more_than_its_own_documents(
    newsroom: Newsroom, dialect: str, database_url: str
) -> None:
    await furnish(newsroom)
    await make.release(newsroom["manager"], "first")
    database: Database = newsroom.app.state.database
    if dialect == "postgresql":
        async with database.session(writes=True) as session:
            await session.begin()
            await session.execute(text("ANALYZE"))
    # Of this one the statistics know nothing: to the planner it is of one row.
    await make.release(newsroom["manager"], "second")
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    async with database.snapshot() as db:
        project = (await db.execute(select(Project.id))).scalar_one()
        release = (
            await db.execute(select(Release.id).where(Release.name == "second"))
        ).scalar_one()
        event.listen(Engine, "before_cursor_execute", note)
        for corpus in (
            living(project, AnnotationFilter(), db.dialect),
            released(project, release),
        ):
            async for _ in lines.read(db, corpus):
                pass
            async for batch in queries.batches(db, corpus):
                await queries.records(db, corpus, batch)
    event.remove(Engine, "before_cursor_execute", note)

    # Of a release, each row is looked up by itself, whatever is known of how many it has.
    plans = _plans_of_postgresql if dialect == "postgresql" else _plans_of_sqlite
    steps = await plans(database_url, asked)
    looked_up = {tuple(re.findall(r"\w+_id", step)) for step in steps if "release_id" in step}
    assert looked_up == {
        ("release_id", f"{subject}_id") for subject in ("document", "annotation", "relation")
    }
    if dialect == "postgresql":
        return
    read = {step.partition(" USING ") for step in steps if step.startswith(("SCAN", "SEARCH"))}
    # The objects of a document, the ids that are asked for, a row of nothing but other rows.
    assert {found for found, _, _ in read if found.startswith("SCAN")} == {
        "SCAN each",
        "SCAN of_ids VIRTUAL TABLE INDEX 1:",
        "SCAN CONSTANT ROW",
    }
    assert {index for _, _, index in read if index and "autoindex" not in index} == {
        "INDEX ix_documents_project_id_sequence (project_id=? AND sequence>?)",
        "INDEX ix_documents_project_id_sequence (project_id=? AND sequence>? AND sequence<?)",
        "INDEX ix_annotations_document_id_place (document_id=?)",
        "INDEX ix_relations_document_id_place (document_id=?)",
    }


async def _plans_of_sqlite(url: str, asked: list[tuple[str, Any]]) -> set[str]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
        file.create_function("json_float", 1, str)
        return {
            step[3]
            for statement, parameters in asked
            for step in file.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        }


async def _plans_of_postgresql(url: str, asked: list[tuple[str, Any]]) -> set[str]:
    connection = await asyncpg.connect(url)
    # As in large tables; those here it would read whole.
    await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    steps = {
        step
        for statement, parameters in asked
        if statement.startswith("SELECT")
        for [step] in await connection.fetch(f"EXPLAIN {statement}", *parameters)
    }
    await connection.close()
    # Whatever a key is compared with.
    return {re.sub(r"\((\w+) = [^()]+\)", r"(\1 = ?)", step) for step in steps}
