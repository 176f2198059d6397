"""Offsets into a text as a file holds it, moved to where they are once the text has arrived.

Stet drops a leading BOM and makes CRLF one character; the tools that made the file counted both.
"""

import re
from bisect import bisect_left

from app.core.vocabulary import OffsetUnit
from app.text.normalization import sha256
from app.text.offsets import Ruler

_DROPPED = re.compile("\\A\ufeff|\r(?=\n)")


class Shift:
    """Moves offsets of one text."""

    def __init__(self, raw: str, unit: OffsetUnit, *, arrived: bool = False) -> None:
        """``raw`` is the text as the file holds it, ``unit`` what its offsets count.

        Of a text that has ``arrived`` before nothing more is dropped.
        """
        self._dropped: list[int] = []
        if arrived:
            return
        if raw.startswith("\ufeff") or "\r\n" in raw:
            ruler = Ruler(raw, unit)
            self._dropped = [
                ruler.from_code_points(found.start()) for found in _DROPPED.finditer(raw)
            ]

    def moved(self, offset: int) -> int:
        """The offset without the characters before it that are dropped."""
        return offset - bisect_left(self._dropped, offset)


def line_ends(words: str) -> str:
    """The words with the line ends that they have once the text has arrived."""
    return words.replace("\r\n", "\n").replace("\r", "\n")


def proof(text: str) -> dict[str, str]:
    """What tells the importer that a text of Stet's own has arrived: a BOM in it is part of it.

    A text with a CR was changed since: no text of Stet's holds one.
    """
    return {} if "\r" in text else {"sha256": sha256(text)}
