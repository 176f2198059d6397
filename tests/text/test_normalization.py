import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.characters import control_character
from app.core.errors import ControlCharacter
from app.core.vocabulary import OffsetUnit
from app.text.normalization import normalize, sha256

REFUSED = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) == "Cc"]
REFUSED = [c for c in REFUSED if c not in "\t\n\r"]


def test_a_text_that_needs_nothing_arrives_as_it_is() -> None:
    arrival = normalize(" \tA claim…\n\n“So what?” \n")

    assert arrival.text == " \tA claim…\n\n“So what?” \n"
    assert not arrival.bom_removed
    assert arrival.newlines_converted == 0


def test_one_leading_byte_order_mark_is_dropped_and_no_other() -> None:
    arrival = normalize("\ufeff\ufeffA\ufeffB")

    assert arrival.text == "\ufeffA\ufeffB"
    assert arrival.bom_removed


def test_crlf_and_cr_become_lf_and_are_counted() -> None:
    arrival = normalize("a\r\nb\rc\nd\r\r\ne\n\r")

    assert arrival.text == "a\nb\nc\nd\n\ne\n\n"
    assert arrival.newlines_converted == 5


@pytest.mark.parametrize("text", ["e\u0301", "\u00e9", "ﬁ", "\u212b", "  x  ", "", "\u2028\u00a0"])
def test_nothing_is_normalized_or_trimmed(text: str) -> None:
    assert normalize(text).text == text


@given(st.text(st.sampled_from("\r\n\ta é😀\ufeff")))
def test_arriving_again_changes_newlines_no_more(raw: str) -> None:
    once = normalize(raw).text

    assert normalize("\ufeff" + once).text == once
    assert "\r" not in once
    assert len(once.splitlines()) == len(raw.removeprefix("\ufeff").splitlines())


@pytest.mark.parametrize("character", REFUSED, ids=lambda c: f"U+{ord(c):04X}")
def test_every_other_control_character_is_refused(character: str) -> None:
    with pytest.raises(ControlCharacter) as refusal:
        normalize(f"a{character}b")

    [error] = refusal.value.errors
    assert error["code"] == "control-character"
    assert error["pointer"] == "/text"
    assert error["position"] == 1
    assert error["character"] == f"U+{ord(character):04X}"


@pytest.mark.parametrize(
    ("unit", "position"),
    [(OffsetUnit.CODE_POINTS, 6), (OffsetUnit.UTF16, 7), (OffsetUnit.UTF8, 12)],
)
def test_the_position_is_counted_in_the_unit_in_the_text_as_it_was_sent(
    unit: OffsetUnit, position: int
) -> None:
    with pytest.raises(ControlCharacter) as refusal:
        normalize("\ufeff😀\r\né\t\x00\x00", unit=unit)

    assert refusal.value.errors[0]["position"] == position
    assert refusal.value.errors[0]["offset_unit"] == unit


def test_a_control_character_after_millions_of_others_is_found() -> None:
    with pytest.raises(ControlCharacter) as refusal:
        normalize("при\r\n" * 1_000_000 + "\x7f")

    assert refusal.value.errors[0]["position"] == 5_000_000


@given(st.text(st.sampled_from([*"\t\n\ra é😀", "\x00", "\x1b", "\x85", "\x9f", "\xad", "\u200b"])))
def test_the_first_refused_character_is_the_first_of_its_category(text: str) -> None:
    refused = [
        at
        for at, c in enumerate(text)
        if unicodedata.category(c) == "Cc" and c not in {"\t", "\n", "\r"}
    ]

    assert control_character(text) == (refused[0] if refused else None)


def test_the_hash_is_that_of_the_utf8() -> None:
    assert sha256("é") == hashlib.sha256(b"\xc3\xa9").hexdigest()
