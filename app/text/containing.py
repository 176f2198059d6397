"""Patterns for "contains this string, whatever its case", in the languages of the databases. Pure.

What a database takes for the other case of a letter depends on its version and locale. So a pattern
names, for each character, all that differ from it in case alone, as Unicode has it for single
characters (https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt, C and S).
"""

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


def as_glob(part: str) -> str:
    """The pattern of SQLite's GLOB."""
    return "*" + "".join(_any_of(one, special="*?[", escaped="[{}]") for one in part) + "*"


def as_regular_expression(part: str) -> str:
    """The pattern of PostgreSQL's ``~``."""
    return "".join(_any_of(one, special=r"\^$.[]()|*+?{}", escaped="\\{}") for one in part)


def _any_of(character: str, *, special: str, escaped: str) -> str:
    if character in special:
        return escaped.format(character)
    cases = _cases().get(folded(character))
    return f"[{cases}]" if cases else character
