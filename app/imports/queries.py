"""What of a file is there already."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, select

from app.core.database import Session
from app.models import Annotation, AnnotationVersion, Change, Document, Relation, Revision


async def documents(
    db: Session, project_id: UUID, ids: Collection[UUID], external_id: str | None
) -> list[Row[Any]]:
    """Documents of any project with one of the ids, or of this one with the external id.

    Each with its text's digest and what the log says that it was created as.
    """
    named: ColumnElement[bool] = Document.id.in_(ids)
    if external_id is not None:
        named = or_(
            named,
            and_(
                Document.project_id == project_id,
                Document.external_id == external_id,
                Document.deleted_at.is_(None),
            ),
        )
    query = (
        select(
            *Document.__table__.c,
            Document.details.label("details"),
            Revision.sha256,
            Change.state.label("created"),
        )
        .join(
            Revision,
            and_(Revision.document_id == Document.id, Revision.number == Document.revision),
        )
        .outerjoin(
            Change,
            and_(Change.project_id == Document.project_id, Change.sequence == Document.sequence),
        )
        .where(named)
    )
    return list((await db.execute(query)).all())


def state(row: Row[Any]) -> dict[str, Any]:
    """What a document of ``documents`` says now, as the log would keep it."""
    published_on = row.published_on
    return {
        "external_id": row.external_id,
        "title": row.title,
        "language": row.language,
        "source_url": row.source_url,
        "metadata": row.details,
        "sha256": row.sha256,
        "published_on": published_on and published_on.isoformat(),
    }


async def annotations(
    db: Session, document_id: UUID, ids: Collection[UUID], external_ids: Collection[str]
) -> list[Row[Any]]:
    """Annotations of any document with one of the ids, or of this one with an external id."""
    query = select(*Annotation.__table__.c).where(
        or_(
            Annotation.id.in_(ids),
            and_(
                Annotation.document_id == document_id,
                Annotation.external_id.in_(external_ids),
                Annotation.withdrawn_at.is_(None),
            ),
        )
    )
    return list((await db.execute(query)).all())


async def first_versions(db: Session, ids: Collection[UUID]) -> dict[UUID, Row[Any]]:
    """What those of the annotations that were changed since said at first."""
    query = select(*AnnotationVersion.__table__.c).where(
        AnnotationVersion.annotation_id.in_(ids), AnnotationVersion.version == 1
    )
    return {row.annotation_id: row for row in await db.execute(query)}


async def relations(db: Session, ids: Collection[UUID]) -> list[Row[Any]]:
    """Relations of any document with one of the ids."""
    query = select(*Relation.__table__.c).where(Relation.id.in_(ids))
    return list((await db.execute(query)).all())
