"""Whatever a format says that it holds comes back equal, however the bytes are cut."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import body
from app.formats.codecs import READABLE, Codec, Format, codec
from app.formats.record import DocumentRecord, Item
from tests.formats import records, samples


def written(codec: Codec, documents: list[DocumentRecord]) -> bytes:
    writer = codec.writer(records.HEAD)
    return b"".join([*map(writer.write, documents), *writer.close()])


def read(codec: Codec, content: bytes, size: int) -> list[Item]:
    assert codec.reader is not None
    reader = codec.reader(records.HEAD)
    found: list[Item] = []
    for start in range(0, len(content), size):
        found += reader.feed(content[start : start + size])
    return [*found, *reader.close()]


@pytest.mark.parametrize("format", sorted(READABLE))
@settings(max_examples=60)
@given(data=st.data(), size=st.integers(1, 400))
def test_what_a_format_holds_comes_back(format: Format, data: st.DataObject, size: int) -> None:
    chosen = codec(format)
    count = data.draw(st.integers(0, 3))
    documents = [data.draw(records.documents(number=n + 1)) for n in range(count)]

    items = read(chosen, written(chosen, documents), size)

    assert [records.given(item, chosen.loses) for item in items] == [
        records.kept(record, chosen.loses, chosen.measure(record)) for record in documents
    ]


@pytest.mark.parametrize("format", sorted(READABLE))
def test_metadata_as_deep_as_a_document_may_have_it_comes_back(format: Format) -> None:
    chosen = codec(format)
    metadata: dict[str, Any] = {}
    # The document itself is one level more.
    for _ in range(body.MAX_DEPTH - 2):
        metadata = {"in": metadata}
    deep = replace(samples.DOCUMENT, metadata=metadata)

    (item,) = samples.read(chosen, samples.written(chosen, deep))

    assert item.problem is None
    assert item.value["metadata"] == metadata


def test_metadata_that_label_studio_has_as_an_object_is_read_too() -> None:
    chosen = codec(Format.LABEL_STUDIO)
    (task,) = json.loads(samples.written(chosen, samples.DOCUMENT))
    task["data"]["stet"]["metadata"] = samples.DOCUMENT.metadata

    (item,) = samples.read(chosen, json.dumps([task]).encode())

    assert item.value["metadata"] == samples.DOCUMENT.metadata
