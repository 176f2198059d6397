"""CSV as RFC 4180 has it, in UTF-8: a span a row, attributes in columns.

Fragments, lists and span attributes are JSON, times RFC 3339. An empty field is nothing at all, a
quoted empty one (``""``) an empty text.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator

from app.core.timestamps import rfc3339
from app.formats.record import DocumentRecord, Head
from app.formats.rows import LOSES, columns, rows

__all__ = ["LOSES", "SUFFIX", "Writer"]

SUFFIX = "csv"


class Writer:
    """Records to rows."""

    def __init__(self, head: Head) -> None:
        """The scheme's attributes are the last columns."""
        self._head = head
        self._begun = False

    def write(self, record: DocumentRecord) -> bytes:
        """The rows of the record's annotations, behind the names of the columns if it is first."""
        return b"".join([*self._first(), *map(_line, rows(record, self._head))])

    def close(self) -> Iterator[bytes]:
        """The names of the columns, where no document has brought them."""
        return self._first()

    def _first(self) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            yield _line(columns(self._head))


def _line(values: Iterable[object]) -> bytes:
    return (",".join(map(_field, values)) + "\r\n").encode()


def _field(value: object) -> str:
    # Python's writer of CSV tells nothing from an empty text only from 3.12 on.
    match value:
        case None:
            return ""
        case str():
            return _quoted(value)
        case bool():
            return "true" if value else "false"
        case dt.datetime():
            return rfc3339(value)
        case list() | dict():
            return _quoted(json.dumps(value, ensure_ascii=False))
        case _:
            return str(value)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _IN_QUOTES.search(text) else text


# A separator, a quotation mark, blanks at either end, or nothing.
_IN_QUOTES = re.compile(r'[,"\r\n]|^\s|\s$|^$')
