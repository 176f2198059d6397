"""Offsets and spans, held against Python's own codecs and against searches without any cleverness.

What the bytes mean: a unit, a number of repetitions of the text (so that texts are longer than a
step of ``Ruler``), eight offsets, and then strings parted by NUL: the text, a quote, a prefix and
a suffix.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.core.errors import Unprocessable
from app.core.vocabulary import OffsetUnit
from app.text.graphemes import nearest_bounds
from app.text.normalization import normalize
from app.text.offsets import STEP, Ruler, length
from app.text.spans import SpanIn, verify, verify_annotation
from app.text.tokens import sentence_ends, tokens, trimmed
from tests.make import cut, measured

_HEAD = struct.Struct("<BB8h")
_EDGES = (*range(-1, 12), *range(STEP - 4, STEP + 12))
"""Offsets at the start of a text and around its first mark, which are tried with every text."""
_LONGEST = 20_000
"""Code points of a text: the oracles look everywhere, and that takes time."""


@dataclass(frozen=True)
class _Case:
    unit: OffsetUnit
    text: str
    offsets: tuple[int, ...]
    quote: str | None
    prefix: str | None
    suffix: str | None


def spans(data: bytes) -> None:
    """Nothing is accepted that does not stand there, and what stands there is accepted.

    Raises:
        AssertionError: when it is otherwise.
    """
    if len(data) < _HEAD.size:
        return
    case = _case(data)
    for offset in {*case.offsets, *_EDGES}:
        _converts(case, offset)
    _verifies(case)
    _verifies_fragments(case)
    _cuts(case)


def _case(data: bytes) -> _Case:
    unit, times, *offsets = _HEAD.unpack_from(data)
    # No lone surrogate gets past the reading of JSON, and strict decoding knows none.
    text, *rest = data[_HEAD.size :].decode("utf-8", "ignore").split("\0")
    quote, prefix, suffix, *_ = [*rest, None, None, None]
    text = (text * (1 + times))[:_LONGEST]
    return _Case(list(OffsetUnit)[unit % 3], text, tuple(offsets), quote, prefix, suffix)


def _stands_at(text: str, offset: int, unit: OffsetUnit) -> bool:
    """Whether the offset lies in the text and splits no character, by Python's own codecs."""
    if not 0 <= offset <= measured(text, unit):
        return False
    try:
        cut(text, 0, offset, unit)
    except UnicodeDecodeError:
        return False
    return True


def _converts(case: _Case, offset: int) -> None:
    ruler = Ruler(case.text, case.unit)
    try:
        found = ruler.to_code_points(offset, pointer="/start")
    except Unprocessable as refusal:
        _refuses(case, offset, refusal.errors[0])
    else:
        assert case.text[:found] == cut(case.text, 0, offset, case.unit)
        # By the marks that there are now, and by none.
        assert ruler.from_code_points(found) == offset
        assert Ruler(case.text, case.unit).from_code_points(found) == offset


def _refuses(case: _Case, offset: int, error: Mapping[str, Any]) -> None:
    assert not _stands_at(case.text, offset, case.unit), error
    for bound in {"before", "after"} & error.keys():
        assert _stands_at(case.text, error[bound], case.unit), error
    length_told = error.get("length", measured(case.text, case.unit))
    assert length_told == measured(case.text, case.unit)


def _places(text: str, quote: str, prefix: str, suffix: str) -> list[int]:
    """Where the quote stands in its context, two places being as good as all."""
    needle = prefix + quote + suffix
    found: list[int] = []
    for start in range(len(text) - len(needle) + 1):
        if text.startswith(needle, start):
            found.append(start + len(prefix))
            if len(found) == 2:
                break
    return found


def _verifies(case: _Case) -> None:
    start, end, *_ = case.offsets
    text, unit, quote = case.text, case.unit, case.quote
    given = SpanIn(start, end, quote, case.prefix, case.suffix)
    try:
        span = verify(text, given, unit)
    except Unprocessable as refusal:
        _explains(case, refusal)
    else:
        assert span.start < span.end
        assert text[span.start : span.end] == span.quote == quote
        assert cut(text, start, end, unit) == quote
        assert text[: span.start].endswith(case.prefix or "")
        assert text[span.end :].startswith(case.suffix or "")
    if start < end and _stands_at(text, start, unit) and _stands_at(text, end, unit):
        stands = cut(text, start, end, unit)
        assert verify(text, SpanIn(start, end, stands), unit).quote == stands
    if quote:
        _locates(case, quote)


def _locates(case: _Case, quote: str) -> None:
    places = _places(case.text, quote, case.prefix or "", case.suffix or "")
    given = SpanIn(None, None, quote, case.prefix, case.suffix)
    try:
        span = verify(case.text, given, case.unit)
    except Unprocessable as refusal:
        _explains(case, refusal)
        codes = {0: "quote-not-found", 2: "quote-ambiguous"}
        found = codes.get(len(places)) == refusal.code
    else:
        found = [span.start] == places and span.quote == quote
    assert found, places


def _explains(case: _Case, refusal: Unprocessable) -> None:
    """The places that a refusal shows are places of the quote, in the caller's unit."""
    for error in refusal.errors:
        listed: Any = error.get("candidates", error.get("occurrences", []))
        for place in listed:
            assert cut(case.text, place["start"], place["end"], case.unit) == case.quote
        fits = error.get("matches_in_unit")
        if fits and error["code"] == "quote-mismatch":
            start, end, *_ = case.offsets
            other = verify(
                case.text,
                SpanIn(start, end, case.quote, case.prefix, case.suffix),
                OffsetUnit(str(fits)),
            )
            assert other.quote == case.quote


def _verifies_fragments(case: _Case) -> None:
    text, unit = case.text, case.unit
    bounds = list(zip(case.offsets[::2], case.offsets[1::2], strict=True))
    # What stands there where it can be cut, for few would pass else.
    given = [
        SpanIn(
            start,
            end,
            cut(text, start, end, unit)
            if 0 <= start < end and _stands_at(text, start, unit) and _stands_at(text, end, unit)
            else case.quote,
        )
        for start, end in bounds
    ]
    try:
        found = verify_annotation(text, SpanIn(), given, unit)
    except Unprocessable:
        return
    assert found.fragments is not None
    assert [part.quote for part in found.fragments] == [part.quote for part in given]
    ends = [offset for part in found.fragments for offset in (part.start, part.end)]
    assert ends == sorted(ends)
    assert (found.start, found.end) == (ends[0], ends[-1])
    assert found.quote == text[found.start : found.end]
    for warning in found.warnings:
        assert warning.before < warning.offset < warning.after


def _cuts(case: _Case) -> None:
    """NormalizedText, clusters, tokens and sentences."""
    try:
        text = normalize(case.text, unit=case.unit).text
    except Unprocessable:
        return
    assert "\r" not in text
    assert normalize("\ufeff" + text).text == text
    units = length(text)
    assert (units.utf16, units.utf8) == (measured(text, "utf16"), measured(text, "utf8"))
    offsets = [offset for offset in case.offsets if 0 <= offset <= len(text)]
    for offset in offsets:
        nearest = nearest_bounds(text, offset)
        assert nearest is None or 0 <= nearest[0] < offset < nearest[1] <= len(text)
    found = list(tokens(text, offsets))
    places = [place for token in found for place in token]
    assert places == sorted(places)
    for start, end in found:
        assert start < end
        assert not any(start < offset < end for offset in offsets)
    covered = sum(end - start for start, end in found)
    assert covered == sum(not character.isspace() for character in text)
    ends = list(sentence_ends(text))
    assert ends == sorted(set(ends))
    for start, end in pairwise(offsets):
        if start < end:
            first, last = trimmed(text, start, end)
            assert text[first:last] == text[start:end].strip()
