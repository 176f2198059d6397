"""A file that says where its spans are, and not what they say, takes no more memory for many."""

from dataclasses import replace

import pytest

from app.core.errors import InvalidFile
from app.formats import quoting
from app.formats.codecs import Format, codec
from tests.formats import records, samples


@pytest.mark.parametrize("format", ["doccano", "brat", "conll", "uima-cas"])
def test_spans_that_cover_their_text_too_often_are_refused(
    monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    chosen = codec(Format(format))
    whole = len(samples.TEXT)
    spans = [
        replace(samples.annotation(number, 0, whole), label=label)
        for number, label in enumerate(records.HEAD.labels)
    ]
    document = replace(samples.DOCUMENT, annotations=spans, relations=[], metadata={})
    content = samples.written(chosen, document)
    [item] = samples.read(chosen, content)

    monkeypatch.setattr(quoting, "_TIMES", len(spans) - 1)
    monkeypatch.setattr(quoting, "_SPARE", whole)
    assert samples.read(chosen, content)[0].value == item.value
    monkeypatch.setattr(quoting, "_SPARE", whole - 1)
    assert f"cover more than {len(spans) - 1} times its text" in samples.refused(chosen, content)


def test_however_long_the_text_there_is_an_end() -> None:
    cut = quoting.Quoting("x" * 32_000_000)
    cut.cut(0, 32_000_000)
    cut.cut(0, 32_000_000)

    with pytest.raises(InvalidFile):
        cut.cut(0, 1)


def test_ten_thousand_spans_of_a_long_text_are_refused_before_they_are_there() -> None:
    text = "x" * 1_000_000
    spans = ",".join(f'[{number},999999,"x"]' for number in range(10_000))
    line = f'{{"text":"{text}","label":[{spans}]}}'.encode()

    def read() -> None:
        samples.refused(codec(Format.DOCCANO), line)

    assert samples.peak(read) < 100 * 2**20
