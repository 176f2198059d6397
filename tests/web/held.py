"""Requests of the page that are answered when a test says so."""

import asyncio

from playwright.async_api import Route


class Held:
    """Requests that the page waits for until they are let go."""

    def __init__(self, method: str | None = None) -> None:
        """None yet; those of another ``method`` pass."""
        self._method = method
        self._routes: asyncio.Queue[Route] = asyncio.Queue()

    async def __call__(self, route: Route) -> None:
        """Hold it."""
        if self._method in (None, route.request.method):
            await self._routes.put(route)
        else:
            await route.continue_()

    async def let_go(self) -> None:
        """Have the next one answered, once it was asked."""
        await (await self._routes.get()).continue_()

    async def lose(self) -> None:
        """Have the next one done, and its answer lost."""
        route = await self._routes.get()
        await route.fetch()
        await route.abort()
