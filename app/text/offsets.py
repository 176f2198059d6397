"""Offsets in three units: code points, UTF-16 code units and UTF-8 bytes.

Stet counts in code points, as Python, PostgreSQL and the W3C Web Annotation model do; callers
count as their language does. Offsets are converted here and nowhere else, but for the position of
a character that no text holds (``core.characters``).

Texts hold no lone surrogates: they are refused where JSON is read.
"""

import codecs
from bisect import bisect_left
from dataclasses import dataclass

from app.core.errors import OffsetInsideCharacter, OffsetOutOfRange
from app.core.vocabulary import OffsetUnit

# Code points between two marks. Measured on 6 kB and on 5,000,000 characters: smaller steps make
# more marks than they save, larger ones make each look-up slower.
STEP = 1024


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text is, in all three units."""

    code_points: int
    utf16: int
    utf8: int


class Ruler:
    """Converts offsets of one text between code points and one unit, both ways.

    It marks the text every ``STEP`` code points, only as far as it is asked, so that the first
    offset costs a pass up to it (5,000,000 characters: below 10 ms) and the next ones a look-up.
    An ASCII text, and any text in code points, needs no marks.
    """

    __slots__ = ("_decode", "_encode", "_marks", "_width", "identical", "text", "unit")

    def __init__(self, text: str, unit: OffsetUnit) -> None:
        self.text = text
        self.unit = unit
        self.identical = unit == OffsetUnit.CODE_POINTS or text.isascii()
        if unit == OffsetUnit.UTF16:
            self._encode, self._decode = codecs.utf_16_le_encode, codecs.utf_16_le_decode
            self._width = 2
        else:
            self._encode, self._decode = codecs.utf_8_encode, codecs.utf_8_decode
            self._width = 1
        # How many units stand before code point 0, STEP, 2 * STEP and so on; the last mark of a
        # text that is marked to its end is its length.
        self._marks = [0]

    def length(self) -> int:
        """The text's length in the unit."""
        return self.from_code_points(len(self.text))

    def from_code_points(self, offset: int) -> int:
        """An offset in code points, from 0 to the text's length, in the unit.

        Raises IndexError for any other: such an offset is a fault of ours, not of a caller.
        """
        if not 0 <= offset <= len(self.text):
            raise IndexError(offset)
        if self.identical or offset == 0:
            return offset
        # The chunk that the offset ends or lies in.
        chunk = (offset - 1) // STEP
        while len(self._marks) <= chunk + 1:
            self._mark()
        first = chunk * STEP
        if self._is_identical(chunk):
            return self._marks[chunk] + offset - first
        return self._marks[chunk] + self._measure(self.text[first:offset])

    def to_code_points(self, offset: int, *, pointer: str) -> int:
        """An offset in the unit, as a caller gave it, in code points.

        Raises OffsetOutOfRange, never clamping, and OffsetInsideCharacter, both at ``pointer``.
        """
        if self.identical:
            if 0 <= offset <= len(self.text):
                return offset
            raise OffsetOutOfRange(pointer, offset, length=len(self.text), unit=self.unit)
        if offset == 0:
            return 0
        while self._marks[-1] < offset and (len(self._marks) - 1) * STEP < len(self.text):
            self._mark()
        if not 0 < offset <= self._marks[-1]:
            raise OffsetOutOfRange(pointer, offset, length=self.length(), unit=self.unit)
        chunk = bisect_left(self._marks, offset) - 1
        first = chunk * STEP
        rest = offset - self._marks[chunk]
        if self._is_identical(chunk):
            return first + rest
        # Each code point takes a unit or more, so that as many of them as there are units suffice.
        head = self._encode(self.text[first : first + rest])[0][: rest * self._width]
        # The decoder stops before a character that is cut short.
        whole, decoded = self._decode(head, "strict", False)
        if decoded == len(head):
            return first + len(whole)
        before = self._marks[chunk] + self._measure(whole)
        after = before + self._measure(self.text[first + len(whole)])
        raise OffsetInsideCharacter(pointer, offset, before=before, after=after, unit=self.unit)

    def _mark(self) -> None:
        first = (len(self._marks) - 1) * STEP
        self._marks.append(self._marks[-1] + self._measure(self.text[first : first + STEP]))

    def _is_identical(self, chunk: int) -> bool:
        """Whether every code point of a marked chunk takes one unit."""
        code_points = min(STEP, len(self.text) - chunk * STEP)
        return self._marks[chunk + 1] - self._marks[chunk] == code_points

    def _measure(self, text: str) -> int:
        return len(self._encode(text)[0]) // self._width


def length(text: str) -> Length:
    """How long the text is, in all three units."""
    return Length(
        code_points=len(text),
        utf16=Ruler(text, OffsetUnit.UTF16).length(),
        utf8=Ruler(text, OffsetUnit.UTF8).length(),
    )


def to_code_points(text: str, offset: int, unit: OffsetUnit, *, pointer: str) -> int:
    """One offset of a caller's in code points; for several of one text, take a Ruler.

    Raises OffsetOutOfRange and OffsetInsideCharacter at ``pointer``.
    """
    return Ruler(text, unit).to_code_points(offset, pointer=pointer)
