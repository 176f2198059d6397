"""Label Studio's JSON: an array of tasks, each with one annotation that holds all regions.

Offsets are code points, which ``label_studio_spans`` says how we know. A span is a region of type
``labels``; what the scheme gives it beside is a result of the same id: enums and truth values as
``choices``, texts as ``textarea``, numbers as ``number``. What Label Studio has no place for stands
under ``stet`` in the task's data and in a region's ``meta``, which it keeps. All regions are in one
annotation, whoever wrote them, because its relations cannot leave an annotation.

A region is one stretch of text, so the gaps of a span are lost. Who wrote what and how it was
reviewed is left out: what is edited in Label Studio must not come back as approved.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_json

from app.core.vocabulary import AttributeType
from app.formats.kinds import Kind
from app.formats.label_studio_reading import LABEL, Reader
from app.formats.label_studio_texts import TEXT
from app.formats.record import AnnotationRecord, DocumentRecord, Head

__all__ = ["LOSES", "SUFFIX", "Reader", "Writer"]

SUFFIX = "json"
LOSES = frozenset(
    {
        Kind.FRAGMENTS,
        Kind.SPAN_ATTRIBUTES,
        Kind.CREATED_BY,
        Kind.AUTHORS,
        Kind.STATUS,
        Kind.DECISIONS,
        Kind.HISTORY,
    }
)

_CHOSEN = {AttributeType.ENUM, AttributeType.ENUMS}


class Writer:
    """Records to tasks."""

    def __init__(self, head: Head) -> None:
        """The scheme says which attributes are chosen from a list."""
        self._labels = head.labels
        self._tasks = 0

    def write(self, record: DocumentRecord) -> bytes:
        """The document's task."""
        self._tasks += 1
        result = [
            part
            for annotation in record.annotations
            for part in _region(annotation, self._labels.get(annotation.label, {}))
        ]
        result += [
            {
                "id": relation.id,
                "type": "relation",
                "from_id": relation.source,
                "to_id": relation.target,
                "direction": "right",
                "labels": [relation.type],
            }
            for relation in record.relations
        ]
        particulars = {
            "id": record.id,
            "external_id": record.external_id,
            "title": record.title,
            "language": record.language,
            "source_url": record.source_url,
            "published_on": record.published_on,
            # As text: here it stands deeper than a document may be nested as a whole.
            "metadata": json.dumps(record.metadata, ensure_ascii=False),
        }
        task = {
            "id": self._tasks,
            "data": {"text": record.text, "stet": particulars},
            "annotations": [{"result": result}] if result else [],
        }
        return (b"[\n" if self._tasks == 1 else b",\n") + to_json(task)

    def close(self) -> tuple[bytes, ...]:
        """The end of the array."""
        return (b"\n]\n",) if self._tasks else (b"[]\n",)


def _region(
    annotation: AnnotationRecord, types: Mapping[str, AttributeType]
) -> Iterator[dict[str, Any]]:
    bounds = {"start": annotation.start, "end": annotation.end}
    kept: dict[str, Any] = {"origin": annotation.origin}
    if annotation.external_id is not None:
        kept["external_id"] = annotation.external_id
    if annotation.confidence is not None:
        kept["confidence"] = annotation.confidence
    meta: dict[str, Any] = {"stet": kept}
    if annotation.note is not None:
        meta["text"] = [annotation.note]
    yield {
        "id": annotation.id,
        "from_name": LABEL,
        "to_name": TEXT,
        "type": "labels",
        "value": {**bounds, "text": annotation.quote, "labels": [annotation.label]},
        "meta": meta,
    }
    for name, value in annotation.attributes.items():
        said = _said(value, types.get(name))
        if said is None:
            continue
        type, key, written = said
        whole = bounds if type == "textarea" else {**bounds, "text": annotation.quote}
        yield {
            "id": annotation.id,
            "from_name": name,
            "to_name": TEXT,
            "type": type,
            "value": {**whole, key: written},
        }


def _said(value: Any, type: AttributeType | None) -> tuple[str, str, Any] | None:
    """A result's type, the key of its value and the value; None for a span, which none can be."""
    match value:
        case dict():
            return None
        case bool():
            return "choices", "choices", ["true" if value else "false"]
        case int() | float():
            return "number", "number", value
        case _:
            values = value if isinstance(value, list) else [value]
            chosen = type in _CHOSEN
            return ("choices", "choices", values) if chosen else ("textarea", "text", values)
