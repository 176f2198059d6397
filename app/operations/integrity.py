"""What is stored, read through: texts, spans, and rows that name others. Reads only."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    Float,
    Integer,
    LargeBinary,
    Row,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    literal,
    select,
    text,
    tuple_,
)

from app.core.database import Session
from app.models import Annotation, AnnotationVersion, Base, Revision


async def take_time(db: Session) -> None:
    """Let the statements of a snapshot take longer than a request's may."""
    if db.dialect == "postgresql":
        await db.execute(text("SET LOCAL statement_timeout = 0"))


_SPANS_A_PAGE = 1_000


def _content(kind: type[Annotation] | type[AnnotationVersion]) -> tuple[Any, ...]:
    """Where a version says that it stands. JSON comes as its text, which may be none."""
    table = kind.__table__.c
    return (
        *(table[name] for name in ("revision", "start", "end", "quote")),
        *(cast(table[name], Text).label(name) for name in ("fragments", "attributes")),
    )


_ROW = (Annotation.document_id, Annotation.id.label("annotation_id"), Annotation.version)

_LIVING = (
    select(*_ROW, Annotation.sequence, *_content(Annotation))
    .where(Annotation.withdrawn_at.is_(None))
    .order_by(Annotation.document_id, Annotation.start, Annotation.end, Annotation.sequence)
)
_WITHDRAWN = (
    select(*_ROW, *_content(Annotation))
    .where(Annotation.withdrawn_at.is_not(None))
    .order_by(Annotation.id)
)
_HISTORY = (
    select(
        Annotation.document_id,
        AnnotationVersion.annotation_id,
        AnnotationVersion.version,
        *_content(AnnotationVersion),
    )
    .join(Annotation, Annotation.id == AnnotationVersion.annotation_id)
    .order_by(AnnotationVersion.annotation_id, AnnotationVersion.version)
)


async def spans(db: Session) -> AsyncIterator[Sequence[Row[Any]]]:
    """Every version of every annotation, some at a time; the living ones document by document."""
    async for page in _pages(db, _LIVING, _SPANS_A_PAGE, "document_id", "start", "end", "sequence"):
        yield page
    async for page in _pages(db, _WITHDRAWN, _SPANS_A_PAGE, "annotation_id"):
        yield page
    async for page in _pages(db, _HISTORY, _SPANS_A_PAGE, "annotation_id", "version"):
        yield page


async def _pages(
    db: Session, query: Select[*tuple[Any, ...]], size: int, *key: str
) -> AsyncIterator[Sequence[Row[Any]]]:
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

_TEXTS = select(
    Revision.document_id,
    Revision.number,
    Revision.text,
    Revision.sha256,
    Revision.code_points,
    Revision.utf16,
    Revision.utf8,
).order_by(Revision.document_id, Revision.number)


def texts(db: Session) -> AsyncIterator[Sequence[Row[Any]]]:
    """Every text with what is kept of it, some at a time."""
    return _pages(db, _TEXTS, _TEXTS_A_PAGE, "document_id", "number")


_ASTRAY = text(
    'SELECT "table" AS child, parent, count(*) AS times, min("rowid") AS first'
    " FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2"
)


async def astray(db: Session) -> Sequence[Row[Any]]:
    """Of SQLite, by table: how many rows name a row that is not there, and the first one's number.

    Another program's connection has foreign keys off unless it asks for them.
    """
    return (await db.execute(_ASTRAY)).all()


async def misfits(db: Session) -> list[tuple[str, int, int]]:
    """Of SQLite, tables with rows of which a column holds what is not of its type.

    How many rows, and the first one's number. SQLite takes anything anywhere; nothing that reads
    rows as they should be can read such ones.
    """
    found = []
    for table in Base.metadata.sorted_tables:
        wrong = " OR ".join(
            _misfit(f'"{column.name}"', column.type)
            for column in table.c
            # That may be a number too, or no JSON at all: whoever reads it looks.
            if not isinstance(column.type, JSON)
        )
        counting = (
            f'SELECT count(*) AS times, min(rowid) AS first FROM "{table.name}" WHERE {wrong}'  # noqa: S608  # names of ours
        )
        # One pass for each table, of which there are some twenty.
        row = (await db.execute(text(counting))).one()
        if row.times:
            found.append((table.name, row.times, row.first))
    return found


def _misfit(column: str, kind: Any) -> str:
    """Whether a column holds neither NULL nor what SQLite has for its type."""
    if isinstance(kind, Uuid):
        return f"typeof({column}) = 'blob' OR length({column}) <> 32 OR {column} GLOB '*[^0-9a-f]*'"
    stored = next((name for types, name in _STORED if isinstance(kind, types)), "text")
    return f"typeof({column}) NOT IN ('null', '{stored}')"


_STORED = (((Integer, Boolean), "integer"), (Float, "real"), (LargeBinary, "blob"))
