"""JSON Lines: a document a line, with its annotations, their decisions, and its relations.

Of all that Stet holds only the superseded versions are left out.
"""

from collections.abc import Iterator
from typing import Any

from app.core.errors import InvalidFile, InvalidJson, TooLarge
from app.core.jsontext import dump_json, one_line
from app.core.timestamps import rfc3339
from app.formats import values
from app.formats.kinds import Kind
from app.formats.record import AnnotationRecord, DocumentRecord, Head, Item, RelationRecord

SUFFIX = "jsonl"
LOSES: frozenset[Kind] = frozenset()

MAX_LINE_BYTES = 256 * 1024 * 1024
"""How long a line may be: a document of the longest text with all its annotations has room."""


class Writer:
    """Records to lines."""

    def __init__(self, head: Head) -> None:
        """Every line stands by itself, so the head is not needed."""

    def write(self, record: DocumentRecord) -> bytes:
        """The record's line."""
        line = {
            "id": str(record.id),
            "external_id": record.external_id,
            "title": record.title,
            "language": record.language,
            "source_url": record.source_url,
            "published_on": record.published_on and record.published_on.isoformat(),
            "metadata": record.metadata,
            "version": record.version,
            "created_by": record.created_by,
            "created_at": rfc3339(record.created_at),
            "updated_at": rfc3339(record.updated_at),
            "revision": record.revision,
            "sha256": record.sha256,
            "normalized": {
                "bom_removed": record.bom_removed,
                "newlines_converted": record.newlines_converted,
            },
            "text": record.text,
            "offset_unit": "code_points",
            "annotations": [_annotation(annotation) for annotation in record.annotations],
            "relations": [_relation(relation) for relation in record.relations],
        }
        return f"{one_line(dump_json(line))}\n".encode()

    def close(self) -> tuple[bytes, ...]:
        """Nothing more."""
        return ()


def _annotation(record: AnnotationRecord) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "external_id": record.external_id,
        "label": record.label,
        "start": record.start,
        "end": record.end,
        "quote": record.quote,
        "fragments": record.fragments,
        "attributes": record.attributes,
        "note": record.note,
        "origin": record.origin,
        "confidence": record.confidence,
        "author": record.author,
        "edited_by": record.edited_by,
        "status": record.status,
        "decided_by": record.decided_by,
        "decided_at": record.decided_at and rfc3339(record.decided_at),
        "version": record.version,
        "created_at": rfc3339(record.created_at),
        "updated_at": rfc3339(record.updated_at),
        "decisions": [
            {
                "version": decision.version,
                "verdict": decision.verdict,
                "comment": decision.comment,
                "reviewer": decision.reviewer,
                "decided_at": rfc3339(decision.decided_at),
            }
            for decision in record.decisions
        ],
    }


def _relation(record: RelationRecord) -> dict[str, Any]:
    return {
        "id": str(record.id),
        "type": record.type,
        "source": str(record.source),
        "target": str(record.target),
        "author": record.author,
        "created_at": rfc3339(record.created_at),
    }


class Lines:
    """Bytes to numbered lines without their newline, however the bytes are cut."""

    def __init__(self) -> None:
        """Begins at line 1."""
        self._rest = bytearray()
        self._number = 0

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that end in this chunk."""
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            self._rest += line
            yield self._ended()
        self._rest += rest
        if len(self._rest) > MAX_LINE_BYTES:
            raise InvalidFile(
                f"Line {self._number + 1} is longer than the {MAX_LINE_BYTES} bytes of a line."
            )

    def close(self) -> Iterator[tuple[int, bytes]]:
        """The last line, if no newline ended it."""
        if self._rest:
            yield self._ended()

    def _ended(self) -> tuple[int, bytes]:
        line, self._rest = bytes(self._rest), bytearray()
        self._number += 1
        return self._number, line


class Reader:
    """Lines to values, however the bytes are cut; what they must be is for the importer to say."""

    def __init__(self, head: Head) -> None:  # noqa: ARG002  # the protocol's argument
        """A line says itself what it needs of a head."""
        self._lines = Lines()

    def feed(self, chunk: bytes) -> Iterator[Item]:
        """The lines that end in this chunk."""
        yield from self._items(self._lines.feed(chunk))

    def close(self) -> Iterator[Item]:
        """The last line, if no newline ended it."""
        yield from self._items(self._lines.close())

    def _items(self, lines: Iterator[tuple[int, bytes]]) -> Iterator[Item]:
        for number, line in lines:
            if not line.strip():
                continue
            try:
                yield Item(number, values.parse(line), size=len(line))
            except (InvalidJson, TooLarge) as problem:
                yield Item(number, None, problem)
