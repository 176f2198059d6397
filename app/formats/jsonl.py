"""JSON Lines: a document a line, with its annotations, their decisions, and its relations.

Of all that Stet holds only the superseded versions are left out.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from app.core import body
from app.core.errors import InvalidJson
from app.core.moments import rfc3339
from app.formats.record import AnnotationRecord, DocumentRecord, RelationRecord

MEDIA_TYPE = "application/x-ndjson"
SUFFIX = "jsonl"


def _moment(value: dt.datetime | None) -> str | None:
    return None if value is None else rfc3339(value)


class Writer:
    """Records to lines."""

    def write(self, record: DocumentRecord) -> bytes:
        """The record's line."""
        line = {
            "id": record.id,
            "external_id": record.external_id,
            "title": record.title,
            "language": record.language,
            "source_url": record.source_url,
            "published_on": record.published_on,
            "metadata": record.metadata,
            "version": record.version,
            "created_by": record.created_by,
            "created_at": _moment(record.created_at),
            "updated_at": _moment(record.updated_at),
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
        return to_json(line) + b"\n"

    def close(self) -> bytes:
        """Nothing more."""
        return b""


def _annotation(record: AnnotationRecord) -> dict[str, Any]:
    return {
        "id": record.id,
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
        "decided_at": _moment(record.decided_at),
        "version": record.version,
        "created_at": _moment(record.created_at),
        "updated_at": _moment(record.updated_at),
        "decisions": [
            {
                "version": decision.version,
                "verdict": decision.verdict,
                "comment": decision.comment,
                "reviewer": decision.reviewer,
                "decided_at": _moment(decision.decided_at),
            }
            for decision in record.decisions
        ],
    }


def _relation(record: RelationRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "type": record.type,
        "source": record.source,
        "target": record.target,
        "author": record.author,
        "created_at": _moment(record.created_at),
    }


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, read but not yet checked against a project."""

    number: int
    value: Any
    problem: InvalidJson | None = None


class Reader:
    """Lines to values, however the bytes are cut; what they must be is for the importer to say."""

    def __init__(self) -> None:
        """Begins at line 1."""
        self._rest = b""
        self._number = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in this chunk."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        return list(self._read(whole))

    def close(self) -> list[Line]:
        """The last line, if no newline ended it."""
        last, self._rest = self._rest, b""
        return list(self._read([last]))

    def _read(self, lines: list[bytes]) -> Iterator[Line]:
        for line in lines:
            self._number += 1
            if not line.strip():
                continue
            try:
                yield Line(self._number, body.parse(line))
            except InvalidJson as problem:
                yield Line(self._number, None, problem)
