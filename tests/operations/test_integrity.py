"""The doctor finds what in a database does not agree with the rest."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from app.core.database import Database
from app.formats.record import Item
from app.imports.commands import import_items
from app.models import (
    Annotation,
    AnnotationVersion,
    Relation,
    Revision,
)
from app.projects.queries import standing_as
from tests import make
from tests.conftest import Newsroom
from tests.operations.patient import MISPLACED, TEXT, UNLIKE, findings, furnished, ill, spoil


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
        # What has not the shape that Stet gives it is no reason to look no further.
        ({"attributes": [1]}, "/attributes: invalid-value"),
        (
            {"attributes": {"cue_span": {"start": "a", "end": 13, "quote": "said"}}},
            "/attributes/cue_span/start: invalid-value",
        ),
        ({"attributes": {"cue_span": {"quote": "Beijing"}}}, "/attributes/cue_span/start"),
        ({"fragments": [1, 2]}, "/fragments/0: invalid-value"),
        ({"fragments": {"start": 1}}, "/fragments: invalid-value"),
    ],
)
async def test_a_span_that_is_not_in_the_text_is_found(
    newsroom: Newsroom, spoilt: dict[str, Any], place: str
) -> None:
    claim = (await furnished(newsroom))["claim"]
    database = await spoil(
        newsroom, update(Annotation).where(Annotation.id == claim).values(**spoilt)
    )

    ((what, detail),) = await ill(database)
    assert what == "spans"
    assert detail.startswith(f"{MISPLACED}: 1 ({claim} version 2: {place}")


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


async def test_a_changed_text_is_found_by_what_is_kept_of_it_and_by_its_spans(
    newsroom: Newsroom,
) -> None:
    document = (await furnished(newsroom))["document"]
    await newsroom["reader"].get(f"/v1/documents/{document}")
    database = await spoil(newsroom, update(Revision).values(text=" " + make.TEXT))

    of_texts, (what, detail), *_ = await ill(database)

    wrong = f"{document} revision 1: sha256 and code_points and utf16 and utf8"
    words = f"{document} revision 1: words of the text"
    assert of_texts == ("texts", f"{UNLIKE}: 2 ({wrong}, {words}).")
    assert what == "spans"
    # Five are named.
    assert detail.startswith(f"{MISPLACED}: 7 (")
    assert detail.count(" version ") == 5
    assert detail.endswith(", …).")


async def test_a_version_of_a_text_that_is_not_there_is_found(newsroom: Newsroom) -> None:
    claim = (await furnished(newsroom))["claim"]
    old = AnnotationVersion.annotation_id == claim
    database = await spoil(newsroom, update(AnnotationVersion).where(old).values(revision=2))

    missing = f"{claim} version 1: revision 2 is not there"
    assert await ill(database) == [("spans", f"{MISPLACED}: 1 ({missing}).")]


REFERENCES = "Rows that name what is not there"


def harm(database_url: str, damage: str) -> None:
    """Do it to a file as another program does, which minds no foreign keys."""
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
        connection.execute(damage)
        connection.commit()


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "DELETE FROM documents",
            [
                ("references", f"{REFERENCES}: document_words 1 of documents, the first in row 1"),
                ("annotations", "Annotations of a document that is not there, was deleted"),
                ("changes", "Documents of the log that are not there as it says: 1 ("),
            ],
        ),
        (
            "DELETE FROM users WHERE name = 'annotator'",
            [("references", f"{REFERENCES}: annotations ")],
        ),
        (
            "DELETE FROM revisions",
            [
                ("references", f"{REFERENCES}: annotations 4 of revisions, the first in row 1"),
                ("spans", f"{MISPLACED}: 7 ("),
                ("documents", "Documents without their text: 1 ("),
            ],
        ),
        (
            "UPDATE annotations SET attributes = '{' WHERE version = 1",
            [("columns", "Rows that cannot be read, so the rest is not looked at: annotations 1")],
        ),
        (
            "UPDATE annotations SET attributes = '5' WHERE version = 1",
            [("spans", f"{MISPLACED}: 1 (")],
        ),
    ],
)
async def test_what_another_program_leaves_without_foreign_keys_is_found(
    newsroom: Newsroom, database_url: str, damage: str, found: list[tuple[str, str]]
) -> None:
    await furnished(newsroom)
    harm(database_url, damage)

    said = await ill(newsroom.app.state.database)

    for what, detail in found:
        assert [each for each in said if each[0] == what and each[1].startswith(detail)], said


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("revisions", "UPDATE revisions SET text = x'ff'"),
        ("revisions", "UPDATE revisions SET utf8 = 'many'"),
        ("annotations", "UPDATE annotations SET revision = 'one' WHERE rowid = 1"),
        ("annotations", "UPDATE annotations SET id = 'none' WHERE rowid = 1"),
        ("annotations", "UPDATE annotations SET author_id = x'00' WHERE rowid = 1"),
        ("annotations", "UPDATE annotations SET updated_at = x'00' WHERE rowid = 1"),
    ],
)
async def test_what_is_not_of_its_column_s_type_is_told_before_anything_is_read(
    newsroom: Newsroom, database_url: str, table: str, damage: str
) -> None:
    await furnished(newsroom)
    harm(database_url, damage)

    said = await ill(newsroom.app.state.database)

    unread = "Rows that cannot be read, so the rest is not looked at"
    assert said[-1] == ("columns", f"{unread}: {table} 1, the first in row 1.")
    assert {what for what, _ in said[:-1]} <= {"references"}


async def test_a_relation_across_documents_is_found(newsroom: Newsroom) -> None:
    things = await furnished(newsroom)
    other = await make.document(newsroom["annotator"])
    elsewhere = await make.annotation(newsroom["annotator"], other["id"])
    database = await spoil(newsroom, update(Relation).values(target_id=UUID(elsewhere["id"])))

    ((what, detail),) = await ill(database)

    assert what == "relations"
    assert str(things["relation"]) in detail


async def test_a_version_that_is_missing_from_the_history_is_found(newsroom: Newsroom) -> None:
    claim = (await furnished(newsroom))["claim"]
    database = await spoil(
        newsroom, delete(AnnotationVersion).where(AnnotationVersion.annotation_id == claim)
    )

    assert await ill(database) == [
        ("history", f"Annotations that lack a version in their history: 1 ({claim}).")
    ]


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
    await import_items(database, standing, _only(document), max_chars=10_000)
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


async def _only(value: dict[str, Any]) -> AsyncIterator[Item]:
    """A file of one line."""
    yield Item(1, value)
