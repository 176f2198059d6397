"""Finding a quote in a text, and saying how a quote differs from what was found.

Matches are exact, code point by code point; two of them may overlap. All work is bounded, for
texts and quotes of millions of characters that were made to be slow as much as for an article.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

import regex

# Matches that are counted before the rest is "more".
COUNTED = 1000

# Each search prepares its needle anew, which takes time by the needle's length: so many code points
# of needles are prepared for one list of matches. It bounds the count for quotes above 2,000.
PREPARED = 2_000_000

# What is longer than this, in code points, is not folded to explain a difference.
FOLDABLE = 100_000

# These stand for NFD and NFKD as well. The compatibility form is asked last: it makes one of "ﬁ"
# and "fi", but of a no-break space and a space too.
_FORMS: Final = ("NFC", "NFKC")

# Normalizing takes time by the square of a run of combining marks. Runs of more than 30, which no
# language has (Unicode Standard Annex #15, Stream-Safe Text Format), are left as they are. The two
# halfwidth sound marks are letters that become combining marks when they are normalized.
_LONG_RUN = regex.compile(r"[\p{M}\uff9e\uff9f]{31}")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a quote starts in a text, in code points and in order."""

    starts: tuple[int, ...]
    more: bool
    """Whether there are others that were not looked for."""


def find(text: str, quote: str, prefix: str = "", suffix: str = "") -> Places:
    """Where the quote stands, between that prefix and that suffix; the quote is not empty.

    At most 1,000 places, fewer for quotes above 2,000 code points but never less than two.
    """
    needle = f"{prefix}{quote}{suffix}"
    at_most = max(2, min(COUNTED, PREPARED // len(needle)))
    starts: list[int] = []
    at = text.find(needle)
    while at >= 0 and len(starts) < at_most:
        starts.append(at + len(prefix))
        at = text.find(needle, at + 1)
    return Places(tuple(starts), more=at >= 0)


def differences(text: str, quote: str, *, anywhere: bool = False) -> list[str] | None:
    """What alone keeps the quote from being the text, or from standing ``anywhere`` in it.

    ``whitespace``, any amount of what ``str.split`` takes for it against any other, none included;
    ``unicode_normalization``, in any of the four forms; both, where it takes both; or nothing.

    None where that was not looked at, in a text or a quote above 100,000 code points; what both
    begin and end with does not count, unless the quote may stand anywhere. Nothing is said of the
    normalization of one with more than 30 combining marks in a row.
    """
    if not anywhere and abs(len(text) - len(quote)) <= FOLDABLE < max(len(text), len(quote)):
        # The rest differs as the whole does: what stands around it changes neither its white space
        # nor which of its characters are equal but for their form.
        text, quote = _without_beginning(text, quote)
        text, quote = (rest[::-1] for rest in _without_beginning(text[::-1], quote[::-1]))
    if max(len(text), len(quote)) > FOLDABLE:
        return None

    def fits(ours: str, theirs: str) -> bool:
        return ours == theirs or (anywhere and theirs != "" and theirs in ours)

    if fits(_without_space(text), _without_space(quote)):
        return ["whitespace"]
    for form in _FORMS:
        ours, theirs = _normalized(form, text), _normalized(form, quote)
        if fits(ours, theirs):
            return ["unicode_normalization"]
        if fits(_without_space(ours), _without_space(theirs)):
            return ["whitespace", "unicode_normalization"]
    return []


def _without_beginning(one: str, other: str) -> tuple[str, str]:
    """Both without what they begin with alike; found by halves, it takes as long as comparing."""
    alike, at_most = 0, min(len(one), len(other))
    while alike < at_most:
        middle = (alike + at_most + 1) // 2
        if one[alike:middle] == other[alike:middle]:
            alike = middle
        else:
            at_most = middle - 1
    return one[alike:], other[alike:]


def _without_space(text: str) -> str:
    return "".join(text.split())


def _normalized(form: Literal["NFC", "NFKC"], text: str) -> str:
    return text if _LONG_RUN.search(text) else unicodedata.normalize(form, text)
