"""What reviewers said, and the log of everything that was written."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database.columns import Json, Time, Word, one_of
from app.core.vocabulary import ChangeKind, Verdict
from app.models.base import Base


class Decision(Base):
    """A reviewer's verdict on one version of one annotation; never changed, never deleted.

    A decision makes a new version, so that each version carries one decision at most: of sixteen
    reviewers at once, the constraint lets one through.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        UniqueConstraint("annotation_id", "version"),
        one_of("verdict", Verdict),
        Index(None, "project_id", "sequence"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    project_id: Mapped[UUID] = mapped_column(Uuid)
    annotation_id: Mapped[UUID] = mapped_column(ForeignKey("annotations.id"))
    version: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[Verdict] = mapped_column(Word(Verdict))
    comment: Mapped[str | None] = mapped_column(Text)
    reviewer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    sequence: Mapped[int] = mapped_column(BigInteger)
    decided_at: Mapped[dt.datetime] = mapped_column(Time)


class ChangeHead(Base):
    """Where a project's log ends; its row is the lock under which the log grows.

    Whoever writes takes the next ``sequence`` by an UPDATE of this row and holds the row until the
    commit, so that sequences become visible in their own order: a follower that has seen N will
    never be shown a lower number later. A plain auto-increment cannot promise that.

    ``epoch`` counts the changes that other writers may have relied on without locking them: the
    scheme, the members, the settings, a deleted document. A write that read under an older epoch
    changes no row here, and is tried again from the start. Readers who were let in a moment ago
    rely on it too: a change of who may read that does not raise it would show them what it hides.
    """

    __tablename__ = "change_heads"
    # Half-empty pages keep the one hot row of each project updatable in place.
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int] = mapped_column(BigInteger)


class Change(Base):
    """One entry of a project's log.

    ``subject_id`` is the document, annotation, relation or user that changed, NULL for the project
    itself and its scheme. ``version`` is the subject's version after the change; an annotation's
    state at that version is in its row or its history, so ``state`` is kept only for subjects that
    have no history.
    """

    __tablename__ = "changes"
    __table_args__ = (one_of("kind", ChangeKind),)

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[dt.datetime] = mapped_column(Time)
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[ChangeKind] = mapped_column(Word(ChangeKind))
    subject_id: Mapped[UUID | None] = mapped_column(Uuid)
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[dict[str, Any] | None] = mapped_column(Json)
