"""Tokens cover all that is not blank, and take no time to speak of."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.tokens import sentence_ends, tokens, trimmed
from tests.formats import records
from tests.linear import is_linear


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in tokens(text)]


def sentences(text: str) -> list[str]:
    bounds = [0, *sentence_ends(text), len(text)]
    pieces = (text[a:b].strip() for a, b in pairwise(bounds))
    return [piece for piece in pieces if piece]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't, O’Neill's.", ["Don't", ",", "O’Neill's", "."]),
        ("1,500.25 at 10:45, 3rd", ["1,500.25", "at", "10:45", ",", "3rd"]),
        ("“no” #tag 5%", ["“", "no", "”", "#", "tag", "5", "%"]),
        ("e.g. well-known", ["e", ".", "g", ".", "well", "-", "known"]),
        ("cafe\u0301 \u0301x", ["cafe\u0301", "\u0301x"]),
        ("😀👨‍👩‍👧👍🏽🇺🇦🇨🇳", ["😀", "👨‍👩‍👧", "👍🏽", "🇺🇦", "🇨🇳"]),
        ("a\u2028b\u00a0c\td", ["a", "b", "c", "d"]),
        (" \n", []),
        ("", []),
    ],
)
def test_words_numbers_and_marks(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He left. She stayed.", ["He left.", "She stayed."]),
        ("It is 3.5 percent. e.g. this.", ["It is 3.5 percent. e.g. this."]),
        ("“No.” “Yes!” he said.", ["“No.”", "“Yes!” he said."]),
        ('Is it? "It is… so." Да!', ["Is it?", '"It is… so."', "Да!"]),
        ("a\nb\u2028c\n\nd", ["a", "b", "c", "d"]),
        ("(He left.) (She did not.)", ["(He left.)", "(She did not.)"]),
        ("好。「是！」吗", ["好。", "「是！」", "吗"]),
        ("", []),
    ],
)
def test_sentences_end_at_marks_and_lines(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(records.texts() | st.text(st.characters(blacklist_categories=["Cs", "Cc"])), st.data())
def test_what_is_not_blank_is_in_exactly_one_token(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, len(text)), max_size=5))

    found = list(tokens(text, cuts))

    covered = [place for start, end in found for place in range(start, end)]
    assert covered == [place for place, it in enumerate(text) if not it.isspace()]
    assert all(start < end for start, end in found)
    assert not any(start < at < end for start, end in found for at in cuts)


@given(records.texts(), st.data())
def test_trimming_takes_the_blanks_and_nothing_else(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))

    first, last = trimmed(text, start, end)

    assert start <= first <= last <= end
    assert text[first:last] == text[start:end].strip()


@pytest.mark.parametrize(
    "piece", [".", "a", "1,", "a'", ". ", "\u200d", '."', "🇺", "\u0301", ". (", "…”", " "]
)
def test_time_grows_with_the_length_alone(piece: str) -> None:
    def cut(count: int) -> None:
        text = piece * count
        for _ in tokens(text):
            pass
        for _ in sentence_ends("." + text):
            pass

    # A search that begins again at each character takes minutes.
    assert is_linear(cut, 100_000)
