from types import SimpleNamespace
from typing import Any

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from app.text import graphemes
from app.text.graphemes import REACH, nearest_bounds

# One or two of each rule of Unicode Standard Annex #29; "|" stands where one cluster ends and the
# next begins.
SEGMENTED = {
    "letters": "a|b|c",
    "a line end of two": "a|\r\n|b",
    "line ends of one": "\n|\n|a",
    "a combining mark": "a|e\u0301|x",
    "the first of the combining marks": "e\u0300|x",
    "several combining marks": "q\u0307\u0323\u0301|x",
    "a mark after a line end": "\n|\u0301|a",
    "a soft hyphen": "a|\xad|b",
    "Cyrillic with a breve": "и\u0306|х",
    "Hebrew with points": "ש\u05c1\u05b8|ל",
    "Arabic with vowels": "م\u064f|ح|م\u0651\u064e",
    "an Arabic number sign joins what follows": "a|\u0600١|٢",
    "Devanagari vowel signs": "हि|न्दी",
    "a Devanagari conjunct": "क्ष|त्रि|य",
    "Tamil": "நி|ல",
    "Thai with sara am": "กำ|ก",
    "Hangul letters": "\u1112\u1161\u11ab|\u1100\u1173\u11af",
    "Hangul syllables": "한|국",
    "an emoji with a skin tone": "👍🏽|👍",
    "a family": "x|👨‍👩‍👧‍👦|x",
    "a heart with its selector": "❤️|x",
    "a joiner between letters": "a\u200d|b",
    "a joiner after a letter joins no emoji": "a\u200d|😀",
    "one flag": "🇺🇦",
    "flags in a row": "🇺🇦|🇨🇳|🇺🇸|x",
    "an odd number of flag letters": "x|🇺🇦|🇨",
    "flags around a letter": "🇺🇦|x|🇨🇳",
    "a keycap": "1️⃣|2",
    "a flag of tags": "🏴\U000e0067\U000e0062\U000e007f|x",
}

pieces = st.sampled_from(
    [
        *("a", " ", "\n", "é", "я", "“", "中", "한", "\u1112", "\u1161", "\u11ab"),
        *("\u0301", "\u0323", "\u200d", "\ufe0f", "\u0600", "\xad", "☃", "😀", "👍", "🏽"),
        *("क", "ष", "\u094d", "\u093f", "🇺", "🇦", "👨‍👩‍👧‍👦", "🇨🇳"),
    ]
)
texts = st.lists(pieces, max_size=40).map("".join)


def clusters(text: str) -> list[tuple[int, int]]:
    """By one pass over the whole text."""
    return [match.span() for match in regex.finditer(r"\X", text)]


@pytest.mark.parametrize("segmented", SEGMENTED.values(), ids=SEGMENTED.keys())
def test_a_cluster_is_what_a_reader_takes_for_one_character(segmented: str) -> None:
    text = segmented.replace("|", "")
    start = 0
    for cluster in segmented.split("|"):
        end = start + len(cluster)
        assert nearest_bounds(text, start) is None
        assert nearest_bounds(text, end) is None
        for inside in range(start + 1, end):
            assert nearest_bounds(text, inside) == (start, end)
        start = end


@given(texts)
@example("🇺" * 41)
@example("x" + "👨‍👩‍👧‍👦" * 9)
def test_looking_around_an_offset_agrees_with_reading_the_whole_text(text: str) -> None:
    for start, end in clusters(text):
        assert nearest_bounds(text, start) is None
        assert nearest_bounds(text, end) is None
        for inside in range(start + 1, end):
            assert nearest_bounds(text, inside) == (start, end)


def test_every_flag_of_the_world_in_a_row_is_one_flag_each() -> None:
    text = "Flags: " + "🇺🇦" * 258

    for offset in range(7, len(text)):
        assert nearest_bounds(text, offset) == (None if offset % 2 else (offset - 1, offset + 1))


def test_offsets_outside_the_text_split_nothing() -> None:
    assert nearest_bounds("e\u0301", -1) is None
    assert nearest_bounds("e\u0301", 0) is None
    assert nearest_bounds("e\u0301", 2) is None
    assert nearest_bounds("e\u0301", 3) is None
    assert nearest_bounds("", 0) is None


def test_a_cluster_of_a_million_marks_is_cut_at_the_reach() -> None:
    text = "e" + "\u0301" * 1_000_000

    assert nearest_bounds(text, 500_000) == (500_000 - REACH, 500_000 + REACH)
    assert nearest_bounds(text, 3) == (0, 3 + REACH)


def test_an_offset_among_many_marks_takes_a_few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    text = ("e" + "\u0301" * 900) * 3
    looks = 0

    def looking(*where: Any) -> Any:
        nonlocal looks
        looks += 1
        return cluster.finditer(*where)

    cluster = regex.compile(r"\X")
    monkeypatch.setattr(graphemes, "_CLUSTER", SimpleNamespace(finditer=looking))

    assert nearest_bounds(text, 1700) == (901, 1802)
    assert looks == 5


def test_a_split_flag_is_seen_up_to_the_reach_in_a_row_of_a_million() -> None:
    text = "🇺🇦" * 1_000_000

    assert nearest_bounds(text, REACH - 1) == (REACH - 2, REACH)
    # From here on the row seems to begin at the reach.
    assert nearest_bounds(text, REACH + 1) is None


def test_a_flag_at_the_end_of_a_long_text_is_seen() -> None:
    text = "Привет мир " * 400_000 + "🇺🇦"

    assert nearest_bounds(text, len(text) - 1) == (len(text) - 2, len(text))
