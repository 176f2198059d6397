"""How long a text is in each unit, by Python's own codecs."""

from app.core.vocabulary import OffsetUnit

_CODECS = {
    OffsetUnit.CODE_POINTS: ("utf-32-le", 4),
    OffsetUnit.UTF16: ("utf-16-le", 2),
    OffsetUnit.UTF8: ("utf-8", 1),
}


def count(text: str, unit: OffsetUnit) -> int:
    codec, width = _CODECS[unit]
    return len(text.encode(codec)) // width
