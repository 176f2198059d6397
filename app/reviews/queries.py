"""Decisions, and the history that they are part of."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Table,
    bindparam,
    func,
    select,
    union_all,
)

from app.annotations.rowjson import size
from app.annotations.schemas import Measured
from app.annotations.seen import SeenAnnotation
from app.changes.recorded import table_of
from app.core.database import Session
from app.core.database.page_budget import LIMIT, ONE_MORE, PageBudget, octets
from app.core.database.prepared import fixed
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


_AFTER = bindparam("after", type_=BigInteger)


def _paged(
    query: Select[Any], version: ColumnElement[int], text: ColumnElement[int]
) -> Select[Any]:
    """A page of what a query finds, by version, and with each whether there are ``more`` behind it.

    A bound is one of the index. To look rows of two tables up, SQLite would read all of them first.
    """
    query = query.order_by(version)
    columns: list[Any] = [version.label("version"), text.label("size")]
    narrow = query.with_only_columns(*columns, maintain_column_froms=True)
    listed = narrow.limit(ONE_MORE).subquery("listed")
    fits = PageBudget(listed, ["version"]).fits.label("fits")
    rows = select(listed.c.version, fits).subquery("placed").c
    last = (
        select(
            func.max(rows.version).filter(rows.fits).label("version"),
            (func.count() > func.count().filter(rows.fits)).label("more"),
        )
        .cte("last")
        .prefix_with("MATERIALIZED")
    )
    return (
        query.where(version <= select(last.c.version).scalar_subquery())
        .limit(LIMIT)
        .add_columns(select(last.c.more).scalar_subquery().label("more"))
    )


# Of an annotation, those on the versions from one to another.
_PAGE = fixed(
    _paged(
        DECISIONS.where(
            Decision.annotation_id == bindparam("annotation_id"),
            Decision.version > _AFTER,
            Decision.version <= bindparam("until", type_=BigInteger),
        ),
        Decision.__table__.c.version,
        octets(Decision.comment),
    )
)
_NO_END = 2**31 - 1


async def page(db: Session, annotation: SeenAnnotation, pages: Paging) -> Page[DecisionOut]:
    """The decisions on an annotation, oldest first."""
    after = pages.after(int)
    rows = await _decisions(db, _asked(annotation, pages, after), until=_NO_END)
    return pages.fitted(rows, DecisionOut.of, key=lambda row: (row.version,))


def _asked(annotation: SeenAnnotation, pages: Paging, after: tuple[int] | None) -> dict[str, Any]:
    return {
        "annotation_id": annotation.id,
        "limit": pages.limit,
        "after": 0 if after is None else after[0],
    }


async def _decisions(db: Session, asked: Mapping[str, Any], *, until: int) -> Sequence[Row[Any]]:
    return (await db.execute(_PAGE, {**asked, "until": until})).all()


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
    """Versions in a table."""
    return select(
        *(table.c[column.name] for column in _OLD.c if column.name != "annotation_id")
    ).where(id == bindparam("annotation_id"), table.c.version > _AFTER)


_NOW, _OLD = table_of("annotations"), table_of("annotation_versions")
# Both in one statement: a version that is superseded meanwhile would be in neither, or in both.
_ALL = union_all(_versions(_OLD, _OLD.c.annotation_id), _versions(_NOW, _NOW.c.id)).subquery("all")
_HISTORY = fixed(
    _paged(
        select(
            *_ALL.c,
            # Who made the words, and who made the version.
            _Editor.c.name.label("edited_by"),
            _Changer.c.name.label("changed_by"),
        )
        .join(_Editor, _Editor.c.id == _ALL.c.editor_id)
        .join(_Changer, _Changer.c.id == _ALL.c.updated_by_id),
        _ALL.c.version,
        size(_ALL.c),
    )
)


async def history(
    db: Session, annotation: SeenAnnotation, unit: OffsetUnit, pages: Paging
) -> HistoryOut:
    """An annotation's versions and the decisions on them, oldest first, withdrawn or not.

    What comes from a file brings the decisions on versions that it does not bring, as many as it
    has. So a page ends at the version up to which there is room for both.
    """
    asked = _asked(annotation, pages, pages.after(int))
    versions = (await db.execute(_HISTORY, asked)).all()
    newest = versions[-1].version if versions else asked["after"]
    follows = bool(versions) and versions[-1].more
    # On the newest there may be one by now; it is told with the version that it made.
    decisions = await _decisions(db, asked, until=newest if follows else newest - 1)
    if decisions and decisions[-1].more:
        newest, follows = decisions[-1].version, True
        versions = [row for row in versions if row.version <= newest]
    rulers: dict[int, Ruler | None] = dict.fromkeys({row.revision for row in versions})
    if unit is not OffsetUnit.CODE_POINTS:
        for revision in rulers:
            row = annotation.row
            text = await text_of(db, row.document_id, revision, row.sha256)
            rulers[revision] = Ruler(text, unit)
    return HistoryOut(
        annotation=annotation.id,
        versions=[_version(row, unit, rulers[row.revision]) for row in versions],
        decisions=[DecisionOut.of(row) for row in decisions],
        next=pages.cursor_after(newest) if follows else None,
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
