"""A span a row: the columns that ``csv`` and ``parquet`` share, and what stands in them."""

from collections.abc import Iterator
from typing import Any

from app.formats.kinds import Kind
from app.formats.record import DocumentRecord, Head

LOSES = frozenset(
    {
        # A document stands in the rows of its spans, by what finds it again.
        Kind.TEXT,
        Kind.DOCUMENTS,
        Kind.SOURCE_URL,
        Kind.PUBLISHED_ON,
        Kind.METADATA,
        Kind.CREATED_BY,
        Kind.DECISIONS,
        Kind.RELATIONS,
        # Of annotations there are version and times, of documents neither.
        Kind.HISTORY,
    }
)

_OF_DOCUMENT = ("document_id", "document_external_id", "document_title", "language")
_OF_ANNOTATION = (
    "annotation_id",
    "external_id",
    "label",
    "start",
    "end",
    "quote",
    "fragments",
    "status",
    "author",
    "edited_by",
    "origin",
    "confidence",
    "decided_by",
    "decided_at",
    "version",
    "created_at",
    "updated_at",
    "note",
)
FIXED = (*_OF_DOCUMENT, *_OF_ANNOTATION)
"""The columns that every file has, before those of the attributes."""


def columns(head: Head) -> tuple[str, ...]:
    """The names of all columns, in order."""
    return (*FIXED, *(f"attribute.{name}" for name in head.attributes))


def rows(record: DocumentRecord, head: Head) -> Iterator[list[Any]]:
    """A row for each annotation, in text order: for each column the value as the record has it."""
    document = (str(record.id), record.external_id, record.title, record.language)
    for annotation in record.annotations:
        yield [
            *document,
            str(annotation.id),
            *(getattr(annotation, name) for name in _OF_ANNOTATION[1:]),
            *map(annotation.attributes.get, head.attributes),
        ]
