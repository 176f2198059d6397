"""What a text goes through, once, before anything in it is counted.

One leading byte order mark is dropped, and CRLF and CR become LF. Nothing else: never NFC, never
trimmed, for then the caller's offsets would no longer fit the caller's text.
"""

import hashlib
import re
from dataclasses import dataclass

from app.core.errors import ControlCharacter
from app.core.vocabulary import OffsetUnit
from app.text.offsets import from_code_points

# Unicode's category Cc, which is closed, without tab, line feed and carriage return.
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A text as it is stored from now on, and what was done to it."""

    text: str
    bom_removed: bool
    newlines_converted: int
    """How many line ends were CRLF or CR; a CRLF counts once."""


def arrive(
    raw: str, *, pointer: str = "/text", unit: OffsetUnit = OffsetUnit.CODE_POINTS
) -> Arrival:
    """The text to store for ``raw``, which holds no lone surrogates.

    Raises ControlCharacter at ``pointer`` for a control character other than tab and newline; its
    ``position`` is counted in ``unit`` in the text as it would be stored.
    """
    text = raw.removeprefix("\ufeff")
    newlines = text.count("\r")
    if newlines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    position = control_character(text)
    if position is not None:
        character = f"U+{ord(text[position]):04X}"
        raise ControlCharacter(
            pointer,
            f"The text holds the control character {character}; of these only tab and newline are "
            "taken. Remove it, or decode the source as what it is, and send the text again.",
            position=from_code_points(text, position, unit),
            offset_unit=unit.value,
            character=character,
        )
    return Arrival(text, bom_removed=raw.startswith("\ufeff"), newlines_converted=newlines)


def control_character(text: str) -> int | None:
    """Where the first control character stands, in code points, but for tab, LF and CR."""
    found = _REFUSED.search(text)
    return found.start() if found else None


def sha256(text: str) -> str:
    """The SHA-256 of the text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
