from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import OffsetInsideCharacter, OffsetOutOfRange
from app.core.vocabulary import OffsetUnit
from app.text.offsets import STEP, Length, Ruler, length, to_code_points
from tests.text.oracle import count

CODE_POINTS, UTF16, UTF8 = OffsetUnit

TEXTS = {
    "empty": "",
    "ascii": "Officials denied it.",
    "latin": "Élysée: « c’est faux »",
    "cyrillic": "Представитель Кремля отверг обвинения",
    "arabic": "ونفى المتحدث باسم الوزارة",
    "hebrew": "הדובר הכחיש את הטענות",
    "devanagari": "प्रवक्ता ने आरोपों से इनकार किया",
    "han": "外交部发言人否认了这一说法𠀀𠮷",
    "emoji": "Fake 😀 news 👨‍👩‍👧‍👦!",
    "flags": "🇺🇦🇨🇳🇺🇸",
    "marks": "Zele\u0301nskyi\u0302\u0323 e\u0301",
}

# Long enough for several marks: all of one width, of mixed widths, wide only near the end, and
# with a last piece of half a step in which two units a character look like a full step of one.
LONG = {
    "long ascii": "a" * (3 * STEP + 5),
    "long mixed": "aé“😀" * STEP,
    "wide at last": "a" * 2 * STEP + "é" * STEP + "😀" * 3,
    "half a step of pairs": "a" * STEP + "😀" * (STEP // 2),
    "half a step of two bytes": "a" * STEP + "é" * (STEP // 2),
    "a step that takes what is left": "é" * STEP + "a" * STEP,
    "exactly one step": "я" * STEP,
}

characters = st.characters(exclude_categories=["Cs"]) | st.sampled_from("aé“я😀🇺🇦\u0301\u200d")
texts = st.text(characters)
# A small text repeated past several marks, so that failures stay readable.
long_texts = st.builds(
    lambda text, times: text * times, st.text(characters, min_size=1), st.integers(1, 700)
)


def bounds(text: str, unit: OffsetUnit) -> list[int]:
    """The offset of every code point, and of the end, in the unit."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + count(character, unit))
    return offsets


@given(texts | long_texts)
def test_the_length_is_what_the_codecs_say(text: str) -> None:
    measured = length(text)

    assert measured == Length(*(count(text, unit) for unit in OffsetUnit))
    assert [getattr(measured, unit) for unit in OffsetUnit] == [count(text, u) for u in OffsetUnit]


@pytest.mark.parametrize("unit", OffsetUnit)
@pytest.mark.parametrize("text", (TEXTS | LONG).values(), ids=(TEXTS | LONG).keys())
def test_every_offset_of_every_text_converts_both_ways(text: str, unit: OffsetUnit) -> None:
    ruler = Ruler(text, unit)

    expected = bounds(text, unit)
    assert [ruler.from_code_points(i) for i in range(len(text) + 1)] == expected
    assert [ruler.to_code_points(o, pointer="") for o in expected] == list(range(len(text) + 1))
    assert ruler.length() == expected[-1]


@pytest.mark.parametrize("unit", OffsetUnit)
@given(data=st.data())
def test_one_offset_converts_as_the_codecs_count(data: st.DataObject, unit: OffsetUnit) -> None:
    text = data.draw(texts | long_texts)
    offset = data.draw(st.integers(0, len(text)))

    converted = Ruler(text, unit).from_code_points(offset)

    assert converted == count(text[:offset], unit)
    assert to_code_points(text, converted, unit, pointer="") == offset


@pytest.mark.parametrize("unit", OffsetUnit)
@given(data=st.data())
def test_a_ruler_answers_the_same_in_whatever_order_it_is_asked(
    data: st.DataObject, unit: OffsetUnit
) -> None:
    text = data.draw(long_texts)
    ruler = Ruler(text, unit)
    offsets = data.draw(st.lists(st.integers(0, len(text)), min_size=1))

    for offset in offsets:
        converted = count(text[:offset], unit)
        assert ruler.to_code_points(converted, pointer="") == offset
        assert ruler.from_code_points(offset) == converted


@pytest.mark.parametrize("unit", [UTF16, UTF8])
@pytest.mark.parametrize("text", (TEXTS | LONG).values(), ids=(TEXTS | LONG).keys())
def test_every_offset_inside_a_character_is_refused_with_its_bounds(
    text: str, unit: OffsetUnit
) -> None:
    ruler = Ruler(text, unit)
    whole = bounds(text, unit)
    # Some dozens of them from each end are enough of the long ones.
    inside = [
        (offset, before, after)
        for before, after in pairwise(whole)
        for offset in range(before + 1, after)
    ]

    for offset, before, after in inside[:60] + inside[-60:]:
        with pytest.raises(OffsetInsideCharacter) as refusal:
            ruler.to_code_points(offset, pointer="/start")

        [error] = refusal.value.errors
        assert error["pointer"] == "/start"
        assert (error["before"], error["after"]) == (before, after)
        assert error["offset_unit"] == unit


@pytest.mark.parametrize("unit", OffsetUnit)
@pytest.mark.parametrize("beyond", [1, 2, 1000, 10**23])
@pytest.mark.parametrize("text", (TEXTS | LONG).values(), ids=(TEXTS | LONG).keys())
def test_an_offset_past_the_end_is_refused_with_the_length(
    text: str, beyond: int, unit: OffsetUnit
) -> None:
    with pytest.raises(OffsetOutOfRange) as refusal:
        to_code_points(text, count(text, unit) + beyond, unit, pointer="/end")

    [error] = refusal.value.errors
    assert error["pointer"] == "/end"
    assert error["length"] == count(text, unit)
    assert error["offset_unit"] == unit


@pytest.mark.parametrize("unit", OffsetUnit)
@pytest.mark.parametrize("offset", [-1, -(10**23)])
@pytest.mark.parametrize("text", (TEXTS | LONG).values(), ids=(TEXTS | LONG).keys())
def test_an_offset_below_zero_is_refused_with_the_length(
    text: str, offset: int, unit: OffsetUnit
) -> None:
    with pytest.raises(OffsetOutOfRange) as refusal:
        to_code_points(text, offset, unit, pointer="/start")

    assert refusal.value.errors[0]["length"] == count(text, unit)


@pytest.mark.parametrize("unit", OffsetUnit)
@pytest.mark.parametrize("offset", [-1, 7])
def test_an_offset_of_ours_outside_the_text_is_a_fault_of_ours(
    offset: int, unit: OffsetUnit
) -> None:
    with pytest.raises(IndexError):
        Ruler("кто 😀?", unit).from_code_points(offset)


def test_offsets_near_the_end_of_a_text_of_millions_are_found() -> None:
    text = "Привет 😀 мир\n" * 380_000 + "end"

    for unit in OffsetUnit:
        end = getattr(length(text), unit)
        assert to_code_points(text, end - 3, unit, pointer="") == len(text) - 3
        assert Ruler(text, unit).from_code_points(len(text) - 3) == end - 3
