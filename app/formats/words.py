"""Attribute values in formats that hold words only, where the scheme says what a word means."""

import math
import re

from app.core.vocabulary import AttributeType

_WHOLE = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,3})?")


def of(value: object) -> str:
    """The word for a truth value, a number or a text, from which ``meant`` makes it again."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def meant(type: AttributeType | None, word: str) -> bool | int | float | str:
    """The value of that type; a word that says none stays a text, for the importer to refuse."""
    match type:
        case AttributeType.BOOLEAN:
            return {"true": True, "false": False}.get(word, word)
        # A number that was whole is written so, and is the same bytes again.
        case AttributeType.INTEGER | AttributeType.NUMBER if _WHOLE.fullmatch(word):
            return int(word)
        case AttributeType.NUMBER if _NUMBER.fullmatch(word) and math.isfinite(float(word)):
            return float(word)
        case _:
            return word
