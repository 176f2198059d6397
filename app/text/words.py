"""The words that search compares: of a text, of a query, and of a part of a text. Pure.

Each database has ideas of its own about what a word is and which letters are one. So words are made
here, once, and both databases compare what was made:

- A word is a run of letters, marks and digits; all else only stands between words. Where a script
  puts no blanks between its words (Chinese, Japanese, Thai, Lao, Khmer, Burmese), each character is
  a word of its own, and so is each emoji.
- Case, accents, Arabic and Hebrew vowel points, ligatures and the width of letters do not matter,
  nor does what nobody sees, such as a soft hyphen or a joiner
  (https://www.unicode.org/reports/tr15/: NFKD, here without the marks of a combining class).
- Of a word longer than ``LONGEST`` the beginning counts.

Each character becomes what it becomes whatever stands beside it: so the words inside a part of a
text are words of the text.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import regex

LONGEST = 100
"""Code points of a word; an index has a limit, and a longer run of letters is hardly a word."""

GRAM = 3
"""Code points of a piece of a word, by which words that hold a string are found."""

# Before a piece of a word, in a list of words: no word holds a character of private use.
_PIECE = "\ue000"

_ASCII_WORD = re.compile("[a-z0-9]+")
# The voicing marks of kana make other letters of them, and stay.
_UNSEEN = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}[\p{M}--\p{ccc=0}--[\u3099\u309a]]]+",
    regex.VERSION1,
)
_ALONE = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\u30fc\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Extended_Pictographic}\p{Regional_Indicator}--[\p{Nd}\p{ASCII}]]"
)
_WORD = regex.compile(rf"(?P<alone>{_ALONE})|[\p{{L}}\p{{M}}\p{{N}}--{_ALONE}]+", regex.VERSION1)


def _plain(text: str) -> str:
    """The text as words are cut from it: without case, accents and what is not seen."""
    if text.isascii():
        return text.lower()
    for _ in range(2):
        # Folding makes letters that can be taken apart in their turn.
        text = _UNSEEN.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return text


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    plain = _plain(text)
    if plain.isascii():
        found: list[str] = _ASCII_WORD.findall(plain)
    else:
        found = [match[0] for match in _WORD.finditer(plain)]
    return [word[:LONGEST] for word in found]


def line(found: Iterable[str]) -> str:
    """Words in a form in which a phrase is found as a string: a blank on both sides of each."""
    joined = " ".join(found)
    return f" {joined} " if joined else " "


@dataclass(frozen=True, slots=True)
class Indexed:
    """What an index keeps of a text."""

    words: str
    """Its words in order, as ``line`` joins them."""
    keys: str
    """Each of its words once, and each piece of them."""


def indexed(text: str) -> Indexed:
    """A text as it is searched. Takes about a second for 5,000,000 characters."""
    plain = _plain(text)
    found = _ASCII_WORD.findall(plain) if plain.isascii() else _WORD.findall(plain)
    if found and isinstance(found[0], tuple):
        raise AssertionError
    return Indexed("", "")
