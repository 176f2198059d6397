"""Words and sentences of a text, as offsets in code points, for the formats that are made of them.

No language is known here, so the rules are those that most of them share. Every character that is
not blank is in exactly one token; a token holds no blank.
"""

from collections.abc import Iterable, Iterator

import regex

_TOKEN = regex.compile(
    r"""
    \p{N}++ (?: [.,:/]\p{N}++ )*+ [\p{L}\p{M}\p{N}_]*+     # 1,500.25  10:45  3rd
    | [\p{L}\p{M}\p{N}_]++ (?: ['\u2019\u200c]\p{L}[\p{L}\p{M}\p{N}_]*+ )*+ # don't
    | \p{RI}{2}                                           # a flag is one
    | \S (?: [\p{M}\p{Emoji_Modifier}] | \u200d\p{Extended_Pictographic} )*+
    """,
    regex.VERBOSE,
)

# A break of the line; or what may end a sentence, with the quotation marks and brackets that close,
# and as the group ``end`` whether it does. A run of marks is taken whole, whether or not it ends
# one: to begin again at each of a million dots would take for ever.
_BREAK = regex.compile(
    r"""
    (?P<end> [\n\u2028\u2029] )
    | [.!?…]++ ["'\p{Pi}\p{Pf}\p{Pe}]*+
      (?P<end> (?= \s++ (?: ["'\p{Ps}]*+ \p{Lu} | [\p{Pi}\p{Pf}\u201a\u201e¿¡] ) ) )?
    | (?P<end> [\u3002\uff01\uff1f]++ [\p{Pf}\p{Pe}]*+ )
    """,
    regex.VERBOSE,
)


def tokens(text: str, cuts: Iterable[int] = ()) -> Iterator[tuple[int, int]]:
    """The start and end of each token, in order; one that an offset of ``cuts`` splits is several.

    Takes a time that grows with the length of the text.
    """
    places = sorted(set(cuts))
    last = len(places)
    place = 0
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        while place < last and places[place] <= start:
            place += 1
        while place < last and places[place] < end:
            yield start, places[place]
            start = places[place]
            place += 1
        yield start, end


def sentence_ends(text: str) -> Iterator[int]:
    """Where sentences end, in order: behind a sentence's last mark, or behind a line's break.

    The text's own end is told only if such a mark or a break stands there.
    """
    for found in _BREAK.finditer(text):
        if found["end"] is not None:
            yield found.end()


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds without the blanks at both ends; of nothing but blanks, ``start`` twice."""
    words = text[start:end]
    first = start + len(words) - len(words.lstrip())
    last = end - len(words) + len(words.rstrip())
    return (first, last) if first < last else (start, start)
