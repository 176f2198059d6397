"""What of a file is there already, asked for many records at once."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, or_, select

from app.annotations.versions import FIRST_VERSIONS, VERSIONS
from app.core.database import Session
from app.core.database.among import AMONG, bound
from app.core.ids import ById
from app.models import Annotation, Change, Document, Relation, Revision

_DOCUMENTS = (
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
)


def _both(build: Any) -> Mapping[str, Select[Any]]:
    """A statement for each database, built once: how many ids there are does not change it."""
    return {dialect: build(among) for dialect, among in AMONG.items()}


_DOCUMENTS_NAMED = _both(
    lambda among: _DOCUMENTS.where(
        or_(
            among(Document.id, "ids"),
            and_(
                Document.project_id == bindparam("project_id"),
                among(Document.external_id, "external_ids"),
                Document.deleted_at.is_(None),
            ),
        )
    )
)
_ANNOTATIONS_NAMED = _both(
    lambda among: select(*Annotation.__table__.c).where(
        or_(
            among(Annotation.id, "ids"),
            and_(
                among(Annotation.document_id, "document_ids"),
                among(Annotation.external_id, "external_ids"),
                Annotation.withdrawn_at.is_(None),
            ),
        )
    )
)
_FIRST_VERSIONS = _both(lambda among: FIRST_VERSIONS.where(among(VERSIONS.c.annotation_id, "ids")))
_RELATIONS_NAMED = _both(
    lambda among: select(*Relation.__table__.c).where(among(Relation.id, "ids"))
)


async def documents(
    db: Session, project_id: UUID, ids: Collection[UUID], external_ids: Collection[str]
) -> list[Row[Any]]:
    """Documents of any project with one of the ids, or of this one with an external id.

    Each with its text's digest and what the log says that it was created as.
    """
    given = {
        "project_id": project_id,
        "ids": bound(db, ids),
        "external_ids": bound(db, external_ids),
    }
    return list((await db.execute(_DOCUMENTS_NAMED[db.dialect], given)).all())


async def annotations(
    db: Session,
    document_ids: Collection[UUID],
    ids: Collection[UUID],
    external_ids: Collection[str],
) -> list[Row[Any]]:
    """Annotations of any document with one of the ids, or of these with an external id."""
    given = {
        "ids": bound(db, ids),
        "document_ids": bound(db, document_ids),
        "external_ids": bound(db, external_ids),
    }
    return list((await db.execute(_ANNOTATIONS_NAMED[db.dialect], given)).all())


async def first_versions(db: Session, ids: Collection[UUID]) -> ById[Row[Any]]:
    """What those of the annotations that were changed since said at first."""
    found = await db.execute(_FIRST_VERSIONS[db.dialect], {"ids": bound(db, ids)})
    return ById((row.annotation_id, row) for row in found)


async def relations(db: Session, ids: Collection[UUID]) -> list[Row[Any]]:
    """Relations of any document with one of the ids."""
    return list((await db.execute(_RELATIONS_NAMED[db.dialect], {"ids": bound(db, ids)})).all())
