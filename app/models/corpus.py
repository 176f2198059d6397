"""Projects, their schemes and members, and the documents that are annotated."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database.columns import Json, Time, Word, one_of
from app.core.vocabulary import Role
from app.models.base import Base


class Project(Base):
    """A body of documents annotated under one scheme by one group of members."""

    __tablename__ = "projects"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    allow_self_review: Mapped[bool] = mapped_column(Boolean)
    scheme_version: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[dt.datetime] = mapped_column(Time)
    updated_at: Mapped[dt.datetime] = mapped_column(Time)


class Membership(Base):
    """What a user is in a project."""

    __tablename__ = "memberships"
    __table_args__ = (one_of("role", Role), Index(None, "user_id"))

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(Word(Role))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[dt.datetime] = mapped_column(Time)
    updated_at: Mapped[dt.datetime] = mapped_column(Time)


class FormerMembership(Base):
    """At which version a user who is a member no more was removed: the next membership goes on."""

    __tablename__ = "former_memberships"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)


class SchemeVersion(Base):
    """One immutable version of a project's scheme, numbered from 1."""

    __tablename__ = "scheme_versions"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    definition: Mapped[dict[str, Any]] = mapped_column(Json)
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Time)


class Document(Base):
    """A source text's particulars; its words are in its revisions.

    ``sequence`` is the change sequence at which it was added: the order of every list, which no
    concurrent writer can slip a row into.
    """

    __tablename__ = "documents"
    __table_args__ = (
        Index(
            "uq_documents_project_id_external_id",
            "project_id",
            "external_id",
            unique=True,
            sqlite_where=text("external_id IS NOT NULL AND deleted_at IS NULL"),
            postgresql_where=text("external_id IS NOT NULL AND deleted_at IS NULL"),
        ),
        Index(None, "project_id", "sequence"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"))
    external_id: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    title_folded: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    source_url: Mapped[str | None] = mapped_column(Text)
    published_on: Mapped[dt.date | None] = mapped_column(Date)
    # SQLAlchemy keeps the name "metadata" of a mapped class for itself.
    details: Mapped[dict[str, Any]] = mapped_column("metadata", Json)
    revision: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(BigInteger)
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Time)
    updated_at: Mapped[dt.datetime] = mapped_column(Time)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(Time)


class Revision(Base):
    """One immutable text of a document, numbered from 1, with its length in all three units."""

    __tablename__ = "revisions"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number_from_1"),
        CheckConstraint("length(sha256) = 64", name="sha256_hex"),
    )

    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    code_points: Mapped[int] = mapped_column(Integer)
    utf16: Mapped[int] = mapped_column(Integer)
    utf8: Mapped[int] = mapped_column(Integer)
    bom_removed: Mapped[bool] = mapped_column(Boolean)
    newlines_converted: Mapped[int] = mapped_column(Integer)
    created_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Time)
