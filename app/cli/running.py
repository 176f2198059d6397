"""A command's work on the database of the settings."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.core.database import Database
from app.core.database.connect import connect
from app.core.settings import settings

T = TypeVar("T")


def run(work: Callable[[Database], Awaitable[T]]) -> T:
    """What ``work`` answers, given the database of the settings, which is closed after it."""

    async def connected() -> T:
        database = connect(settings())
        try:
            return await work(database)
        finally:
            await database.dispose()

    return asyncio.run(connected())
