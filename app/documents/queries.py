"""Documents that the caller may see, and their texts."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, exists, func, select

from app.changes.queries import in_order
from app.core.cache import Bounded
from app.core.database import Session
from app.core.errors import Gone, NotFound
from app.core.paging import Page, Paging
from app.core.permissions import Standing
from app.core.vocabulary import Order, Status
from app.documents.schemas import Counts, DocumentItem, DocumentOut
from app.models import Annotation, Document, Revision, User
from app.users.credentials import Credential
from app.users.queries import CALLERS, STANDING_COLUMNS, actor_of, standing_of

_Maker = User.__table__.alias("maker")

COLUMNS = (
    Document.id,
    Document.project_id,
    Document.external_id,
    Document.title,
    Document.language,
    Document.source_url,
    Document.published_on,
    Document.details.label("details"),
    Document.revision,
    Document.version,
    Document.sequence,
    Document.created_at,
    Document.updated_at,
    Document.deleted_at,
    _Maker.c.name.label("created_by"),
    Revision.sha256,
    Revision.code_points,
    Revision.utf16,
    Revision.utf8,
    Revision.bom_removed,
    Revision.newlines_converted,
)
"""What is known of a document beside its text: the row, its maker and its current revision."""

CURRENT_REVISION = and_(Revision.document_id == Document.id, Revision.number == Document.revision)


@dataclass(frozen=True, slots=True)
class SeenDocument:
    """A document that the caller may see, and what they are in its project."""

    standing: Standing
    row: Row[Any]

    @property
    def id(self) -> UUID:
        """The document's id."""
        found: UUID = self.row.id
        return found

    @property
    def revision(self) -> int:
        """The number of the current revision."""
        found: int = self.row.revision
        return found


_SEEN = {
    kind: select(*caller.columns, *STANDING_COLUMNS, *COLUMNS)
    .select_from(
        caller.joined(Document.__table__, Document.id == bindparam("document_id"))
        .seeing(Document.project_id)
        .outerjoin(Revision, CURRENT_REVISION)
        .outerjoin(_Maker, _Maker.c.id == Document.created_by_id)
    )
    .where(caller.where)
    for kind, caller in CALLERS.items()
}


async def seen(db: Session, credential: Credential, id: UUID) -> SeenDocument:
    """Who is asking, what they are in the document's project, and the document.

    Raises:
        Unauthenticated: when the credential is not valid.
        NotFound: when there is no such document or the caller may not see it.
        Gone: when it was deleted.
    """
    row = (
        await db.execute(
            _SEEN[credential.kind], {"credential_id": credential.id, "document_id": id}
        )
    ).one_or_none()
    actor = actor_of(row, credential)
    standing = row and standing_of(row, actor)
    if standing is None or row is None:
        raise NotFound("There is no such document.")
    if row.deleted_at is not None:
        raise Gone("The document was deleted.")
    return SeenDocument(standing, row)


# 64 Mi code points of the texts used last. They are immutable, so nothing here can be out of date.
_texts: Bounded[tuple[str, UUID, int], str] = Bounded(64 * 1024 * 1024, len)

_TEXT = select(Revision.text).where(
    Revision.document_id == bindparam("document_id"), Revision.number == bindparam("number")
)


async def text_of(db: Session, document_id: UUID, revision: int) -> str:
    """The text of a revision.

    Raises:
        NotFound: when the document has no such revision.
    """
    key = (db.source, document_id, revision)
    kept = _texts.get(key)
    if kept is None:
        found = await db.execute(_TEXT, {"document_id": document_id, "number": revision})
        kept = found.scalar_one_or_none()
        if kept is None:
            raise NotFound(f"The document has no revision {revision}.")
        _texts.put(key, kept)
    return kept


async def counts(db: Session, ids: list[UUID]) -> dict[UUID, Counts]:
    """How many annotations each document has, by status."""
    query = (
        select(Annotation.document_id, Annotation.status, func.count().label("times"))
        .where(Annotation.document_id.in_(ids), Annotation.withdrawn_at.is_(None))
        .group_by(Annotation.document_id, Annotation.status)
    )
    by_document: dict[UUID, dict[Status, int]] = {}
    for row in await db.execute(query):
        by_document.setdefault(row.document_id, {})[row.status] = row.times
    return {id: Counts.of(by_document.get(id, {})) for id in ids}


async def out(db: Session, document: SeenDocument) -> DocumentOut:
    """The document with its text and its counts."""
    counted = await counts(db, [document.id])
    text = await text_of(db, document.id, document.revision)
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
    .outerjoin(_Maker, _Maker.c.id == Document.created_by_id)
)


async def page(
    db: Session,
    standing: Standing,
    pages: Paging,
    *,
    q: str | None = None,
    external_id: str | None = None,
    has_status: Status | None = None,
    order: Order = Order.OLDEST,
) -> Page[DocumentItem]:
    """The project's documents in the order of their arrival.

    Args:
        db: a session.
        standing: what the caller is in the project.
        pages: which page.
        q: only those whose title contains this, whatever its case.
        external_id: only the one with this external id.
        has_status: only those with an annotation in this status.
        order: oldest or newest first.
    """
    query = ROWS.where(Document.project_id == standing.project_id, Document.deleted_at.is_(None))
    if q is not None:
        query = query.where(Document.title_folded.contains(q.casefold(), autoescape=True))
    if external_id is not None:
        query = query.where(Document.external_id == external_id)
    if has_status is not None:
        query = query.where(
            exists().where(
                Annotation.document_id == Document.id,
                Annotation.status == has_status,
                Annotation.withdrawn_at.is_(None),
            )
        )
    query = in_order(query, Document.sequence, order, pages)
    rows = (await db.execute(query)).all()
    counted = await counts(db, [row.id for row in rows])
    return pages.page(
        rows,
        lambda row: DocumentItem.of(row, standing.project, counted[row.id]),
        key=lambda row: (row.sequence,),
    )
