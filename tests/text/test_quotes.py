from typing import Any

import pytest

from app.core.errors import QuoteAmbiguous, QuoteMismatch, QuoteNotFound, SpanEmpty, Unprocessable
from app.core.vocabulary import OffsetUnit
from app.text.anchoring import FOLDABLE
from app.text.spans import Span, SpanIn, verify
from tests.text.oracle import count

CODE_POINTS, UTF16, UTF8 = OffsetUnit

TEXT = (
    "😀 Кремль: «нет». In China, officials called it “totally unfounded” 👍🏽. Officials said no."
)
QUOTE = "“totally unfounded” 👍🏽"
START = TEXT.index(QUOTE)
END = START + len(QUOTE)

each_unit = pytest.mark.parametrize("unit", OffsetUnit)


def at(offset: int, unit: OffsetUnit) -> int:
    """An offset in code points in the unit."""
    return count(TEXT[:offset], unit)


def refused(
    given: SpanIn,
    kind: type[Unprocessable],
    unit: OffsetUnit = CODE_POINTS,
    text: str = TEXT,
) -> dict[str, Any]:
    """The one error of the refusal, which is at the quote."""
    with pytest.raises(kind) as refusal:
        verify(text, given, unit)
    [error] = refusal.value.errors
    assert error["code"] == kind.code
    assert error["pointer"] == "/quote"
    return error


@each_unit
def test_a_quote_alone_that_stands_once_is_found(unit: OffsetUnit) -> None:
    assert verify(TEXT, SpanIn(quote=QUOTE), unit) == Span(START, END, QUOTE)


@each_unit
def test_a_quote_that_stands_twice_is_refused_with_the_candidates(unit: OffsetUnit) -> None:
    first, second = TEXT.index("fficials"), TEXT.rindex("fficials")

    error = refused(SpanIn(quote="fficials"), QuoteAmbiguous, unit)

    assert error["candidates"] == [
        {
            "start": at(start, unit),
            "end": at(start + 8, unit),
            "prefix": TEXT[start - 20 : start],
            "suffix": TEXT[start + 8 : start + 28],
        }
        for start in (first, second)
    ]
    assert (error["count"], error["more"]) == (2, False)
    assert error["offset_unit"] == unit


@each_unit
@pytest.mark.parametrize("context", [("O", None), (None, " said"), ("O", " said")])
def test_a_prefix_or_a_suffix_tells_candidates_apart(
    context: tuple[str | None, str | None], unit: OffsetUnit
) -> None:
    start = TEXT.rindex("fficials")

    assert verify(TEXT, SpanIn(None, None, "fficials", *context), unit).start == start


def test_candidates_at_the_edges_show_what_there_is_around_them() -> None:
    error = refused(SpanIn(quote="no"), QuoteAmbiguous, CODE_POINTS, "“no”, no")

    assert [(c["prefix"], c["suffix"]) for c in error["candidates"]] == [
        ("“", "”, no"),
        ("“no”, ", ""),
    ]


def test_overlapping_matches_are_ambiguous_too() -> None:
    error = refused(SpanIn(quote="aa"), QuoteAmbiguous, CODE_POINTS, "aaa")

    assert [(c["start"], c["end"]) for c in error["candidates"]] == [(0, 2), (1, 3)]


def test_twenty_candidates_are_listed_and_a_thousand_counted() -> None:
    error = refused(SpanIn(quote="a"), QuoteAmbiguous, UTF16, "aé" * 9999)

    assert [candidate["start"] for candidate in error["candidates"]] == list(range(0, 40, 2))
    assert (error["count"], error["more"]) == (1000, True)


@each_unit
def test_a_quote_that_is_not_found_is_refused(unit: OffsetUnit) -> None:
    error = refused(SpanIn(quote="partly founded"), QuoteNotFound, unit)

    assert error["occurrences"] == []
    assert (error["count"], error["more"]) == (0, False)
    assert error["differs_in"] == []
    assert error["offset_unit"] == unit


def test_a_quote_that_would_be_found_but_for_its_form_says_so() -> None:
    text = "un\ne\u0301lan vital"

    error = refused(SpanIn(quote="un élan"), QuoteNotFound, CODE_POINTS, text)

    assert error["differs_in"] == ["whitespace", "unicode_normalization"]


def test_a_text_that_is_too_long_to_look_at_says_that_it_was_not() -> None:
    text = "so it is" + "." * FOLDABLE

    alone = refused(SpanIn(quote="so\nit is"), QuoteNotFound, CODE_POINTS, text)
    with_offsets = refused(SpanIn(0, 8, "so\nit is"), QuoteMismatch, CODE_POINTS, text)

    assert alone["differs_in"] == []
    assert "too much text to see whether only white space" in alone["detail"]
    assert "send start and end as well" in alone["detail"]
    assert with_offsets["differs_in"] == ["whitespace"]


def test_a_long_quote_is_held_against_what_stands_there() -> None:
    text = "so it is. " * FOLDABLE

    one = refused(SpanIn(0, len(text), f" {text}"), QuoteMismatch, CODE_POINTS, text)
    all_lines = text.replace(" ", "\n")
    many = refused(SpanIn(0, len(text), all_lines), QuoteMismatch, CODE_POINTS, text)

    assert one["differs_in"] == ["whitespace"]
    assert "Only white space differs" in one["detail"]
    assert many["differs_in"] == []
    assert "stands nowhere in the text as it was sent." in many["detail"]
    assert "if so, send the quote as it stands in the document's text" in many["detail"]


@each_unit
def test_a_quote_that_stands_elsewhere_than_its_prefix_says_where(unit: OffsetUnit) -> None:
    error = refused(SpanIn(quote=QUOTE, prefix="never called it "), QuoteNotFound, unit)

    assert [(o["start"], o["end"]) for o in error["occurrences"]] == [
        (at(START, unit), at(END, unit))
    ]


@pytest.mark.parametrize("context", [(None, None), ("a", "b")])
def test_an_empty_quote_alone_is_an_empty_span(context: tuple[str | None, str | None]) -> None:
    refused(SpanIn(None, None, "", *context), SpanEmpty)
