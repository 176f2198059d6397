"""Documents that the caller may see, and their texts."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    bindparam,
    exists,
    func,
    select,
)

from app.changes.queries import in_order
from app.core.cache import LruCache
from app.core.database import Session
from app.core.database.page_budget import among, octets
from app.core.database.prepared import fixed
from app.core.errors import NotFound
from app.core.paging import Page, Paging
from app.core.permissions import Standing
from app.core.vocabulary import Order, Status
from app.documents.finding import best_first, found_by, sought
from app.documents.schemas import Counts, DocumentFilter, DocumentItem, DocumentOut
from app.documents.seen import COLUMNS, CURRENT_REVISION, MAKER, SeenDocument
from app.models import Annotation, Document, Revision, User

# 64 Mi code points of the texts used last. A database that was restored, or lost something with a
# server, may have another text under the same id and number, but not with the same digest.
_texts: LruCache[tuple[UUID, int, str], str] = LruCache(64 * 1024 * 1024, len)

_TEXT = fixed(
    select(Revision.text).where(
        Revision.document_id == bindparam("document_id"), Revision.number == bindparam("number")
    )
)


async def text_of(db: Session, document_id: UUID, revision: int, sha256: str) -> str:
    """The text of a revision.

    Args:
        db: a session.
        document_id: the document's.
        revision: its number.
        sha256: the digest of the document's text, as it was read in this session.

    Raises:
        NotFound: when the document has no such revision.
    """
    key = (document_id, revision, sha256)
    kept = _texts.get(key)
    if kept is None:
        found = await db.execute(_TEXT, {"document_id": document_id, "number": revision})
        kept = found.scalar_one_or_none()
        if kept is None:
            raise NotFound(f"The document has no revision {revision}.")
        _texts.put(key, kept)
    return kept


async def digests(db: Session, ids: Collection[UUID]) -> dict[tuple[UUID, int], str]:
    """The SHA-256 of each revision of these documents, by the document's id and its number."""
    query = select(Revision.document_id, Revision.number, Revision.sha256)
    found = await db.execute(query.where(Revision.document_id.in_(ids)))
    return {(row.document_id, row.number): row.sha256 for row in found}


async def counts(db: Session, ids: list[UUID]) -> dict[UUID, Counts]:
    """How many annotations each document has, by status."""
    query = (
        select(
            Annotation.document_id,
            Annotation.status,
            func.count().label("times"),
            func.max(Annotation.sequence).label("latest"),
        )
        .where(Annotation.document_id.in_(ids), Annotation.withdrawn_at.is_(None))
        .group_by(Annotation.document_id, Annotation.status)
    )
    by_document: dict[UUID, dict[Status, int]] = {}
    latest: dict[UUID, int] = {}
    for row in await db.execute(query):
        by_document.setdefault(row.document_id, {})[row.status] = row.times
        latest[row.document_id] = max(row.latest, latest.get(row.document_id, 0))
    return {id: Counts.of(by_document.get(id, {}), latest.get(id, 0)) for id in ids}


async def out(db: Session, document: SeenDocument) -> DocumentOut:
    """The document with its text and its counts."""
    counted = await counts(db, [document.id])
    text = await text_of(db, document.id, document.revision, document.sha256)
    return DocumentOut.with_text(
        document.row, document.standing.project, counted[document.id], text
    )


async def by_id(db: Session, id: UUID) -> Row[Any] | None:
    """A document's row, whoever asks and whether or not it was deleted."""
    return (await db.execute(ROWS.where(Document.id == id))).one_or_none()


async def by_external_id(db: Session, project_id: UUID, external_id: str) -> Row[Any] | None:
    """The row of the project's document with that external id, unless it was deleted."""
    query = ROWS.where(
        Document.project_id == project_id,
        Document.external_id == external_id,
        Document.deleted_at.is_(None),
    )
    return (await db.execute(query)).one_or_none()


ROWS = (
    select(*COLUMNS)
    .join(Revision, CURRENT_REVISION)
    .outerjoin(MAKER, MAKER.c.id == Document.created_by_id)
)


_SIZE = octets(Document.title, Document.source_url, Document.details).label("size")


# Building one takes as long as running it, and most are asked for again: the first of a project.
@lru_cache(maxsize=32)
def _page(
    project_id: UUID, given: DocumentFilter, dialect: str, order: Order | None, pages: Paging
) -> Select[Any]:
    """A page of a project's documents; a parameter is ``limit``."""
    query = ROWS.where(Document.project_id == project_id, Document.deleted_at.is_(None))
    if given.external_id is not None:
        query = query.where(Document.external_id == given.external_id)
    its_own = exists().where(
        Annotation.document_id == Document.id, Annotation.withdrawn_at.is_(None)
    )
    if given.has_status is not None:
        query = query.where(its_own.where(Annotation.status == given.has_status))
    if given.annotated is not None or given.annotated_by is not None:
        asked = its_own
        if given.annotated_by is not None:
            author = select(User.id).where(User.name == given.annotated_by).scalar_subquery()
            asked = its_own.where(Annotation.author_id == author)
        query = query.where(~asked if given.annotated is False else asked)
    columns: list[Any] = [Document.id, Document.sequence, _SIZE]
    key = ["-sequence" if order is Order.NEWEST else "sequence"]
    ranked = given.ranked(order)
    if given.q is not None:
        found = found_by(sought(given.q), project_id, dialect, ranked=ranked)
        query = query.join(found, found.c.document_id == Document.id)
        if ranked:
            query = best_first(query, found.c.rank, pages)
            columns.append(found.c.rank)
            key = ["-rank", "sequence"]
    if not ranked:
        query = in_order(query, Document.sequence, order or Order.OLDEST, pages)
    narrow = query.with_only_columns(*columns, maintain_column_froms=True)
    return among(ROWS, narrow, key, lambda listed: listed.id == Document.id)


async def page(
    db: Session,
    standing: Standing,
    pages: Paging,
    given: DocumentFilter,
    order: Order | None = None,
) -> Page[DocumentItem]:
    """The project's documents, the best first of those that a query finds, or by their arrival.

    Args:
        db: a session.
        standing: what the caller is in the project.
        pages: which page.
        given: which documents.
        order: oldest or newest first; if left out the best, or without ``q`` the oldest.

    Raises:
        InvalidParameter: when ``q`` has no word that must occur, or too many terms.
    """
    statement = _page(standing.project_id, given, db.dialect, order, pages)
    rows = (await db.execute(statement, {"limit": pages.limit})).all()
    counted = await counts(db, [row.id for row in rows])
    ranked = given.ranked(order)
    return pages.fitted(
        rows,
        lambda row: DocumentItem.of(row, standing.project, counted[row.id]),
        key=lambda row: (row.rank, row.sequence) if ranked else (row.sequence,),
    )
