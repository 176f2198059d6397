"""What an export is of: selections of documents, annotations, decisions and relations.

The names of their columns are those of the export's fields, so that the two ways to write a record,
in Python and in the database itself, read the same.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Join, Select, and_, case, exists, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from app.annotations.filters import matching
from app.annotations.schemas import AnnotationFilter
from app.models import (
    Annotation,
    AnnotationVersion,
    Content,
    Decision,
    Document,
    Relation,
    ReleasedAnnotation,
    ReleasedDocument,
    ReleasedRelation,
    Revision,
    User,
)

_Author = User.__table__.alias("author")
_Decider = User.__table__.alias("decider")
_Editor = User.__table__.alias("editor")
_Maker = User.__table__.alias("maker")
_Reviewer = User.__table__.alias("reviewer")

PARTICULARS = (
    "external_id",
    "title",
    "language",
    "source_url",
    "published_on",
    "metadata",
    "version",
    "updated_at",
)
"""What of a document can change."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Selections to page through by ``sequence`` of documents.

    The documents are those of the project. All else is to be narrowed to what of them it belongs
    to, and names no project: SQLite, which keeps no statistics, would go through the project's
    index for every batch of documents rather than through the documents' own.
    """

    documents: Select[Any]
    annotations: Select[Any]
    decisions: Select[Any]
    relations: Select[Any]


def living(
    project_id: UUID, given: AnnotationFilter, dialect: str, *, annotated: bool = False
) -> Corpus:
    """A project as it stands: the annotations that the filter means, the relations among them.

    With ``annotated``, documents without such an annotation are left out.
    """

    def matches(*extra: Any) -> Any:
        some = select(Annotation.id).join(_Author, _Author.c.id == Annotation.author_id)
        return exists(matching(some.where(*extra), given, _Author.c.name, dialect))

    documents = _documents(Document.__table__.c, Document.__table__).where(
        Document.project_id == project_id, Document.deleted_at.is_(None)
    )
    if given.document is not None:
        documents = documents.where(Document.id == given.document)
    if annotated:
        documents = documents.where(
            matches(Annotation.document_id == Document.id).correlate(Document)
        )
    annotations = matching(
        _annotations(Annotation.__table__.c, Annotation.__table__), given, _Author.c.name, dialect
    )
    relations = _relations(Relation.__table__).where(Relation.withdrawn_at.is_(None))
    if given != AnnotationFilter(document=given.document):
        for end in (Relation.source_id, Relation.target_id):
            relations = relations.where(matches(Annotation.id == end).correlate(Relation))
    return Corpus(documents, annotations, _DECISIONS, relations)


class _InOrder(Join):
    """A join whose left side is looked up first, and each of its rows in the right one by its key.

    Either database would else go through a whole release for each batch of documents: SQLite keeps
    no statistics (https://www.sqlite.org/optoverview.html, "manual control of query plans"), and
    PostgreSQL's know nothing of a release that was made just now, so it takes it to be of one row.
    """

    inherit_cache = True


def _in_order(join: _InOrder, compiler: SQLCompiler, shape: str, how: dict[str, Any]) -> str:
    how["asfrom"] = True
    left = compiler.process(join.left, **how)
    right = compiler.process(join.right, **how)
    condition = compiler.process(join.onclause, **how)  # type: ignore[arg-type]  # always given
    return shape.format(left=left, right=right, condition=condition)


@compiles(_InOrder, "sqlite")
def _for_sqlite(join: _InOrder, compiler: SQLCompiler, **how: Any) -> str:
    return _in_order(join, compiler, "{left} CROSS JOIN {right} ON {condition}", how)


@compiles(_InOrder, "postgresql")
def _for_postgresql(join: _InOrder, compiler: SQLCompiler, **how: Any) -> str:
    # A subquery with an OFFSET is planned by itself, and so is run for each row on the left.
    each = "(SELECT * FROM {right} WHERE {condition} OFFSET 0)"
    return _in_order(join, compiler, f"{{left}} CROSS JOIN LATERAL {each} AS {{right}}", how)


def released(project_id: UUID, release_id: UUID) -> Corpus:
    """A project as a release froze it, whatever became of it since."""
    frozen, row = ReleasedAnnotation.__table__.c, Annotation.__table__.c
    said = {name: _as_frozen(name) for name in (*_CONTENT, "editor_id", "decided_by_id")}
    columns = {**dict(row.items()), **said, "version": frozen.version}
    versions = _InOrder(
        Annotation.__table__,
        ReleasedAnnotation.__table__,
        and_(frozen.annotation_id == row.id, frozen.release_id == release_id),
    ).outerjoin(AnnotationVersion, _OF_FROZEN)
    particulars = ReleasedDocument.__table__.c
    documents = _documents(
        {
            **dict(Document.__table__.c.items()),
            **{name: particulars[name] for name in PARTICULARS},
        },
        _InOrder(
            Document.__table__,
            ReleasedDocument.__table__,
            and_(
                ReleasedDocument.document_id == Document.id,
                ReleasedDocument.release_id == release_id,
            ),
        ),
        # Said of the documents too, so that they are found in their order.
    ).where(Document.project_id == project_id)
    relations = _relations(
        _InOrder(
            Relation.__table__,
            ReleasedRelation.__table__,
            and_(
                ReleasedRelation.relation_id == Relation.id,
                ReleasedRelation.release_id == release_id,
            ),
        )
    )
    annotations = _annotations(columns, versions)
    return Corpus(documents, annotations, _DECISIONS, relations)


def tallies(release_id: UUID) -> Select[Any]:
    """How many annotations of each label and status a release holds: its rows, read once."""
    frozen, row = ReleasedAnnotation.__table__.c, Annotation.__table__.c
    label, status = (_as_frozen(name).label(name) for name in ("label", "status"))
    return (
        select(label, status, func.count().label("times"))
        .select_from(ReleasedAnnotation)
        .join(Annotation, row.id == frozen.annotation_id)
        .outerjoin(AnnotationVersion, _OF_FROZEN)
        .where(frozen.release_id == release_id)
        .group_by(label, status)
        .order_by(label, status)
    )


_CONTENT = [name for name in Content.__annotations__ if name != "withdrawn_at"]
_OF_FROZEN = and_(
    AnnotationVersion.annotation_id == ReleasedAnnotation.annotation_id,
    AnnotationVersion.version == ReleasedAnnotation.version,
)


def _as_frozen(name: str) -> ColumnElement[Any]:
    """What a column of an annotation was at the version that a release froze."""
    row, older = Annotation.__table__.c, AnnotationVersion.__table__.c
    current = row.version == ReleasedAnnotation.__table__.c.version
    return case((current, row[name]), else_=older[name])


def _documents(columns: Any, source: FromClause) -> Select[Any]:
    return (
        select(
            Document.sequence,
            Revision.code_points,
            Document.id,
            *(columns[name].label(name) for name in PARTICULARS),
            _Maker.c.name.label("created_by"),
            Document.created_at,
            Document.revision,
            Revision.sha256,
            Revision.bom_removed,
            Revision.newlines_converted,
            Revision.text,
        )
        .select_from(source)
        .join(
            Revision,
            and_(Revision.document_id == Document.id, Revision.number == Document.revision),
        )
        .outerjoin(_Maker, _Maker.c.id == Document.created_by_id)
    )


def _annotations(columns: Any, versions: FromClause) -> Select[Any]:
    names = (
        "label",
        "start",
        "end",
        "quote",
        "fragments",
        "attributes",
        "note",
        "confidence",
        "status",
        "decided_at",
        "version",
        "updated_at",
    )
    return (
        select(
            Annotation.id,
            Annotation.document_id,
            Annotation.sequence,
            Annotation.external_id,
            Annotation.origin,
            Annotation.created_at,
            *(columns[name].label(name) for name in names),
            _Author.c.name.label("author"),
            _Editor.c.name.label("edited_by"),
            _Decider.c.name.label("decided_by"),
        )
        .select_from(versions)
        .join(_Author, _Author.c.id == Annotation.author_id)
        .join(_Editor, _Editor.c.id == columns["editor_id"])
        .outerjoin(_Decider, _Decider.c.id == columns["decided_by_id"])
    )


_DECISIONS = select(
    Decision.annotation_id,
    Decision.version,
    Decision.verdict,
    Decision.comment,
    _Reviewer.c.name.label("reviewer"),
    Decision.decided_at,
).join(_Reviewer, _Reviewer.c.id == Decision.reviewer_id)
"""All of them: those of an annotation's version are on the versions before it."""


def _relations(source: FromClause) -> Select[Any]:
    return (
        select(
            Relation.id,
            Relation.document_id,
            Relation.sequence,
            Relation.type,
            Relation.source_id,
            Relation.target_id,
            _Author.c.name.label("author"),
            Relation.created_at,
        )
        .select_from(source)
        .join(_Author, _Author.c.id == Relation.author_id)
    )
