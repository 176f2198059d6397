"""Parquet: a span a row, attributes in columns of their own types.

The schema's metadata names the project, the version of its scheme and the snapshot.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.vocabulary import AttributeType
from app.formats.record import DocumentRecord, Head
from app.formats.rows import FIXED, LOSES, columns, rows

__all__ = ["LOSES", "SUFFIX", "Writer"]

SUFFIX = "parquet"

_QUOTE = FIXED.index("quote")
_GROUP_ROWS = 20_000
# Quotes may be long: a group holds no more of them than this, so that it fits into memory.
_GROUP_CHARS = 32 * 1024 * 1024

_SPAN = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("quote", pa.string())])
_MOMENT = pa.timestamp("us", tz="UTC")
_FIXED = {
    "start": pa.int64(),
    "end": pa.int64(),
    "fragments": pa.list_(_SPAN),
    "confidence": pa.float64(),
    "decided_at": _MOMENT,
    "version": pa.int64(),
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
}
_TYPES = {
    AttributeType.STRING: pa.string(),
    AttributeType.STRINGS: pa.list_(pa.string()),
    AttributeType.ENUM: pa.string(),
    AttributeType.ENUMS: pa.list_(pa.string()),
    AttributeType.BOOLEAN: pa.bool_(),
    AttributeType.INTEGER: pa.int64(),
    AttributeType.NUMBER: pa.float64(),
    AttributeType.SPAN: _SPAN,
}


class _Drain:
    """A file that gives away what was written to it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.closed = False

    def write(self, piece: bytes) -> int:
        """Keep it until it is taken."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What was written can still be taken."""
        self.closed = True

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


class Writer:
    """Records to groups of rows."""

    def __init__(self, head: Head) -> None:
        """The scheme's attributes are the last columns."""
        self._head = head
        self._types = _types(head)
        self._schema = pa.schema(
            [
                (name, pa.string() if type is None else type)
                for name, type in zip(columns(head), self._types, strict=True)
            ],
            metadata={
                "stet.project": head.project,
                "stet.scheme_version": str(head.scheme_version),
                "stet.sequence": str(head.sequence),
            },
        )
        self._drain = _Drain()
        self._file = pq.ParquetWriter(self._drain, self._schema, compression="zstd")
        self._rows: list[list[Any]] = []
        self._chars = 0

    def write(self, record: DocumentRecord) -> bytes:
        """The groups of rows that this record has filled, if it has."""
        for row in rows(record, self._head):
            self._rows.append(row)
            self._chars += len(row[_QUOTE])
            if len(self._rows) >= _GROUP_ROWS or self._chars >= _GROUP_CHARS:
                self._end_group()
        return self._drain.take()

    def close(self) -> Iterator[bytes]:
        """The last group, and the footer that says where each is."""
        if self._rows:
            self._end_group()
        self._file.close()
        yield self._drain.take()

    def _end_group(self) -> None:
        arrays = [
            _array(values, type)
            for values, type in zip(zip(*self._rows, strict=True), self._types, strict=True)
        ]
        self._file.write_table(
            pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=_GROUP_ROWS
        )
        self._rows, self._chars = [], 0


def _types(head: Head) -> list[pa.DataType | None]:
    """Each column's type; None for an attribute that is of one type here and of another there."""
    found: list[pa.DataType | None] = [_FIXED.get(name, pa.string()) for name in FIXED]
    for types in head.attributes.values():
        first, *others = {_TYPES[type] for type in types}
        found.append(None if others else first)
    return found


def _array(values: Sequence[Any], type: pa.DataType | None) -> pa.Array:
    if type is None:
        values = [
            None if value is None else json.dumps(value, ensure_ascii=False) for value in values
        ]
        type = pa.string()
    elif pa.types.is_floating(type):
        # Arrow takes no whole number for a float that does not hold it exactly.
        values = [None if value is None else float(value) for value in values]
    return pa.array(values, type)
