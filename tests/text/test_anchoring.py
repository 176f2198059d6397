import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.anchoring import COUNTED, FOLDABLE, Places, differences, find

letters = st.text("ab", max_size=30)


@given(text=letters, quote=st.text("ab", min_size=1, max_size=4), prefix=letters, suffix=letters)
def test_every_match_is_found_in_order_overlapping_ones_too(
    text: str, quote: str, prefix: str, suffix: str
) -> None:
    prefix, suffix = prefix[:2], suffix[:2]

    expected = tuple(
        at
        for at in range(len(text))
        if text.startswith(quote, at)
        and text[:at].endswith(prefix)
        and text.startswith(suffix, at + len(quote))
    )
    assert find(text, quote, prefix, suffix) == Places(expected, more=False)


def test_a_prefix_or_a_suffix_tells_two_matches_apart() -> None:
    text = "He said no. She said no!"

    assert find(text, "said no").starts == (3, 16)
    assert find(text, "said no", prefix="She ").starts == (16,)
    assert find(text, "said no", suffix=".").starts == (3,)
    assert find(text, "said no", prefix="She ", suffix=".").starts == ()


def test_matches_are_exact_to_the_code_point() -> None:
    assert find("cafe\u0301", "caf\u00e9").starts == ()
    assert find("“no”", '"no"').starts == ()
    assert find("a\u00a0b", "a b").starts == ()


def test_the_count_stops_and_says_that_there_are_more() -> None:
    assert find("a" * COUNTED, "a") == Places(tuple(range(COUNTED)), more=False)
    assert find("a" * (COUNTED + 1), "a") == Places(tuple(range(COUNTED)), more=True)
    assert find("a" * 5_000_000, "a") == Places(tuple(range(COUNTED)), more=True)


def test_a_quote_of_millions_is_looked_for_twice_and_no_more() -> None:
    text = "ab" * 2_500_000

    assert find(text, "ab" * 1_000_000) == Places((0, 2), more=True)
    assert find(text, "ab" * 2_499_999) == Places((0, 2), more=False)
    assert find(text, "b" * 2_500_000) == Places((), more=False)


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("a b", "a b", ["whitespace"]),
        ("a\nb", "a b", ["whitespace"]),
        ("a\u00a0b", "a b", ["whitespace"]),
        ("a  b", " a b ", ["whitespace"]),
        ("ab", "a b", ["whitespace"]),
        (" ", "\n", ["whitespace"]),
        ("e\u0301", "\u00e9", ["unicode_normalization"]),
        ("\u00e9", "e\u0301", ["unicode_normalization"]),
        ("ﬁne", "fine", ["unicode_normalization"]),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8", ["unicode_normalization"]),
        ("cafe\u0301\nnoir", "caf\u00e9 noir", ["whitespace", "unicode_normalization"]),
        ("a b", "a c", []),
        ("no", "No", []),
        ("“no”", '"no"', []),
        ("cafe\u0301", "cafe", []),
        ("a", "", []),
        ("a", " ", []),
    ],
)
def test_a_difference_is_named_only_if_it_is_all(
    text: str, quote: str, expected: list[str]
) -> None:
    assert differences(text, quote) == expected


def test_a_difference_can_be_looked_for_anywhere_in_the_text() -> None:
    text = "In the cafe\u0301,\nhe said."

    assert differences(text, "café", anywhere=True) == ["unicode_normalization"]
    assert differences(text, ", he", anywhere=True) == ["whitespace"]
    assert differences(text, "café, he", anywhere=True) == ["whitespace", "unicode_normalization"]
    assert differences(text, "tea", anywhere=True) == []
    assert differences(text, "café") == []


def test_white_space_alone_is_not_found_everywhere() -> None:
    assert differences("a b", "\n", anywhere=True) == []


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_every_normal_form_differs_in_normalization_or_not_at_all(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        normal = unicodedata.normalize(form, text)
        if normal != text:
            assert "unicode_normalization" in (differences(text, normal) or ()) or (
                "".join(normal.split()) == "".join(text.split())
            )


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("a b", "a\nb", ["whitespace"]),
        ("ab", "a b", ["whitespace"]),
        ("e\u0301", "\u00e9", ["unicode_normalization"]),
        ("e\u0301 b", "\u00e9\u00a0b", ["whitespace", "unicode_normalization"]),
        ("a b", "a c", []),
        ("b", "", []),
    ],
)
def test_of_texts_above_the_limit_what_is_between_equal_ends_is_compared(
    text: str, quote: str, expected: list[str]
) -> None:
    before, after = "Far " * FOLDABLE, " away" * FOLDABLE

    assert differences(f"{before}{text}{after}", f"{before}{quote}{after}") == expected
    assert differences(f"{text}{after}", f"{quote}{after}") == expected
    assert differences(f"{before}{text}", f"{before}{quote}") == expected


def test_what_is_above_the_limit_and_not_alike_is_not_looked_at() -> None:
    between = "c" * (FOLDABLE - 2)

    assert differences(f" a{between}", f"a{between} ") == ["whitespace"]
    assert differences(f" a{between}d", f"a{between}d ") is None
    assert differences("a" * (FOLDABLE + 1), "a") == []
    assert differences("a" * (FOLDABLE + 2), "a") is None
    assert differences("a b" * FOLDABLE, "a\nb", anywhere=True) is None


@pytest.mark.parametrize("mark", ["\u0315\u0316", "\uff9f\u0316"])
def test_long_runs_of_marks_are_not_normalized(mark: str) -> None:
    # Each pair has to be put in order, and the whole run with it: time by the square of its length.
    assert differences("\u00e9" + mark * 20, "e\u0301" + mark * 20) == []
    assert differences("\u00e9" + mark * 40_000, "e\u0301" + mark * 40_000) == []
    marks = mark * 2_000_000
    assert differences(f"\u00e9{marks}\u00e9", f"e\u0301{marks}e\u0301") is None
    assert differences("\u00e9 x" + mark * 10, "e\u0301 x" + mark * 10) == ["unicode_normalization"]
