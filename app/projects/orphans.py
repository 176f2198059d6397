"""What a new scheme would leave without a valid label, attribute or relation. Reads only."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.core.database import Session
from app.models import Annotation, Relation
from app.projects.scheme import Attribute, Scheme

_BATCH = 2_000
_EXAMPLES = 5


async def of(db: Session, project_id: UUID, old: Scheme, new: Scheme) -> list[dict[str, Any]]:
    """The stored annotations and relations that the new scheme has no place for.

    Counted by reason, with the ids of some. Only labels whose attributes were narrowed are read
    through; the caller holds the log's lock, so that none can be added meanwhile.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def count(kind: str, reason: str, id: UUID, times: int = 1) -> None:
        orphan = found.setdefault(
            (kind, reason), {"kind": kind, "reason": reason, "count": 0, "examples": []}
        )
        orphan["count"] += times
        if len(orphan["examples"]) < _EXAMPLES:
            orphan["examples"].append(str(id))

    for label, attributes in old.labels.items():
        if label not in new.labels or _narrowed(attributes, new.labels[label]):
            await _of_label(db, project_id, label, new, count)

    source, target = Annotation.__table__.alias("source"), Annotation.__table__.alias("target")
    joined = (
        select(
            Relation.type,
            source.c.label.label("source_label"),
            target.c.label.label("target_label"),
            func.count().label("times"),
            func.min(Relation.sequence).label("first"),
        )
        .join(source, source.c.id == Relation.source_id)
        .join(target, target.c.id == Relation.target_id)
        .where(Relation.project_id == project_id, Relation.withdrawn_at.is_(None))
        .group_by(Relation.type, source.c.label, target.c.label)
    )
    for row in (await db.execute(joined)).all():
        refusal = new.relation_refusal(row.type, row.source_label, row.target_label)
        if refusal is not None:
            first = select(Relation.id).where(
                Relation.project_id == project_id, Relation.sequence == row.first
            )
            id = (await db.execute(first)).scalar_one()
            count("relation", refusal.detail, id, row.times)
    return list(found.values())


def _narrowed(old: Mapping[str, Attribute], new: Mapping[str, Attribute]) -> bool:
    """Whether a label's attributes changed in any way but by new optional ones."""
    return any(new.get(name) != attribute for name, attribute in old.items()) or any(
        attribute.required for name, attribute in new.items() if name not in old
    )


async def _of_label(db: Session, project_id: UUID, label: str, new: Scheme, count: Any) -> None:
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
                count("annotation", refusal.detail, row.id)
        if len(rows) < _BATCH:
            return
        after = rows[-1].sequence
        await asyncio.sleep(0)
