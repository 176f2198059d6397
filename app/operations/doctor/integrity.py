"""What is stored, read through page by page: texts and spans. Reads only."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    false,
    literal,
    select,
    true,
    tuple_,
)

from app.core.database import Session
from app.models import Annotation, AnnotationVersion, Document, DocumentWords, Revision

_SPANS_A_PAGE = 1_000


def _content(kind: type[Annotation] | type[AnnotationVersion]) -> tuple[Any, ...]:
    """Where a version says that it stands. JSON comes as its text, which may be none."""
    table = kind.__table__.c
    return (
        *(table[name] for name in ("revision", "label", "start", "end", "quote")),
        *(cast(table[name], Text).label(name) for name in ("fragments", "attributes", "warnings")),
    )


_ROW = (
    Annotation.project_id,
    Annotation.document_id,
    Annotation.id.label("annotation_id"),
    Annotation.version,
)
# What an annotation was need not fit the scheme that there is now.
_IS_LIVING, _IS_PAST = true().label("is_living"), false().label("is_living")

_LIVING = (
    select(*_ROW, _IS_LIVING, Annotation.sequence, *_content(Annotation))
    .where(Annotation.withdrawn_at.is_(None))
    .order_by(Annotation.document_id, Annotation.start, Annotation.end, Annotation.sequence)
)
_WITHDRAWN = (
    select(*_ROW, _IS_PAST, *_content(Annotation))
    .where(Annotation.withdrawn_at.is_not(None))
    .order_by(Annotation.id)
)
_HISTORY = (
    select(
        Annotation.project_id,
        Annotation.document_id,
        AnnotationVersion.annotation_id,
        AnnotationVersion.version,
        _IS_PAST,
        *_content(AnnotationVersion),
    )
    .join(Annotation, Annotation.id == AnnotationVersion.annotation_id)
    .order_by(AnnotationVersion.annotation_id, AnnotationVersion.version)
)


async def spans(db: Session) -> AsyncIterator[Sequence[Row[Any]]]:
    """Every version of every annotation, some at a time; the living ones document by document."""
    async for page in pages(db, _LIVING, _SPANS_A_PAGE, "document_id", "start", "end", "sequence"):
        yield page
    async for page in pages(db, _WITHDRAWN, _SPANS_A_PAGE, "annotation_id"):
        yield page
    async for page in pages(db, _HISTORY, _SPANS_A_PAGE, "annotation_id", "version"):
        yield page


async def pages(
    db: Session, query: Select[*tuple[Any, ...]], size: int, *key: str
) -> AsyncIterator[Sequence[Row[Any]]]:
    """The rows of a query, ``size`` at a time; it is ordered by the columns of ``key``."""
    columns = [query.selected_columns[name] for name in key]
    query = query.limit(size)
    page = query
    while True:
        # One page of the keyset at a time, so that memory does not grow with the database.
        rows = (await db.execute(page)).all()
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = [getattr(rows[-1], name) for name in key]
        after = [literal(value, column.type) for value, column in zip(last, columns, strict=True)]
        page = query.where(tuple_(*columns) > tuple_(*after))


_TEXT = select(Revision.text).where(
    Revision.document_id == bindparam("document_id"), Revision.number == bindparam("number")
)


async def stored_text(db: Session, document_id: UUID, revision: int) -> str | None:
    """The text as it is stored now; None if it is not."""
    found = await db.execute(_TEXT, {"document_id": document_id, "number": revision})
    stored: str | None = found.scalar_one_or_none()
    return stored


# A text may have millions of characters.
_TEXTS_A_PAGE = 8

_TEXTS = (
    select(
        Revision.document_id,
        Revision.number,
        Revision.text,
        Revision.sha256,
        Revision.code_points,
        Revision.utf16,
        Revision.utf8,
        Document.title,
        Document.title_folded,
        DocumentWords.title.label("title_words"),
        DocumentWords.text.label("text_words"),
    )
    # Of an older text there are no words.
    .outerjoin(
        Document,
        and_(Document.id == Revision.document_id, Document.revision == Revision.number),
    )
    .outerjoin(DocumentWords, DocumentWords.document_id == Document.id)
    .order_by(Revision.document_id, Revision.number)
)


def texts(db: Session) -> AsyncIterator[Sequence[Row[Any]]]:
    """Every text with what is kept of it, some at a time."""
    return pages(db, _TEXTS, _TEXTS_A_PAGE, "document_id", "number")
