"""Words cut from a text for formats that say where a span is, and not what it says."""

from app.core.errors import InvalidFile

_TIMES = 8
_SPARE = 16_000_000
_MOST = 64_000_000


class Quoting:
    """Cuts quotes from a document's text while all of them together fit into memory.

    A file of offsets takes next to nothing for a span of the whole text, however many it has.
    """

    def __init__(self, text: str) -> None:
        """``text`` is as the offsets count it."""
        self._text = text
        self._left = min(_TIMES * len(text) + _SPARE, _MOST)

    def cut(self, start: int, end: int) -> str:
        """The words between two offsets, in code points.

        Raises:
            InvalidFile: when the document's spans are more than can be taken.
        """
        return self.counted(self._text[start:end])

    def counted(self, quote: str) -> str:
        """A quote that somebody else has cut.

        Raises:
            InvalidFile: as ``cut`` does.
        """
        self._left -= len(quote)
        if self._left < 0:
            raise InvalidFile(
                f"The spans of a document cover more than {_TIMES} times its text and {_SPARE} "
                f"characters, or than {_MOST} in all."
            )
        return quote
