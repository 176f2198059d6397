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
class NormalizedText:
    """A text as it is stored from now on, and what was done to it."""

    text: str
    bom_removed: bool
    newlines_converted: int
    """How many line ends were CRLF or CR; a CRLF counts once."""


def normalize(raw: str, *, unit: OffsetUnit = OffsetUnit.CODE_POINTS) -> NormalizedText:
    """The text to store for ``raw``, which holds no lone surrogates.

    Raises:
        ControlCharacter: see ``already_normalized``.
    """
    _refuse_control_character(raw, unit)
    text = raw.removeprefix("\ufeff")
    newlines = text.count("\r")
    if newlines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return NormalizedText(text, bom_removed=raw.startswith("\ufeff"), newlines_converted=newlines)


def stored_length(raw: str) -> int:
    """How long ``normalize`` makes a text, in code points, without making it."""
    return len(raw) - raw.startswith("\ufeff") - raw.count("\r\n")


def already_normalized(text: str, *, unit: OffsetUnit = OffsetUnit.CODE_POINTS) -> NormalizedText:
    """A text that has arrived before, as an export holds it: a second BOM is part of it.

    Raises:
        ControlCharacter: at ``/text``, for one other than tab, newline and carriage return; its
            ``position`` is counted in ``unit`` in the text as it was sent.
    """
    _refuse_control_character(text, unit)
    return NormalizedText(text, bom_removed=False, newlines_converted=0)


def _refuse_control_character(sent: str, unit: OffsetUnit) -> None:
    # The caller has the text that was sent, and no other to look for the position in.
    position = control_character(sent)
    if position is not None:
        raise ControlCharacter("/text", sent, position, unit)


def sha256(text: str) -> str:
    """The SHA-256 of the text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
