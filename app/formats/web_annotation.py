"""W3C Web Annotation, as one JSON-LD document: a graph of documents, each before its annotations.

A span is an Annotation that classifies: its label and its note are textual bodies, its target is
the document with a position (code points, as the model has it) and a quote with what stands around
it. A relation is an Annotation that links: its body is the target's id, its target the source's.
All else is in Stet's own terms, which the document's context declares, so that nothing is lost.

https://www.w3.org/TR/annotation-model/
"""

from typing import Any
from uuid import UUID

from pydantic_core import to_json

from app.core.timestamps import rfc3339
from app.formats.kinds import Kind
from app.formats.record import AnnotationRecord, DocumentRecord, Head, RelationRecord
from app.formats.web_annotation_reading import Reader

__all__ = ["LOSES", "SUFFIX", "Reader", "Writer"]

SUFFIX = "jsonld"
LOSES: frozenset[Kind] = frozenset()

CONTEXT_CHARS = 32
"""How much of the text before and after a quote stands with it, in code points."""

_JSON = ("attributes", "decisions", "fragments", "metadata", "normalized")
CONTEXT: list[Any] = [
    "http://www.w3.org/ns/anno.jsonld",
    {
        "@version": 1.1,
        "stet": "urn:stet:terms:",
        # What has no shape of its own in RDF stays JSON.
        **{f"stet:{name}": {"@id": f"stet:{name}", "@type": "@json"} for name in _JSON},
    },
]


class Writer:
    """Records to the nodes of a graph."""

    def __init__(self, head: Head) -> None:  # noqa: ARG002  # the protocol's argument
        """A node says itself what it needs of a head."""
        self._began = False

    def write(self, record: DocumentRecord) -> bytes:
        """The document's node and those of its annotations and relations."""
        nodes = [
            _document(record),
            *(_annotation(annotation, record) for annotation in record.annotations),
            *(_relation(relation) for relation in record.relations),
        ]
        start = b",\n" if self._began else self._start()
        self._began = True
        return start + b",\n".join(map(to_json, nodes))

    def close(self) -> tuple[bytes, ...]:
        """The end of the graph."""
        return (b"\n]}\n",) if self._began else (self._start(), b"]}\n")

    @staticmethod
    def _start() -> bytes:
        return b'{"@context":' + to_json(CONTEXT) + b',"@graph":[\n'


def _document(record: DocumentRecord) -> dict[str, Any]:
    return _said(
        {
            "id": _urn(record.id),
            "type": "stet:Document",
            "stet:external_id": record.external_id,
            "stet:title": record.title,
            "stet:language": record.language,
            "stet:source_url": record.source_url,
            "stet:published_on": record.published_on,
            "stet:metadata": record.metadata,
            "stet:version": record.version,
            "stet:created_by": record.created_by,
            "stet:created_at": rfc3339(record.created_at),
            "stet:updated_at": rfc3339(record.updated_at),
            "stet:revision": record.revision,
            "stet:sha256": record.sha256,
            "stet:normalized": {
                "bom_removed": record.bom_removed,
                "newlines_converted": record.newlines_converted,
            },
            "stet:text": record.text,
        }
    )


def _annotation(annotation: AnnotationRecord, record: DocumentRecord) -> dict[str, Any]:
    start, end = annotation.start, annotation.end
    body = [{"type": "TextualBody", "purpose": "classifying", "value": annotation.label}]
    if annotation.note is not None:
        body.append({"type": "TextualBody", "purpose": "commenting", "value": annotation.note})
    return _said(
        {
            "id": _urn(annotation.id),
            "type": "Annotation",
            "motivation": "classifying",
            "creator": {"type": "Person", "nickname": annotation.author},
            "created": rfc3339(annotation.created_at),
            "modified": rfc3339(annotation.updated_at),
            "body": body,
            "target": {
                "source": _urn(record.id),
                "selector": [
                    {"type": "TextPositionSelector", "start": start, "end": end},
                    {
                        "type": "TextQuoteSelector",
                        "exact": annotation.quote,
                        "prefix": record.text[max(0, start - CONTEXT_CHARS) : start],
                        "suffix": record.text[end : end + CONTEXT_CHARS],
                    },
                ],
            },
            "stet:external_id": annotation.external_id,
            "stet:fragments": annotation.fragments,
            "stet:attributes": annotation.attributes,
            "stet:origin": annotation.origin,
            "stet:confidence": annotation.confidence,
            "stet:edited_by": annotation.edited_by,
            "stet:status": annotation.status,
            "stet:decided_by": annotation.decided_by,
            "stet:decided_at": annotation.decided_at and rfc3339(annotation.decided_at),
            "stet:version": annotation.version,
            "stet:decisions": [
                {
                    "version": decision.version,
                    "verdict": decision.verdict,
                    "comment": decision.comment,
                    "reviewer": decision.reviewer,
                    "decided_at": rfc3339(decision.decided_at),
                }
                for decision in annotation.decisions
            ],
        }
    )


def _relation(relation: RelationRecord) -> dict[str, Any]:
    return {
        "id": _urn(relation.id),
        "type": "Annotation",
        "motivation": "linking",
        "creator": {"type": "Person", "nickname": relation.author},
        "created": rfc3339(relation.created_at),
        "body": [
            _urn(relation.target),
            {"type": "TextualBody", "purpose": "tagging", "value": relation.type},
        ],
        "target": _urn(relation.source),
    }


def _said(node: dict[str, Any]) -> dict[str, Any]:
    """The node without what is not there: in JSON-LD null says nothing."""
    return {name: value for name, value in node.items() if value is not None}


def _urn(id: UUID) -> str:
    return id.urn
