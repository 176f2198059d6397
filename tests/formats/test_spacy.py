"""spaCy reads the DocBin, and each span is where it was."""

import tracemalloc
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from app.formats.record import AnnotationRecord, DocumentRecord
from app.formats.spacy import Writer
from tests import make
from tests.formats import records
from tests.formats.test_jsonl import ANNOTATION, DOCUMENT


def docs(*documents: DocumentRecord) -> list[Doc]:
    writer = Writer(records.HEAD)
    content = b"".join([*map(writer.write, documents), *writer.close()])
    return list(DocBin().from_bytes(content).get_docs(Vocab()))


def span(number: int, text: str, start: int, end: int, label: str = "plain") -> AnnotationRecord:
    return replace(
        ANNOTATION,
        id=make.id_of(number),
        label=label,
        start=start,
        end=end,
        quote=text[start:end],
        attributes={},
    )


@settings(max_examples=80)
@given(st.data())
def test_spacy_finds_each_text_and_each_span(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 3))
    documents = [data.draw(records.documents(number=n + 1)) for n in range(count)]

    found = docs(*documents)

    assert [doc.text for doc in found] == [record.text for record in documents]
    for doc, record in zip(found, documents, strict=True):
        said = defaultdict(list)
        for it in record.annotations:
            said[it.label].append((it.start, it.end, it.label, str(it.id), it.quote))
        assert {
            key: [(s.start_char, s.end_char, s.label_, s.id_, s.text) for s in group]
            for key, group in doc.spans.items()
        } == said


@pytest.mark.parametrize(
    "text",
    ["", " ", "  a", "a  b ", "\n\na\n", "a\u2028b", "\u00a0a \u00a0 b", " a \t b", "a\u200bb"],
)
def test_blanks_are_kept_and_may_be_ends_of_spans(text: str) -> None:
    bounds = [(s, e) for s in range(len(text)) for e in range(s + 1, len(text) + 1)]
    spans = [span(n, text, *at) for n, at in enumerate(bounds)]

    (plain,) = docs(replace(DOCUMENT, text=text, annotations=[], relations=[]))
    each = docs(*(replace(DOCUMENT, text=text, annotations=[it], relations=[]) for it in spans))
    (together,) = docs(replace(DOCUMENT, text=text, annotations=spans, relations=[]))

    assert plain.text == together.text == text
    assert [(s.start_char, s.end_char) for s in together.spans.get("plain", [])] == bounds
    assert [(d.spans["plain"][0].start_char, d.spans["plain"][0].end_char) for d in each] == bounds


def test_particulars_of_the_document_come_along() -> None:
    record = replace(DOCUMENT, annotations=[span(2, DOCUMENT.text, 0, 1)], relations=[])

    (doc,) = docs(record)

    assert doc.user_data["stet"] == {
        "id": str(record.id),
        "external_id": None,
        "title": record.title,
        "language": "de",
        "source_url": None,
        "published_on": "2026-01-01",
        "metadata": '{"big": 1000000000000000000000000000000, "nested": {"é": [null, true]}}',
        "external_ids": {str(make.id_of(2)): "c1"},
    }


def test_words_are_there_however_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.formats.spacy._KNOWN_STRINGS", 2)
    texts = ["one two", "two three", "one four"]

    found = docs(
        *(replace(DOCUMENT, text=t, annotations=[span(1, t, 0, 3)], relations=[]) for t in texts)
    )

    assert [doc.text for doc in found] == texts
    assert [doc.spans["plain"][0].label_ for doc in found] == ["plain"] * 3


def test_a_writer_that_is_given_up_leaves_no_file_open() -> None:
    writer = Writer(records.HEAD)
    writer.write(DOCUMENT)
    end = writer._end  # noqa: SLF001  # what a garbage collector calls

    del writer

    assert not end.alive


def test_memory_does_not_grow_with_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.formats.spacy._KNOWN_STRINGS", 1_000)

    def peak(documents: int) -> int:
        writer = Writer(records.HEAD)
        tracemalloc.start()
        for number in range(documents):
            text = f"word{number} and more {number}"
            annotation = span(number, text, 0, 4)
            writer.write(replace(DOCUMENT, text=text, annotations=[annotation], relations=[]))
        for _ in writer.close():
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(8_000) < 6 * 1024 * 1024
