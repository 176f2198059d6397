"""The document that is asked for, who asks for it, and what they are in its project."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, exists, select

from app.core.database import Session
from app.core.database.prepared import fixed
from app.core.errors import Gone
from app.core.permissions import Standing
from app.core.vocabulary import OffsetUnit
from app.models import ChangeHead, Document, Revision, User
from app.users.callers import CALLERS, STANDING_COLUMNS, Lately, seen_by
from app.users.credentials import Credential, CredentialKind

MAKER = User.__table__.alias("maker")

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
    MAKER.c.name.label("created_by"),
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

    @property
    def sha256(self) -> str:
        """The digest of the current text."""
        found: str = self.row.sha256
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
            .outerjoin(MAKER, MAKER.c.id == Document.created_by_id)
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
    return await _seen(db, credential, _SEEN, id)


async def _seen(
    db: Session, credential: Credential, statements: Mapping[CredentialKind, Select[Any]], id: UUID
) -> SeenDocument:
    standing, row = await seen_by(db, credential, statements, "document", document_id=id)
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
            Revision.sha256,
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
    document = await _seen(db, credential, _MARKED, id)
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
