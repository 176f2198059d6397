"""Many people at once, at one Stet or spread over two on the same database."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any

import httpx

from tests import make
from tests.conftest import Newsroom

SIZE = 16


async def crowd(
    newsroom: Newsroom, role: str, *, processes: int = 1, size: int = SIZE
) -> list[httpx.AsyncClient]:
    """New members of ``demo`` in that role, each with a client, in turn at each process."""
    fronts = [newsroom, *(newsroom.beside() for _ in range(processes - 1))]
    members = []
    for place in range(size):
        name, number = f"{role}-{place}", 100 + place
        await make.user(newsroom.app.state.database, name, number=number)
        await make.member(newsroom["manager"], name, role)
        token = make.token_of(name, number)
        members.append(fronts[place % processes].client(Authorization=f"Bearer {token}"))
    return members


async def at_once(
    requests: Iterable[Coroutine[Any, Any, httpx.Response]],
) -> tuple[Counter[int], list[httpx.Response]]:
    """What requests are answered that run at the same time, and how often each status is."""
    answers = await asyncio.gather(*requests)
    return Counter(answer.status_code for answer in answers), list(answers)
