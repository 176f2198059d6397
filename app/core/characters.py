"""Which characters no text of Stet holds, and which no line of a terminal does."""

import re

from app.core.vocabulary import OffsetUnit

# Unicode's category Cc without tab, newline and carriage return.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

PRINTABLE = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
"""The same for a JSON Schema: what a text without control characters matches."""


def control_character(text: str) -> int | None:
    """Where the first control character other than tab, LF and CR stands; None if there is none."""
    found = _CONTROL.search(text)
    return None if found is None else found.start()


def harmless(said: str) -> str:
    """The words without what would end the line or steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in said)


def position_in(text: str, position: int, unit: OffsetUnit) -> int:
    """A position in code points, counted in the unit."""
    if unit is OffsetUnit.CODE_POINTS:
        return position
    before = text[:position]
    return len(before.encode()) if unit is OffsetUnit.UTF8 else len(before.encode("utf-16-le")) // 2
