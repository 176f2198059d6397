"""What holds of documents, relations and releases."""

from typing import Any

from sqlalchemy import and_, or_, select

from app.core.vocabulary import ChangeKind
from app.models import (
    Annotation,
    AnnotationVersion,
    Change,
    Document,
    DocumentWords,
    Relation,
    Release,
    ReleasedAnnotation,
    ReleasedRelation,
    Revision,
)
from app.operations.doctor.agreements.agreement import Agreement, json_kind

_source, _target = Annotation.__table__.alias("source"), Annotation.__table__.alias("target")


def _loose(annotation: Any) -> Any:
    """Whether an end of a relation is no annotation of the relation's document, or ended first."""
    return or_(
        annotation.c.id.is_(None),
        annotation.c.document_id != Relation.document_id,
        annotation.c.project_id != Relation.project_id,
        and_(Relation.withdrawn_at.is_(None), annotation.c.withdrawn_at.is_not(None)),
    )


def _shapeless(thing: Any, name: Any, column: Any, kind: str) -> Agreement:
    """That a column's JSON is an object, or an array."""
    table = thing.__tablename__
    return Agreement(
        "json",
        f"The {column.property.columns[0].name} of {table.replace('_', ' ')} have their shape.",
        f"Rows of {table} whose {column.property.columns[0].name} are no {kind}",
        # Where there need be none, that is no matter.
        select(name).where(json_kind(column) != kind),
    )


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
        "documents",
        "Each has the words that it is found by.",
        "Documents without the words that they are found by",
        select(Document.id)
        .outerjoin(DocumentWords, DocumentWords.document_id == Document.id)
        .where(
            or_(
                DocumentWords.document_id.is_(None),
                DocumentWords.project_id != Document.project_id,
            )
        ),
    ),
    Agreement(
        "relations",
        "Each joins two annotations of its document.",
        "Relations that do not join two annotations of their document",
        select(Relation.id)
        .outerjoin(Document, Document.id == Relation.document_id)
        .outerjoin(_source, _source.c.id == Relation.source_id)
        .outerjoin(_target, _target.c.id == Relation.target_id)
        .where(
            or_(
                Document.id.is_(None),
                Document.project_id != Relation.project_id,
                _loose(_source),
                _loose(_target),
            )
        ),
    ),
    Agreement(
        "relations",
        "Each was withdrawn as the log says.",
        "Relations that are withdrawn otherwise than the log says",
        select(Relation.id)
        .select_from(Change)
        .join(Relation, Relation.id == Change.subject_id)
        .where(
            Change.kind == ChangeKind.RELATION_WITHDRAWN,
            or_(
                Relation.withdrawn_at.is_distinct_from(Change.at),
                Relation.version != Change.version,
            ),
        )
        .union_all(
            # It has two versions, the one that it is made with and the one that ends it.
            select(Relation.id).where((Relation.version == 1) != Relation.withdrawn_at.is_(None))
        ),
    ),
    Agreement(
        "releases",
        "What they hold is there.",
        "Releases that hold a version that is not there, or of another project",
        select(Release.name)
        .select_from(ReleasedAnnotation)
        .join(Release, Release.id == ReleasedAnnotation.release_id)
        .outerjoin(Annotation, Annotation.id == ReleasedAnnotation.annotation_id)
        .outerjoin(
            AnnotationVersion,
            and_(
                AnnotationVersion.annotation_id == ReleasedAnnotation.annotation_id,
                AnnotationVersion.version == ReleasedAnnotation.version,
            ),
        )
        .where(
            or_(
                Annotation.id.is_(None),
                Annotation.project_id != Release.project_id,
                and_(
                    Annotation.version != ReleasedAnnotation.version,
                    AnnotationVersion.version.is_(None),
                ),
            )
        )
        .union_all(
            select(Release.name)
            .select_from(ReleasedRelation)
            .join(Release, Release.id == ReleasedRelation.release_id)
            .outerjoin(Relation, Relation.id == ReleasedRelation.relation_id)
            .where(or_(Relation.id.is_(None), Relation.project_id != Release.project_id))
        ),
    ),
    _shapeless(Document, Document.id, Document.details, "object"),
    _shapeless(Annotation, Annotation.id, Annotation.warnings, "array"),
    _shapeless(
        AnnotationVersion, AnnotationVersion.annotation_id, AnnotationVersion.warnings, "array"
    ),
)
