"""What the two formats of rows are tested with."""

import datetime as dt
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.formats.codecs import Writer
from app.formats.record import AnnotationRecord, DocumentRecord, Head
from tests import make
from tests.formats.test_jsonl import ANNOTATION, DOCUMENT

HEAD = Head(
    project="demo",
    scheme={
        "labels": [
            *make.TYPED_SCHEME["labels"],
            {"name": "other", "attributes": [{"name": "count", "type": "string"}]},
        ],
        "relations": [],
    },
    scheme_version=3,
    sequence=7,
)
"""With an attribute, ``count``, whose type differs between labels."""

LATER = dt.datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=dt.UTC)
ATTRIBUTES: dict[str, Any] = {
    "text": "",
    "texts": ["a,b", 'say "x"', "line\nbreak"],
    "kind": "один",
    "kinds": [],
    "sure": True,
    "count": 2**53 - 1,
    "score": 3,
    "where": {"start": 0, "end": 1, "quote": "😀"},
}
FRAGMENTS = [{"start": 0, "end": 1, "quote": "😀"}, {"start": 2, "end": 3, "quote": "a"}]
RICH = replace(
    ANNOTATION,
    label="mark",
    end=3,
    quote="😀 a",
    fragments=FRAGMENTS,
    attributes=ATTRIBUTES,
    note='one, "two"\nthree\r',
    origin="model",
    confidence=0.1,
    updated_at=LATER,
)
BARE = replace(
    ANNOTATION,
    id=make.id_of(3),
    external_id=None,
    label="other",
    attributes={"count": "many"},
    status="pending",
    decided_by=None,
    decided_at=None,
)


def document(*annotations: AnnotationRecord, number: int = 1) -> DocumentRecord:
    return replace(
        DOCUMENT, id=make.id_of(number), annotations=list(annotations), relations=[], title=" T,"
    )


def content(writer: Writer, documents: Iterable[DocumentRecord]) -> bytes:
    return b"".join([*map(writer.write, documents), *writer.close()])


def peak(writer: Writer, documents: Iterable[DocumentRecord]) -> int:
    """How many bytes Python holds at most while the documents are written and thrown away."""
    tracemalloc.start()
    try:
        for record in documents:
            writer.write(record)
        for _ in writer.close():
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
