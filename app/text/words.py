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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import regex

LONGEST = 100
"""Code points of a word; an index has a limit, and a longer run of letters is hardly a word."""

GRAM = 3
"""Code points of a piece of a word, by which words that hold a string are found."""

_MOST_KEYS = 16
# Before a piece of a word, in a list of words: no word holds a character of private use.
_PIECE = "\ue000"

_TYPOGRAPHIC = re.compile("[\u00a0\u00ab\u00bb\u2010-\u2027\u2030-\u205e]")
# A table that makes blanks of all else finds words four times as fast as a pattern does.
_BLANKS = {code: " " for code in range(128) if not chr(code).isalnum()}
# The voicing marks of kana make other letters of them, and stay.
_UNSEEN = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}[\p{M}--\p{ccc=0}--[\u3099\u309a]]]+",
    regex.VERSION1,
)
_ALONE = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\u30fc\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Extended_Pictographic}\p{Regional_Indicator}--[\p{Nd}\p{ASCII}]]"
)
_ALONE_WORD = regex.compile(_ALONE, regex.VERSION1)
_WORD = regex.compile(rf"{_ALONE}|[\p{{L}}\p{{M}}\p{{N}}--{_ALONE}]+", regex.VERSION1)


def _plain(text: str) -> str:
    """The text as words are cut from it: without case, accents and what is not seen."""
    if not text.isascii():
        # Most texts in Latin letters are ASCII but for quotation marks and dashes, which stand
        # between words whatever becomes of them. Without them a text is done in half the time.
        text = _TYPOGRAPHIC.sub(" ", text)
    if text.isascii():
        return text.lower()
    for _ in range(2):
        # Folding makes letters that can be taken apart in their turn.
        text = _UNSEEN.sub("", _apart(text)).casefold()
    return text


def _apart(text: str) -> str:
    """NFKD, but for the order of marks, all of which go.

    Each character by itself: to order a run of marks takes time by the square of its length.
    """
    return text.translate({ord(it): unicodedata.normalize("NFKD", it) for it in set(text)})


def _runs(plain: str) -> list[str]:
    """The words, of any length."""
    if plain.isascii():
        return plain.translate(_BLANKS).split()
    found: list[str] = _WORD.findall(plain)
    return found


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    return [word[:LONGEST] for word in _runs(_plain(text))]


def are_settled(text: str) -> bool:
    """Whether the words of a text are the same by every release of Unicode: of ASCII they are."""
    return text.isascii() or _TYPOGRAPHIC.sub(" ", text).isascii()


def line(found: Iterable[str]) -> str:
    """Words in a form in which a phrase is found as a string: a blank on both sides of each."""
    joined = " ".join(found)
    return f" {joined} " if joined else " "


@dataclass(frozen=True, slots=True)
class Indexed:
    """What is kept of a text, to find it by."""

    words: str
    """Its words in order, as ``line`` joins them."""
    keys: str
    """Each word once, and each piece of ``GRAM`` code points of them, likewise joined."""
    cut: bool
    """Whether some word is longer than ``LONGEST``, so that the words are not all of the text."""


def indexed(text: str) -> Indexed:
    """What is kept of a text."""
    runs = _runs(_plain(text))
    distinct = dict.fromkeys(runs)
    cut = max(map(len, distinct), default=0) > LONGEST
    counted = [run[:LONGEST] for run in runs] if cut else runs
    keys = dict.fromkeys(counted)
    for run in distinct:
        keys.update(_pieces(run))
    return Indexed(line(counted), line(keys), cut)


def _pieces(run: str) -> Mapping[str, None]:
    # What is hardly a word is hardly met again, and would fill the memory.
    return _kept_pieces(run) if len(run) <= LONGEST else _made_pieces(run)


def _made_pieces(run: str) -> Mapping[str, None]:
    return {_PIECE + run[at : at + GRAM]: None for at in range(len(run) - GRAM + 1)}


_kept_pieces = lru_cache(maxsize=20_000)(_made_pieces)


def keys_within(part: str) -> list[str]:
    """Keys that every text has in which this part occurs, whatever stands around it.

    A word at the part's edge may go on beyond it, so of such a word only its pieces are certain.
    None are known for a part that is too short; of many, those that say most.
    """
    plain = _plain(part)
    whole: list[str] = []
    pieces: list[str] = []
    for match in _WORD.finditer(plain):
        run, (start, end) = match[0], match.span()
        if (start > 0 and end < len(plain)) or _ALONE_WORD.fullmatch(run):
            whole.append(run[:LONGEST])
        else:
            pieces.extend(_pieces(run))
    return list(dict.fromkeys([*sorted(whole, key=len, reverse=True), *pieces]))[:_MOST_KEYS]


def run_within(part: str) -> str:
    """What the words of every text hold, as ``line`` joins them, in which this part occurs.

    But for texts of which a word was cut: what was left out of it is not known.
    """
    return " ".join(words(part))
