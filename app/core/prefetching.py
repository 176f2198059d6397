"""Making one thing while another is used."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetching(AsyncIterator[T], Generic[T]):
    """The same items, each being made while the one before it is used.

    Close it (``contextlib.aclosing``) before what the items are made from is closed. Items are made
    in tasks of their own, so whoever is cancelled while waiting leaves one under way.
    """

    def __init__(self, items: AsyncGenerator[T]) -> None:
        """Makes nothing before the first item is asked for."""
        self._items = items
        self._coming: asyncio.Future[T | None] | None = None

    async def __anext__(self) -> T:
        """The next item; then the one after it is begun."""
        coming = self._coming = self._coming or self._begun()
        await asyncio.wait([coming])
        self._coming = None
        item = coming.result()
        if item is None:
            raise StopAsyncIteration
        self._coming = self._begun()
        return item

    def _begun(self) -> "asyncio.Future[T | None]":
        return asyncio.ensure_future(self._following())

    async def _following(self) -> T | None:
        return await anext(self._items, None)

    async def aclose(self) -> None:
        """Make no more; whatever is being made has then ended, perhaps in a thread.

        Whoever is cancelled here, however often, is so when it has ended.
        """
        coming, self._coming = self._coming, None
        cancelled = False
        while coming is not None and not coming.done():
            try:
                await asyncio.wait([coming])
            except asyncio.CancelledError:
                cancelled = True
        if coming is not None and not coming.cancelled():
            coming.exception()
        await self._items.aclose()
        if cancelled:
            raise asyncio.CancelledError
