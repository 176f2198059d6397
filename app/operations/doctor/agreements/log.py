"""What holds between the log and what it tells of: neither says what the other does not have.

Each subject names the entry that created it, so both ways are looked up by keys. Entries of later
versions are few beside those; what they say of their version is told by ``review`` and here.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, and_, case, distinct, func, or_, select

from app.core.vocabulary import ChangeKind
from app.models import (
    Annotation,
    AnnotationVersion,
    Change,
    Decision,
    Document,
    Relation,
)
from app.operations.doctor.agreements.agreement import Agreement, sums, together

_OF_DOCUMENTS = (
    ChangeKind.DOCUMENT_CREATED,
    ChangeKind.DOCUMENT_UPDATED,
    ChangeKind.DOCUMENT_DELETED,
)
_OF_ANNOTATIONS = (
    ChangeKind.ANNOTATION_CREATED,
    ChangeKind.ANNOTATION_UPDATED,
    ChangeKind.ANNOTATION_DECIDED,
    ChangeKind.ANNOTATION_WITHDRAWN,
)
_OF_RELATIONS = (ChangeKind.RELATION_CREATED, ChangeKind.RELATION_WITHDRAWN)


def _versions(kinds: Iterable[ChangeKind], name: str) -> Any:
    """The versions that the log has of each subject of these kinds of change."""
    return (
        select(
            Change.subject_id.label("id"),
            func.min(Change.version).label("first"),
            func.max(Change.version).label("last"),
            func.count().label("times"),
            func.count(distinct(Change.version)).label("versions"),
            func.max(case((Change.kind == ChangeKind.DOCUMENT_DELETED, Change.version))).label(
                "deleted"
            ),
        )
        .where(Change.kind.in_(list(kinds)))
        .group_by(Change.subject_id)
        .subquery(name)
    )


_logged = _versions(_OF_ANNOTATIONS, "logged")
_joined = _versions(_OF_RELATIONS, "joined")
_edited = _versions(_OF_DOCUMENTS[1:], "edited")


def _not_once(thing: Any, logged: Any) -> Select[Any]:
    """Those of which the log lacks a version, or has one twice."""
    return (
        select(thing.id)
        .outerjoin(logged, logged.c.id == thing.id)
        .where(
            or_(
                logged.c.id.is_(None),
                logged.c.last != thing.version,
                logged.c.times != thing.version - logged.c.first + 1,
                logged.c.times != logged.c.versions,
            )
        )
    )


def _not_logged(thing: Any, subject: Any, *kinds: ChangeKind) -> Select[Any]:
    """Those whose ``sequence`` is no entry of the log about that subject."""
    entry = and_(
        Change.project_id == thing.project_id,
        Change.sequence == thing.sequence,
        Change.subject_id == subject,
        Change.kind.in_(list(kinds)),
    )
    return select(thing.id).outerjoin(Change, entry).where(Change.sequence.is_(None))


def _astray(thing: Any, kinds: Iterable[ChangeKind], created: ChangeKind) -> Select[Any]:
    """Subjects of the log that are not in its project, or were created at another entry."""
    return (
        select(Change.subject_id)
        .outerjoin(thing, thing.id == Change.subject_id)
        .where(
            Change.kind.in_(list(kinds)),
            or_(
                thing.id.is_(None),
                thing.project_id != Change.project_id,
                and_(Change.kind == created, thing.sequence != Change.sequence),
            ),
        )
    )


def _first_entry(thing: Any) -> Any:
    return and_(Change.project_id == thing.project_id, Change.sequence == thing.sequence)


_is_deleted = Document.deleted_at.is_not(None)
_AGAIN = "with a version that is not in the log exactly once"

AGREEMENTS = (
    Agreement(
        "changes",
        "The log has each document.",
        "Documents that the log does not have where they say",
        _not_logged(Document, Document.id, ChangeKind.DOCUMENT_CREATED),
    ),
    Agreement(
        "changes",
        "The log has each version of each document once, and which were deleted.",
        f"Documents {_AGAIN}, or that were deleted by one alone",
        # An import writes a document at the version that it had, and the log says which.
        select(Document.id)
        .join(Change, _first_entry(Document))
        .outerjoin(_edited, _edited.c.id == Document.id)
        .where(
            Change.subject_id == Document.id,
            or_(
                func.coalesce(_edited.c.times, 0) != Document.version - Change.version,
                _edited.c.first != Change.version + 1,
                _edited.c.last != Document.version,
                _edited.c.times != _edited.c.versions,
                and_(_is_deleted, _edited.c.deleted.is_distinct_from(Document.version)),
                and_(~_is_deleted, _edited.c.deleted.is_not(None)),
            ),
        ),
    ),
    Agreement(
        "changes",
        "The log has each annotation.",
        "Annotations that the log does not have where they say",
        _not_logged(Annotation, Annotation.id, ChangeKind.ANNOTATION_CREATED),
    ),
    Agreement(
        "changes",
        "The log has each version of each annotation once.",
        f"Annotations {_AGAIN}",
        _not_once(Annotation, _logged),
        doubt=(
            sums(Change.subject_id, Change.version, Change.kind.in_(_OF_ANNOTATIONS)),
            together(
                sums(Annotation.id, Annotation.version),
                sums(AnnotationVersion.annotation_id, AnnotationVersion.version),
            ),
        ),
    ),
    Agreement(
        "changes",
        "The log has each relation.",
        "Relations that the log does not have where they say",
        _not_logged(Relation, Relation.id, ChangeKind.RELATION_CREATED),
    ),
    Agreement(
        "changes",
        "The log has each version of each relation once.",
        f"Relations {_AGAIN}",
        _not_once(Relation, _joined),
        doubt=(
            sums(Change.subject_id, Change.version, Change.kind.in_(_OF_RELATIONS)),
            together(
                # The first is 1, also of one from a file; with the second it was withdrawn.
                sums(Relation.id, 1),
                sums(Relation.id, Relation.version, Relation.version > 1),
            ),
        ),
    ),
    Agreement(
        "changes",
        "The log has each decision.",
        "Decisions that the log does not have where they say",
        # One that was imported stands at the entry of its annotation.
        _not_logged(
            Decision,
            Decision.annotation_id,
            ChangeKind.ANNOTATION_DECIDED,
            ChangeKind.ANNOTATION_CREATED,
        ),
    ),
    Agreement(
        "changes",
        "All documents of the log are there.",
        "Documents of the log that are not there as it says",
        _astray(Document, _OF_DOCUMENTS, ChangeKind.DOCUMENT_CREATED),
    ),
    Agreement(
        "changes",
        "All annotations of the log are there.",
        "Annotations of the log that are not there as it says",
        _astray(Annotation, _OF_ANNOTATIONS, ChangeKind.ANNOTATION_CREATED),
    ),
    Agreement(
        "changes",
        "All relations of the log are there.",
        "Relations of the log that are not there as it says",
        _astray(Relation, _OF_RELATIONS, ChangeKind.RELATION_CREATED),
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
)
