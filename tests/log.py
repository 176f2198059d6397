"""The log of a project, read from the database: what was written, by whom, in which order."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core.database import Database
from app.models import Change, ChangeHead, Project, User
from tests.conftest import Newsroom


@dataclass(frozen=True)
class Logged:
    """One entry of the log."""

    sequence: int
    kind: str
    subject_id: UUID | None
    version: int
    actor: str
    state: dict[str, Any] | None


async def head(newsroom: Newsroom, project: str = "demo") -> int:
    """Where the project's log ends."""
    query = (
        select(ChangeHead.sequence)
        .join(Project, Project.id == ChangeHead.project_id)
        .where(Project.slug == project)
    )
    database: Database = newsroom.app.state.database
    async with database.session(writes=False) as db:
        found: int = (await db.execute(query)).scalar_one()
        return found


async def entries_after(newsroom: Newsroom, sequence: int, project: str = "demo") -> list[Logged]:
    """What the project's log says after that sequence, in order."""
    query = (
        select(
            Change.sequence,
            Change.kind,
            Change.subject_id,
            Change.version,
            User.name.label("actor"),
            Change.state,
        )
        .join(Project, Project.id == Change.project_id)
        .join(User, User.id == Change.actor_id)
        .where(Project.slug == project, Change.sequence > sequence)
        .order_by(Change.sequence)
    )
    database: Database = newsroom.app.state.database
    async with database.session(writes=False) as db:
        return [
            Logged(row.sequence, row.kind, row.subject_id, row.version, row.actor, row.state)
            for row in await db.execute(query)
        ]
