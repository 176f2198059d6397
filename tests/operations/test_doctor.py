"""The doctor finds what is wrong in a database, and nothing in one that is well."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Executable, delete, text, update

from app.core.connect import connect
from app.core.database import Database
from app.core.settings import Settings
from app.formats.jsonl import Line, Reader
from app.imports.commands import import_lines
from app.models import (
    Annotation,
    AnnotationVersion,
    Change,
    ChangeHead,
    Document,
    Relation,
    Revision,
)
from app.operations import doctor
from app.operations.doctor import Finding
from app.projects.queries import standing_as
from tests import make
from tests.conftest import Newsroom, settings

TEXT = make.TEXT + make.ASTRAL
MISPLACED = "Annotations that are not where they say"


async def findings(database: Database, chosen: Settings | None = None) -> list[Finding]:
    looked_at = chosen or settings("postgresql://", database_pool_size=4)
    return [finding async for finding in doctor.examine(database, looked_at)]


async def ill(database: Database, chosen: Settings | None = None) -> list[tuple[str, str]]:
    """What is not well: what it is, and what is said of it."""
    return [(f.what, f.detail) for f in await findings(database, chosen) if not f.ok]


async def spoil(newsroom: Newsroom, *statements: Executable) -> Database:
    """Do to the database what Stet never would."""
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.begin()
        for statement in statements:
            await db.execute(statement)
    return database


async def furnished(newsroom: Newsroom) -> dict[str, UUID]:
    """A document with everything that a span can be, reviewed, edited and partly withdrawn."""
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    document = (await make.document(annotator, TEXT))["id"]
    cue = {"quote": "says", "suffix": " that"}
    claim = (await make.annotation(annotator, document, attributes={"cue_span": cue}))["id"]
    denial = (await make.annotation(annotator, document, "denial", "totally unfounded"))["id"]
    parts = [{"quote": "Officials"}, {"quote": "🇺🇦 and 🇨🇳"}]
    spans = f"/v1/documents/{document}/annotations"
    posted = await annotator.post(spans, json={"label": "claim", "fragments": parts})
    pieces = (await make.said(posted))["id"]
    relation = (await make.relation(annotator, document, "denies", denial, claim))["id"]
    withdrawn = (await make.annotation(annotator, document, "quote", "Kyiv"))["id"]
    first = {"If-Match": '"1"'}
    gone = await annotator.delete(f"/v1/annotations/{withdrawn}", headers=first)
    assert gone.status_code == 204
    await make.decision(reviewer, claim)
    moved = {"quote": "Russia", "suffix": "."}
    await annotator.patch(
        f"/v1/annotations/{pieces}", json={**moved, "fragments": None}, headers=first
    )
    things = {
        "document": document,
        "claim": claim,
        "denial": denial,
        "pieces": pieces,
        "relation": relation,
        "withdrawn": withdrawn,
    }
    return {name: UUID(id) for name, id in things.items()}


async def test_a_database_that_is_well(newsroom: Newsroom, dialect: str) -> None:
    await furnished(newsroom)

    found = await findings(newsroom.app.state.database)

    assert [finding for finding in found if not finding.ok] == []
    looked_at = [finding.what for finding in found]
    of_engine = {"sqlite": ["database", "file"], "postgresql": ["database", "connections"]}
    after = ["migrations", "spans", "annotations", "relations", "history", *["changes"] * 3]
    assert looked_at == ["settings", *of_engine[dialect], *after]
    # Four annotations, of which one was decided on, one edited and one withdrawn.
    assert "7 versions of annotations stand where they say." in [f.detail for f in found]


async def test_the_version_of_the_database_is_told(newsroom: Newsroom, dialect: str) -> None:
    found = await findings(newsroom.app.state.database)

    engine = next(finding.detail for finding in found if finding.what == "database")
    assert engine.startswith({"sqlite": "SQLite 3.", "postgresql": "PostgreSQL 1"}[dialect])


async def test_a_sqlite_that_can_corrupt_its_file_is_told(newsroom: Newsroom, dialect: str) -> None:
    database: Database = newsroom.app.state.database
    found = await findings(database)

    engine = next(finding for finding in found if finding.what == "database")
    number = engine.detail.split()[1].rstrip(".").split(".")
    affected = dialect == "sqlite" and (3, 7, 0) <= tuple(map(int, number)) <= (3, 51, 2)
    assert engine.ok
    assert ("walresetbug" in engine.detail) is affected


@pytest.mark.parametrize(
    ("spoilt", "place"),
    [
        ({"quote": "Chinese nationals fight for Russia "}, "/quote: quote-mismatch"),
        ({"end": 9_999}, "/end: offset-out-of-range"),
        (
            {"attributes": {"cue_span": {"start": 9, "end": 13, "quote": "says"}}},
            "/attributes/cue_span/quote: quote-mismatch",
        ),
        (
            {"fragments": [{"start": 18, "end": 25, "quote": "Chinese"}]},
            "/fragments: fragments-invalid",
        ),
    ],
)
async def test_a_span_that_is_not_in_the_text_is_found(
    newsroom: Newsroom, spoilt: dict[str, Any], place: str
) -> None:
    claim = (await furnished(newsroom))["claim"]
    database = await spoil(
        newsroom, update(Annotation).where(Annotation.id == claim).values(**spoilt)
    )

    assert await ill(database) == [("spans", f"{MISPLACED}: 1 ({claim} version 2: {place}).")]


async def test_a_span_of_history_or_of_what_was_withdrawn_is_looked_at_too(
    newsroom: Newsroom,
) -> None:
    things = await furnished(newsroom)
    pieces, withdrawn = things["pieces"], things["withdrawn"]
    old = AnnotationVersion.annotation_id == pieces
    moved = [
        {"start": TEXT.index("Officials"), "end": TEXT.index(" in Beijing"), "quote": "Officials"},
        {"start": TEXT.index("🇺🇦"), "end": TEXT.index("🇨🇳") + 1, "quote": "🇺🇦 and 🇨🇳"},
    ]
    database = await spoil(
        newsroom,
        update(AnnotationVersion).where(old).values(fragments=moved),
        update(Annotation).where(Annotation.id == withdrawn).values(quote="Kiev"),
    )

    ((what, detail),) = await ill(database)

    assert what == "spans"
    assert detail.startswith(f"{MISPLACED}: 2 (")
    assert f"{withdrawn} version 2: /quote: quote-mismatch" in detail
    assert f"{pieces} version 1: /fragments/1/" in detail


async def test_a_changed_text_is_found_by_its_spans(newsroom: Newsroom) -> None:
    things = await furnished(newsroom)
    await newsroom["reader"].get(f"/v1/documents/{things['document']}")
    database = await spoil(newsroom, update(Revision).values(text=" " + make.TEXT))

    ((what, detail),) = await ill(database)

    assert what == "spans"
    # Five are named.
    assert detail.startswith(f"{MISPLACED}: 7 (")
    assert detail.count(" version ") == 5
    assert detail.endswith(", …).")


async def test_a_relation_to_what_was_withdrawn_is_found(newsroom: Newsroom) -> None:
    things = await furnished(newsroom)
    withdrawn = things["withdrawn"]
    database = await spoil(newsroom, update(Relation).values(target_id=withdrawn))

    loose = "Relations that do not join two annotations of their document"
    assert await ill(database) == [("relations", f"{loose}: 1 ({things['relation']}).")]


async def test_a_relation_across_documents_is_found(newsroom: Newsroom) -> None:
    things = await furnished(newsroom)
    other = await make.document(newsroom["annotator"])
    elsewhere = await make.annotation(newsroom["annotator"], other["id"])
    database = await spoil(newsroom, update(Relation).values(target_id=UUID(elsewhere["id"])))

    ((what, detail),) = await ill(database)

    assert what == "relations"
    assert str(things["relation"]) in detail


async def test_an_annotation_of_a_deleted_document_is_found(newsroom: Newsroom) -> None:
    await furnished(newsroom)
    database = await spoil(newsroom, update(Document).values(deleted_at=make.MOMENT))

    ((what, detail),) = await ill(database)

    assert what == "annotations"
    assert detail.startswith(
        "Annotations of a document that was deleted or is of another project: 3 ("
    )


async def test_a_version_that_is_missing_from_the_history_is_found(newsroom: Newsroom) -> None:
    claim = (await furnished(newsroom))["claim"]
    database = await spoil(
        newsroom, delete(AnnotationVersion).where(AnnotationVersion.annotation_id == claim)
    )

    assert await ill(database) == [
        ("history", f"Annotations that lack a version in their history: 1 ({claim}).")
    ]


async def test_a_version_that_is_missing_from_the_log_is_found(newsroom: Newsroom) -> None:
    claim = (await furnished(newsroom))["claim"]
    decided = (Change.subject_id == claim, Change.version == 2)
    database = await spoil(newsroom, delete(Change).where(*decided))

    assert await ill(database) == [
        ("changes", f"Annotations with a version that is not in the log exactly once: 1 ({claim}).")
    ]


async def test_a_document_that_is_missing_from_the_log_is_found(newsroom: Newsroom) -> None:
    document = (await furnished(newsroom))["document"]
    database = await spoil(newsroom, delete(Change).where(Change.subject_id == document))

    assert await ill(database) == [
        ("changes", f"Documents that the log does not have where they say: 1 ({document}).")
    ]


async def test_a_log_that_goes_on_beyond_its_head_is_found(newsroom: Newsroom) -> None:
    await furnished(newsroom)
    database = await spoil(newsroom, update(ChangeHead).values(sequence=3))

    assert await ill(database) == [
        ("changes", "Projects whose log goes on beyond its head: 1 (demo).")
    ]


async def test_an_import_may_begin_at_any_version(newsroom: Newsroom) -> None:
    claim = (await furnished(newsroom))["claim"]
    # As an import leaves it: the row at the version that it had, and one entry that says so.
    database = await spoil(
        newsroom,
        delete(AnnotationVersion).where(AnnotationVersion.annotation_id == claim),
        delete(Change).where(Change.subject_id == claim, Change.version == 1),
    )

    assert await ill(database) == []


async def test_more_spans_than_are_read_at_once_are_all_looked_at(newsroom: Newsroom) -> None:
    # Some thousand are read at once; here as many of them are history as are not.
    text = "word " * 1_200
    spans: list[dict[str, Any]] = [
        {"id": str(make.id_of(5_000 + n)), "label": "claim", "start": 5 * n, "end": 5 * n + 4}
        for n in range(1_200)
    ]
    annotations = [{**span, "quote": "word"} for span in spans]
    document = {"title": "Words", "text": text, "annotations": annotations}
    database: Database = newsroom.app.state.database
    async with database.session(writes=False) as db:
        standing = await standing_as(db, "manager", "demo")
    async with database.session(writes=True) as db:
        await import_lines(db, standing, _line(document), max_chars=10_000)
    for some in (spans[:600], spans[600:]):
        verdicts = [{"annotation": s["id"], "version": 1, "verdict": "approve"} for s in some]
        path = "/v1/projects/demo/decisions"
        await make.said(
            await newsroom["reviewer"].post(path, json={"decisions": verdicts}), status=200
        )
    last = make.id_of(6_199)

    well = await findings(database)
    old = AnnotationVersion.annotation_id == last
    await spoil(newsroom, update(AnnotationVersion).where(old).values(quote="wort"))

    assert "2400 versions of annotations stand where they say." in [f.detail for f in well]
    assert [f for f in well if not f.ok] == []
    assert await ill(database) == [
        (
            "spans",
            f"{MISPLACED}: 1 ({last} version 1: /quote: quote-mismatch).",
        )
    ]


async def _line(value: dict[str, Any]) -> AsyncIterator[Line]:
    """A file of one line."""
    reader = Reader()
    for line in (*reader.feed(json.dumps(value).encode()), *reader.close()):
        yield line


async def test_a_database_without_tables(empty_url: str) -> None:
    database = connect(settings(empty_url))

    assert await ill(database) == [
        ("migrations", "The database has no tables of Stet; run stet migrate.")
    ]
    await database.dispose()


async def test_a_database_that_is_not_at_this_releases_revision(newsroom: Newsroom) -> None:
    database = await spoil(newsroom, text("UPDATE alembic_version SET version_num = '0000_old'"))

    ((what, detail),) = await ill(database)

    assert what == "migrations"
    assert "0000_old" in detail


async def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    for url in (
        f"sqlite:///{tmp_path / 'no such folder' / 'stet.db'}",
        "postgresql://nobody@127.0.0.1:9/nothing",
    ):
        database = connect(settings(url))

        ((what, detail),) = await ill(database)

        assert what == "database"
        assert detail.startswith("It cannot be used: ")
        await database.dispose()


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        (
            {"database_url": "sqlite:///stet.db", "workers": 2},
            "SQLite has one writer, so STET_WORKERS must be 1.",
        ),
        (
            {"max_body_bytes": 1024},
            "A text of STET_MAX_TEXT_CHARS does not fit into STET_MAX_BODY_BYTES.",
        ),
        (
            {"public_url": "https://stet.example.org/stet"},
            "STET_PUBLIC_URL must be an origin, such as https://stet.example.org.",
        ),
    ],
)
async def test_settings_that_do_not_agree(
    newsroom: Newsroom, given: dict[str, Any], detail: str
) -> None:
    chosen = settings("").model_copy(update={"database_pool_size": 4, **given})

    assert await ill(newsroom.app.state.database, chosen) == [("settings", detail)]


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_workers_that_want_more_connections_than_there_are(newsroom: Newsroom) -> None:
    chosen = settings("postgresql://", workers=50, database_pool_size=50)

    ((what, detail),) = await ill(newsroom.app.state.database, chosen)

    assert what == "connections"
    assert detail.startswith("50 workers take up to 5000; the server allows ")
