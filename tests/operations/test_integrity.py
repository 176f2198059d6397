"""The doctor finds what in a database does not agree with the rest."""

from collections.abc import AsyncIterator
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
    Change,
    ChangeHead,
    Document,
    Relation,
    Revision,
)
from app.projects.queries import standing_as
from tests import make
from tests.conftest import Newsroom
from tests.operations.patient import MISPLACED, TEXT, findings, furnished, ill, spoil


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
