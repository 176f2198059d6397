"""What every format carries: a document with its annotations and relations, people by name.

Offsets are code points, half-open and zero-based. Ids are those of the rows; relations name their
ends by them.
"""

import datetime as dt
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from app.core.errors import Problem
from app.core.vocabulary import AttributeType
from app.formats.kinds import Kind


@dataclass(frozen=True)
class Head:
    """What a file is of: the project and the scheme that its annotations follow."""

    project: str
    """The project's slug."""
    scheme: Mapping[str, Any]
    """The scheme's definition: ``labels`` with their ``attributes``, and ``relations``."""
    scheme_version: int
    sequence: int = 0
    """The last change in the snapshot that is written; 0 for a file that is read."""

    @cached_property
    def labels(self) -> Mapping[str, Mapping[str, AttributeType]]:
        """Each label's attributes and their types, in the scheme's order."""
        return {
            label["name"]: {
                attribute["name"]: AttributeType(attribute["type"])
                for attribute in label.get("attributes", ())
            }
            for label in self.scheme["labels"]
        }

    @cached_property
    def attributes(self) -> Mapping[str, frozenset[AttributeType]]:
        """Every attribute of any label, in the scheme's order, with the types that it has."""
        found: dict[str, frozenset[AttributeType]] = {}
        for attributes in self.labels.values():
            for name, type in attributes.items():
                found[name] = found.get(name, frozenset()) | {type}
        return found


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands."""

    line: int
    """Counted from 1; in a file that is not made of lines, the record."""
    pointer: str
    """A JSON Pointer below that line, or empty."""
    parts: Mapping[str, str] | None = None
    """Pointers below that one, by the names that the value has for what stands there."""


@dataclass(frozen=True, slots=True)
class Item:
    """A document read from a file, or why it could not be; not yet checked against a project.

    ``value`` has the shape of a line of ``jsonl``, whatever the format. Of an archive, ``file``
    names the member. ``places`` says where in the file a part of the value came from, by JSON
    Pointer into the value; what it does not list stands where what holds it does, under its own
    name unless that place's ``parts`` give another, and at last in ``line`` itself.
    """

    line: int
    value: Any
    problem: Problem | None = None
    file: str | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    size: int = 0
    """How many bytes or characters of the file it was read from, about."""
    unsaid: Set[Kind] = frozenset()
    """Of what kinds the file says nothing, so that it cannot mean that there is nothing of them."""
