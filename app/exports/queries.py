"""A project as records: one consistent moment, in memory that does not grow with the project."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, func, select

from app.annotations.filters import matching
from app.annotations.schemas import AnnotationFilter
from app.core.database import Session
from app.core.errors import NotFound
from app.documents import queries as documents
from app.formats.jsonl import Writer
from app.formats.record import AnnotationRecord, DecisionRecord, DocumentRecord, RelationRecord
from app.models import (
    Annotation,
    ChangeHead,
    Decision,
    Document,
    Project,
    Relation,
    Revision,
    User,
)

_DOCUMENTS_A_PAGE = 500
_CHARACTERS_A_BATCH = 1_000_000

_Author = User.__table__.alias("author")
_Decider = User.__table__.alias("decider")
_Editor = User.__table__.alias("editor")
_Reviewer = User.__table__.alias("reviewer")


async def snapshot_of(db: Session, slug: str) -> tuple[UUID, int]:
    """The project's id and the sequence of the last change that this snapshot holds.

    Raises:
        NotFound: when there is no such project.
    """
    query = (
        select(Project.id, ChangeHead.sequence)
        .join(ChangeHead, ChangeHead.project_id == Project.id)
        .where(Project.slug == slug)
    )
    row = (await db.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such project.")
    return row.id, row.sequence


async def lines(
    db: Session, project_id: UUID, given: AnnotationFilter, *, annotated: bool = False
) -> AsyncIterator[bytes]:
    """The project as JSON Lines, some documents at a time.

    Args:
        db: a snapshot; it must last as long as the iteration.
        project_id: the project.
        given: which annotations; relations come when both of their ends do.
        annotated: whether to leave out documents without such an annotation.
    """
    writer = Writer()
    async for batch in _batches(db, project_id, given, annotated=annotated):
        yield b"".join([writer.write(record) for record in batch])
    yield writer.close()


async def count(db: Session, project_id: UUID) -> int:
    """How many documents the project has."""
    query = select(func.count()).where(
        Document.project_id == project_id, Document.deleted_at.is_(None)
    )
    found: int = (await db.execute(query)).scalar_one()
    return found


async def _batches(
    db: Session, project_id: UUID, given: AnnotationFilter, *, annotated: bool
) -> AsyncIterator[list[DocumentRecord]]:
    """The project's records by age, in batches that are bounded by the length of their texts."""
    query = documents.ROWS.where(Document.project_id == project_id, Document.deleted_at.is_(None))
    if given.document is not None:
        query = query.where(Document.id == given.document)
    if annotated:
        some = select(Annotation.id).join(_Author, _Author.c.id == Annotation.author_id)
        some = some.where(Annotation.document_id == Document.id)
        some = matching(some, given, _Author.c.name, db.dialect)
        query = query.where(exists(some.correlate(Document)))
    after = 0
    while True:
        page = query.where(Document.sequence > after).order_by(Document.sequence)
        # One page of the keyset at a time: the snapshot keeps them consistent, memory small.
        rows = (await db.execute(page.limit(_DOCUMENTS_A_PAGE))).all()
        batch: list[Row[Any]] = []
        held = 0
        for row in rows:
            if batch and held + row.code_points > _CHARACTERS_A_BATCH:
                yield await _records(db, batch, given)
                batch, held = [], 0
            batch.append(row)
            held += row.code_points
        if batch:
            yield await _records(db, batch, given)
        if len(rows) < _DOCUMENTS_A_PAGE:
            return
        after = rows[-1].sequence


async def _records(
    db: Session, rows: Sequence[Row[Any]], given: AnnotationFilter
) -> list[DocumentRecord]:
    ids = [row.id for row in rows]
    texts = {
        row.document_id: row.text
        for row in await db.execute(
            select(Revision.document_id, Revision.text)
            .join(Document, documents.CURRENT_REVISION)
            .where(Revision.document_id.in_(ids))
        )
    }
    found = await _annotations(db, ids, given)
    decisions: dict[UUID, list[DecisionRecord]] = {}
    for row in await db.execute(_decisions(ids)):
        decisions.setdefault(row.annotation_id, []).append(
            DecisionRecord(row.version, row.verdict, row.comment, row.reviewer, row.decided_at)
        )
    exported: set[UUID] = set()
    by_document: dict[UUID, list[AnnotationRecord]] = {id: [] for id in ids}
    for row in found:
        exported.add(row.id)
        by_document[row.document_id].append(_annotation(row, decisions.get(row.id, [])))
    relations: dict[UUID, list[RelationRecord]] = {id: [] for id in ids}
    for row in await db.execute(_relations(ids)):
        if row.source_id in exported and row.target_id in exported:
            relations[row.document_id].append(
                RelationRecord(
                    row.id, row.type, row.source_id, row.target_id, row.author, row.created_at
                )
            )
    return [
        DocumentRecord(
            id=row.id,
            external_id=row.external_id,
            title=row.title,
            text=texts[row.id],
            language=row.language,
            source_url=row.source_url,
            published_on=row.published_on,
            metadata=row.details,
            revision=row.revision,
            sha256=row.sha256,
            bom_removed=row.bom_removed,
            newlines_converted=row.newlines_converted,
            version=row.version,
            created_by=row.created_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
            annotations=by_document[row.id],
            relations=relations[row.id],
        )
        for row in rows
    ]


async def _annotations(
    db: Session, ids: Sequence[UUID], given: AnnotationFilter
) -> Sequence[Row[Any]]:
    query = (
        select(
            *Annotation.__table__.c,
            _Author.c.name.label("author"),
            _Editor.c.name.label("edited_by"),
            _Decider.c.name.label("decided_by"),
        )
        .join(_Author, _Author.c.id == Annotation.author_id)
        .join(_Editor, _Editor.c.id == Annotation.editor_id)
        .outerjoin(_Decider, _Decider.c.id == Annotation.decided_by_id)
        .where(Annotation.document_id.in_(ids))
        .order_by(Annotation.start, Annotation.end, Annotation.sequence)
    )
    query = matching(query, given, _Author.c.name, db.dialect)
    return (await db.execute(query)).all()


def _decisions(ids: Sequence[UUID]) -> Any:
    return (
        select(*Decision.__table__.c, _Reviewer.c.name.label("reviewer"))
        .join(_Reviewer, _Reviewer.c.id == Decision.reviewer_id)
        .join(Annotation, Annotation.id == Decision.annotation_id)
        .where(Annotation.document_id.in_(ids), Annotation.withdrawn_at.is_(None))
        .order_by(Decision.version)
    )


def _relations(ids: Sequence[UUID]) -> Any:
    return (
        select(*Relation.__table__.c, _Author.c.name.label("author"))
        .join(_Author, _Author.c.id == Relation.author_id)
        .where(Relation.document_id.in_(ids), Relation.withdrawn_at.is_(None))
        .order_by(Relation.sequence)
    )


def _annotation(row: Row[Any], decisions: list[DecisionRecord]) -> AnnotationRecord:
    return AnnotationRecord(
        id=row.id,
        external_id=row.external_id,
        label=row.label,
        start=row.start,
        end=row.end,
        quote=row.quote,
        fragments=row.fragments,
        attributes=row.attributes,
        note=row.note,
        origin=row.origin,
        confidence=row.confidence,
        author=row.author,
        edited_by=row.edited_by,
        status=row.status,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        decisions=decisions,
    )
