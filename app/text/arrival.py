"""What a text goes through, once, before anything in it is counted.

One leading byte order mark is dropped, and CRLF and CR become LF. Nothing else: never NFC, never
trimmed, for then the caller's offsets would no longer fit the caller's text.
"""

import hashlib
from dataclasses import dataclass

from app.core.characters import control_character
from app.core.errors import ControlCharacter
from app.core.vocabulary import OffsetUnit


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

    Raises:
        ControlCharacter: see ``arrived``.
    """
    text = raw.removeprefix("\ufeff")
    newlines = text.count("\r")
    if newlines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    arrived(text, pointer=pointer, unit=unit)
    return Arrival(text, bom_removed=raw.startswith("\ufeff"), newlines_converted=newlines)


def arrived(
    text: str, *, pointer: str = "/text", unit: OffsetUnit = OffsetUnit.CODE_POINTS
) -> Arrival:
    """A text that has arrived before, as an export holds it: a second BOM is part of it.

    Raises:
        ControlCharacter: at ``pointer``, for one other than tab and newline; its ``position`` is
            counted in ``unit``.
    """
    position = control_character(text)
    if position is not None:
        raise ControlCharacter(pointer, text, position, unit)
    return Arrival(text, bom_removed=False, newlines_converted=0)


def sha256(text: str) -> str:
    """The SHA-256 of the text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
