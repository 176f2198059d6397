"""Rows in the binary form of PostgreSQL's COPY, made where nobody waits for them. Pure.

The driver makes that form itself, but on the event loop, and all of it before it sends the first
byte: the database idled meanwhile. Sources: "Binary Format" in
https://www.postgresql.org/docs/current/sql-copy.html, and the types' own ``…recv`` functions.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from operator import is_, itemgetter
from struct import Struct
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Date, DateTime, Float, Integer, Table, Text, Uuid
from sqlalchemy.types import TypeEngine

from app.core.database.columns import Word
from app.core.jsontext import dump_json

_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
# A field's length in bytes and the field.
_LENGTH = Struct(">i")
_INTEGER = Struct(">ii")
_BIGINT = Struct(">iq")
_DOUBLE = Struct(">id")
_BOOLEAN = Struct(">i?")
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_FIRST_DAY = _EPOCH.toordinal()
_MICROSECOND = dt.timedelta(microseconds=1)


def binary(table: Table, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows, of which there are some, each with all columns of the table, in the table's order.

    What a column cannot hold (a number beyond its type, half a surrogate pair) is refused before.

    Raises:
        TypeError: for a column of a type that no table of Stet had yet.
    """
    count = len(table.columns).to_bytes(2)
    fields = [
        _fields(column.type, [*map(itemgetter(column.name), rows)]) for column in table.columns
    ]
    return b"".join((_BEGIN, *chain.from_iterable(zip(repeat(count), *fields, strict=False)), _END))


def _fields(type: TypeEngine[Any], values: Sequence[Any]) -> Iterable[bytes]:
    """Each value as a field; once, if all are one object: the rows of an import share a lot."""
    made = next((made for kind, made in _MADE if isinstance(type, kind)), None)
    if made is None:
        raise TypeError(f"{type!r} has no binary form here.")
    first = values[0]
    if all(map(is_, values, repeat(first))):
        return repeat(_NULL if first is None else next(iter(made([first]))), len(values))
    if None not in values:
        return made(values)
    each = iter(made([value for value in values if value is not None]))
    return [_NULL if value is None else next(each) for value in values]


def _texts(values: Iterable[str]) -> Iterable[bytes]:
    return [_LENGTH.pack(len(encoded)) + encoded for encoded in map(str.encode, values)]


def _jsons(values: Iterable[Any]) -> Iterable[bytes]:
    # Most annotations have no attributes.
    return _texts("{}" if value == {} else dump_json(value) for value in values)


def _uuids(values: Iterable[Any]) -> Iterable[bytes]:
    return [b"\0\0\0\x10" + value.int.to_bytes(16) for value in values]


def _moments(values: Iterable[dt.datetime]) -> Iterable[bytes]:
    return _bigints((value - _EPOCH) // _MICROSECOND for value in values)


def _days(values: Iterable[dt.date]) -> Iterable[bytes]:
    return _integers(value.toordinal() - _FIRST_DAY for value in values)


def _integers(values: Iterable[int]) -> Iterable[bytes]:
    return map(_INTEGER.pack, repeat(4), values)


def _bigints(values: Iterable[int]) -> Iterable[bytes]:
    return map(_BIGINT.pack, repeat(8), values)


def _doubles(values: Iterable[float]) -> Iterable[bytes]:
    return map(_DOUBLE.pack, repeat(8), values)


def _booleans(values: Iterable[bool]) -> Iterable[bytes]:
    return map(_BOOLEAN.pack, repeat(1), values)


# A BigInteger is an Integer too, to SQLAlchemy, so it comes first.
_MADE: tuple[tuple[type[TypeEngine[Any]], Callable[[Iterable[Any]], Iterable[bytes]]], ...] = (
    (Uuid, _uuids),
    (Text, _texts),
    (Word, _texts),
    (JSON, _jsons),
    (BigInteger, _bigints),
    (Integer, _integers),
    (DateTime, _moments),
    (Date, _days),
    (Float, _doubles),
    (Boolean, _booleans),
)
