"""pandas, DuckDB and Arrow find the same values, in their own types."""

import io
import json
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats.parquet import Writer
from app.formats.rows import columns
from tests import make
from tests.formats import records, tables
from tests.formats.tables import BARE, HEAD, LATER, RICH, content, document


def test_arrow_finds_the_same_values() -> None:
    table = pq.read_table(io.BytesIO(content(Writer(HEAD), [document(RICH, BARE)])))

    assert tuple(table.column_names) == columns(HEAD)
    first, second = table.to_pylist()
    assert first["document_id"] == str(make.id_of(1))
    assert (first["start"], first["end"], first["quote"]) == (0, 3, "😀 a")
    assert first["fragments"] == tables.FRAGMENTS
    assert first["decided_at"] == make.MOMENT
    assert first["updated_at"] == LATER
    assert {name: first[f"attribute.{name}"] for name in tables.ATTRIBUTES} == tables.ATTRIBUTES | {
        "count": "9007199254740991"
    }
    assert second["attribute.count"] == '"many"'
    assert second["attribute.texts"] is second["attribute.where"] is second["fragments"] is None
    assert table.schema.field("attribute.score").type == pa.float64()
    assert table.schema.field("attribute.count").type == pa.string()
    assert table.schema.field("created_at").type == pa.timestamp("us", tz="UTC")


def test_the_schema_names_the_snapshot() -> None:
    metadata = pq.read_schema(io.BytesIO(content(Writer(HEAD), []))).metadata

    assert metadata[b"stet.project"] == b"demo"
    assert metadata[b"stet.scheme_version"] == b"3"
    assert metadata[b"stet.sequence"] == b"7"


def test_pandas_and_duckdb_find_the_same_values(tmp_path: Path) -> None:
    path = tmp_path / "spans.parquet"
    path.write_bytes(content(Writer(HEAD), [document(RICH, BARE)]))

    frame = pd.read_parquet(path)
    with duckdb.connect() as db:
        found = db.execute(
            'SELECT "attribute.where".quote, "attribute.texts"[2], len("attribute.kinds"), '
            '"attribute.sure", epoch_us(updated_at), fragments[2].start '
            "FROM read_parquet(?) ORDER BY annotation_id",
            [str(path)],
        ).fetchall()

    assert list(frame["quote"]) == ["😀 a", "😀"]
    assert frame["updated_at"][0] == LATER
    assert list(frame["attribute.texts"][0]) == tables.ATTRIBUTES["texts"]
    created = round(make.MOMENT.timestamp() * 1_000_000)
    assert found == [
        ("😀", 'say "x"', 0, True, round(LATER.timestamp() * 1_000_000), 2),
        (None, None, None, None, created, None),
    ]


@settings(max_examples=40)
@given(st.data())
def test_every_span_is_a_row(data: st.DataObject) -> None:
    documents = [data.draw(records.documents(number=n + 1)) for n in range(2)]

    table = pq.read_table(io.BytesIO(content(Writer(records.HEAD), documents)))

    spans = [it for record in documents for it in record.annotations]
    assert table.column("annotation_id").to_pylist() == [str(it.id) for it in spans]
    assert table.column("fragments").to_pylist() == [it.fragments for it in spans]
    for name in records.HEAD.attributes:
        said = [it.attributes.get(name) for it in spans]
        assert table.column(f"attribute.{name}").to_pylist() == said


def test_long_quotes_fill_a_group_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.formats.parquet._GROUP_CHARS", 5)

    written = content(Writer(HEAD), [document(RICH, RICH, RICH)])

    file = pq.ParquetFile(io.BytesIO(written))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [2, 1]
    assert json.loads(file.read().column("attribute.count")[2].as_py()) == 2**53 - 1


def test_memory_does_not_grow_with_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.formats.parquet._GROUP_ROWS", 500)
    arrow = pa.total_allocated_bytes()
    documents = (document(RICH, BARE, number=number) for number in range(5_000))

    assert tables.peak(Writer(HEAD), documents) < 4 * 1024 * 1024
    assert pa.total_allocated_bytes() - arrow < 4 * 1024 * 1024
