"""What every format carries: a document with its annotations and relations, people by name.

Offsets are code points, half-open and zero-based. Ids are those of the rows; relations name their
ends by them.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A reviewer's verdict on one version."""

    version: int
    verdict: str
    comment: str | None
    reviewer: str
    decided_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AnnotationRecord:
    """An annotation as it stands, with the decisions that were taken on it, oldest first."""

    id: UUID
    external_id: str | None
    label: str
    start: int
    end: int
    quote: str
    fragments: list[dict[str, Any]] | None
    attributes: dict[str, Any]
    note: str | None
    origin: str
    confidence: float | None
    author: str
    edited_by: str
    status: str
    decided_by: str | None
    decided_at: dt.datetime | None
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    decisions: list[DecisionRecord] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RelationRecord:
    """A link between two annotations of the document."""

    id: UUID
    type: str
    source: UUID
    target: UUID
    author: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document with its current text, its annotations in text order, its relations by age."""

    id: UUID
    external_id: str | None
    title: str
    text: str
    language: str | None
    source_url: str | None
    published_on: dt.date | None
    metadata: dict[str, Any]
    revision: int
    sha256: str
    bom_removed: bool
    newlines_converted: int
    version: int
    created_by: str | None
    created_at: dt.datetime
    updated_at: dt.datetime
    annotations: list[AnnotationRecord] = field(default_factory=list)
    relations: list[RelationRecord] = field(default_factory=list)
