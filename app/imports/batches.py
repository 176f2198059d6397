"""Some records at a time, and one step ahead of who uses them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

from app.formats.record import Item

T = TypeVar("T")

_SPANS_A_BATCH = 2_000
_CHARACTERS_A_BATCH = 1_000_000


async def batches(items: AsyncIterator[Item]) -> AsyncIterator[list[Item]]:
    """Some records at a time: as many as are worth a round of statements, and memory allows."""
    batch: list[Item] = []
    spans = characters = 0
    async for item in items:
        batch.append(item)
        if isinstance(item.value, dict):
            text, annotations = item.value.get("text"), item.value.get("annotations")
            characters += len(text) if isinstance(text, str) else 0
            spans += 1 + (len(annotations) if isinstance(annotations, list) else 0)
        if spans >= _SPANS_A_BATCH or characters >= _CHARACTERS_A_BATCH:
            yield batch
            batch, spans, characters = [], 0, 0
    if batch:
        yield batch


async def ahead(items: AsyncIterator[T]) -> AsyncGenerator[T]:
    """The same items, each being made while the one before it is used."""

    async def following() -> T | None:
        return await anext(items, None)

    coming = asyncio.ensure_future(following())
    try:
        while (item := await coming) is not None:
            coming = asyncio.ensure_future(following())
            yield item
    finally:
        # A thread that reads the file must have ended before the file is read again, or closed.
        await asyncio.wait([coming])
        if not coming.cancelled():
            coming.exception()
