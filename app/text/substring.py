"""Whether a text contains a string, whatever its case, as both databases have it. Pure.

What a database takes for the other case of a letter depends on its version and locale. So a pattern
names, for each character, all that differ from it in case alone, as Unicode has it for single
characters (https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt, C and S). SQLite has no
pattern that takes time by the text's length alone, and calls ``contains`` instead.
"""

import re
from functools import cache
from unicodedata import combining


def folded(character: str) -> str:
    """The character that all have in common which differ from this one in case alone."""
    if combining(character):
        # A mark is no letter, even the one that folds to a letter when it stands below one.
        return character
    for other in (character.casefold(), character.lower()):
        if len(other) == 1:
            return other
    return character


@cache
def _cases() -> dict[str, str]:
    """For each folded character that has others beside it, all of them."""
    found: dict[str, str] = {}
    for character in map(chr, range(0x20000)):
        other = folded(character)
        if other != character:
            found[other] = found.get(other, other) + character
    return found


@cache
def _folds() -> dict[int, str]:
    """What each character folds to that is not the folded one itself."""
    return {ord(one): to for to, several in _cases().items() for one in several if one != to}


@cache
def _odd() -> re.Pattern[str]:
    """What ``lower`` makes something else of than ``folded`` does, or by what stands beside it."""
    odd = [one for one in map(chr, range(0x20000)) if one.lower() != folded(one)]
    return re.compile(f"[Σ{''.join(map(re.escape, odd))}]")


def fold(text: str) -> str:
    """The text with each character folded."""
    # By a table it takes ten times as long.
    if text.isascii() or _odd().search(text) is None:
        return text.lower()
    return text.translate(_folds())


def contains(text: str, part: str) -> bool:
    """Whether the text contains the part, which is folded already."""
    return part in fold(text)


def as_regular_expression(part: str) -> str:
    """The pattern of PostgreSQL's ``~``."""
    return "".join(map(_any_of, part))


_SPECIAL = frozenset(r"\^$.[]()|*+?{}")


def _any_of(character: str) -> str:
    if character in _SPECIAL:
        return f"\\{character}"
    cases = _cases().get(folded(character))
    return f"[{cases}]" if cases else character
