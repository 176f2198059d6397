"""Verified spans with their labels, every version that they had, and what joins them."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database.columns import Json, Time, Word, one_of
from app.core.vocabulary import Origin, Status
from app.models.base import Base

_LIVING = text("withdrawn_at IS NULL")


class Content:
    """What a version of an annotation says and how it stood: the same in row and history.

    Offsets are code points, half-open and zero-based; ``quote`` is cut from the revision's text.
    ``editor_id`` made this content, ``updated_by_id`` this version (an editor or a reviewer).
    """

    revision: Mapped[int] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(Text)
    start: Mapped[int] = mapped_column(Integer)
    end: Mapped[int] = mapped_column(Integer)
    quote: Mapped[str] = mapped_column(Text)
    fragments: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    attributes: Mapped[dict[str, Any]] = mapped_column(Json)
    note: Mapped[str | None] = mapped_column(Text)
    confidence: Mapped[float | None] = mapped_column(Float)
    warnings: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    status: Mapped[Status] = mapped_column(Word(Status))
    decided_at: Mapped[dt.datetime | None] = mapped_column(Time)
    updated_at: Mapped[dt.datetime] = mapped_column(Time)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(Time)


class Annotation(Content, Base):
    """A label on a span of one revision. Its current version is this row; older ones are history.

    Nothing is unique about a span. ``project_id`` repeats the document's, so that a project's lists
    need no join and the table can be sharded by it; ``sequence`` is the change that created it.
    """

    __tablename__ = "annotations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["document_id", "revision"], ["revisions.document_id", "revisions.number"]
        ),
        one_of("status", Status),
        one_of("origin", Origin),
        CheckConstraint('0 <= start AND start < "end"', name="span_forward"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_range"),
        CheckConstraint("version >= 1", name="version_from_1"),
        Index(
            "uq_annotations_document_id_external_id",
            "document_id",
            "external_id",
            unique=True,
            sqlite_where=text("external_id IS NOT NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("external_id IS NOT NULL AND withdrawn_at IS NULL"),
        ),
        # A document's annotations in text order, and their counts by status from the index alone;
        # with those that were withdrawn, which releases may hold.
        Index(
            "ix_annotations_document_id_place",
            "document_id",
            "start",
            "end",
            "sequence",
            "status",
            "withdrawn_at",
        ),
        Index(None, "project_id", "sequence", sqlite_where=_LIVING, postgresql_where=_LIVING),
        Index(
            None, "project_id", "status", "sequence", sqlite_where=_LIVING, postgresql_where=_LIVING
        ),
        # What one author wrote. Each index takes 2 % of a create and of a decision, so labels and
        # origins, of which a project has few, have none.
        Index(
            None,
            "project_id",
            "author_id",
            "sequence",
            sqlite_where=_LIVING,
            postgresql_where=_LIVING,
        ),
        Index(None, "project_id", "updated_at", sqlite_where=_LIVING, postgresql_where=_LIVING),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    project_id: Mapped[UUID] = mapped_column(Uuid)
    document_id: Mapped[UUID] = mapped_column(Uuid)
    external_id: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[Origin] = mapped_column(Word(Origin))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    editor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    updated_by_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    version: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[dt.datetime] = mapped_column(Time)


class AnnotationVersion(Content, Base):
    """A version that was superseded: a copy of the row as it was."""

    __tablename__ = "annotation_versions"
    __table_args__ = (one_of("status", Status),)

    annotation_id: Mapped[UUID] = mapped_column(ForeignKey("annotations.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    editor_id: Mapped[UUID] = mapped_column(Uuid)
    decided_by_id: Mapped[UUID | None] = mapped_column(Uuid)
    updated_by_id: Mapped[UUID] = mapped_column(Uuid)


class Relation(Base):
    """A typed, directed link between two annotations of one document."""

    __tablename__ = "relations"
    __table_args__ = (
        CheckConstraint("source_id <> target_id", name="ends_differ"),
        # With those that were withdrawn, which releases may hold.
        Index("ix_relations_document_id_place", "document_id", "sequence"),
        Index(None, "source_id"),
        Index(None, "target_id"),
        Index(None, "project_id", "sequence"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    project_id: Mapped[UUID] = mapped_column(Uuid)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("documents.id"))
    type: Mapped[str] = mapped_column(Text)
    source_id: Mapped[UUID] = mapped_column(ForeignKey("annotations.id"))
    target_id: Mapped[UUID] = mapped_column(ForeignKey("annotations.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    version: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[dt.datetime] = mapped_column(Time)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(Time)
