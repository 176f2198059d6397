"""Deciding: one verdict, on exactly the version that the reviewer saw."""

from typing import Any

from app.annotations.commands import moved_or_stale, stale
from app.annotations.seen import NamedAnnotation, SeenAnnotation
from app.annotations.versions import superseding
from app.changes.recorded import Recorded, Refused
from app.core.database import Moved, Session
from app.core.permissions import Standing
from app.core.vocabulary import OffsetUnit
from app.reviews import decisions, queries
from app.reviews.schemas import DecisionIn, DecisionOut

_CHANGES = ("status", "decided_by_id", "decided_at")
_DECIDE = Recorded(decisions.TABLE, supersedes=superseding(*_CHANGES))
_DECIDE_UNSEEN = Recorded(
    decisions.TABLE,
    supersedes=superseding(
        *_CHANGES,
        # Nothing of their own, nor what they edited or decided on last: that is looked at first.
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
        OwnAnnotation: when the reviewer wrote it, or approves what they edited last, and the
            project forbids that.
        Stale: when ``seen`` is not the current version.
        Gone: when the annotation was withdrawn, and this is no decision of before that.
    """
    standing = annotation.standing
    if isinstance(annotation, NamedAnnotation):
        decisions.check_comment(new.verdict, new.comment)
        decision = decisions.row(standing, annotation.id, seen, new)
        try:
            await _write(db, _DECIDE_UNSEEN, standing, decision)
        except Refused:
            raise Moved from None
        return decisions.out(decision, standing.actor), True
    row = annotation.row
    decisions.check_comment(new.verdict, new.comment)
    if row.version != seen or row.decided_by_id == standing.actor.id:
        said = await _said_before(db, annotation, seen, new)
        if said is not None:
            return said, False
    # What was said before a withdrawal still stands, and its answer may have been lost.
    annotation.alive()
    if row.version != seen:
        raise await stale(db, annotation, unit)
    decisions.check_other(standing, row, new.verdict)
    decision = decisions.row(standing, annotation.id, seen, new, row.updated_at)
    try:
        await _write(db, _DECIDE, standing, decision)
    except Refused:
        said = await _said_before(db, annotation, seen, new)
        if said is not None:
            return said, False
        raise await moved_or_stale(db, annotation, seen, unit) from None
    return decisions.out(decision, standing.actor), True


async def _write(
    db: Session, write: Recorded, standing: Standing, decision: dict[str, Any]
) -> None:
    await write.write(
        db,
        decisions.entry(standing, decision),
        epoch=standing.epoch,
        rows={"decisions": decision},
        superseding={
            "id": decision["annotation_id"],
            "version": decision["version"],
            **decisions.sets(decision),
        },
    )


async def _said_before(
    db: Session, annotation: SeenAnnotation, seen: int, new: DecisionIn
) -> DecisionOut | None:
    """The decision of this reviewer that the new one repeats, if it does."""
    own = await queries.by_reviewer(db, annotation.standing.actor.id, [annotation.id])
    return decisions.repeated(own, annotation.row, seen, new)
