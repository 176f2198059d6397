"""doccano's JSON Lines: a text a line, with entities and the relations between them.

doccano keeps members that it does not know and gives them back, so that of each document the
particulars stand in one of them, ``stet``; ids stand there by what an entity says, for doccano
numbers entities anew. Entities that were added in doccano are new here, and of one that was deleted
there nothing is left: the entities say what is, not ``stet``.

Read too is what doccano writes of projects without relations: ``label``, a list of triples of
start, end and label. Of a line of ours they count there, and not the entities that were uploaded.
Offsets are code points.
"""

import json

from app.core.ids import ById
from app.core.jsontext import one_line
from app.formats.doccano_reading import PARTICULARS, Reader
from app.formats.kinds import Kind
from app.formats.record import DocumentRecord, Head

__all__ = ["LOSES", "SUFFIX", "Reader", "Writer"]

SUFFIX = "jsonl"
LOSES = frozenset(
    {
        Kind.FRAGMENTS,
        Kind.ATTRIBUTES,
        Kind.LIST_ATTRIBUTES,
        Kind.SPAN_ATTRIBUTES,
        Kind.NOTES,
        Kind.ORIGIN,
        Kind.CREATED_BY,
        Kind.AUTHORS,
        Kind.STATUS,
        Kind.DECISIONS,
        Kind.HISTORY,
    }
)


class Writer:
    """Records to lines."""

    def __init__(self, head: Head) -> None:  # noqa: ARG002  # the protocol's argument
        """Documents, entities and relations are numbered from 1 through the whole file."""
        self._documents = 0
        self._entities = 0
        self._relations = 0

    def write(self, record: DocumentRecord) -> bytes:
        """The record's line."""
        self._documents += 1
        numbers: ById[int] = ById()
        entities, annotations = [], []
        for annotation in record.annotations:
            self._entities += 1
            numbers[annotation.id] = self._entities
            said = {
                "label": annotation.label,
                "start_offset": annotation.start,
                "end_offset": annotation.end,
            }
            entities.append({"id": self._entities, **said})
            ids = {"id": str(annotation.id), "external_id": annotation.external_id}
            annotations.append({**ids, **said})
        relations, links = [], []
        for relation in record.relations:
            self._relations += 1
            ends = {"from_id": numbers[relation.source], "to_id": numbers[relation.target]}
            relations.append({"id": self._relations, **ends, "type": relation.type})
            joined = {"source": str(relation.source), "target": str(relation.target)}
            links.append({"id": str(relation.id), "type": relation.type, **joined})
        line = {
            "id": self._documents,
            "text": record.text,
            "entities": entities,
            "relations": relations,
            "Comments": [],
            "stet": {
                "id": str(record.id),
                **{name: getattr(record, name) for name in PARTICULARS},
                # As text: doccano's export rounds numbers to ten digits and stops at large ones.
                "metadata": json.dumps(record.metadata, ensure_ascii=False),
                "annotations": annotations,
                "relations": links,
            },
        }
        return f"{one_line(json.dumps(line, ensure_ascii=False, default=str))}\n".encode()

    def close(self) -> tuple[bytes, ...]:
        """Nothing more."""
        return ()
