"""The words that search compares, the language of its queries, and "contains" in any case."""

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import words as words_module
from app.text.search_query import SearchQuery
from app.text.substring import as_regular_expression, contains, fold, folded
from app.text.words import LONGEST, indexed, keys_within, line, run_within, words
from tests.linear import is_linear

# Letters with cases, accents, marks, voicing, ideographs, flags, emoji, joiners and what separates.
ODD = st.text(
    "aAbſßẞİıéÉe\u0301йЙΣςκ\u0345中国カガか\u3099ไท한क्षأ٣🇺🇦😀👍🏽\u200d\u00ad-—“ .\n1½ﬁ_'"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don’t, U.S. 1,500.25", ["don", "t", "u", "s", "1", "500", "25"]),
        ("Café CAFE\u0301 Straße ﬁn", ["cafe", "cafe", "strasse", "fin"]),
        ("МОСКВА, ёлка", ["москва", "елка"]),
        ("مُحَمَّد أحمد", ["محمد", "احمد"]),
        ("中国人 カッコ", ["中", "国", "人", "カ", "ッ", "コ"]),
        ("😀👍🏽 🇺🇦 👨‍👩‍👧", ["😀", "👍", "🇺", "🇦", "👨", "👩", "👧"]),
        ("soft\u00adhyphen", ["softhyphen"]),
        ("snake_case — …", ["snake", "case"]),
        ("x" * 200, ["x" * LONGEST]),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_without_case_and_accents(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(ODD, ODD, ODD)
def test_every_text_has_the_keys_that_are_certain_of_a_part_of_it(
    before: str, part: str, behind: str
) -> None:
    kept = indexed(before + part + behind)

    assert set(keys_within(part)) <= set(kept.keys.split())
    assert kept.words == line(words(before + part + behind))
    assert run_within(part) in kept.words or kept.cut


def test_it_is_kept_whether_a_word_was_cut() -> None:
    assert not indexed(f"a {'x' * LONGEST} b").cut
    assert indexed(f"a {'x' * (LONGEST + 1)} b").cut
    assert not indexed("").cut


@given(st.text())
def test_a_word_is_one_token_for_both_databases(text: str) -> None:
    for word in words(text):
        assert not re.search(r"[\x00-/:-@\[-`{-\x7f\s\ue000]", word)
        assert 0 < len(word) <= LONGEST


@pytest.mark.parametrize(
    ("q", "terms", "excluded"),
    [
        ("one Two", ["one", "two"], []),
        ('"one two" three', ["one two", "three"], []),
        ('one -two -"three four"', ["one"], ["two", "three four"]),
        ("covid-19 U.S.", ["covid 19", "u s"], []),
        (
            "a OR b AND NOT (c*) NEAR/2 d:e ^f +g",
            ["a", "or", "b", "and", "not", "c", "near 2", "d e", "f", "g"],
            [],
        ),
        ('"not closed -x', ["not closed x"], []),
        ("«да нет» „so“", ["да нет", "so"], []),
        ('a"b"c "d"-e', ["a", "b", "c", "d", "e"], []),
        ('--x - "" -"" -', [], ["x"]),
        ("a A á", ["a"], []),
        ("", [], []),
    ],
)
def test_a_query_is_words_phrases_and_what_must_not_occur(
    q: str, terms: list[str], excluded: list[str]
) -> None:
    sought = SearchQuery.parse(q)

    assert [" ".join(term) for term in sought.terms] == terms
    assert [" ".join(term) for term in sought.excluded] == excluded


@given(st.text('"“-ab \n'))
def test_every_string_is_a_query(q: str) -> None:
    sought = SearchQuery.parse(q)

    assert {word for term in sought.terms + sought.excluded for word in term} == set(words(q))


def test_what_differs_in_case_alone_has_the_same_words() -> None:
    for character in map(chr, range(sys.maxunicode + 1)):
        if folded(character) != character:
            assert words(character) == words(folded(character)), hex(ord(character))


@given(ODD, ODD)
def test_a_part_is_contained_whatever_its_case(text: str, part: str) -> None:
    def each_folded(given: str) -> str:
        return "".join(map(folded, given))

    expected = each_folded(part) in each_folded(text)

    assert bool(re.search(as_regular_expression(part), text)) == expected
    assert contains(text, fold(part)) == expected


@pytest.mark.parametrize(
    "piece", ["The quick brown fox. ", "“né ", "中国", "x", "\u0301", "\u0323\u0301", "가"]
)
def test_a_text_is_read_in_time_that_grows_with_its_length_alone(piece: str) -> None:
    assert is_linear(lambda length: indexed((piece * length)[:length]), 400_000)


def test_of_what_is_hardly_a_word_nothing_is_kept_beyond_its_document() -> None:
    words_module._kept_pieces.cache_clear()  # noqa: SLF001
    indexed("cat")
    before = words_module._kept_pieces.cache_info().currsize  # noqa: SLF001
    indexed(" ".join(chr(0xA000 + number) * 200 for number in range(100)))

    assert words_module._kept_pieces.cache_info().currsize == before  # noqa: SLF001
