"""Where a region of Label Studio's stands, by its offsets and by its words. Pure.

Label Studio counts code points since 2022 (HumanSignal/label-studio pull request 1559, which came
in as label-studio-frontend pull request 308; ``charsToCodePoints`` in its ``selection-tools.js``).
Before that it counted UTF-16 code units, and so did the first files of Stet's. Which it is, no
file says: the words of the regions do.

Each line end in a region's words is written as a backslash and an ``n`` (``captureSelection`` in
the same file).
"""

from collections.abc import Iterable
from typing import Any

from app.core.errors import Unprocessable
from app.core.vocabulary import OffsetUnit
from app.formats.arrivals import Shift, line_ends
from app.text.offsets import Ruler

Bounds = tuple[int, int]


class Spans:
    """The spans of one text's regions."""

    def __init__(self, raw: str, *, arrived: bool) -> None:
        """``raw`` is the text as the file holds it; of one that has ``arrived`` all is kept."""
        self._raw = raw
        self._ruler = Ruler(raw, OffsetUnit.UTF16)
        self._same = self._ruler.length() == len(raw)
        self._shift = Shift(raw, OffsetUnit.CODE_POINTS, arrived=arrived)

    def are_old(self, values: Iterable[Any]) -> bool:
        """Whether the words of one annotation's regions show that UTF-16 was counted.

        They do where some stand there in UTF-16 only and none in code points only.
        """
        if self._same:
            return False
        proofs = {
            self._unit(*_said(value))
            for value in values
            if isinstance(value, dict) and isinstance(value.get("text"), str)
        }
        return OffsetUnit.UTF16 in proofs and OffsetUnit.CODE_POINTS not in proofs

    def span(self, value: dict[str, Any], *, old: bool) -> dict[str, Any]:
        """A region's bounds in code points and its words, once its text has arrived.

        Words that stand in neither count are left as they are, for the importer to tell of.
        """
        start, end, words = _said(value)
        span: dict[str, Any] = {}
        if isinstance(words, str):
            span["quote"] = line_ends(words)
            for unit in _OLD if old else _NEW:
                found = self._standing(unit, start, end, words)
                if found is not None:
                    start, end = found
                    span["quote"] = line_ends(self._raw[start:end])
                    break
        elif "text" in value:
            span["quote"] = words
        return {"start": self._shift.moved(start), "end": self._shift.moved(end), **span}

    def may_hold(self, value: dict[str, Any]) -> bool:
        """Whether a region's words stand in this text, or its bounds do if it has no words."""
        start, end, words = _said(value)
        if not isinstance(words, str):
            return self._bounds(OffsetUnit.CODE_POINTS, start, end) is not None
        return any(self._standing(unit, start, end, words) is not None for unit in _NEW)

    def _unit(self, start: Any, end: Any, words: str) -> OffsetUnit | None:
        """The one unit in which the words stand there; None if they do in both or in neither."""
        new, old = (self._standing(unit, start, end, words) is not None for unit in _NEW)
        if new is old:
            return None
        return OffsetUnit.CODE_POINTS if new else OffsetUnit.UTF16

    def _standing(self, unit: OffsetUnit, start: Any, end: Any, words: str) -> Bounds | None:
        """The bounds in code points between which the words stand; None if others do."""
        bounds = self._bounds(unit, start, end)
        # A line end of two characters may have become one; what is longer need not be looked at.
        if bounds is None or bounds[1] - bounds[0] > 2 * len(words):
            return None
        there = self._raw[slice(*bounds)]
        arrived = line_ends(there)
        written = (_written(arrived), _written(there))
        return bounds if line_ends(words) == arrived or words in written else None

    def _bounds(self, unit: OffsetUnit, start: Any, end: Any) -> Bounds | None:
        if type(start) is not int or type(end) is not int or not 0 <= start < end:
            return None
        if unit is OffsetUnit.CODE_POINTS:
            return (start, end) if end <= len(self._raw) else None
        try:
            first, last = (self._ruler.to_code_points(it, pointer="") for it in (start, end))
        except Unprocessable:
            return None
        return first, last


_NEW = (OffsetUnit.CODE_POINTS, OffsetUnit.UTF16)
_OLD = (OffsetUnit.UTF16, OffsetUnit.CODE_POINTS)


def _written(words: str) -> str:
    """The words as Label Studio writes them."""
    return words.replace("\r", r"\n").replace("\n", r"\n")


def _said(value: dict[str, Any]) -> tuple[Any, Any, Any]:
    return value.get("start"), value.get("end"), value.get("text")
