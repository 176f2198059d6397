from itertools import permutations
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.errors import (
    InvalidBody,
    MissingField,
    OffsetInsideCharacter,
    OffsetOutOfRange,
    QuoteMismatch,
    QuoteMissing,
    SpanEmpty,
    SpanReversed,
    Unprocessable,
)
from app.core.vocabulary import OffsetUnit
from app.text.spans import Span, SpanIn, verify
from tests.text.oracle import count

CODE_POINTS, UTF16, UTF8 = OffsetUnit

# Every width that a character has in UTF-8, before and inside the spans below.
TEXT = (
    "😀 Кремль: «нет». In China, officials called it “totally unfounded” 👍🏽. Officials said no."
)
QUOTE = "“totally unfounded” 👍🏽"
START = TEXT.index(QUOTE)
END = START + len(QUOTE)

each_unit = pytest.mark.parametrize("unit", OffsetUnit)
characters = st.characters(exclude_categories=["Cs"]) | st.sampled_from("aé“я😀🇺🇦\u0301\u200d")


def at(offset: int, unit: OffsetUnit, text: str = TEXT) -> int:
    """An offset in code points in the unit."""
    return count(text[:offset], unit)


def refused(given: SpanIn, unit: OffsetUnit = CODE_POINTS, text: str = TEXT) -> Unprocessable:
    """The refusal of a span, at a pointer that is not the root."""
    with pytest.raises(Unprocessable) as refusal:
        verify(text, given, unit, pointer="/attributes/cue_span")
    return refusal.value


def only_error(refusal: Unprocessable, kind: type[Unprocessable], field: str) -> dict[str, Any]:
    [error] = refusal.errors
    assert type(refusal) is kind
    assert error["code"] == kind.code
    assert error["pointer"] == f"/attributes/cue_span/{field}"
    return error


@each_unit
def test_a_span_whose_quote_stands_there_is_taken_in_code_points(unit: OffsetUnit) -> None:
    span = verify(TEXT, SpanIn(at(START, unit), at(END, unit), QUOTE), unit)

    assert span == Span(START, END, QUOTE)


@each_unit
@given(data=st.data())
def test_every_span_of_every_text_is_taken_and_no_other_quote_is(
    data: st.DataObject, unit: OffsetUnit
) -> None:
    text = data.draw(st.text(characters, min_size=1))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    offsets = at(start, unit, text), at(end, unit, text)

    span = verify(text, SpanIn(*offsets, text[start:end]), unit)

    assert span == Span(start, end, text[start:end])
    other = data.draw(st.text(characters))
    assume(other != text[start:end])
    with pytest.raises(QuoteMismatch):
        verify(text, SpanIn(*offsets, other), unit)


@each_unit
def test_the_whole_text_is_a_span(unit: OffsetUnit) -> None:
    assert verify(TEXT, SpanIn(0, at(len(TEXT), unit), TEXT), unit) == Span(0, len(TEXT), TEXT)


@each_unit
@pytest.mark.parametrize("offset", [-1, -(10**23), 10**23])
@pytest.mark.parametrize("field", ["start", "end"])
def test_an_offset_outside_the_text_is_refused_with_the_length(
    field: str, offset: int, unit: OffsetUnit
) -> None:
    start, end = at(START, unit), at(END, unit)
    given = SpanIn(offset, end, QUOTE) if field == "start" else SpanIn(start, offset, QUOTE)

    error = only_error(refused(given, unit), OffsetOutOfRange, field)

    assert error["length"] == at(len(TEXT), unit)
    assert error["offset_unit"] == unit
    assert error["matches_in_unit"] is None


@each_unit
def test_an_end_one_past_the_text_is_never_clamped(unit: OffsetUnit) -> None:
    length = at(len(TEXT), unit)

    error = only_error(refused(SpanIn(0, length + 1, TEXT), unit), OffsetOutOfRange, "end")

    assert error["length"] == length


def test_both_offsets_are_looked_at() -> None:
    refusal = refused(SpanIn(-1, 10**6, QUOTE))

    assert isinstance(refusal, InvalidBody)
    assert [(e["code"], e["pointer"]) for e in refusal.errors] == [
        ("offset-out-of-range", "/attributes/cue_span/start"),
        ("offset-out-of-range", "/attributes/cue_span/end"),
    ]


@pytest.mark.parametrize(("unit", "inside", "after"), [(UTF16, 1, 2), (UTF8, 1, 4), (UTF8, 3, 4)])
def test_an_offset_inside_a_character_is_refused_with_its_bounds(
    unit: OffsetUnit, inside: int, after: int
) -> None:
    refusal = refused(SpanIn(inside, at(4, unit), TEXT[1:4]), unit)

    error = only_error(refusal, OffsetInsideCharacter, "start")
    assert (error["before"], error["after"]) == (0, after)
    assert error["offset_unit"] == unit


@each_unit
@pytest.mark.parametrize("quote", ["", None, QUOTE])
def test_a_span_without_characters_is_empty_whatever_the_quote(
    quote: str | None, unit: OffsetUnit
) -> None:
    offset = at(START, unit)

    only_error(refused(SpanIn(offset, offset, quote), unit), SpanEmpty, "end")


@each_unit
def test_a_span_that_ends_before_it_starts_is_reversed(unit: OffsetUnit) -> None:
    only_error(refused(SpanIn(at(END, unit), at(START, unit), QUOTE), unit), SpanReversed, "end")


@pytest.mark.parametrize(
    ("given", "absent"),
    [(SpanIn(start=3, quote=QUOTE), "end"), (SpanIn(end=3, quote=QUOTE), "start")],
)
def test_one_offset_needs_the_other(given: SpanIn, absent: str) -> None:
    only_error(refused(given), MissingField, absent)


@pytest.mark.parametrize("given", [SpanIn(), SpanIn(prefix="called it ")])
def test_no_span_at_all_is_a_missing_quote(given: SpanIn) -> None:
    only_error(refused(given), MissingField, "quote")


@each_unit
def test_offsets_without_a_quote_are_refused_with_what_stands_there(unit: OffsetUnit) -> None:
    error = only_error(refused(SpanIn(at(START, unit), at(END, unit)), unit), QuoteMissing, "quote")

    assert error["actual"] == QUOTE
    assert error["actual_truncated"] is False
    assert error["offset_unit"] == unit


@each_unit
def test_a_quote_that_is_not_the_text_is_refused_with_what_is_and_where_it_stands(
    unit: OffsetUnit,
) -> None:
    error = only_error(
        refused(SpanIn(at(START - 3, unit), at(END - 3, unit), QUOTE), unit), QuoteMismatch, "quote"
    )

    assert error["actual"] == TEXT[START - 3 : END - 3]
    assert error["matches_in_unit"] is None
    assert error["differs_in"] == []
    assert error["occurrences"] == [
        {
            "start": at(START, unit),
            "end": at(END, unit),
            "prefix": TEXT[START - 20 : START],
            "suffix": TEXT[END : END + 20],
        }
    ]
    assert (error["count"], error["more"]) == (1, False)
    assert error["offset_unit"] == unit


@pytest.mark.parametrize(("meant", "unit"), list(permutations(OffsetUnit, 2)))
def test_offsets_in_another_unit_are_refused_with_the_unit_that_fits(
    meant: OffsetUnit, unit: OffsetUnit
) -> None:
    refusal = refused(SpanIn(at(START, meant), at(END, meant), QUOTE), unit)

    # In the wrong unit they stand elsewhere, past the end or inside a character.
    assert {error["matches_in_unit"] for error in refusal.errors} == {meant.value}


@pytest.mark.parametrize("meant", [UTF16, UTF8])
def test_offsets_past_the_end_that_fit_in_another_unit_say_so(meant: OffsetUnit) -> None:
    text = "😀 no"
    offsets = at(2, meant, text), at(4, meant, text)

    refusal = refused(SpanIn(*offsets, "no"), CODE_POINTS, text)

    assert "offset-out-of-range" in {error["code"] for error in refusal.errors}
    assert {error["matches_in_unit"] for error in refusal.errors} == {meant.value}


def test_no_unit_fits_a_span_that_would_be_empty_or_reversed_in_it() -> None:
    error = only_error(refused(SpanIn(2, 1, ""), UTF16, "😀😀"), OffsetInsideCharacter, "end")

    assert error["matches_in_unit"] is None


@pytest.mark.parametrize(
    ("text", "quote", "differs_in"),
    [
        ("so\nit is", "so it is", ["whitespace"]),
        ("so\nit is", "so\r\nit is", ["whitespace"]),
        ("Zelen\u0441ky\u0306", "Zelen\u0441k\u045e", []),
        ("e\u0301lan", "\u00e9lan", ["unicode_normalization"]),
        ("un\u00a0e\u0301lan", "un \u00e9lan", ["whitespace", "unicode_normalization"]),
        ("so it is", "so it was", []),
    ],
)
def test_a_mismatch_says_what_alone_differs(text: str, quote: str, differs_in: list[str]) -> None:
    error = only_error(
        refused(SpanIn(0, len(text), quote), CODE_POINTS, text), QuoteMismatch, "quote"
    )

    assert error["differs_in"] == differs_in
    assert error["occurrences"] == []


def test_an_empty_quote_beside_offsets_is_a_mismatch_that_stands_nowhere() -> None:
    error = only_error(refused(SpanIn(0, 2, ""), CODE_POINTS, "no"), QuoteMismatch, "quote")

    assert error["actual"] == "no"
    assert (error["occurrences"], error["count"], error["more"]) == ([], 0, False)
    assert error["matches_in_unit"] is None
    assert error["differs_in"] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("no", "in actual."),
        ("\n", "in actual."),
        ("a" * 200_000, "in the document's text (GET /v1/documents/{id}/text) from start to end, "),
    ],
    ids=["a word", "white space", "a long text"],
)
def test_an_empty_quote_beside_offsets_is_told_to_be_empty(text: str, place: str) -> None:
    [error] = refused(SpanIn(0, len(text), ""), CODE_POINTS, text).errors

    assert str(error["detail"]).startswith(
        "The text there is not the quote. The quote is empty, so nothing says whether the offsets "
        f"are right. If they are, send it as it stands {place}"
    )


def test_a_long_text_is_repeated_in_part() -> None:
    mismatch = refused(SpanIn(0, 1001, "b"), CODE_POINTS, "a" * 2000).errors[0]
    missing = refused(SpanIn(0, 1000), CODE_POINTS, "a" * 2000).errors[0]

    assert (mismatch["actual"], mismatch["actual_truncated"]) == ("a" * 1000, True)
    assert (missing["actual"], missing["actual_truncated"]) == ("a" * 1000, False)


@each_unit
def test_a_prefix_and_a_suffix_beside_offsets_must_stand_there_too(unit: OffsetUnit) -> None:
    offsets = at(START, unit), at(END, unit)

    assert verify(TEXT, SpanIn(*offsets, QUOTE, "called it ", ". Off"), unit).start == START
    error = only_error(
        refused(SpanIn(*offsets, QUOTE, prefix="called\nit "), unit), QuoteMismatch, "prefix"
    )
    assert error["actual"] == "called it "
    assert error["differs_in"] == ["whitespace"]
    error = only_error(refused(SpanIn(*offsets, QUOTE, suffix="!"), unit), QuoteMismatch, "suffix")
    assert error["actual"] == "."


def test_a_prefix_longer_than_what_stands_before_is_no_match() -> None:
    error = only_error(refused(SpanIn(1, 2, "b", "xa"), CODE_POINTS, "ab"), QuoteMismatch, "prefix")

    assert error["actual"] == "a"


@pytest.mark.parametrize(("context", "stands"), [("prefix", "lpha "), ("suffix", " gamm")])
def test_a_wrong_prefix_or_suffix_is_told_from_a_wrong_quote(context: str, stands: str) -> None:
    def told(text: str, start: int) -> dict[str, Any]:
        given = SpanIn(start, start + 4, "beta", **{context: "zetas"})
        return only_error(refused(given, CODE_POINTS, text), QuoteMismatch, context)

    once = told("alpha beta gamma", 6)
    twice = told("beta alpha beta gamma", 11)

    cure = (
        f"The text there is not the {context}. The quote is right: send the {context} as it stands "
        "in actual, or leave it out."
    )
    assert once["actual"] == twice["actual"] == stands
    assert once["detail"] == cure
    assert twice["detail"] == f"{cure} If you mean another place, see occurrences."


def test_spans_of_a_text_of_millions_are_verified_at_its_end() -> None:
    text = "Привет 😀 мир\n" * 380_000 + "“no”"
    start = len(text) - 4

    for unit in OffsetUnit:
        offsets = at(start, unit, text), at(len(text), unit, text)
        assert verify(text, SpanIn(*offsets, "“no”"), unit) == Span(start, len(text), "“no”")
        assert verify(text, SpanIn(quote="“no”"), unit).start == start
        error = only_error(
            refused(SpanIn(0, offsets[1], text[:-1]), unit, text), QuoteMismatch, "quote"
        )
        assert error["differs_in"] == []
