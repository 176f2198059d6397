"""Writing with its entry in the log: together, in an order that a follower can trust.

The lock of a project's log is its row in ``change_heads`` (see there). It is always taken first, so
no two writers of a project can wait for one another in a circle.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from app.core.database import Moved, Session
from app.core.permissions import Standing
from app.core.vocabulary import ChangeKind
from app.models import Base, Change, ChangeHead

HEAD = Base.metadata.tables[ChangeHead.__tablename__]
CHANGES = Base.metadata.tables[Change.__tablename__]


class Entry(NamedTuple):
    """What the log says: who did what to which subject, and the version it has now."""

    project_id: UUID
    actor_id: UUID | None
    kind: ChangeKind
    subject_id: UUID | None
    version: int
    at: dt.datetime
    state: Mapping[str, Any] | None = None

    @classmethod
    def by(
        cls,
        standing: Standing,
        kind: ChangeKind,
        subject_id: UUID | None,
        version: int,
        at: dt.datetime,
        state: Mapping[str, Any] | None = None,
    ) -> "Entry":
        """What somebody did in the project where they have this standing."""
        return cls(standing.project_id, standing.actor.id, kind, subject_id, version, at, state)

    def row(self, sequence: int) -> dict[str, Any]:
        """The entry as a row of the log."""
        return {
            "project_id": self.project_id,
            "sequence": sequence,
            "at": self.at,
            "actor_id": self.actor_id,
            "kind": self.kind,
            "subject_id": self.subject_id,
            "version": self.version,
            "state": self.state,
        }


async def lock(db: Session, project_id: UUID, *, epoch: bool = False) -> int:
    """Take the log's lock until the commit and answer the sequence that it ends at.

    From here on nothing else is written in the project, so what is read next stays true. ``epoch``
    also makes every write that began before try again. ``begin`` must have been called.
    """
    head = await _lock(db, project_id, 1 if epoch else 0)
    return int(head.sequence)


async def lock_under(db: Session, standing: Standing) -> int:
    """The same for somebody who relies on what was read when they were let in.

    Raises:
        Moved: when the project has another epoch since.
    """
    head = await _lock(db, standing.project_id, 0)
    if head.epoch != standing.epoch:
        raise Moved
    return int(head.sequence)


async def end_under(db: Session, standing: Standing) -> int:
    """The same for somebody who writes nothing, and so keeps nobody waiting.

    Raises:
        Moved: as ``lock_under``.
    """
    head = select(ChangeHead.sequence, ChangeHead.epoch)
    found = (await db.execute(head.where(ChangeHead.project_id == standing.project_id))).one()
    if found.epoch != standing.epoch:
        raise Moved
    return int(found.sequence)


async def _lock(db: Session, project_id: UUID, epochs: int) -> Row[Any]:
    found = await db.execute(
        update(ChangeHead)
        .where(ChangeHead.project_id == project_id)
        .values(epoch=ChangeHead.epoch + epochs)
        .returning(ChangeHead.sequence, ChangeHead.epoch)
    )
    return found.one()


async def append(db: Session, project_id: UUID, entries: Sequence[Entry], *, after: int) -> None:
    """Add entries to a log whose lock is held, numbered from ``after`` + 1."""
    if not entries:
        return
    await db.execute(
        insert(Change), [entry.row(after + place) for place, entry in enumerate(entries, 1)]
    )
    await db.execute(
        update(ChangeHead)
        .where(ChangeHead.project_id == project_id)
        .values(sequence=after + len(entries))
    )
