"""The codec by itself: bytes and records, however the bytes are cut."""

import json

import pytest

from app.core.vocabulary import Verdict
from app.formats.jsonl import Reader, Writer
from app.formats.record import (
    AnnotationRecord,
    DecisionRecord,
    DocumentRecord,
    Item,
    RelationRecord,
)
from tests import make
from tests.formats import records

ANNOTATION = AnnotationRecord(
    id=make.id_of(2),
    external_id="c1",
    label="claim",
    start=0,
    end=1,
    quote="😀",
    fragments=None,
    attributes={"speaker": "مرحبا", "n": 1.5},
    note=None,
    origin="human",
    confidence=None,
    author="a",
    edited_by="b",
    status="approved",
    decided_by="r",
    decided_at=make.MOMENT,
    version=2,
    created_at=make.MOMENT,
    updated_at=make.MOMENT,
    decisions=[DecisionRecord(1, Verdict.APPROVE, None, "r", make.MOMENT)],
)
DOCUMENT = DocumentRecord(
    id=make.id_of(1),
    external_id=None,
    title="Ärger\u2028",
    text="😀 a\nb\t",
    language="de",
    source_url=None,
    published_on=make.MOMENT.date(),
    metadata={"big": 10**30, "nested": {"é": [None, True]}},
    revision=1,
    sha256="0" * 64,
    bom_removed=False,
    newlines_converted=2,
    version=1,
    created_by=None,
    created_at=make.MOMENT,
    updated_at=make.MOMENT,
    annotations=[ANNOTATION],
    relations=[
        RelationRecord(make.id_of(3), "repeats", make.id_of(2), make.id_of(4), "a", make.MOMENT)
    ],
)


def test_a_record_is_one_line() -> None:
    written = Writer(records.HEAD).write(DOCUMENT)

    assert written.endswith(b"\n")
    assert written.count(b"\n") == 1
    line = json.loads(written)
    assert line["text"] == DOCUMENT.text
    assert line["title"] == DOCUMENT.title
    assert line["metadata"] == DOCUMENT.metadata
    assert line["published_on"] == "2026-01-01"
    assert line["created_at"] == "2026-01-01T00:00:00.000000Z"
    assert line["annotations"][0]["attributes"] == ANNOTATION.attributes
    assert line["annotations"][0]["decisions"][0]["verdict"] == "approve"
    assert line["relations"][0]["target"] == str(make.id_of(4))


def test_lines_are_read_alike_however_the_bytes_are_cut() -> None:
    content = Writer(records.HEAD).write(DOCUMENT) + b"\n  \n" + b'{"last": 1}'
    whole = Reader(records.HEAD)
    expected = [*whole.feed(content), *whole.close()]

    for size in range(1, len(content) + 1):
        reader = Reader(records.HEAD)
        found: list[Item] = []
        for start in range(0, len(content), size):
            found += reader.feed(content[start : start + size])
        assert [*found, *reader.close()] == expected
    assert [line.line for line in expected] == [1, 4]
    assert expected[1].value == {"last": 1}


@pytest.mark.parametrize(
    "bad", [b"{", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 2}', b'"\\ud800"', b"\xef\xbb\xbf{}"]
)
def test_a_line_that_is_not_json_is_told_by_its_number(bad: bytes) -> None:
    reader = Reader(records.HEAD)

    first, second = reader.feed(b"{}\n" + bad + b"\n")

    assert first == Item(1, {}, size=2)
    assert second.line == 2
    assert second.problem is not None
    assert second.problem.code == "invalid-json"
