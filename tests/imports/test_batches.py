"""A file's records are taken as many at a time as memory allows, whatever they consist of."""

import io
from collections.abc import AsyncIterator, Iterator

import pytest

from app.formats.codecs import Format, codec
from app.formats.record import Item
from app.imports import batches, files
from tests.formats import samples

FORMATS = ["jsonl", "doccano", "label-studio", "web-annotation", "conll", "brat", "uima-cas"]


async def given(*items: Item) -> AsyncIterator[Item]:
    for item in items:
        yield item


async def test_a_batch_ends_where_the_file_that_it_was_read_from_is_large() -> None:
    items = [Item(line, {"text": "x"}, size=1_500_000) for line in range(1, 8)]

    taken = [batch async for batch in batches.batches(given(*items))]

    assert [[item.line for item in batch] for batch in taken] == [[1, 2, 3], [4, 5, 6], [7]]


async def test_large_records_of_an_archive_are_not_read_ahead() -> None:
    read: list[int] = []

    class Archive:
        def feed(self, chunk: bytes) -> Iterator[Item]:  # noqa: ARG002  # the protocol's argument
            yield from ()

        def close(self) -> Iterator[Item]:
            for line in range(1, 100):
                read.append(line)
                yield Item(line, {}, size=600_000)

    items = files.items_of(io.BytesIO(b"x"), Archive())

    assert (await anext(items)).line == 1
    assert read == [1, 2]


@pytest.mark.parametrize("format", FORMATS)
def test_a_reader_says_how_much_a_record_was_read_from(format: str) -> None:
    chosen = codec(Format(format))

    items = samples.read(chosen, samples.written(chosen, *samples.many(2)))

    # The text alone is as long.
    assert [item.size > len(samples.TEXT) for item in items] == [True, True]
