"""Relations that the caller may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, select

from app.changes.queries import in_order
from app.core.database import Session
from app.core.database.prepared import fixed
from app.core.errors import Gone
from app.core.paging import Page, Paging
from app.core.permissions import Standing
from app.core.vocabulary import Order
from app.documents.seen import SeenDocument
from app.models import Annotation, Relation, User
from app.relations.schemas import RelationOut
from app.users.callers import CALLERS, STANDING_COLUMNS, seen_by
from app.users.credentials import Credential

_Author = User.__table__.alias("author")

COLUMNS = (*(column for column in Relation.__table__.c), _Author.c.name.label("author"))

ROWS: Select[Any] = select(*COLUMNS).join(_Author, _Author.c.id == Relation.author_id)
"""Relations with their authors' names."""


@dataclass(frozen=True, slots=True)
class SeenRelation:
    """A relation that the caller may see, and what they are in its project."""

    standing: Standing
    row: Row[Any]


_SEEN = {
    kind: fixed(
        select(*caller.columns, *STANDING_COLUMNS, *COLUMNS)
        .select_from(
            caller.joined(Relation.__table__, Relation.id == bindparam("relation_id"))
            .seeing(Relation.project_id)
            .outerjoin(_Author, _Author.c.id == Relation.author_id)
        )
        .where(caller.where)
    )
    for kind, caller in CALLERS.items()
}


async def seen(db: Session, credential: Credential, id: UUID) -> SeenRelation:
    """Who is asking, what they are in the relation's project, and the relation.

    Raises:
        Unauthenticated: when the credential is not valid.
        NotFound: when there is no such relation or the caller may not see it.
        Gone: when it was withdrawn.
    """
    standing, row = await seen_by(db, credential, _SEEN, "relation", relation_id=id)
    if row.withdrawn_at is not None:
        raise Gone("The relation was withdrawn.")
    return SeenRelation(standing, row)


async def by_id(db: Session, id: UUID) -> Row[Any] | None:
    """A relation's row, whoever asks and whether or not it was withdrawn."""
    return (await db.execute(ROWS.where(Relation.id == id))).one_or_none()


async def of_document(db: Session, document: SeenDocument, pages: Paging) -> Page[RelationOut]:
    """A document's relations by age."""
    query = ROWS.where(Relation.document_id == document.id, Relation.withdrawn_at.is_(None))
    rows = (await db.execute(in_order(query, Relation.sequence, Order.OLDEST, pages))).all()
    return pages.page(
        rows,
        lambda row: RelationOut.of(row, document.standing.project),
        key=lambda row: (row.sequence,),
    )


async def ends(db: Session, document_id: UUID, ids: set[UUID]) -> Mapping[UUID, Row[Any]]:
    """Id and label of those of the ids that are living annotations of the document."""
    query = select(Annotation.id, Annotation.label).where(
        Annotation.id.in_(ids),
        Annotation.document_id == document_id,
        Annotation.withdrawn_at.is_(None),
    )
    return {row.id: row for row in await db.execute(query)}
