"""Documents that the caller may see, and their texts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
)

from app.changes.queries import in_order
from app.core.cache import Bounded
from app.core.database import Session
from app.core.errors import Gone, NotFound
from app.core.paging import Page, Paging
from app.core.permissions import Standing
from app.core.prepared import fixed
from app.core.vocabulary import OffsetUnit, Order, Status
from app.documents.finding import best_first, found_by, sought
from app.documents.schemas import Counts, DocumentItem, DocumentOut
from app.models import Annotation, ChangeHead, Document, Revision, User
from app.users.callers import CALLERS, STANDING_COLUMNS, Lately, actor_of, standing_of
from app.users.credentials import Credential, CredentialKind

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
    recalled: bool = False
    """Whether this was read up to a second ago."""

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

    def measures_alike(self, unit: OffsetUnit) -> bool:
        """Whether every offset into the current text is the same in code points and this unit."""
        alike: bool = getattr(self.row, unit) == self.row.code_points
        return alike


_SEEN = {
    kind: fixed(
        select(*caller.columns, *STANDING_COLUMNS, *COLUMNS)
        .select_from(
            caller.joined(Document.__table__, Document.id == bindparam("document_id"))
            .seeing(Document.project_id)
            .outerjoin(Revision, CURRENT_REVISION)
            .outerjoin(_Maker, _Maker.c.id == Document.created_by_id)
        )
        .where(caller.where)
    )
    for kind, caller in CALLERS.items()
}


async def seen(db: Session, credential: Credential, id: UUID) -> SeenDocument:
    """Who is asking, what they are in the document's project, and the document.

    Raises:
        Unauthenticated: when the credential is not valid.
        NotFound: when there is no such document or the caller may not see it.
        Gone: when it was deleted.
    """
    return _seen(await _read(db, _SEEN, credential, id), credential)


async def _read(
    db: Session, statements: Mapping[CredentialKind, Select[Any]], credential: Credential, id: UUID
) -> Row[Any] | None:
    parameters = {"credential_id": credential.id, "document_id": id}
    return (await db.execute(statements[credential.kind], parameters)).one_or_none()


def _seen(row: Row[Any] | None, credential: Credential) -> SeenDocument:
    actor = actor_of(row, credential)
    standing = row and standing_of(row, actor)
    if standing is None or row is None:
        raise NotFound("There is no such document.")
    if row.deleted_at is not None:
        raise Gone("The document was deleted.")
    return SeenDocument(standing, row)


# Little enough to be kept.
_MARKED = {
    kind: fixed(
        select(
            *caller.columns,
            *STANDING_COLUMNS,
            Document.id,
            Document.revision,
            Document.deleted_at,
            Revision.code_points,
            Revision.utf16,
            Revision.utf8,
        )
        .select_from(
            caller.joined(Document.__table__, Document.id == bindparam("document_id"))
            .seeing(Document.project_id)
            .outerjoin(Revision, CURRENT_REVISION)
        )
        .where(caller.where)
    )
    for kind, caller in CALLERS.items()
}
_lately: Lately[SeenDocument] = Lately()


async def seen_lately(
    db: Session, credential: Credential, id: UUID, *, recall: bool
) -> SeenDocument:
    """The same with what spans need, for who names the epoch or asks whether it ``STANDS``.

    With ``recall`` it may be as it was up to a second ago (see ``users.callers.Lately``); what is
    refused then is to be asked for again without.

    Raises:
        Unauthenticated, NotFound, Gone: as ``seen``.
    """
    known = _lately.get(db, credential, id) if recall else None
    if known is not None:
        return replace(known, recalled=True)
    asked = _lately.moment()
    document = _seen(await _read(db, _MARKED, credential, id), credential)
    _lately.put(db, credential, document.row, document, asked=asked, key=id)
    return document


STANDS = exists().where(
    Document.id == bindparam("document_id"),
    Document.revision == bindparam("revision"),
    ChangeHead.project_id == Document.project_id,
    ChangeHead.epoch == bindparam("epoch"),
)
"""Whether a document and its project are still as they were recalled, with ``as_recalled``."""


def as_recalled(document: SeenDocument) -> dict[str, Any]:
    """The parameters of ``STANDS``."""
    standing = document.standing
    return {"document_id": document.id, "revision": document.revision, "epoch": standing.epoch}


# 64 Mi code points of the texts used last. They are immutable, so nothing here can be out of date.
_texts: Bounded[tuple[str, UUID, int], str] = Bounded(64 * 1024 * 1024, len)

_TEXT = fixed(
    select(Revision.text).where(
        Revision.document_id == bindparam("document_id"), Revision.number == bindparam("number")
    )
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
    annotated: bool | None = None,
    order: Order | None = None,
) -> Page[DocumentItem]:
    """The project's documents, the best first of those that a query finds, or by their arrival.

    Args:
        db: a session.
        standing: what the caller is in the project.
        pages: which page.
        q: only those in whose title and text this is found (``text.sought``).
        external_id: only the one with this external id.
        has_status: only those with an annotation in this status.
        annotated: only those with annotations, or only those without.
        order: oldest or newest first; if left out the best, or without ``q`` the oldest.

    Raises:
        InvalidParameter: when ``q`` has no word that must occur, or too many terms.
    """
    query = ROWS.where(Document.project_id == standing.project_id, Document.deleted_at.is_(None))
    if external_id is not None:
        query = query.where(Document.external_id == external_id)
    its_own = exists().where(
        Annotation.document_id == Document.id, Annotation.withdrawn_at.is_(None)
    )
    if has_status is not None:
        query = query.where(its_own.where(Annotation.status == has_status))
    if annotated is not None:
        query = query.where(its_own if annotated else ~its_own)
    ranked = q is not None and order is None
    if q is not None:
        found = found_by(sought(q), standing.project_id, db.dialect, ranked=ranked)
        query = query.join(found, found.c.document_id == Document.id)
        if ranked:
            query = best_first(query.add_columns(found.c.rank), found.c.rank, pages)
    if not ranked:
        query = in_order(query, Document.sequence, order or Order.OLDEST, pages)
    rows = (await db.execute(query)).all()
    counted = await counts(db, [row.id for row in rows])
    return pages.page(
        rows,
        lambda row: DocumentItem.of(row, standing.project, counted[row.id]),
        key=lambda row: (row.rank, row.sequence) if ranked else (row.sequence,),
    )
