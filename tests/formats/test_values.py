"""A record has so many values and no more, wherever in its file they stand."""

from dataclasses import replace

import pytest

from app.core.errors import TooLarge
from app.formats import values
from app.formats.codecs import Format, codec
from tests import make
from tests.formats import samples

# Their records are one piece of JSON; of the others' some is, and the file says where.
WHOLE = ["jsonl", "doccano", "label-studio", "web-annotation"]
OTHERS = ["conll", "brat", "uima-cas"]

FIRST = replace(samples.DOCUMENT, annotations=[samples.PLAIN], relations=[])
SECOND = replace(FIRST, id=make.id_of(2), external_id=None, metadata={})


@pytest.mark.parametrize("format", [*WHOLE, *OTHERS])
def test_a_record_of_too_many_values_is_refused_and_the_next_is_read(
    monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    chosen = codec(Format(format))
    large = replace(FIRST, metadata={"numbers": [*range(1000)], "text": "[,,]" * 1000})
    content = samples.written(chosen, large, SECOND)
    monkeypatch.setattr(values, "MAX_VALUES", 1200)
    assert [item.problem for item in samples.read(chosen, content)] == [None, None]

    monkeypatch.setattr(values, "MAX_VALUES", 900)
    refused, taken = samples.read(chosen, content)

    assert refused.problem is not None
    assert "At most 900 values are taken." in refused.problem.detail
    if format in WHOLE:
        assert isinstance(refused.problem, TooLarge)
        assert refused.problem.members["unit"] == "values"
    assert taken.value["text"] == SECOND.text


@pytest.mark.parametrize("format", ["brat", "web-annotation", "uima-cas"])
def test_the_values_of_a_record_are_counted_together(
    monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    chosen = codec(Format(format))
    parts = [{"start": at, "end": at + 1, "quote": samples.TEXT[at]} for at in (2, 4)]
    many = [samples.annotation(number, 2, 5, fragments=parts) for number in range(100)]
    content = samples.written(chosen, replace(FIRST, annotations=many), SECOND)
    monkeypatch.setattr(values, "MAX_VALUES", 90)

    refused, taken = samples.read(chosen, content)

    assert refused.problem is not None
    assert "At most 90 values are taken." in refused.problem.detail
    assert len(taken.value["annotations"]) == 1


@pytest.mark.parametrize("format", WHOLE)
def test_a_record_that_is_refused_takes_no_other_with_it(
    monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    chosen = codec(Format(format))
    large = replace(FIRST, metadata={"numbers": [*range(1000)]})
    third = replace(SECOND, id=make.id_of(3))
    monkeypatch.setattr(values, "MAX_VALUES", 900)

    items = samples.read(chosen, samples.written(chosen, SECOND, large, third))

    assert [item.problem is None for item in items] == [True, False, True]
    assert [len(item.value["annotations"]) for item in items if item.problem is None] == [1, 1]


@pytest.mark.parametrize(
    "content",
    [
        b"{" + b",".join(b'"%d":"x"' % number for number in range(600)) + b"}",
        b"[" + b",".join([b'"x"'] * 600) + b"]",
        b"[" + b",".join([b"1"] * 600) + b"]",
    ],
    ids=["pairs", "strings", "numbers"],
)
def test_values_are_as_many_whether_they_are_words_or_numbers(
    monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(values, "MAX_VALUES", 600)
    values.Values().count(content)

    monkeypatch.setattr(values, "MAX_VALUES", 599)
    with pytest.raises(TooLarge):
        values.Values().count(content)
