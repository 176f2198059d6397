"""What a new scheme would leave without a valid label, attribute or relation. Reads only."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_

from app.core.database import Session
from app.models import Annotation, Relation
from app.projects.scheme import Attribute, Scheme

_BATCH = 2_000
_NAMED = 1_000
"""How many orphans are named, by whatever is wrong with them."""

_source, _target = Annotation.__table__.alias("source"), Annotation.__table__.alias("target")
JOINED = (
    Relation.type,
    _source.c.label.label("source_label"),
    _target.c.label.label("target_label"),
)
"""What of a relation a scheme allows or not: its type, and the labels that it joins."""
RELATIONS = (
    select(*JOINED)
    .join(_source, _source.c.id == Relation.source_id)
    .join(_target, _target.c.id == Relation.target_id)
    .where(Relation.withdrawn_at.is_(None))
)
"""That, of every living relation."""


class _Orphans:
    """Orphans by what is wrong with them: how many, and the ids of the first."""

    def __init__(self) -> None:
        self.by_reason: dict[tuple[str, str], dict[str, Any]] = {}
        self.room = _NAMED

    def add(self, kind: str, reason: str, id: UUID, times: int = 1) -> None:
        """Count some, of which one is named if there is room, or if it is the reason's first."""
        orphan = self.by_reason.setdefault(
            (kind, reason), {"kind": kind, "reason": reason, "count": 0, "examples": []}
        )
        orphan["count"] += times
        if self.room or not orphan["examples"]:
            self.name(kind, reason, id)

    def name(self, kind: str, reason: str, id: UUID) -> None:
        """Name one that is counted."""
        self.by_reason[kind, reason]["examples"].append(str(id))
        self.room = max(0, self.room - 1)


async def of(db: Session, project_id: UUID, old: Scheme, new: Scheme) -> list[dict[str, Any]]:
    """The stored annotations and relations that the new scheme has no place for.

    Counted by reason, with the ids of the first thousand and at least one for each reason. Only
    labels whose attributes were narrowed are read through; the caller holds the log's lock, so that
    none can be added meanwhile.
    """
    found = _Orphans()
    for label, attributes in old.labels.items():
        if label not in new.labels or _narrowed(attributes, new.labels[label]):
            await _of_label(db, project_id, label, new, found)
    await _of_relations(db, project_id, new, found)
    return list(found.by_reason.values())


async def _of_relations(db: Session, project_id: UUID, new: Scheme, found: _Orphans) -> None:
    joined = RELATIONS.where(Relation.project_id == project_id)
    counted = joined.add_columns(
        func.count().label("times"), func.min(Relation.sequence).label("first")
    ).group_by(*JOINED)
    refused: dict[tuple[str, str, str], str] = {}
    firsts: list[int] = []
    for row in (await db.execute(counted)).all():
        refusal = new.relation_refusal(row.type, row.source_label, row.target_label)
        if refusal is not None:
            # One for each pair of labels that was joined, not for each relation.
            first = select(Relation.id).where(
                Relation.project_id == project_id, Relation.sequence == row.first
            )
            id = (await db.execute(first)).scalar_one()
            found.add("relation", refusal.detail, id, row.times)
            refused[row.type, row.source_label, row.target_label] = refusal.detail
            firsts.append(row.first)
    # While there is room, each of these took some of it: they are less than a thousand.
    if refused and found.room:
        others = (
            joined.add_columns(Relation.id)
            .where(tuple_(*JOINED).in_(list(refused)), Relation.sequence.not_in(firsts))
            .order_by(Relation.sequence)
            .limit(found.room)
        )
        for row in (await db.execute(others)).all():
            reason = refused[row.type, row.source_label, row.target_label]
            found.name("relation", reason, row.id)


def _narrowed(old: Mapping[str, Attribute], new: Mapping[str, Attribute]) -> bool:
    """Whether a label's attributes changed in any way but by new optional ones."""
    return any(new.get(name) != attribute for name, attribute in old.items()) or any(
        attribute.required for name, attribute in new.items() if name not in old
    )


async def _of_label(
    db: Session, project_id: UUID, label: str, new: Scheme, found: _Orphans
) -> None:
    after = 0
    while True:
        query = (
            select(Annotation.id, Annotation.sequence, Annotation.attributes)
            .where(
                Annotation.project_id == project_id,
                Annotation.label == label,
                Annotation.withdrawn_at.is_(None),
                Annotation.sequence > after,
            )
            .order_by(Annotation.sequence)
            .limit(_BATCH)
        )
        # Read in batches, so that a large project is neither held in memory nor stops the loop.
        rows = (await db.execute(query)).all()
        for row in rows:
            for refusal in new.refusals(label, row.attributes):
                found.add("annotation", refusal.detail, row.id)
        if len(rows) < _BATCH:
            return
        after = rows[-1].sequence
        await asyncio.sleep(0)
