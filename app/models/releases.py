"""Releases: what a project held at one moment, by reference to what never changes."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKey, Integer, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database.columns import Json, Time
from app.models.base import Base


class Release(Base):
    """A frozen selection of a project. Without a digest it is still being made."""

    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    filter: Mapped[dict[str, Any]] = mapped_column(Json)
    snapshot: Mapped[int] = mapped_column(BigInteger)
    scheme_version: Mapped[int] = mapped_column(Integer)
    counts: Mapped[dict[str, Any] | None] = mapped_column(Json)
    sha256: Mapped[str | None] = mapped_column(Text)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[dt.datetime] = mapped_column(Time)


class ReleasedDocument(Base):
    """A document in a release: its particulars then, which can change; its text cannot."""

    __tablename__ = "released_documents"

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"), primary_key=True)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    external_id: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    source_url: Mapped[str | None] = mapped_column(Text)
    published_on: Mapped[dt.date | None] = mapped_column(Date)
    # SQLAlchemy keeps the name "metadata" of a mapped class for itself.
    details: Mapped[dict[str, Any]] = mapped_column("metadata", Json)
    version: Mapped[int] = mapped_column(Integer)
    updated_at: Mapped[dt.datetime] = mapped_column(Time)


class ReleasedAnnotation(Base):
    """A version of an annotation in a release."""

    __tablename__ = "released_annotations"

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"), primary_key=True)
    annotation_id: Mapped[UUID] = mapped_column(ForeignKey("annotations.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)


class ReleasedRelation(Base):
    """A relation in a release."""

    __tablename__ = "released_relations"

    release_id: Mapped[UUID] = mapped_column(ForeignKey("releases.id"), primary_key=True)
    relation_id: Mapped[UUID] = mapped_column(ForeignKey("relations.id"), primary_key=True)
