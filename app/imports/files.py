"""A file that an import comes from."""

import asyncio
import codecs
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import IO

from app.formats.codecs import Reader
from app.formats.record import Item

_CHUNK_BYTES = 1024 * 1024
_ITEMS_AT_ONCE = 50
_SIZE_AT_ONCE = 1_000_000
"""After how many bytes of the file no more records are read ahead: an archive has large members."""


async def items_of(
    file: IO[bytes], reader: Reader, advance: Callable[[int], None] = lambda _: None
) -> AsyncIterator[Item]:
    """The records of a file, read in a thread so that the loop goes on.

    ``advance`` is told of each chunk how many bytes were read.
    """
    bom = codecs.BOM_UTF8
    while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
        # It is no part of any format, but there are tools that begin every text with one.
        async for item in _in_thread(reader.feed(chunk.removeprefix(bom))):
            yield item
        bom = b""
        advance(len(chunk))
    async for item in _in_thread(reader.close()):
        yield item


async def _in_thread(items: Iterable[Item]) -> AsyncIterator[Item]:
    waiting: Iterator[Item] = iter(items)
    while some := await asyncio.to_thread(_some, waiting):
        for item in some:
            yield item


def _some(waiting: Iterator[Item]) -> list[Item]:
    some: list[Item] = []
    size = 0
    while len(some) < _ITEMS_AT_ONCE and size < _SIZE_AT_ONCE:
        item = next(waiting, None)
        if item is None:
            break
        some.append(item)
        size += item.size
    return some
