"""A corpus as records: one consistent moment, in memory that does not grow with the project."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    SQLColumnExpression,
    bindparam,
    func,
    select,
)

from app.core.database import Session
from app.core.database.among import AMONG, bound
from app.core.errors import NotFound
from app.core.ids import ById
from app.exports.corpus import Corpus
from app.formats.record import AnnotationRecord, DecisionRecord, DocumentRecord, RelationRecord
from app.models import Annotation, ChangeHead, Decision, Document, Project, Relation, Revision

_DOCUMENTS_A_PAGE = 500
_DOCUMENTS_A_BATCH = 100
_CHARACTERS_A_BATCH = 1_000_000


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


async def count(db: Session, corpus: Corpus) -> int:
    """How many documents the corpus has."""
    query = select(func.count()).select_from(_without_text(corpus).subquery())
    found: int = (await db.execute(query)).scalar_one()
    return found


def _without_text(corpus: Corpus) -> Select[Any]:
    columns: tuple[Any, ...] = (Document.sequence, Revision.code_points)
    return corpus.documents.with_only_columns(*columns, maintain_column_froms=True)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some documents of a corpus that follow one another: the first and the last."""

    first: int
    last: int

    @property
    def bounds(self) -> dict[str, int]:
        """The values of what ``within`` leaves open."""
        return {"first": self.first, "last": self.last}


def within(sequence: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a document's sequence is in a batch: one statement serves for all of them."""
    return sequence.between(
        bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)
    )


async def batches(db: Session, corpus: Corpus) -> AsyncIterator[Batch]:
    """The documents by age, in batches that are bounded by the length of their texts."""
    after = 0
    while True:
        # One page of the keyset at a time: the snapshot keeps them consistent, memory small.
        page = _without_text(corpus).where(Document.sequence > after).order_by(Document.sequence)
        rows = (await db.execute(page.limit(_DOCUMENTS_A_PAGE))).all()
        batch: list[int] = []
        held = 0
        for row in rows:
            if batch and (
                held + row.code_points > _CHARACTERS_A_BATCH or len(batch) == _DOCUMENTS_A_BATCH
            ):
                yield Batch(batch[0], batch[-1])
                batch, held = [], 0
            batch.append(row.sequence)
            held += row.code_points
        if batch:
            yield Batch(batch[0], batch[-1])
        if len(rows) < _DOCUMENTS_A_PAGE:
            return
        after = rows[-1].sequence


async def records(db: Session, corpus: Corpus, batch: Batch) -> list[DocumentRecord]:
    """Some documents of the corpus with all that belongs to them, by age."""
    among = AMONG[db.dialect]
    page = corpus.documents.where(within(Document.sequence)).order_by(Document.sequence)
    documents = (await db.execute(page, batch.bounds)).all()
    ids = {"ids": bound(db, [row.id for row in documents])}
    found = corpus.annotations.where(among(Annotation.document_id, "ids"))
    rows = (await db.execute(found.order_by("start", "end", Annotation.sequence), ids)).all()
    # Most were never decided on: those cost no look-up.
    decisions = await _decisions(db, corpus, [row.id for row in rows if row.version > 1])
    annotations = ById[list[AnnotationRecord]]((row.id, []) for row in documents)
    for row in rows:
        annotations[row.document_id].append(_annotation(row, decisions.get(row.id) or ()))
    relations = ById[list[RelationRecord]]((row.id, []) for row in documents)
    linked = corpus.relations.where(among(Relation.document_id, "ids")).order_by(Relation.sequence)
    for row in await db.execute(linked, ids):
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
            text=row.text,
            language=row.language,
            source_url=row.source_url,
            published_on=row.published_on,
            metadata=row._mapping["metadata"],  # noqa: SLF001  # a row's own way to a taken name
            revision=row.revision,
            sha256=row.sha256,
            bom_removed=row.bom_removed,
            newlines_converted=row.newlines_converted,
            version=row.version,
            created_by=row.created_by,
            created_at=row.created_at,
            updated_at=row.updated_at,
            annotations=annotations[row.id],
            relations=relations[row.id],
        )
        for row in documents
    ]


async def _decisions(
    db: Session, corpus: Corpus, annotation_ids: Sequence[UUID]
) -> ById[list[Row[Any]]]:
    """The decisions on annotations, oldest first."""
    decisions: ById[list[Row[Any]]] = ById()
    if annotation_ids:
        decided = corpus.decisions.where(AMONG[db.dialect](Decision.annotation_id, "ids"))
        ids = {"ids": bound(db, annotation_ids)}
        for row in await db.execute(decided.order_by(Decision.version), ids):
            if row.annotation_id not in decisions:
                decisions[row.annotation_id] = []
            decisions[row.annotation_id].append(row)
    return decisions


def _annotation(row: Row[Any], decisions: Sequence[Row[Any]]) -> AnnotationRecord:
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
        decisions=[
            DecisionRecord(it.version, it.verdict, it.comment, it.reviewer, it.decided_at)
            for it in decisions
            # Later decisions are on versions that a release does not hold.
            if it.version < row.version
        ],
    )
