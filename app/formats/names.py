"""Names that a format takes in letters, digits and a few signs only, and back again."""

import re

_ESCAPE = re.compile(r"_x([0-9A-F]{2,6})_")
_LAST = 0x10FFFF


def escaped(name: str, *, hyphens: bool) -> str:
    """The name in ASCII letters, digits and underscores, and hyphens if they are taken.

    Every other character stands as ``_xHH_``, by its code point. An underscore before an ``x`` does
    too, so that no name looks like an escape and ``unescaped`` gives each back.
    """
    others = r"_(?=x)|[^A-Za-z0-9_-]" if hyphens else r"_(?=x)|[^A-Za-z0-9_]"
    return re.sub(others, lambda found: f"_x{ord(found[0]):02X}_", name)


def unescaped(name: str) -> str:
    """What ``escaped`` made the name from."""
    return _ESCAPE.sub(_character, name)


def _character(found: re.Match[str]) -> str:
    point = int(found[1], 16)
    # A foreign name may look like an escape of what is no character.
    is_character = point <= _LAST and not 0xD800 <= point <= 0xDFFF
    return chr(point) if is_character else found[0]
