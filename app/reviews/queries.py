"""Decisions, and the history that they are part of."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Table,
    bindparam,
    literal,
    select,
)

from app.annotations.schemas import Measured
from app.annotations.seen import SeenAnnotation
from app.changes.recorded import table_of
from app.core.database import Session
from app.core.paging import Page, Paging
from app.core.vocabulary import OffsetUnit
from app.documents.queries import text_of
from app.models import Decision, User
from app.reviews.schemas import DecisionOut, HistoryOut, VersionOut
from app.text.offsets import Ruler

_Reviewer = User.__table__.alias("reviewer")
_Editor = User.__table__.alias("editor")
_Changer = User.__table__.alias("changer")

DECISIONS: Select[Any] = select(*Decision.__table__.c, _Reviewer.c.name.label("reviewer")).join(
    _Reviewer, _Reviewer.c.id == Decision.reviewer_id
)
"""Decisions with their reviewers' names."""


async def page(db: Session, annotation: SeenAnnotation, pages: Paging) -> Page[DecisionOut]:
    """The decisions on an annotation, oldest first."""
    after = pages.after(int)
    query = DECISIONS.where(Decision.annotation_id == annotation.id)
    if after is not None:
        query = query.where(Decision.version > literal(after[0], BigInteger))
    query = query.order_by(Decision.version).limit(pages.limit + 1)
    rows = (await db.execute(query)).all()
    return pages.page(rows, DecisionOut.of, key=lambda row: (row.version,))


async def by_reviewer(
    db: Session, reviewer_id: UUID, annotation_ids: Sequence[UUID]
) -> dict[tuple[UUID, int], Row[Any]]:
    """What a reviewer decided on these annotations, by annotation and version looked at."""
    query = DECISIONS.where(
        Decision.annotation_id.in_(annotation_ids),
        Decision.reviewer_id == reviewer_id,
    )
    return {(row.annotation_id, row.version): row for row in await db.execute(query)}


def _versions(table: Table, id: ColumnElement[Any]) -> Select[Any]:
    """Versions in a table, with the names of who made the words and who made the version."""
    return (
        select(
            *(table.c[column.name] for column in _OLD.c if column.name != "annotation_id"),
            _Editor.c.name.label("edited_by"),
            _Changer.c.name.label("changed_by"),
        )
        .join(_Editor, _Editor.c.id == table.c.editor_id)
        .join(_Changer, _Changer.c.id == table.c.updated_by_id)
        .where(id == bindparam("annotation_id"))
        .order_by(table.c.version)
    )


_NOW, _OLD = table_of("annotations"), table_of("annotation_versions")
_CURRENT = _versions(_NOW, _NOW.c.id)
_OLDER = _versions(_OLD, _OLD.c.annotation_id)


async def history(db: Session, annotation: SeenAnnotation, unit: OffsetUnit) -> HistoryOut:
    """Every version and every decision of an annotation, oldest first, withdrawn or not."""
    this = {"annotation_id": annotation.id}
    # The current row is read first: a version written in between is then in neither, or in both.
    newest = (await db.execute(_CURRENT, this)).one()
    older = (await db.execute(_OLDER, this)).all()
    rows = [*(row for row in older if row.version < newest.version), newest]
    decided = DECISIONS.where(
        Decision.annotation_id == annotation.id, Decision.version < newest.version
    )
    decisions = (await db.execute(decided.order_by(Decision.version))).all()
    rulers: dict[int, Ruler | None] = dict.fromkeys({row.revision for row in rows})
    if unit is not OffsetUnit.CODE_POINTS:
        for revision in rulers:
            text = await text_of(db, annotation.row.document_id, revision)
            rulers[revision] = Ruler(text, unit)
    return HistoryOut(
        annotation=annotation.id,
        versions=[_version(row, unit, rulers[row.revision]) for row in rows],
        decisions=[DecisionOut.of(row) for row in decisions],
    )


def _version(row: Row[Any], unit: OffsetUnit, ruler: Ruler | None) -> VersionOut:
    measured = Measured.of(row, ruler)
    return VersionOut(
        version=row.version,
        revision=row.revision,
        label=row.label,
        start=measured.start,
        end=measured.end,
        quote=row.quote,
        fragments=measured.fragments,
        offset_unit=unit,
        attributes=measured.attributes,
        note=row.note,
        confidence=row.confidence,
        status=row.status,
        edited_by=row.edited_by,
        changed_by=row.changed_by,
        changed_at=row.updated_at,
        withdrawn=row.withdrawn_at is not None,
    )
