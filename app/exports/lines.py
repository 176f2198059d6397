"""JSON Lines that PostgreSQL writes itself: byte for byte what ``formats.jsonl`` writes.

Turning rows into Python's values and those into JSON took most of an export; here the rows never
become values. What the two must agree on is the order of the fields and the form of times, of
floats, and of JSON without blanks: ``row_to_json`` and ``array_to_json`` write none, and ``json``
columns hold the text that was stored.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.columns import Json
from app.core.database import Session
from app.core.jsontext import one_line
from app.exports.corpus import Corpus


async def lines(db: Session, corpus: Corpus, ids: Sequence[UUID]) -> bytes:
    """The lines of some documents of the corpus, by age."""
    found = await db.execute(_statement(corpus), {"ids": list(ids)})
    return one_line("".join(f"{line}\n" for line in found.scalars())).encode()


def _statement(corpus: Corpus) -> Select[Any]:
    document = corpus.documents.subquery("document").c
    line = (
        select(
            document.id,
            document.external_id,
            document.title,
            document.language,
            document.source_url,
            document.published_on,
            document.metadata,
            document.version,
            document.created_by,
            *_moments(document, "created_at", "updated_at"),
            document.revision,
            document.sha256,
            _object(
                select(document.bom_removed, document.newlines_converted).correlate(
                    document.id.table
                )
            ).label("normalized"),
            document.text,
            literal("code_points").label("offset_unit"),
            _array(_annotations(corpus, document)).label("annotations"),
            _array(_relations(corpus, document)).label("relations"),
        )
        .where(document.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
        .order_by(document.sequence)
    )
    return select(cast(_row("line"), Text)).select_from(line.subquery("line"))


def _annotations(corpus: Corpus, document: Any) -> Select[Any]:
    row = corpus.annotations.subquery("annotation").c
    return (
        select(
            row.id,
            row.external_id,
            row.label,
            row.start,
            row.end,
            row.quote,
            row.fragments,
            row.attributes,
            row.note,
            row.origin,
            _float(row.confidence).label("confidence"),
            row.author,
            row.edited_by,
            row.status,
            row.decided_by,
            *_moments(row, "decided_at"),
            row.version,
            *_moments(row, "created_at", "updated_at"),
            # Most were never decided on: those cost no look-up.
            case(
                (row.version > 1, _array(_decisions(corpus, row))), else_=cast(literal("[]"), Json)
            ).label("decisions"),
        )
        .where(row.document_id == document.id)
        .correlate(document.id.table)
        .order_by(row.start, row.end, row.sequence)
    )


def _decisions(corpus: Corpus, annotation: Any) -> Select[Any]:
    row = corpus.decisions.subquery("decision").c
    return (
        select(row.version, row.verdict, row.comment, row.reviewer, *_moments(row, "decided_at"))
        .where(row.annotation_id == annotation.id, row.version < annotation.version)
        .correlate(annotation.id.table)
        .order_by(row.version)
    )


def _relations(corpus: Corpus, document: Any) -> Select[Any]:
    row = corpus.relations.subquery("relation").c
    return (
        select(
            row.id,
            row.type,
            row.source_id.label("source"),
            row.target_id.label("target"),
            row.author,
            *_moments(row, "created_at"),
        )
        .where(row.document_id == document.id)
        .correlate(document.id.table)
        .order_by(row.sequence)
    )


def _moments(row: Any, *names: str) -> list[ColumnElement[str]]:
    form = literal('YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    return [func.to_char(func.timezone("UTC", row[name]), form).label(name) for name in names]


def _float(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """As Python writes it: PostgreSQL leaves ``.0`` out, and is the same in all else up to 1."""
    written = case((number.in_([0, 1]), func.concat(number, ".0")), else_=cast(number, Text))
    return case((number.is_not(None), cast(written, Json)))


def _row(name: str) -> ColumnElement[Any]:
    return func.row_to_json(literal_column(name))


def _object(rows: Select[Any]) -> ColumnElement[Any]:
    named = rows.subquery("object")
    return select(_row("object")).select_from(named).scalar_subquery()


def _array(rows: Select[Any]) -> ColumnElement[Any]:
    """The rows as a JSON array of objects, in their order."""
    named = rows.subquery("item")
    return func.array_to_json(func.array(select(_row("item")).select_from(named).scalar_subquery()))
