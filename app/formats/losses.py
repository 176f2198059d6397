"""What a format cannot hold, said of each document: by kind, with an example."""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from uuid import UUID

from app.core.timestamps import rfc3339
from app.formats.kinds import Kind, kind_of
from app.formats.record import AnnotationRecord, DocumentRecord


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a format cannot hold."""

    kind: Kind
    subject: UUID
    """The document, annotation or relation."""
    example: str
    """What it is, in at most some 80 characters."""


def lost(record: DocumentRecord, loses: Set[Kind]) -> Iterator[Loss]:
    """What of the record is of one of the kinds, the document first, then in the record's order.

    ``OVERLAPS`` and ``BOUNDS`` depend on how a format cuts a text, so the format says them itself.
    """
    for kind, subject, example in _parts(record):
        if kind in loses:
            yield Loss(kind, subject, example if len(example) <= 80 else f"{example[:79]}…")


def _parts(record: DocumentRecord) -> Iterator[tuple[Kind, UUID, str]]:
    for kind, example in _document_parts(record):
        yield kind, record.id, example
    for annotation in record.annotations:
        for kind, example in _annotation_parts(annotation):
            yield kind, annotation.id, example
    for relation in record.relations:
        yield Kind.RELATIONS, relation.id, relation.type
        yield Kind.AUTHORS, relation.id, relation.author
        yield Kind.HISTORY, relation.id, rfc3339(relation.created_at)


def _document_parts(record: DocumentRecord) -> Iterator[tuple[Kind, str]]:
    yield Kind.IDS, str(record.id)
    yield Kind.TEXT, record.text[:100]
    if not record.annotations:
        yield Kind.DOCUMENTS, record.title
    yield Kind.TITLE, record.title
    day = record.published_on
    for kind, value in (
        (Kind.EXTERNAL_IDS, record.external_id),
        (Kind.LANGUAGE, record.language),
        (Kind.SOURCE_URL, record.source_url),
        (Kind.PUBLISHED_ON, None if day is None else day.isoformat()),
        (Kind.CREATED_BY, record.created_by),
    ):
        if value is not None:
            yield kind, value
    if record.metadata:
        yield Kind.METADATA, ", ".join(record.metadata)
    yield Kind.HISTORY, f"version {record.version}"


def _annotation_parts(annotation: AnnotationRecord) -> Iterator[tuple[Kind, str]]:
    yield Kind.IDS, str(annotation.id)
    if annotation.external_id is not None:
        yield Kind.EXTERNAL_IDS, annotation.external_id
    if annotation.fragments is not None:
        yield Kind.FRAGMENTS, annotation.quote[:100]
    for name, value in annotation.attributes.items():
        kind = kind_of(value)
        yield kind, f"{name}: {value}" if kind is Kind.ATTRIBUTES else name
    if annotation.note is not None:
        yield Kind.NOTES, annotation.note[:100]
    if annotation.origin != "human" or annotation.confidence is not None:
        yield Kind.ORIGIN, annotation.origin
    yield Kind.AUTHORS, annotation.author
    if annotation.status != "pending":
        yield Kind.STATUS, annotation.status
    for decision in annotation.decisions:
        yield Kind.DECISIONS, f"{decision.verdict} of version {decision.version}"
    yield Kind.HISTORY, f"version {annotation.version}"
