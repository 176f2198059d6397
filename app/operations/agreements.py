"""What holds of everything stored: of documents, annotations, relations, decisions and the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, distinct, func, or_, select

from app.core.database import Session
from app.core.vocabulary import ChangeKind
from app.models import (
    Annotation,
    AnnotationVersion,
    Change,
    ChangeHead,
    Decision,
    Document,
    Project,
    Relation,
    Revision,
)

EXAMPLES = 5
"""How many of those that are wrong are named."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Something that holds of everything stored: what it is about, and how to say so."""

    what: str
    well: str
    ill: str
    """What is said of those of which it does not hold, before their number."""
    exceptions: Select[Any]
    """Those, by one column that names them."""

    async def broken(self, db: Session) -> tuple[int, list[str]]:
        """How many exceptions there are, and the names of the first."""
        counted = select(func.count()).select_from(self.exceptions.subquery())
        count: int = (await db.execute(counted)).scalar_one()
        some = (await db.execute(self.exceptions.limit(EXAMPLES))).scalars() if count else ()
        return count, [str(name) for name in some]


_source, _target = Annotation.__table__.alias("source"), Annotation.__table__.alias("target")


def _versions(kinds: Iterable[ChangeKind], name: str) -> Any:
    """The versions that the log has of each subject of these kinds of change."""
    return (
        select(
            Change.subject_id.label("id"),
            func.min(Change.version).label("first"),
            func.max(Change.version).label("last"),
            func.count().label("times"),
            func.count(distinct(Change.version)).label("versions"),
        )
        .where(Change.kind.in_(list(kinds)))
        .group_by(Change.subject_id)
        .subquery(name)
    )


_logged = _versions(
    (
        ChangeKind.ANNOTATION_CREATED,
        ChangeKind.ANNOTATION_UPDATED,
        ChangeKind.ANNOTATION_DECIDED,
        ChangeKind.ANNOTATION_WITHDRAWN,
    ),
    "logged",
)
_joined = _versions((ChangeKind.RELATION_CREATED, ChangeKind.RELATION_WITHDRAWN), "joined")
_kept = (
    select(
        AnnotationVersion.annotation_id.label("id"),
        func.min(AnnotationVersion.version).label("first"),
        func.max(AnnotationVersion.version).label("last"),
        func.count().label("times"),
    )
    .group_by(AnnotationVersion.annotation_id)
    .subquery("kept")
)
_ends = (
    select(Change.project_id, func.max(Change.sequence).label("sequence"))
    .group_by(Change.project_id)
    .subquery("ends")
)


def _loose(annotation: Any) -> Any:
    """Whether an end of a relation is no living annotation of the relation's document."""
    return or_(
        annotation.c.id.is_(None),
        annotation.c.withdrawn_at.is_not(None),
        annotation.c.document_id != Relation.document_id,
        annotation.c.project_id != Relation.project_id,
    )


def _not_once(thing: Any, logged: Any) -> Any:
    """Whether the log lacks a version of an annotation or relation, or has one twice."""
    return or_(
        logged.c.id.is_(None),
        logged.c.last != thing.version,
        logged.c.times != thing.version - logged.c.first + 1,
        logged.c.times != logged.c.versions,
    )


def _not_logged(thing: Any, subject: Any) -> Select[Any]:
    """Those whose ``sequence`` is no entry of the log about that subject."""
    entry = and_(
        Change.project_id == thing.project_id,
        Change.sequence == thing.sequence,
        Change.subject_id == subject,
    )
    return select(thing.id).outerjoin(Change, entry).where(Change.sequence.is_(None))


AGREEMENTS = (
    Agreement(
        "documents",
        "Each has its text.",
        "Documents without their text",
        select(Document.id)
        .outerjoin(
            Revision,
            and_(Revision.document_id == Document.id, Revision.number == Document.revision),
        )
        .where(Revision.document_id.is_(None)),
    ),
    Agreement(
        "annotations",
        "Each is of a document that is there.",
        "Annotations of a document that is not there, was deleted or is of another project",
        select(Annotation.id)
        .outerjoin(Document, Document.id == Annotation.document_id)
        .where(
            Annotation.withdrawn_at.is_(None),
            or_(
                Document.id.is_(None),
                Document.deleted_at.is_not(None),
                Document.project_id != Annotation.project_id,
            ),
        ),
    ),
    Agreement(
        "relations",
        "Each joins two annotations of its document.",
        "Relations that do not join two annotations of their document",
        select(Relation.id)
        .outerjoin(_source, _source.c.id == Relation.source_id)
        .outerjoin(_target, _target.c.id == Relation.target_id)
        .where(Relation.withdrawn_at.is_(None), or_(_loose(_source), _loose(_target))),
    ),
    Agreement(
        "history",
        "Every version of every annotation is there.",
        "Annotations that lack a version in their history",
        # An import writes an annotation at the version that it had, and the log says which.
        select(Annotation.id)
        .join(_logged, _logged.c.id == Annotation.id)
        .outerjoin(_kept, _kept.c.id == Annotation.id)
        .where(
            or_(
                func.coalesce(_kept.c.times, 0) != Annotation.version - _logged.c.first,
                _kept.c.first != _logged.c.first,
                _kept.c.last != Annotation.version - 1,
            )
        ),
    ),
    Agreement(
        "changes",
        "The log has each version of each annotation once.",
        "Annotations with a version that is not in the log exactly once",
        select(Annotation.id)
        .outerjoin(_logged, _logged.c.id == Annotation.id)
        .where(_not_once(Annotation, _logged)),
    ),
    Agreement(
        "changes",
        "The log has each version of each relation once.",
        "Relations with a version that is not in the log exactly once",
        select(Relation.id)
        .outerjoin(_joined, _joined.c.id == Relation.id)
        .where(_not_once(Relation, _joined)),
    ),
    Agreement(
        "changes",
        "The log has each decision.",
        "Decisions that the log does not have where they say",
        # One that was imported stands at the entry of its annotation.
        _not_logged(Decision, Decision.annotation_id),
    ),
    Agreement(
        "changes",
        "The log has each document.",
        "Documents that the log does not have where they say",
        _not_logged(Document, Document.id),
    ),
    Agreement(
        "changes",
        "All documents, annotations and relations of the log are there.",
        "Documents, annotations and relations of the log that are not there",
        select(Change.subject_id)
        .outerjoin(Document, Document.id == Change.subject_id)
        .outerjoin(Annotation, Annotation.id == Change.subject_id)
        .outerjoin(Relation, Relation.id == Change.subject_id)
        .where(
            Change.kind.in_(
                [
                    ChangeKind.DOCUMENT_CREATED,
                    ChangeKind.ANNOTATION_CREATED,
                    ChangeKind.RELATION_CREATED,
                ]
            ),
            func.coalesce(Document.id, Annotation.id, Relation.id).is_(None),
        ),
    ),
    Agreement(
        "changes",
        "All decisions of the log are there.",
        "Annotations with a decision of the log that is not there",
        select(Change.subject_id)
        .outerjoin(
            Decision,
            and_(
                Decision.project_id == Change.project_id,
                Decision.sequence == Change.sequence,
                Decision.annotation_id == Change.subject_id,
            ),
        )
        .where(Change.kind == ChangeKind.ANNOTATION_DECIDED, Decision.id.is_(None)),
    ),
    Agreement(
        "changes",
        "Each log ends where its head says.",
        "Projects whose log goes on beyond its head",
        select(Project.slug)
        .outerjoin(ChangeHead, ChangeHead.project_id == Project.id)
        .outerjoin(_ends, _ends.c.project_id == Project.id)
        .where(or_(ChangeHead.project_id.is_(None), ChangeHead.sequence < _ends.c.sequence)),
    ),
)
