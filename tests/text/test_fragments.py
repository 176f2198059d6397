import pytest

from app.core.errors import (
    FragmentsInvalid,
    InvalidBody,
    QuoteMismatch,
    QuoteMissing,
    Unprocessable,
)
from app.core.vocabulary import OffsetUnit
from app.text import spans
from app.text.spans import (
    EXPLAINED,
    FRAGMENTS,
    REFUSED,
    Span,
    SpanIn,
    SplitsGrapheme,
    Verified,
    verify_annotation,
)
from tests.text.oracle import count

CODE_POINTS, UTF16, UTF8 = OffsetUnit

TEXT = "😀 “We never”, said the «спикер», “agreed” to it."
FIRST = Span(2, 11, "“We never")
SECOND = Span(33, 40, "“agreed")
WHOLE = TEXT[2:40]

each_unit = pytest.mark.parametrize("unit", OffsetUnit)


def at(offset: int, unit: OffsetUnit, text: str = TEXT) -> int:
    """An offset in code points in the unit."""
    return count(text[:offset], unit)


def span(start: int, end: int, unit: OffsetUnit = CODE_POINTS, text: str = TEXT) -> SpanIn:
    """A span as a caller gives it who counts in that unit."""
    return SpanIn(at(start, unit, text), at(end, unit, text), text[start:end])


def refused(
    envelope: SpanIn,
    fragments: list[SpanIn] | None,
    unit: OffsetUnit = CODE_POINTS,
    text: str = TEXT,
) -> Unprocessable:
    with pytest.raises(Unprocessable) as refusal:
        verify_annotation(text, envelope, fragments, unit)
    return refusal.value


def told(refusal: Unprocessable) -> list[tuple[object, object]]:
    return [(error["code"], error["pointer"]) for error in refusal.errors]


@each_unit
def test_an_annotation_in_one_piece_has_no_fragments(unit: OffsetUnit) -> None:
    verified = verify_annotation(TEXT, span(2, 40, unit), None, unit)

    assert verified == Verified(2, 40, WHOLE, fragments=None, warnings=())


@each_unit
def test_fragments_that_fill_their_envelope_are_taken(unit: OffsetUnit) -> None:
    fragments = [span(2, 11, unit), span(33, 40, unit)]

    verified = verify_annotation(TEXT, span(2, 40, unit), fragments, unit)

    assert verified == Verified(2, 40, WHOLE, fragments=(FIRST, SECOND), warnings=())


@each_unit
def test_an_envelope_that_is_left_out_is_taken_from_the_fragments(unit: OffsetUnit) -> None:
    fragments = [span(2, 11, unit), SpanIn(quote="“agreed")]

    verified = verify_annotation(TEXT, SpanIn(), fragments, unit)

    assert verified == Verified(2, 40, WHOLE, fragments=(FIRST, SECOND), warnings=())


def test_an_envelope_may_be_a_quote_alone() -> None:
    fragments = [span(2, 11), span(33, 40)]

    assert verify_annotation(TEXT, SpanIn(quote=WHOLE), fragments, CODE_POINTS).start == 2


def test_fragments_that_touch_share_no_character_and_are_taken() -> None:
    verified = verify_annotation(TEXT, SpanIn(), [span(2, 11), span(11, 12)], CODE_POINTS)

    assert verified.fragments == (FIRST, Span(11, 12, "”"))


@each_unit
def test_an_envelope_is_held_against_the_text_like_every_span(unit: OffsetUnit) -> None:
    fragments = [span(2, 11, unit), span(33, 40, unit)]
    offsets = at(2, unit), at(40, unit)

    missing = refused(SpanIn(*offsets), fragments, unit)
    mismatch = refused(SpanIn(*offsets, "“We never agreed"), fragments, unit)

    assert isinstance(missing, QuoteMissing)
    assert missing.errors[0]["actual"] == WHOLE
    assert told(missing) == [("quote-missing", "/quote")]
    assert isinstance(mismatch, QuoteMismatch)
    assert told(mismatch) == [("quote-mismatch", "/quote")]


@each_unit
@pytest.mark.parametrize("bounds", [(0, 40), (2, 41), (3, 40), (2, 39), (2, 11)])
def test_an_envelope_that_the_fragments_do_not_fill_is_refused(
    bounds: tuple[int, int], unit: OffsetUnit
) -> None:
    fragments = [span(2, 11, unit), span(33, 40, unit)]

    refusal = refused(span(*bounds, unit), fragments, unit)

    assert isinstance(refusal, FragmentsInvalid)
    assert told(refusal) == [("fragments-invalid", "/fragments")]
    assert refusal.errors[0]["envelope"] == {"start": at(2, unit), "end": at(40, unit)}
    assert refusal.errors[0]["offset_unit"] == unit


@each_unit
@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ((2, 11), (10, 20), "overlaps"),
        ((2, 20), (5, 9), "overlaps"),
        ((2, 11), (2, 11), "overlaps"),
        ((5, 9), (2, 20), "overlaps"),
        ((33, 40), (2, 11), "stands before"),
        ((11, 12), (2, 11), "stands before"),
    ],
)
def test_fragments_that_overlap_or_are_out_of_order_are_refused(
    one: tuple[int, int], other: tuple[int, int], word: str, unit: OffsetUnit
) -> None:
    refusal = refused(SpanIn(), [span(*one, unit), span(*other, unit)], unit)

    assert isinstance(refusal, FragmentsInvalid)
    assert told(refusal) == [("fragments-invalid", "/fragments/1")]
    assert f"Fragment 1 {word} fragment 0." in str(refusal.errors[0]["detail"])


@pytest.mark.parametrize("count", [0, 1, FRAGMENTS + 1])
def test_too_few_and_too_many_fragments_are_refused(count: int) -> None:
    refusal = refused(SpanIn(), [span(2, 11)] * count)

    assert told(refusal) == [("fragments-invalid", "/fragments")]


def test_as_many_fragments_as_the_limit_are_taken() -> None:
    text = "a " * FRAGMENTS
    fragments = [span(2 * index, 2 * index + 1, CODE_POINTS, text) for index in range(FRAGMENTS)]

    verified = verify_annotation(text, SpanIn(), fragments, CODE_POINTS)

    assert verified.quote == text[:-1]
    assert len(verified.fragments or ()) == FRAGMENTS


@each_unit
def test_every_fragment_is_checked_and_told_at_its_place(unit: OffsetUnit) -> None:
    fragments = [
        SpanIn(-1, 10**9, "x"),
        span(2, 11, unit),
        SpanIn(at(2, unit), at(11, unit), "“We ever"),
        SpanIn(at(33, unit), at(40, unit)),
        SpanIn(quote="“"),
        SpanIn(),
    ]

    refusal = refused(SpanIn(quote="never said"), fragments, unit)

    assert isinstance(refusal, InvalidBody)
    assert told(refusal) == [
        ("quote-not-found", "/quote"),
        ("offset-out-of-range", "/fragments/0/start"),
        ("offset-out-of-range", "/fragments/0/end"),
        ("quote-mismatch", "/fragments/2/quote"),
        ("quote-missing", "/fragments/3/quote"),
        ("quote-ambiguous", "/fragments/4/quote"),
        ("missing-field", "/fragments/5/quote"),
    ]


def test_the_first_refusals_are_explained_and_no_more() -> None:
    refusal = refused(SpanIn(), [SpanIn(0, 1, "x")] * FRAGMENTS)

    assert told(refusal) == [("quote-mismatch", f"/fragments/{i}/quote") for i in range(REFUSED)]


@pytest.mark.parametrize(("length", "explained"), [(EXPLAINED // 2, 2), (EXPLAINED * 3, 1)])
def test_of_a_long_text_fewer_refusals_are_explained(length: int, explained: int) -> None:
    refusal = refused(SpanIn(), [SpanIn(0, 1, "x")] * FRAGMENTS, text="a" * length)

    assert len(refusal.errors) == explained


def test_a_long_text_is_searched_for_fewer_quotes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "SEARCHED", 3 * len(TEXT))
    quotes = ["We never", "said", "the", "agreed"]

    assert verify_annotation(TEXT, SpanIn(), [SpanIn(quote=it) for it in quotes[:3]], CODE_POINTS)
    refusal = refused(SpanIn(), [SpanIn(quote=it) for it in quotes])
    assert told(refusal) == [("missing-field", "/fragments/3/start")]
    # Where the others stand is said, so nothing is searched.
    given = [SpanIn(quote=it) for it in quotes[:3]]
    last = span(TEXT.index("agreed"), TEXT.index("agreed") + 6)
    assert len(verify_annotation(TEXT, SpanIn(), [*given, last], CODE_POINTS).fragments or ()) == 4


@each_unit
def test_a_span_that_splits_a_grapheme_cluster_is_taken_with_a_warning(unit: OffsetUnit) -> None:
    text = "x👨‍👩‍👧e\u0301🇺🇦y"

    verified = verify_annotation(text, span(3, 7, unit, text), None, unit)

    assert (verified.start, verified.end) == (3, 7)
    assert verified.warnings == (
        SplitsGrapheme("/start", "start", offset=3, before=1, after=6),
        SplitsGrapheme("/end", "end", offset=7, before=6, after=8),
    )


def test_a_fragment_that_splits_a_grapheme_cluster_is_told_once_at_its_place() -> None:
    text = "e\u0301 and 🇺🇦"

    verified = verify_annotation(
        text, SpanIn(), [span(1, 2, CODE_POINTS, text), span(7, 8, CODE_POINTS, text)], CODE_POINTS
    )

    assert verified.warnings == (
        SplitsGrapheme("/fragments/0/start", "start", offset=1, before=0, after=2),
        SplitsGrapheme("/fragments/1/end", "end", offset=8, before=7, after=9),
    )


@pytest.mark.parametrize("quote", ["“We never”", "«спикер»", "😀"])
def test_a_span_of_whole_characters_has_no_warnings(quote: str) -> None:
    assert verify_annotation(TEXT, SpanIn(quote=quote), None, CODE_POINTS).warnings == ()
