"""Deciding: one verdict, on exactly the version that the reviewer saw."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, insert, update
from uuid_utils.compat import uuid7

from app.annotations import queries as annotations
from app.annotations.commands import ANNOTATIONS, VERSIONS, moved_or_stale, stale, superseding
from app.annotations.schemas import AnnotationOut
from app.annotations.seen import NamedAnnotation, SeenAnnotation
from app.changes.commands import Entry, append, lock_under
from app.changes.recorded import Recorded, Refused, table_of
from app.changes.superseding import copied
from app.core.database import Moved, Session
from app.core.errors import (
    CommentRequired,
    Gone,
    InvalidValue,
    NotFound,
    OwnAnnotation,
    Problem,
    Stale,
)
from app.core.moments import now
from app.core.permissions import Actor, Standing
from app.core.vocabulary import ChangeKind, OffsetUnit
from app.documents.queries import text_of
from app.models import Annotation
from app.reviews import queries
from app.reviews.schemas import BulkDecisionIn, BulkResult, DecisionIn, DecisionOut
from app.text.offsets import Ruler

_DECISIONS = table_of("decisions")
_CHANGES = ("status", "decided_by_id", "decided_at")
_DECIDE = Recorded(_DECISIONS, supersedes=superseding(*_CHANGES))
_DECIDE_UNSEEN = Recorded(
    _DECISIONS,
    supersedes=superseding(
        *_CHANGES,
        # Nothing of their own, nor what they decided on last.
        by_another=dict.fromkeys(("author_id", "editor_id", "decided_by_id"), "decided_by_id"),
    ),
)


async def decide(
    db: Session,
    annotation: SeenAnnotation | NamedAnnotation,
    seen: int,
    new: DecisionIn,
    unit: OffsetUnit,
) -> tuple[DecisionOut, bool]:
    """Decide on version ``seen``; False when this reviewer had said so already.

    Of an annotation that was only named, the write itself says what it must be.

    Raises:
        Moved: when that does not hold, or the project has changed: all is to be looked at anew.
        CommentRequired: when the verdict needs a comment and has none.
        OwnAnnotation: when the reviewer wrote or last edited it, and the project forbids that.
        Stale: when ``seen`` is not the current version.
        Gone: when the annotation was withdrawn.
    """
    standing = annotation.standing
    if isinstance(annotation, NamedAnnotation):
        _check_comment(new)
        decision = _decision(standing, annotation.id, seen, new)
        try:
            await _write(db, _DECIDE_UNSEEN, standing, decision)
        except Refused:
            raise Moved from None
        return _out(decision, standing.actor), True
    row = annotation.alive().row
    _check_comment(new)
    if row.version != seen or row.decided_by_id == standing.actor.id:
        said = await _said_before(db, annotation, seen, new)
        if said is not None:
            return said, False
    if row.version != seen:
        raise await stale(db, annotation, unit)
    _check_other(standing, row)
    decision = _decision(standing, annotation.id, seen, new)
    try:
        await _write(db, _DECIDE, standing, decision)
    except Refused:
        said = await _said_before(db, annotation, seen, new)
        if said is not None:
            return said, False
        raise await moved_or_stale(db, annotation, seen, unit) from None
    return _out(decision, standing.actor), True


async def _write(
    db: Session, write: Recorded, standing: Standing, decision: dict[str, Any]
) -> None:
    await write.write(
        db,
        _entry(standing, decision),
        epoch=standing.epoch,
        rows={"decisions": decision},
        superseding={
            "id": decision["annotation_id"],
            "version": decision["version"],
            **_sets(decision),
        },
    )


async def _said_before(
    db: Session, annotation: SeenAnnotation, seen: int, new: DecisionIn
) -> DecisionOut | None:
    """The decision of this reviewer that the new one repeats, if it does."""
    own = await queries.by_reviewer(db, annotation.standing.actor.id, [annotation.id])
    return _repeated(own, annotation.row, seen, new)


def _repeated(
    own: dict[tuple[UUID, int], Row[Any]], row: Row[Any], seen: int, new: DecisionIn
) -> DecisionOut | None:
    """The reviewer's decision on the same version with the same verdict: a lost answer's retry.

    So is one on the version that their own decision made, while that is the current one, unless it
    says more than that decision did.
    """
    said = own.get((row.id, seen))
    if said is None and row.version == seen:
        said = own.get((row.id, seen - 1))
        if said is not None and new.comment not in {None, said.comment}:
            return None
    return None if said is None or said.verdict is not new.verdict else DecisionOut.of(said)


def _check_comment(new: DecisionIn) -> None:
    if new.verdict.needs_comment and not (new.comment and new.comment.strip()):
        raise CommentRequired(
            "/comment", "To reject or to request changes, say why: it goes back to the author."
        )


def _check_other(standing: Standing, row: Row[Any]) -> None:
    if standing.allow_self_review:
        return
    if row.author_id == standing.actor.id:
        raise OwnAnnotation("Nobody decides on an annotation of their own.")
    if row.editor_id == standing.actor.id:
        raise OwnAnnotation("Whoever edited a version leaves it to another reviewer.")


def _decision(standing: Standing, id: UUID, seen: int, new: DecisionIn) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "project_id": standing.project_id,
        "annotation_id": id,
        "version": seen,
        "verdict": new.verdict,
        "comment": new.comment,
        "reviewer_id": standing.actor.id,
        "decided_at": now(),
    }


def _sets(decision: dict[str, Any]) -> dict[str, Any]:
    moment: dt.datetime = decision["decided_at"]
    return {
        "status": decision["verdict"].status,
        "decided_by_id": decision["reviewer_id"],
        "decided_at": moment,
        "updated_by_id": decision["reviewer_id"],
        "updated_at": moment,
    }


def _entry(standing: Standing, decision: dict[str, Any]) -> Entry:
    return Entry.by(
        standing,
        ChangeKind.ANNOTATION_DECIDED,
        decision["annotation_id"],
        decision["version"] + 1,
        decision["decided_at"],
    )


def _out(decision: dict[str, Any], reviewer: Actor) -> DecisionOut:
    return DecisionOut(
        **{name: decision[name] for name in ("id", "version", "verdict", "comment", "decided_at")},
        annotation=decision["annotation_id"],
        resulting_version=decision["version"] + 1,
        status=decision["verdict"].status,
        reviewer=reviewer.name,
    )


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
    db: Session, standing: Standing, given: Sequence[BulkDecisionIn], unit: OffsetUnit
) -> list[BulkResult]:
    """Decide on many annotations of a project, each on its own; all that succeed in one commit.

    The log's lock is held throughout, so that what is read is what is decided on.
    """
    await db.begin()
    end = await lock_under(db, standing)
    ids = sorted({item.annotation for item in given})
    found = await db.execute(
        annotations.ROWS.where(Annotation.id.in_(ids), Annotation.project_id == standing.project_id)
    )
    rows = {row.id: row for row in found}
    own = await queries.by_reviewer(db, standing.actor.id, ids)
    decisions: dict[UUID, dict[str, Any]] = {}
    results: list[BulkResult] = []
    first: dict[UUID, BulkDecisionIn] = {}
    for item in given:
        try:
            _check_once(item, first.setdefault(item.annotation, item))
            out, is_new = _decided(standing, rows.get(item.annotation), item, own, decisions)
        except Stale:
            row = rows[item.annotation]
            # Only for UTF-16 and UTF-8, and only for what was refused.
            results.append(_refused(item, await _stale(db, standing, row, unit)))
        except Problem as problem:
            results.append(_refused(item, problem))
        else:
            status = 201 if is_new else 200
            results.append(BulkResult(annotation=item.annotation, status=status, decision=out))
    await _write_many(db, standing, list(decisions.values()), end)
    return results


def _check_once(item: BulkDecisionIn, first: BulkDecisionIn) -> None:
    # Whatever the versions are by now: so the same request again is answered the same.
    if (item.version, item.verdict) != (first.version, first.verdict):
        raise InvalidValue(
            "/annotation", "The request holds another verdict on this annotation before this one."
        )


def _decided(
    standing: Standing,
    row: Row[Any] | None,
    item: BulkDecisionIn,
    own: dict[tuple[UUID, int], Row[Any]],
    decisions: dict[UUID, dict[str, Any]],
) -> tuple[DecisionOut, bool]:
    """The decision that stands, or the new one, which is added to ``decisions``; then True."""
    if row is None:
        raise NotFound("There is no such annotation in the project.")
    if row.withdrawn_at is not None:
        raise Gone("The annotation was withdrawn; its history remains.")
    _check_comment(item)
    said = _repeated(own, row, item.version, item)
    if said is not None:
        return said, False
    made = decisions.get(item.annotation)
    if made is not None:
        return _out(made, standing.actor), False
    if row.version != item.version:
        raise Stale(None, version=row.version)
    _check_other(standing, row)
    decision = _decision(standing, item.annotation, item.version, item)
    decisions[item.annotation] = decision
    return _out(decision, standing.actor), True


async def _stale(
    db: Session,
    standing: Standing,
    row: Row[Any],
    unit: OffsetUnit,
) -> Stale:
    ruler = None
    if unit is not OffsetUnit.CODE_POINTS:
        ruler = Ruler(await text_of(db, row.document_id, row.revision), unit)
    current = AnnotationOut.of(row, standing.project, unit, ruler)
    return Stale(current.model_dump(mode="json"), version=current.version)


def _refused(item: BulkDecisionIn, problem: Problem) -> BulkResult:
    return BulkResult(annotation=item.annotation, status=problem.status, problem=problem.body())


async def _write_many(
    db: Session, standing: Standing, decisions: Sequence[dict[str, Any]], end: int
) -> None:
    if not decisions:
        return
    for place, decision in enumerate(decisions, 1):
        decision["sequence"] = end + place
    ids = [decision["annotation_id"] for decision in decisions]
    await db.execute(copied(ANNOTATIONS, VERSIONS, ANNOTATIONS.c.id.in_(ids)))
    await db.execute(
        _DECIDE_MANY,
        [
            {
                "seen_id": decision["annotation_id"],
                "seen_version": decision["version"],
                **{f"seen_{name}": value for name, value in _sets(decision).items()},
            }
            for decision in decisions
        ],
    )
    await db.execute(insert(_DECISIONS), list(decisions))
    entries = [_entry(standing, decision) for decision in decisions]
    await append(db, standing.project_id, entries, after=end)
