"""Whether what is stored agrees with itself: spans, relations, histories and logs. Reads only."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    and_,
    bindparam,
    distinct,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)

from app.core.database import Session
from app.core.vocabulary import ChangeKind
from app.models import (
    Annotation,
    AnnotationVersion,
    Change,
    ChangeHead,
    Document,
    Project,
    Relation,
    Revision,
)

EXAMPLES = 5
"""How many of those that are wrong are named."""


async def take_time(db: Session) -> None:
    """Let the statements of a snapshot take longer than a request's may."""
    if db.dialect == "postgresql":
        await db.execute(text("SET LOCAL statement_timeout = 0"))


_SPANS_A_PAGE = 1_000

_CONTENT = ("revision", "start", "end", "quote", "fragments", "attributes")
_ROW = (Annotation.document_id, Annotation.id.label("annotation_id"), Annotation.version)

_LIVING = (
    select(*_ROW, Annotation.sequence, *(Annotation.__table__.c[name] for name in _CONTENT))
    .where(Annotation.withdrawn_at.is_(None))
    .order_by(Annotation.document_id, Annotation.start, Annotation.end, Annotation.sequence)
    .limit(_SPANS_A_PAGE)
)
_WITHDRAWN = (
    select(*_ROW, *(Annotation.__table__.c[name] for name in _CONTENT))
    .where(Annotation.withdrawn_at.is_not(None))
    .order_by(Annotation.id)
    .limit(_SPANS_A_PAGE)
)
_HISTORY = (
    select(
        Annotation.document_id,
        AnnotationVersion.annotation_id,
        AnnotationVersion.version,
        *(AnnotationVersion.__table__.c[name] for name in _CONTENT),
    )
    .join(Annotation, Annotation.id == AnnotationVersion.annotation_id)
    .order_by(AnnotationVersion.annotation_id, AnnotationVersion.version)
    .limit(_SPANS_A_PAGE)
)


async def spans(db: Session) -> AsyncIterator[Sequence[Row[Any]]]:
    """Every version of every annotation, some at a time; the living ones document by document."""
    async for page in _pages(db, _LIVING, "document_id", "start", "end", "sequence"):
        yield page
    async for page in _pages(db, _WITHDRAWN, "annotation_id"):
        yield page
    async for page in _pages(db, _HISTORY, "annotation_id", "version"):
        yield page


async def _pages(db: Session, query: Select[Any], *key: str) -> AsyncIterator[Sequence[Row[Any]]]:
    columns = [query.selected_columns[name] for name in key]
    page = query
    while True:
        # One page of the keyset at a time, so that memory does not grow with the database.
        rows = (await db.execute(page)).all()
        if rows:
            yield rows
        if len(rows) < _SPANS_A_PAGE:
            return
        last = [getattr(rows[-1], name) for name in key]
        after = [literal(value, column.type) for value, column in zip(last, columns, strict=True)]
        page = query.where(tuple_(*columns) > tuple_(*after))


_TEXT = select(Revision.text).where(
    Revision.document_id == bindparam("document_id"), Revision.number == bindparam("number")
)


async def stored_text(db: Session, document_id: UUID, revision: int) -> str:
    """The text as it is stored now."""
    found = await db.execute(_TEXT, {"document_id": document_id, "number": revision})
    return str(found.scalar_one())


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

_logged = (
    select(
        Change.subject_id.label("id"),
        func.min(Change.version).label("first"),
        func.max(Change.version).label("last"),
        func.count().label("times"),
        func.count(distinct(Change.version)).label("versions"),
    )
    .where(
        Change.kind.in_(
            [
                ChangeKind.ANNOTATION_CREATED,
                ChangeKind.ANNOTATION_UPDATED,
                ChangeKind.ANNOTATION_DECIDED,
                ChangeKind.ANNOTATION_WITHDRAWN,
            ]
        )
    )
    .group_by(Change.subject_id)
    .subquery("logged")
)
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


AGREEMENTS = (
    Agreement(
        "annotations",
        "Each is of a document that is there.",
        "Annotations of a document that was deleted or is of another project",
        select(Annotation.id)
        .join(Document, Document.id == Annotation.document_id)
        .where(
            Annotation.withdrawn_at.is_(None),
            or_(Document.deleted_at.is_not(None), Document.project_id != Annotation.project_id),
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
        .where(
            or_(
                _logged.c.id.is_(None),
                _logged.c.last != Annotation.version,
                _logged.c.times != Annotation.version - _logged.c.first + 1,
                _logged.c.times != _logged.c.versions,
            )
        ),
    ),
    Agreement(
        "changes",
        "The log has each document.",
        "Documents that the log does not have where they say",
        select(Document.id)
        .outerjoin(
            Change,
            and_(
                Change.project_id == Document.project_id,
                Change.sequence == Document.sequence,
                Change.subject_id == Document.id,
            ),
        )
        .where(Change.sequence.is_(None)),
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
