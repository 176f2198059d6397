"""Bodies that are still arriving take so much memory together, and the largest gives way."""

import asyncio
import math
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.core.http.limits import BodyLimits

SCOPE = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", b"9999")]}


class Caller:
    """A request with a body, which comes part by part, and its answer."""

    def __init__(self, worker: BodyLimits, path: str = "/v1/projects/demo/documents") -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self._parts: asyncio.Queue[Message] = asyncio.Queue()
        self._served = asyncio.create_task(
            worker({**SCOPE, "path": path}, self._parts.get, self._told)
        )

    async def _told(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])

    async def sends(self, size: int, *, more: bool = True) -> None:
        """So many bytes come, and are looked at."""
        self._parts.put_nowait({"type": "http.request", "body": bytes(size), "more_body": more})
        for _ in range(10):
            await asyncio.sleep(0)

    async def ends(self) -> int:
        """The status of the answer, once the last byte has come."""
        if not self.status:
            await self.sends(1, more=False)
        async with asyncio.timeout(10):
            await self._served
        return self.status


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await PlainTextResponse("here")(scope, receive, send)


def worker(**given: Any) -> BodyLimits:
    """One that takes 100,000 bytes together."""
    limits: dict[str, Any] = {
        "max_bytes": 80_000,
        "max_bytes_at_once": 100_000,
        "max_file_bytes": 1_000_000,
        "timeout_seconds": math.inf,
    }
    return BodyLimits(app, **(limits | given))


async def test_the_largest_body_that_is_arriving_gives_way() -> None:
    taking = worker()
    small, large, third = (Caller(taking) for _ in range(3))

    await small.sends(30_000)
    await large.sends(60_000)
    assert (small.status, large.status) == (0, 0)
    await third.sends(30_000)

    assert large.status == 503
    assert large.headers[b"retry-after"] == b"1"
    assert large.headers[b"connection"] == b"close"
    assert [await it.ends() for it in (small, large, third)] == [200, 503, 200]


async def test_of_equal_bodies_the_newest_gives_way() -> None:
    taking = worker()
    callers = [Caller(taking) for _ in range(4)]

    for caller in callers:
        await caller.sends(30_000)

    assert [await it.ends() for it in callers] == [200, 200, 200, 503]


async def test_parts_of_one_byte_count_for_what_they_take() -> None:
    caller = Caller(worker())

    for _ in range(300):
        await caller.sends(1)

    assert await caller.ends() == 503


async def test_what_is_over_makes_room() -> None:
    taking = worker()

    for _ in range(3):
        caller = Caller(taking)
        await caller.sends(70_000)
        assert await caller.ends() == 200


async def test_a_file_takes_no_room_for_it_does_not_stay_in_memory() -> None:
    taking = worker()
    file = Caller(taking, "/v1/projects/demo/import")
    document = Caller(taking)

    await file.sends(90_000)
    await document.sends(70_000)

    assert [await file.ends(), await document.ends()] == [200, 200]
