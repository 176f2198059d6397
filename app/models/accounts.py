"""People, and how they prove who they are."""

import datetime as dt
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database.columns import Time, Word, one_of
from app.core.vocabulary import Role
from app.models.base import Base


class User(Base):
    """A person or a program that may sign in.

    Deactivated, never deleted: what they wrote keeps its name.
    """

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    display_name: Mapped[str | None] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    is_admin: Mapped[bool] = mapped_column(Boolean)
    is_active: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[dt.datetime] = mapped_column(Time)
    updated_at: Mapped[dt.datetime] = mapped_column(Time)


class Token(Base):
    """A bearer token. Of its secret only the SHA-256 is kept."""

    __tablename__ = "tokens"
    __table_args__ = (one_of("role", Role), Index(None, "user_id", "id"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    role: Mapped[Role | None] = mapped_column(Word(Role))
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Time)
    expires_at: Mapped[dt.datetime | None] = mapped_column(Time)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(Time)


class BrowserSession(Base):
    """A signed-in browser. Of its cookie's secret only the SHA-256 is kept."""

    __tablename__ = "browser_sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(Time)
    expires_at: Mapped[dt.datetime] = mapped_column(Time)
