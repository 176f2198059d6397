"""No span enters unverified: what a caller says of a text is held against the text.

A span comes as ``start``, ``end`` and ``quote``, and then the text between the offsets must be the
quote; or as ``quote`` alone, and then the quote must stand in the text exactly once, between the
``prefix`` and ``suffix`` if they are given. Offsets come in the caller's unit and leave in code
points. What is refused is refused with the reason, the place (a JSON pointer) and the cure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from app.core.errors import (
    FragmentsInvalid,
    MissingField,
    OffsetInsideCharacter,
    OffsetOutOfRange,
    SpanEmpty,
    SpanReversed,
    Unprocessable,
    refuse,
)
from app.core.vocabulary import OffsetUnit
from app.text import refusals
from app.text.anchoring import find
from app.text.graphemes import nearest_bounds, splits_none
from app.text.offsets import Ruler

# A quotation that its narrative interrupts from end to end has some dozens of fragments.
FRAGMENTS = 256

# Each that is a quote alone needs a search of the whole text: of so many code points altogether,
# which takes some 0.1 s. Texts of up to 200,000 are searched for all of them.
SEARCHED = 200_000 * FRAGMENTS

# To explain a refusal takes longer than to accept: so many of an annotation's spans are explained,
# and fewer in a text that has so many code points with what was gone through for those before.
REFUSED = 8
EXPLAINED = 50_000


class SpanIn(NamedTuple):
    """A span as a caller gives it; the offsets are in the caller's unit."""

    start: int | None = None
    end: int | None = None
    quote: str | None = None
    prefix: str | None = None
    suffix: str | None = None


class Span(NamedTuple):
    """A verified span: half-open, in code points, its quote cut from our text."""

    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class SplitsGrapheme:
    """A bound inside what a reader takes for one character; offsets in code points.

    ``before`` and ``after`` are the nearest offsets that split none.
    """

    pointer: str
    bound: str
    """``start`` or ``end``."""
    offset: int
    before: int
    after: int


class Verified(NamedTuple):
    """Where an annotation stands: its envelope, its fragments if it is discontinuous, warnings."""

    start: int
    end: int
    quote: str
    fragments: tuple[Span, ...] | None
    warnings: tuple[SplitsGrapheme, ...]


def verify(text: str, given: SpanIn, unit: OffsetUnit, *, pointer: str = "") -> Span:
    """The one span of the text that the caller means.

    Raises, at the field below ``pointer`` that is at fault: MissingField, OffsetOutOfRange,
    OffsetInsideCharacter, SpanEmpty, SpanReversed, QuoteMissing, QuoteMismatch (also where a prefix
    or suffix is not what stands next to the offsets), QuoteNotFound, QuoteAmbiguous; InvalidBody if
    both offsets are at fault.
    """
    return _verify(Ruler(text, unit), given, pointer)


def verify_annotation(
    text: str, envelope: SpanIn, fragments: Sequence[SpanIn] | None, unit: OffsetUnit
) -> Verified:
    """An annotation's span and fragments, each verified, and then one against the other.

    Fragments are two or more, in order, and do not overlap; they may touch. The envelope reaches
    from the first to the last; left out, it is taken from them.

    Raises what ``verify`` raises, at ``/start``, ``/fragments/0/start`` and so on; FragmentsInvalid
    at ``/fragments`` or at the fragment that is out of place; MissingField for quotes alone that
    are too many for so long a text; InvalidBody for several faults, of the first 8 spans that have
    any, or of as many as ``most_explained`` says.
    """
    ruler = Ruler(text, unit)
    if fragments is None:
        whole, parts = _verify(ruler, envelope, ""), None
    else:
        whole, parts = _verify_fragments(ruler, envelope, fragments)
    # The envelope's bounds are bounds of fragments: one fault is told once.
    if parts is None and splits_none(text, whole.start) and splits_none(text, whole.end):
        # Nearly all are so, and an import verifies a great many.
        return Verified(whole.start, whole.end, whole.quote, None, ())
    told = [("", whole)] if parts is None else [(f"/fragments/{i}", p) for i, p in enumerate(parts)]
    warnings = tuple(w for pointer, span in told for w in split_graphemes(text, span, pointer))
    return Verified(whole.start, whole.end, whole.quote, parts, warnings)


def split_graphemes(text: str, span: Span, pointer: str = "") -> Iterator[SplitsGrapheme]:
    """A warning for each bound of a verified span that splits a grapheme cluster."""
    for bound, offset in (("start", span.start), ("end", span.end)):
        nearest = nearest_bounds(text, offset)
        if nearest:
            yield SplitsGrapheme(f"{pointer}/{bound}", bound, offset, *nearest)


def _verify(ruler: Ruler, given: SpanIn, pointer: str) -> Span:
    if given.start is None and given.end is None:
        return _located(ruler, given, pointer)
    start, end = _bounds(ruler, given, pointer)
    actual = ruler.text[start:end]
    if given.quote is None:
        raise refusals.missing(ruler, pointer, actual)
    if actual == given.quote and given.prefix is None and given.suffix is None:
        return Span(start, end, actual)
    for name, sent, stands in _compared(ruler.text, given, start, end):
        if sent != stands:
            raise refusals.mismatch(
                ruler,
                f"{pointer}/{name}",
                sent=sent,
                actual=stands,
                quote=given.quote,
                fits=_fitting_unit(ruler, given),
            )
    return Span(start, end, actual)


def _located(ruler: Ruler, given: SpanIn, pointer: str) -> Span:
    quote, prefix, suffix = given.quote, given.prefix or "", given.suffix or ""
    if quote is None:
        raise MissingField(
            f"{pointer}/quote", "A span is given as start, end and quote, or as quote alone."
        )
    if not quote:
        raise SpanEmpty(f"{pointer}/quote", "The quote is empty; a span holds some text.")
    places = find(ruler.text, quote, prefix, suffix)
    if not places.starts:
        raise refusals.not_found(ruler, pointer, quote, prefix, suffix)
    if len(places.starts) > 1:
        raise refusals.ambiguous(ruler, pointer, quote, places)
    start, end = places.starts[0], places.starts[0] + len(quote)
    return Span(start, end, ruler.text[start:end])


def _bounds(ruler: Ruler, given: SpanIn, pointer: str) -> tuple[int, int]:
    """Start and end in code points, with something between them; both are looked at."""
    if given.start is None or given.end is None:
        absent = "start" if given.start is None else "end"
        raise MissingField(
            f"{pointer}/{absent}",
            f"The {absent} is missing. Send both offsets, or neither to have the quote found.",
        )
    if ruler.identical and 0 <= given.start < given.end <= len(ruler.text):
        return given.start, given.end
    bounds: list[int] = []
    refused: list[Unprocessable] = []
    for name, offset in (("start", given.start), ("end", given.end)):
        try:
            bounds.append(ruler.to_code_points(offset, pointer=f"{pointer}/{name}"))
        except (OffsetOutOfRange, OffsetInsideCharacter) as refusal:
            refusal.errors[0]["matches_in_unit"] = _fitting_unit(ruler, given)
            refused.append(refusal)
    refuse(refused)
    start, end = bounds
    if start == end:
        raise SpanEmpty(
            f"{pointer}/end", "The end equals the start; it is the offset after the last character."
        )
    if start > end:
        raise SpanReversed(
            f"{pointer}/end", "The end lies before the start; swap them if both are right."
        )
    return start, end


def _compared(text: str, given: SpanIn, start: int, end: int) -> Iterator[tuple[str, str, str]]:
    """Each of quote, prefix and suffix that is given, and what stands in its place."""
    if given.quote is not None:
        yield "quote", given.quote, text[start:end]
    if given.prefix is not None:
        yield "prefix", given.prefix, text[max(0, start - len(given.prefix)) : start]
    if given.suffix is not None:
        yield "suffix", given.suffix, text[end : end + len(given.suffix)]


def _fitting_unit(ruler: Ruler, given: SpanIn) -> str | None:
    """The other unit in which the same offsets would be right, if there is one."""
    if given.start is None or given.end is None or not given.quote:
        return None
    for unit in OffsetUnit:
        if unit == ruler.unit:
            continue
        other = Ruler(ruler.text, unit)
        try:
            start = other.to_code_points(given.start, pointer="")
            end = other.to_code_points(given.end, pointer="")
        except (OffsetOutOfRange, OffsetInsideCharacter):
            continue
        if all(sent == stands for _, sent, stands in _compared(ruler.text, given, start, end)):
            return unit.value
    return None


def _verify_fragments(
    ruler: Ruler, envelope: SpanIn, fragments: Sequence[SpanIn]
) -> tuple[Span, tuple[Span, ...]]:
    if not 2 <= len(fragments) <= FRAGMENTS:
        raise FragmentsInvalid(
            "/fragments",
            f"An annotation in pieces has 2 to {FRAGMENTS} fragments, and this has "
            f"{len(fragments)}. For one in a single piece leave the field out, or send null.",
        )
    given = {f"/fragments/{index}": fragment for index, fragment in enumerate(fragments)}
    if envelope != SpanIn():
        given = {"": envelope, **given}
    _check_searches(ruler.text, given)
    verified = _verify_each(ruler, given)
    sent = verified.pop("", None)
    parts = tuple(verified.values())
    refuse(list(_disorder(parts)))
    start, end = parts[0].start, parts[-1].end
    whole = Span(start, end, ruler.text[start:end])
    if sent is not None and sent != whole:
        start, end = ruler.from_code_points(start), ruler.from_code_points(end)
        raise FragmentsInvalid(
            "/fragments",
            f"The fragments reach from {start} to {end}, and the annotation does not. Its start is "
            "that of the first fragment and its end that of the last.",
            envelope={"start": start, "end": end},
            offset_unit=ruler.unit.value,
        )
    return whole, parts


def _check_searches(text: str, given: Mapping[str, SpanIn]) -> None:
    searched = [name for name, it in given.items() if it.start is None and it.end is None]
    most = max(1, SEARCHED // max(1, len(text)))
    if len(searched) > most:
        raise MissingField(
            f"{searched[most]}/start",
            f"The text is too long to look for more than {most} quotes; send start and end too.",
        )


def most_explained(text: str) -> int:
    """How many refused spans of a request are explained."""
    return max(1, min(REFUSED, EXPLAINED // max(1, len(text))))


def _verify_each(ruler: Ruler, given: Mapping[str, SpanIn]) -> dict[str, Span]:
    """The spans by their pointers, or the refusals of the first that are refused."""
    verified: dict[str, Span] = {}
    refused: list[Unprocessable] = []
    most = most_explained(ruler.text)
    for pointer, span in given.items():
        try:
            verified[pointer] = _verify(ruler, span, pointer)
        except Unprocessable as refusal:
            refused.append(refusal)
        if len(refused) == most:
            break
    refuse(refused)
    return verified


def _disorder(parts: Sequence[Span]) -> Iterator[FragmentsInvalid]:
    for index, (one, other) in enumerate(pairwise(parts), start=1):
        if other.start < one.end:
            fault = "overlaps" if one.start < other.end else "stands before"
            yield FragmentsInvalid(
                f"/fragments/{index}",
                f"Fragment {index} {fault} fragment {index - 1}. Fragments are in text order and "
                "share no character.",
            )
