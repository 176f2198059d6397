"""Deciding on many annotations by one request, each on its own."""

from collections.abc import Sequence, Set
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, update

from app.annotations import queries as annotations
from app.annotations.versions import ANNOTATIONS, VERSIONS
from app.changes.commands import append, lock_under
from app.changes.superseding import copied
from app.core.database import Session
from app.core.errors import Gone, InvalidValue, NotFound, Problem, Stale
from app.core.permissions import Standing
from app.core.vocabulary import OffsetUnit
from app.models import Annotation
from app.reviews import decisions, queries
from app.reviews.schemas import BulkDecisionIn, BulkResult, DecisionOut, RefusedDecision
from app.users.queries import check_unchanged

# A thousand quotes may be as long as texts, and one may be asked for a thousand times: what stands
# now is shown until these are full, and then only its version is told.
_CURRENT_CHARACTERS = 4_000_000

_DECIDE_MANY = (
    update(ANNOTATIONS)
    .where(
        ANNOTATIONS.c.id == bindparam("seen_id"),
        ANNOTATIONS.c.version == bindparam("seen_version"),
    )
    .values(
        version=ANNOTATIONS.c.version + 1,
        **{
            name: bindparam(f"seen_{name}", type_=ANNOTATIONS.c[name].type)
            for name in ("status", "decided_by_id", "decided_at", "updated_by_id", "updated_at")
        },
    )
)


async def decide_many(
    db: Session,
    standing: Standing,
    given: Sequence[BulkDecisionIn | RefusedDecision],
    unit: OffsetUnit,
) -> list[BulkResult]:
    """Decide on many annotations of a project, each on its own; all that succeed in one commit.

    The log's lock is held throughout, so that what is read is what is decided on.
    """
    await db.begin()
    end = await lock_under(db, standing)
    await check_unchanged(db, standing.actor)
    ids = sorted({item.annotation for item in given})
    found = await db.execute(
        annotations.ROWS.where(Annotation.id.in_(ids), Annotation.project_id == standing.project_id)
    )
    rows = {row.id: row for row in found}
    own = await queries.by_reviewer(db, standing.actor.id, ids)
    made: dict[UUID, dict[str, Any]] = {}
    results: list[BulkResult] = []
    first: dict[UUID, BulkDecisionIn] = {}
    missed: set[tuple[UUID, int]] = set()
    stale: dict[UUID, Stale] = {}
    left = _CURRENT_CHARACTERS
    for item in given:
        if isinstance(item, RefusedDecision):
            results.append(_refused(item, item.problem))
            continue
        try:
            _check_once(item, first.get(item.annotation))
            out, is_new = _decided(standing, rows.get(item.annotation), item, own, made, missed)
        except Stale as refusal:
            missed.add((item.annotation, item.version))
            row = rows[item.annotation]
            left -= len(row.quote)
            if left < 0:
                results.append(_refused(item, refusal))
                continue
            if item.annotation not in stale:
                stale[item.annotation] = await _stale(db, standing, row, unit)
            results.append(_refused(item, stale[item.annotation]))
        except Problem as problem:
            results.append(_refused(item, problem))
        else:
            first.setdefault(item.annotation, item)
            status = 201 if is_new else 200
            results.append(BulkResult(annotation=item.annotation, status=status, decision=out))
    await _write_many(db, standing, list(made.values()), end)
    return results


def _check_once(item: BulkDecisionIn, first: BulkDecisionIn | None) -> None:
    # Whatever the versions are by now: so the same request again is answered the same.
    if first is not None and (item.version, item.verdict) != (first.version, first.verdict):
        raise InvalidValue(
            "/annotation", "An item before this one decides otherwise on the same annotation."
        )


def _decided(
    standing: Standing,
    row: Row[Any] | None,
    item: BulkDecisionIn,
    own: dict[tuple[UUID, int], Row[Any]],
    made: dict[UUID, dict[str, Any]],
    missed: Set[tuple[UUID, int]],
) -> tuple[DecisionOut, bool]:
    """The decision that stands, or the new one, which is added to ``made``; then True.

    ``missed`` are the versions that items before named, and that are not the current ones.
    """
    if row is None:
        raise NotFound("There is no such annotation in the project.")
    decisions.check_comment(item.verdict, item.comment)
    said = decisions.repeated(own, row, item.version, item)
    if said is not None:
        return said, False
    if row.withdrawn_at is not None:
        raise Gone("The annotation was withdrawn; its history remains.")
    here = made.get(item.annotation)
    if here is not None:
        return decisions.out(here, standing.actor), False
    if row.version != item.version:
        raise Stale(None, version=row.version)
    decisions.check_other(standing, row, item.verdict)
    if (item.annotation, item.version + 1) in missed:
        # Sent again, the request would be answered otherwise: the one before would succeed.
        raise InvalidValue(
            "/version",
            "An item before this one names the version that this one would make, and was refused "
            "because it is not there.",
        )
    decision = decisions.row(standing, item.annotation, item.version, item, row.updated_at)
    made[item.annotation] = decision
    return decisions.out(decision, standing.actor), True


async def _stale(db: Session, standing: Standing, row: Row[Any], unit: OffsetUnit) -> Stale:
    current = await annotations.out(db, standing, row, unit)
    return Stale(current.model_dump(mode="json"), version=current.version)


def _refused(item: BulkDecisionIn | RefusedDecision, problem: Problem) -> BulkResult:
    return BulkResult(annotation=item.annotation, status=problem.status, problem=problem.body())


async def _write_many(
    db: Session, standing: Standing, made: Sequence[dict[str, Any]], end: int
) -> None:
    if not made:
        return
    for place, decision in enumerate(made, 1):
        decision["sequence"] = end + place
    ids = [decision["annotation_id"] for decision in made]
    await db.execute(copied(ANNOTATIONS, VERSIONS, ANNOTATIONS.c.id.in_(ids)))
    await db.execute(
        _DECIDE_MANY,
        [
            {
                "seen_id": decision["annotation_id"],
                "seen_version": decision["version"],
                **{f"seen_{name}": value for name, value in decisions.sets(decision).items()},
            }
            for decision in made
        ],
    )
    await db.execute(insert(decisions.TABLE), list(made))
    entries = [decisions.entry(standing, decision) for decision in made]
    await append(db, standing.project_id, entries, after=end)
