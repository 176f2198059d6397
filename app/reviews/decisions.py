"""What a decision is and who may make it: the same whether one is made or many."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from app.changes.commands import Entry
from app.changes.recorded import table_of
from app.core.blanks import is_blank
from app.core.errors import CommentRequired, OwnAnnotation
from app.core.permissions import Actor, Standing
from app.core.timestamps import now_after
from app.core.vocabulary import ChangeKind, Verdict
from app.reviews.schemas import DecisionIn, DecisionOut

TABLE = table_of("decisions")


def repeated(
    own: dict[tuple[UUID, int], Row[Any]], row: Row[Any], seen: int, new: DecisionIn
) -> DecisionOut | None:
    """The reviewer's decision on the same version with the same verdict: a lost answer's retry.

    So is one on the version that their own decision made, while that is the current one and stands
    as the decision left it, unless it says more than that decision did.
    """
    said = own.get((row.id, seen))
    if said is None and row.version == seen:
        said = own.get((row.id, seen - 1))
        if said is not None and not (_stands(said, row) and new.comment in {None, said.comment}):
            return None
    return None if said is None or said.verdict is not new.verdict else DecisionOut.of(said)


def _stands(said: Row[Any], row: Row[Any]) -> bool:
    # A manager's file may hold a decision, and say otherwise of how the annotation stands.
    return (row.decided_by_id, row.status) == (said.reviewer_id, said.verdict.status)


def check_comment(verdict: Verdict, comment: str | None) -> None:
    """Raise unless a verdict that needs a comment has one.

    Raises:
        CommentRequired: when it has none.
    """
    if verdict.needs_comment and (comment is None or is_blank(comment)):
        raise CommentRequired(
            "/comment", "To reject or to request changes, say why: it goes back to the author."
        )


def check_other(standing: Standing, row: Row[Any], verdict: Verdict) -> None:
    """Raise unless the verdict is on somebody else's words, or the project allows one's own.

    Raises:
        OwnAnnotation: when the reviewer wrote the annotation, or approves what they edited last.
    """
    if standing.allow_self_review:
        return
    if row.author_id == standing.actor.id:
        raise OwnAnnotation("Nobody decides on an annotation of their own.")
    if row.editor_id == standing.actor.id and verdict is Verdict.APPROVE:
        raise OwnAnnotation("Whoever edited a version leaves it to another reviewer to approve.")


def row(
    standing: Standing, id: UUID, seen: int, new: DecisionIn, *earlier: dt.datetime
) -> dict[str, Any]:
    """The decision as it is stored, but for its place in the log: not before these moments."""
    return {
        "id": uuid7(),
        "project_id": standing.project_id,
        "annotation_id": id,
        "version": seen,
        "verdict": new.verdict,
        "comment": new.comment,
        "reviewer_id": standing.actor.id,
        "decided_at": now_after(*earlier),
    }


def sets(decision: dict[str, Any]) -> dict[str, Any]:
    """What a decision sets on its annotation."""
    moment: dt.datetime = decision["decided_at"]
    return {
        "status": decision["verdict"].status,
        "decided_by_id": decision["reviewer_id"],
        "decided_at": moment,
        "updated_by_id": decision["reviewer_id"],
        "updated_at": moment,
    }


def entry(standing: Standing, decision: dict[str, Any]) -> Entry:
    """What the log says of a decision."""
    return Entry.by(
        standing,
        ChangeKind.ANNOTATION_DECIDED,
        decision["annotation_id"],
        decision["version"] + 1,
        decision["decided_at"],
    )


def out(decision: dict[str, Any], reviewer: Actor) -> DecisionOut:
    """What the reviewer is answered."""
    return DecisionOut(
        **{name: decision[name] for name in ("id", "version", "verdict", "comment", "decided_at")},
        annotation=decision["annotation_id"],
        resulting_version=decision["version"] + 1,
        status=decision["verdict"].status,
        reviewer=reviewer.name,
    )
