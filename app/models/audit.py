"""What was done to users, tokens and projects, and by whom."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database.columns import Json, Time, Word, one_of
from app.core.vocabulary import AuditAction
from app.models.base import Base


class AuditEvent(Base):
    """One act, written in its own transaction; never changed, never deleted.

    Without an ``actor_id`` it was done from a shell, by ``stet``. ``user_id`` is whom it was done
    to, or whose token it was. Names are not repeated here: those of users, tokens and projects
    never change, and their rows are never deleted. ``changes`` has, by field, the value before and
    the value after; no secret is in it.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        one_of("action", AuditAction),
        Index(None, "actor_id", "id"),
        Index(None, "user_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(Time)
    action: Mapped[AuditAction] = mapped_column(Word(AuditAction))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    token_id: Mapped[UUID | None] = mapped_column(ForeignKey("tokens.id"))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id"))
    changes: Mapped[dict[str, Any]] = mapped_column(Json)
