"""The JSON of a record, of which there may be so much."""

from typing import Any

from app.core import body
from app.core.errors import TooLarge

MAX_VALUES = 4_000_000
"""How many values a record may have: each takes a hundred bytes of memory.

An annotation as ``jsonl`` has it is some 25 of them, so that one document has 160,000.
"""


class Values:
    """Reads a record's JSON, which may stand in several places of its file."""

    def __init__(self) -> None:
        """Nothing of the record was read yet."""
        self._left = MAX_VALUES

    def parse(self, content: bytes) -> Any:
        """The value that a part of the record holds.

        Raises:
            InvalidJson: as ``body.parse`` does.
            TooLarge: when with this part the record has more values than it may have.
        """
        self.count(content)
        return body.parse(content)

    def count(self, content: bytes) -> None:
        """Counts a part of the record that is read elsewhere.

        Raises:
            TooLarge: as ``parse`` does.
        """
        if self._left >= 0:
            self._left -= body.values_in(content, self._left)
        if self._left < 0:
            raise TooLarge(limit=MAX_VALUES, unit="values")


def parse(content: bytes) -> Any:
    """The value of a record that stands in one place.

    Raises:
        InvalidJson: as ``body.parse`` does.
        TooLarge: when it has more values than a record may have.
    """
    # Each takes a byte at least, so of what is shorter nothing needs to be counted.
    if len(content) > MAX_VALUES:
        Values().count(content)
    return body.parse(content)
