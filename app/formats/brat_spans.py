"""A document's spans as brat has them, which cross no line end, and as Stet has them. Pure."""

import re
from collections.abc import Iterator
from itertools import chain, pairwise, zip_longest
from typing import Any

from app.text.spans import FRAGMENTS

Spans = list[tuple[int, int]]

_TABS_AND_LINE_ENDS = re.compile("[\t\n\r\u2028\u2029]")
# To brat, which is written in Python, Unicode's separators end a line too.
_LINE_END = re.compile("[\n\u2028\u2029]")
_LINE = re.compile("[^\n\u2028\u2029]+")
# An earlier Stet cut no spans at the others.
_OLD_LINE = re.compile("[^\n]+")
_WORD = re.compile(r"\S+")
# Looked at in its place, and no further than to its first word: a gap may be the whole text.
_GAP_AT_A_LINE_END = re.compile(r"[^\S\n\u2028\u2029]*+[\n\u2028\u2029]\s*+")


def flat(text: str) -> str:
    """The text with a blank for each tab and line end, as a note of brat's is."""
    return _TABS_AND_LINE_ENDS.sub(" ", text)


def covered(spans: Spans, text: str) -> str:
    """What the spans cover, as brat writes it: with a blank between two of them.

    brat compares it with the text, tabs included.
    """
    return _LINE_END.sub(" ", " ".join(text[start:end] for start, end in spans))


def cut(spans: Spans, text: str) -> Spans:
    """The spans cut at line ends, which no span of brat's crosses.

    A span of nothing but line ends stays whole, for nothing would be left of it.
    """
    return list(_pieces(spans, text, _LINE)) or spans


def is_cut(raw: Spans, spans: Spans, text: str) -> bool:
    """Whether ``raw`` is what ``cut`` makes of the spans, or made in an earlier Stet."""
    return any(_agree(raw, spans, text, line) for line in (_LINE, _OLD_LINE))


def _agree(raw: Spans, spans: Spans, text: str, line: re.Pattern[str]) -> bool:
    """Whether the spans are ``raw`` once they are cut into such lines.

    They are cut no further than they agree: one span may have millions of lines.
    """
    pieces = _pieces(spans, text, line)
    first = next(pieces, None)
    if first is None:
        return raw == spans
    return all(one == other for one, other in zip_longest(chain([first], pieces), raw))


def _pieces(spans: Spans, text: str, line: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        for piece in line.finditer(text, start, end):
            yield piece.span()


def kept(spans: Any, text: str) -> Spans | None:
    """The spans of a comment of Stet's, if they are those of an annotation of the text."""
    if not isinstance(spans, list) or not 0 < len(spans) <= FRAGMENTS:
        return None
    pairs = [tuple(pair) for pair in spans if isinstance(pair, list) and len(pair) == 2]
    whole = len(pairs) == len(spans) and all(type(it) is int for pair in pairs for it in pair)
    return pairs if whole and _in_order(pairs, text) else None


def joined(raw: Spans, text: str) -> Spans:
    """The spans without the gaps that a line end alone makes."""
    if not _in_order(raw, text):
        # The importer says what is wrong with them.
        return raw
    whole = [raw[0]]
    for start, end in raw[1:]:
        if _GAP_AT_A_LINE_END.fullmatch(text, whole[-1][1], start):
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole


def same_words(one: str, other: str) -> bool:
    """Whether both have the same words, whatever blanks there are between them.

    They are looked at one by one: a list of them may take many times what the text does.
    """
    if one == other:
        return True
    words = zip_longest(_WORD.finditer(one), _WORD.finditer(other))
    return all(a and b and a.group() == b.group() for a, b in words)


def _in_order(spans: Spans, text: str) -> bool:
    """Whether they stand in the text, one behind the other."""
    return (
        spans[0][0] >= 0
        and spans[-1][1] <= len(text)
        and all(start < end for start, end in spans)
        and all(one[1] <= other[0] for one, other in pairwise(spans))
    )
