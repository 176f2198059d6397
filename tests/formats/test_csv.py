"""pandas, DuckDB and Python's own reader find the same values."""

import csv
import io
import json
from pathlib import Path

import duckdb
import pandas as pd
from hypothesis import given, settings

from app.formats.csv import Writer
from app.formats.record import DocumentRecord
from app.formats.rows import columns
from tests import make
from tests.formats import records, tables
from tests.formats.tables import BARE, HEAD, RICH, content, document

EXPECTED = {
    "document_id": str(make.id_of(1)),
    "document_external_id": "",
    "document_title": " T,",
    "language": "de",
    "annotation_id": str(make.id_of(2)),
    "external_id": "c1",
    "label": "mark",
    "start": "0",
    "end": "3",
    "quote": "😀 a",
    "status": "approved",
    "author": "a",
    "edited_by": "b",
    "origin": "model",
    "confidence": "0.1",
    "decided_by": "r",
    "decided_at": "2026-01-01T00:00:00.000000Z",
    "version": "2",
    "created_at": "2026-01-01T00:00:00.000000Z",
    "updated_at": "2026-11-23T09:00:00.123456Z",
    "note": 'one, "two"\nthree\r',
    "attribute.text": "",
    "attribute.kind": "один",
    "attribute.sure": "true",
    "attribute.count": "9007199254740991",
    "attribute.score": "3",
}
AS_JSON = {
    "fragments": tables.FRAGMENTS,
    "attribute.texts": ["a,b", 'say "x"', "line\nbreak"],
    "attribute.kinds": [],
    "attribute.where": {"start": 0, "end": 1, "quote": "😀"},
}


def check(row: dict[str, str]) -> None:
    assert {name: json.loads(row[name]) for name in AS_JSON} == AS_JSON
    assert {name: row[name] for name in row if name not in AS_JSON} == {
        **EXPECTED,
        "attribute.why": "",
    }


def test_pandas_finds_the_same_values() -> None:
    written = content(Writer(HEAD), [document(RICH, BARE)])

    frame = pd.read_csv(io.BytesIO(written), dtype=str, keep_default_na=False)

    assert tuple(frame.columns) == columns(HEAD)
    first, second = frame.to_dict("records")
    check({str(name): value for name, value in first.items()})
    assert second["attribute.count"] == "many"
    assert second["decided_at"] == second["attribute.sure"] == ""


def test_duckdb_tells_an_empty_text_from_none(tmp_path: Path) -> None:
    path = tmp_path / "spans.csv"
    path.write_bytes(content(Writer(HEAD), [document(RICH, BARE)]))

    with duckdb.connect() as db:
        found = db.execute(
            "SELECT * FROM read_csv(?, header=true, all_varchar=true, allow_quoted_nulls=false, "
            "quote='\"', escape='\"', delim=',')",
            [str(path)],
        ).fetchall()

    first, second = (dict(zip(columns(HEAD), row, strict=True)) for row in found)
    assert first["attribute.text"] == ""
    assert first["attribute.why"] is first["document_external_id"] is None
    assert second["attribute.text"] is second["external_id"] is None
    check({name: "" if value is None else value for name, value in first.items()})


def test_a_file_without_spans_names_its_columns() -> None:
    header = ",".join(columns(HEAD)).encode() + b"\r\n"

    assert content(Writer(HEAD), []) == header
    assert content(Writer(HEAD), [document()]) == header


@settings(max_examples=60)
@given(records.documents())
def test_every_span_is_a_row(record: DocumentRecord) -> None:
    written = content(Writer(records.HEAD), [record]).decode()

    found = list(csv.DictReader(io.StringIO(written, newline="")))

    assert [
        (row["annotation_id"], row["quote"], row["note"], row["attribute.text"]) for row in found
    ] == [
        (str(it.id), it.quote, it.note or "", it.attributes.get("text", ""))
        for it in record.annotations
    ]


def test_memory_does_not_grow_with_the_documents() -> None:
    documents = (document(RICH, BARE, number=number) for number in range(5_000))

    assert tables.peak(Writer(HEAD), documents) < 1024 * 1024
