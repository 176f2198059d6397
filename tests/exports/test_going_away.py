"""What is read ahead for an export, when nobody waits for it any more."""

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message

from app.core.prefetching import Prefetching
from tests import make
from tests.conftest import Newsroom


async def test_the_next_is_made_while_one_is_used_and_has_ended_when_it_is_closed() -> None:
    made: list[int] = []

    async def items() -> AsyncGenerator[int]:
        for number in range(3):
            await asyncio.sleep(0.02)
            made.append(number)
            yield number

    ahead = Prefetching(items())
    assert await anext(ahead) == 0
    await asyncio.sleep(0.05)
    assert made == [0, 1]

    assert await anext(ahead) == 1
    await ahead.aclose()

    assert made == [0, 1, 2]


async def test_what_fails_ahead_fails_where_it_would_be_used() -> None:
    async def items() -> AsyncGenerator[int]:
        yield 0
        raise ZeroDivisionError

    ahead = Prefetching(items())
    assert await anext(ahead) == 0

    with pytest.raises(ZeroDivisionError):
        await anext(ahead)


async def test_whoever_is_cancelled_while_closing_leaves_when_the_item_has_ended() -> None:
    made: list[int] = []
    may_end = asyncio.Event()

    async def items() -> AsyncGenerator[int]:
        yield 0
        await may_end.wait()
        made.append(1)
        yield 1

    ahead = Prefetching(items())
    assert await anext(ahead) == 0
    closing = asyncio.ensure_future(ahead.aclose())
    for _ in range(2):
        await asyncio.sleep(0.01)
        closing.cancel()
    await asyncio.sleep(0.01)
    assert not closing.done()

    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert made == [1]


async def test_of_an_export_that_nobody_reads_on_nothing_is_left_under_way(
    newsroom: Newsroom,
) -> None:
    # More documents than are read at once.
    lines = [json.dumps({"title": f"Report {number}", "text": "One."}) for number in range(250)]
    manager = newsroom["manager"]
    await make.said(
        await manager.post("/v1/projects/demo/import?format=jsonl", content="\n".join(lines)), 200
    )
    path = "/v1/projects/demo/export"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"format=jsonl", "http_version": "1.1", "scheme": "http"}
    scope |= {"headers": [(b"authorization", manager.headers["authorization"].encode())]}
    has_some, before = asyncio.Event(), asyncio.all_tasks()

    async def receive() -> Message:
        await has_some.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message.get("body"):
            has_some.set()
            await asyncio.Event().wait()

    await newsroom.app(scope, receive, send)

    assert asyncio.all_tasks() == before
    assert newsroom.app.state.database.pool_in_use() == 0
