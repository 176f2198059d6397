"""How far a project has come, counted in the database."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Date,
    Executable,
    Row,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    select,
    type_coerce,
)

from app.changes.queries import holding
from app.core.database import Database, Session
from app.core.permissions import Standing
from app.core.single_flight import Made, SingleFlight
from app.core.vocabulary import ChangeKind, Status
from app.documents.schemas import Counts
from app.models import Annotation, Change, ChangeHead, Decision, Document, User
from app.progress.schemas import (
    DayProgress,
    DocumentTally,
    PersonProgress,
    ProgressOut,
    Verdicts,
)

_DAYS = 366
_known = SingleFlight(16_000_000)


async def progress(database: Database, db: Session, standing: Standing, seen: int | None) -> Made:
    """How far the project has come at one moment: a ``ProgressOut``, and the last change before it.

    In seven statements, however large it is, and in one where nothing was written since they were
    asked. Of a project of millions they take seconds, for which nobody else may wait.

    Args:
        database: where to count.
        db: the caller's session, which has no connection afterwards.
        standing: who asks.
        seen: the last change that they have seen, if they need no more.

    Raises:
        InvalidParameter: when the project's log does not go as far as was ``seen``.
    """
    project_id = standing.project_id
    sees_enough = holding(standing, seen)
    await db.rest()

    async def stands(made: Made) -> bool:
        at = (await db.execute(select(_at(project_id, made.sequence)))).scalar_one()
        await db.rest()
        return bool(at == made.at)

    async def make() -> Made:
        async with database.snapshot(holding=sees_enough) as session:
            return await _counted(session, project_id)

    last = standing.sequence
    enough = last if seen is None else seen
    return await _known.get((db.source, project_id), last, enough, stands, make)


def _at(project_id: UUID, sequence: Any) -> Any:
    """When the last change up to that sequence was; a number may have been taken in vain."""
    return (
        select(Change.at)
        .where(Change.project_id == project_id, Change.sequence <= sequence)
        .order_by(Change.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )


async def _counted(db: Session, project_id: UUID) -> Made:
    head = select(ChangeHead.sequence, _at(project_id, ChangeHead.sequence).label("at")).where(
        ChangeHead.project_id == project_id
    )
    last = (await db.execute(head)).one()
    written = await _rows(db, _written(project_id))
    decided = await _rows(db, _decided(project_id))
    out = ProgressOut(
        documents=await _documents(db, project_id),
        labels=_by_label(written),
        people=_people(written, await _rows(db, _edits(project_id)), decided),
        days=_days(
            await _rows(db, _created_by_day(project_id, db.dialect)),
            await _rows(db, _decided_by_day(project_id, db.dialect)),
        ),
    )
    return Made(out.model_dump_json().encode(), last.sequence, last.at)


async def _rows(db: Session, query: Executable) -> list[Row[Any]]:
    return list((await db.execute(query)).all())


async def _documents(db: Session, project_id: UUID) -> DocumentTally:
    annotated = exists().where(
        Annotation.document_id == Document.id, Annotation.withdrawn_at.is_(None)
    )
    query = select(
        func.count().label("total"),
        func.coalesce(func.sum(case((annotated, 0), else_=1)), 0).label("without_annotations"),
    ).where(Document.project_id == project_id, Document.deleted_at.is_(None))
    row = (await db.execute(query)).one()
    return DocumentTally(total=row.total, without_annotations=row.without_annotations)


def _living(project_id: UUID) -> Any:
    return and_(Annotation.project_id == project_id, Annotation.withdrawn_at.is_(None))


def _written(project_id: UUID) -> Executable:
    return (
        select(Annotation.label, Annotation.status, User.name, func.count().label("times"))
        .join_from(Annotation, User, User.id == Annotation.author_id)
        .where(_living(project_id))
        .group_by(Annotation.label, Annotation.status, User.name)
        .order_by(Annotation.label)
    )


def _edits(project_id: UUID) -> Executable:
    return (
        select(User.name, func.count().label("times"))
        .join_from(Change, User, User.id == Change.actor_id)
        .where(Change.project_id == project_id, Change.kind == ChangeKind.ANNOTATION_UPDATED)
        .group_by(User.name)
    )


def _decided(project_id: UUID) -> Executable:
    return (
        select(User.name, Decision.verdict, func.count().label("times"))
        .join_from(Decision, User, User.id == Decision.reviewer_id)
        .where(Decision.project_id == project_id)
        .group_by(User.name, Decision.verdict)
    )


def _day(moment: Any, dialect: str) -> Any:
    """The day of a moment in UTC, called ``day``: what each database groups by soonest."""
    if dialect == "sqlite":
        return func.substr(type_coerce(moment, Text), 1, 10, type_=Date).label("day")
    return cast(func.timezone("UTC", moment), Date).label("day")


def _created_by_day(project_id: UUID, dialect: str) -> Executable:
    return (
        select(_day(Annotation.created_at, dialect), Annotation.label, func.count().label("times"))
        .where(_living(project_id))
        .group_by("day", Annotation.label)
        .order_by(Annotation.label)
    )


def _decided_by_day(project_id: UUID, dialect: str) -> Executable:
    return (
        select(_day(Decision.decided_at, dialect), Decision.verdict, func.count().label("times"))
        .where(Decision.project_id == project_id)
        .group_by("day", Decision.verdict)
    )


def _by_label(written: Iterable[Row[Any]]) -> dict[str, Counts]:
    found: dict[str, dict[Status, int]] = {}
    for row in written:
        statuses = found.setdefault(row.label, {})
        statuses[row.status] = statuses.get(row.status, 0) + row.times
    return {label: Counts.of(statuses) for label, statuses in found.items()}


def _people(
    written: Iterable[Row[Any]], edits: Iterable[Row[Any]], decided: Iterable[Row[Any]]
) -> list[PersonProgress]:
    created: dict[str, int] = defaultdict(int)
    for row in written:
        created[row.name] += row.times
    edited = {row.name: row.times for row in edits}
    verdicts: dict[str, dict[str, int]] = defaultdict(dict)
    for row in decided:
        verdicts[row.name][row.verdict] = row.times
    return [
        PersonProgress(
            name=name,
            created=created.get(name, 0),
            edited=edited.get(name, 0),
            decided=Verdicts(**verdicts.get(name, {})),
        )
        for name in sorted({*created, *edited, *verdicts})
    ]


def _days(created: Iterable[Row[Any]], decided: Iterable[Row[Any]]) -> list[DayProgress]:
    labels: dict[dt.date, dict[str, int]] = defaultdict(dict)
    for row in created:
        labels[row.day][row.label] = row.times
    verdicts: dict[dt.date, dict[str, int]] = defaultdict(dict)
    for row in decided:
        verdicts[row.day][row.verdict] = row.times
    return [
        DayProgress(
            day=day,
            created=labels.get(day, {}),
            decided=Verdicts(**verdicts.get(day, {})),
        )
        for day in sorted({*labels, *verdicts})[-_DAYS:]
    ]
