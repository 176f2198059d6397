"""Annotations that the caller may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, or_, select, text, tuple_

from app.annotations.schemas import AnnotationFilter, AnnotationOut
from app.changes.queries import in_order
from app.core.database import Session
from app.core.errors import Gone, NotFound
from app.core.paging import Page, Paging
from app.core.permissions import Standing
from app.core.vocabulary import OffsetUnit, Order, Status
from app.documents.queries import SeenDocument, text_of
from app.models import Annotation, AnnotationVersion, Relation, User
from app.text.offsets import Ruler, to_code_points
from app.users.credentials import Credential
from app.users.queries import CALLERS, STANDING_COLUMNS, actor_of, standing_of

_Author = User.__table__.alias("author")
_Decider = User.__table__.alias("decider")

COLUMNS = (
    *(column for column in Annotation.__table__.c),
    _Author.c.name.label("author"),
    _Decider.c.name.label("decided_by"),
)
"""An annotation's row and the names of its author and of who decided on it last."""


@dataclass(frozen=True, slots=True)
class SeenAnnotation:
    """An annotation that the caller may see, and what they are in its project."""

    standing: Standing
    row: Row[Any]

    @property
    def id(self) -> UUID:
        """The annotation's id."""
        found: UUID = self.row.id
        return found

    def alive(self) -> "SeenAnnotation":
        """Itself.

        Raises:
            Gone: when it was withdrawn.
        """
        if self.row.withdrawn_at is not None:
            raise Gone("The annotation was withdrawn; its history remains.")
        return self


_SEEN = {
    kind: select(*caller.columns, *STANDING_COLUMNS, *COLUMNS)
    .select_from(
        caller.joined(Annotation.__table__, Annotation.id == bindparam("annotation_id"))
        .seeing(Annotation.project_id)
        .outerjoin(_Author, _Author.c.id == Annotation.author_id)
        .outerjoin(_Decider, _Decider.c.id == Annotation.decided_by_id)
    )
    .where(caller.where)
    for kind, caller in CALLERS.items()
}


async def seen(db: Session, credential: Credential, id: UUID) -> SeenAnnotation:
    """Who is asking, what they are in the annotation's project, and the annotation.

    Raises:
        Unauthenticated: when the credential is not valid.
        NotFound: when there is no such annotation or the caller may not see it.
    """
    parameters = {"credential_id": credential.id, "annotation_id": id}
    row = (await db.execute(_SEEN[credential.kind], parameters)).one_or_none()
    actor = actor_of(row, credential)
    standing = row and standing_of(row, actor)
    if standing is None or row is None:
        raise NotFound("There is no such annotation.")
    return SeenAnnotation(standing, row)


ROWS: Select[Any] = (
    select(*COLUMNS)
    .join(_Author, _Author.c.id == Annotation.author_id)
    .outerjoin(_Decider, _Decider.c.id == Annotation.decided_by_id)
)
"""Annotations with the names of their people."""

_BY_ID = ROWS.where(Annotation.id == bindparam("annotation_id"))


async def by_id(db: Session, id: UUID) -> Row[Any] | None:
    """An annotation's row, whoever asks and whether or not it was withdrawn."""
    return (await db.execute(_BY_ID, {"annotation_id": id})).one_or_none()


async def by_external_id(db: Session, document_id: UUID, external_id: str) -> Row[Any] | None:
    """The row of the document's annotation with that external id, unless it was withdrawn."""
    query = ROWS.where(
        Annotation.document_id == document_id,
        Annotation.external_id == external_id,
        Annotation.withdrawn_at.is_(None),
    )
    return (await db.execute(query)).one_or_none()


async def first_version(db: Session, id: UUID) -> Row[Any] | None:
    """What an annotation said when it was created, if it was changed since."""
    query = select(*AnnotationVersion.__table__.c).where(
        AnnotationVersion.annotation_id == id, AnnotationVersion.version == 1
    )
    return (await db.execute(query)).one_or_none()


async def out(db: Session, standing: Standing, row: Row[Any], unit: OffsetUnit) -> AnnotationOut:
    """One annotation in the caller's unit."""
    ruler = await _ruler(db, row.document_id, row.revision, unit)
    return AnnotationOut.of(row, standing.project, unit, ruler)


async def _ruler(db: Session, document_id: UUID, revision: int, unit: OffsetUnit) -> Ruler | None:
    if unit is OffsetUnit.CODE_POINTS:
        return None
    return Ruler(await text_of(db, document_id, revision), unit)


def _of_document(
    label: Sequence[str], status: Sequence[Status], author: Sequence[str]
) -> Select[Any]:
    query = ROWS.where(
        Annotation.document_id == bindparam("document_id"), Annotation.withdrawn_at.is_(None)
    )
    if label:
        query = query.where(Annotation.label.in_(label))
    if status:
        query = query.where(Annotation.status.in_(status))
    if author:
        query = query.where(_Author.c.name.in_(author))
    return query.order_by(Annotation.start, Annotation.end, Annotation.sequence)


_ALL_OF_DOCUMENT = _of_document((), (), ()).limit(bindparam("limit"))


async def of_document(
    db: Session,
    document: SeenDocument,
    unit: OffsetUnit,
    pages: Paging,
    *,
    label: Sequence[str] = (),
    status: Sequence[Status] = (),
    author: Sequence[str] = (),
    start: int | None = None,
    end: int | None = None,
) -> Page[AnnotationOut]:
    """A document's annotations in text order: by start, then end, then age.

    ``start`` and ``end``, in ``unit``, keep those that share at least a character with that stretch.

    Raises:
        OffsetOutOfRange: when ``start`` or ``end`` lies outside the text.
        OffsetInsideCharacter: when one of them splits a character.
    """
    plain = not (label or status or author or start is not None or end is not None)
    query = _ALL_OF_DOCUMENT if plain else _of_document(label, status, author)
    parameters: dict[str, Any] = {"document_id": document.id, "limit": pages.limit + 1}
    if start is not None or end is not None:
        words = await text_of(db, document.id, document.revision)
        if start is not None:
            begins = to_code_points(words, start, unit, pointer="/start")
            query = query.where(Annotation.end > begins)
        if end is not None:
            ends = to_code_points(words, end, unit, pointer="/end")
            query = query.where(Annotation.start < ends)
    if not plain:
        query = query.limit(bindparam("limit"))
    after = pages.after(int, int, int)
    if after is not None:
        order = tuple_(Annotation.start, Annotation.end, Annotation.sequence)
        query = query.where(order > tuple_(*after))
    rows = (await db.execute(query, parameters)).all()
    ruler = await _ruler(db, document.id, document.revision, unit)
    return pages.page(
        rows,
        lambda row: AnnotationOut.of(row, document.standing.project, unit, ruler),
        key=lambda row: (row.start, row.end, row.sequence),
    )


def matching(
    query: Select[Any], given: AnnotationFilter, author: ColumnElement[str], dialect: str
) -> Select[Any]:
    """A query over annotations, narrowed to those that the filter means."""
    conditions: list[ColumnElement[bool]] = [Annotation.withdrawn_at.is_(None)]
    if given.label:
        conditions.append(Annotation.label.in_(given.label))
    if given.status:
        conditions.append(Annotation.status.in_(given.status))
    if given.author:
        conditions.append(author.in_(given.author))
    if given.origin:
        conditions.append(Annotation.origin.in_(given.origin))
    if given.document is not None:
        conditions.append(Annotation.document_id == given.document)
    if given.updated_after is not None:
        conditions.append(Annotation.updated_at > given.updated_after)
    for place, (name, value) in enumerate(given.attributes):
        conditions.append(_attribute_is(place, name, value, dialect))
    return query.where(and_(*conditions))


def _attribute_is(place: int, name: str, value: str, dialect: str) -> ColumnElement[bool]:
    """An attribute equals the value, or is a list that holds it; a span equals nothing."""
    if dialect == "postgresql":
        sql = (
            "CASE json_typeof(annotations.attributes -> :name) "
            "WHEN 'object' THEN false "
            "WHEN 'array' THEN EXISTS (SELECT 1 FROM "
            "json_array_elements_text(annotations.attributes -> :name) AS item WHERE item = :value) "
            "ELSE annotations.attributes ->> :name = :value END"
        )
    else:
        sql = (
            "EXISTS (SELECT 1 FROM json_each(annotations.attributes, '$.\"' || :name || '\"') AS item "
            "WHERE json_type(annotations.attributes, '$.\"' || :name || '\"') <> 'object' "
            "AND CASE item.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
            "ELSE CAST(item.value AS TEXT) END = :value)"
        )
    sql = sql.replace(":name", f":attribute_{place}").replace(":value", f":value_{place}")
    condition = text(sql).bindparams(**{f"attribute_{place}": name, f"value_{place}": value})
    return condition  # type: ignore[return-value]  # a text clause stands as a condition


async def of_project(
    db: Session,
    standing: Standing,
    given: AnnotationFilter,
    unit: OffsetUnit,
    pages: Paging,
    order: Order,
) -> Page[AnnotationOut]:
    """The project's annotations by age, newest or oldest first."""
    query = ROWS.where(Annotation.project_id == standing.project_id)
    query = matching(query, given, _Author.c.name, db.dialect)
    rows = (await db.execute(in_order(query, Annotation.sequence, order, pages))).all()
    rulers: dict[tuple[UUID, int], Ruler | None] = {}
    for row in rows[: pages.limit]:
        key = (row.document_id, row.revision)
        if key not in rulers:
            # Only for UTF-16 and UTF-8, and once for each document whose text is not kept.
            rulers[key] = await _ruler(db, *key, unit)
    return pages.page(
        rows,
        lambda row: AnnotationOut.of(
            row, standing.project, unit, rulers[(row.document_id, row.revision)]
        ),
        key=lambda row: (row.sequence,),
    )


async def living_relations_of(db: Session, annotation_id: UUID) -> Sequence[Row[Any]]:
    """The relations that an annotation is an end of, with the labels of both ends."""
    source, target = Annotation.__table__.alias("source"), Annotation.__table__.alias("target")
    query = (
        select(
            *Relation.__table__.c,
            source.c.label.label("source_label"),
            target.c.label.label("target_label"),
        )
        .join(source, source.c.id == Relation.source_id)
        .join(target, target.c.id == Relation.target_id)
        .where(
            or_(Relation.source_id == annotation_id, Relation.target_id == annotation_id),
            Relation.withdrawn_at.is_(None),
        )
        .order_by(Relation.sequence)
    )
    return (await db.execute(query)).all()
