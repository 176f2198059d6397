"""Writes that wait for one another anyway are written together: one statement, one commit for all.

The writers of a project take turns at its log, and each turn lasts until the disk has it. While one
turn lasts, what comes in the meantime is gathered, and the next turn writes all of it. Where there
were more lately, requests that lie in the sockets already have a few passes of the event loop to
come as far as this before a turn begins, so that they are one batch and not two. Who writes alone
waits for nobody.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeAlias

from prometheus_client import Histogram

Write: TypeAlias = Callable[[Any, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Writes some items by a session and answers what became of each: a result, or an exception."""

_MOST = 64
# Passes of the event loop in which what lies in a socket is read, parsed and brought here: a create
# of sixteen callers took a quarter less of both processors so. They take microseconds if there is
# nothing to do, and where others have much to do, a commit or two's time.
_PASSES = 8
_SECONDS = 0.01
_KEYS = 1000

TOGETHER = "written together with others"
"""What a request that waits for that spends its time on."""

BATCH = Histogram(
    "stet_writes_per_commit",
    "Writes that waited for one another and were committed together.",
    buckets=(1, 2, 4, 8, 16, 32, 64),
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    item: Any
    outcome: "asyncio.Future[Any]"


class GroupCommit:
    """Gathers the writes of one process to one database."""

    def __init__(
        self,
        session: Callable[[], AbstractAsyncContextManager[Any]],
        of_all: Callable[[Exception], object],
    ) -> None:
        """``session`` opens one that may write, and commits when it is left.

        ``of_all`` says whether a failure is none of the items': that the database is away, say.
        """
        self._session = session
        self._of_all = of_all
        self._waiting: dict[Hashable, list[_Waiting]] = {}
        self._turns: set[asyncio.Task[None]] = set()
        self._expected: dict[Hashable, int] = {}

    @property
    def waiting(self) -> int:
        """How many writes wait for the turn after the one that is being committed."""
        return sum(map(len, self._waiting.values()))

    async def write(self, key: Hashable, item: Any, write: Write) -> Any:
        """What became of the item, once it is committed; raises what the write raised for it.

        Items of the same key are written by one call of ``write``, in the order of their coming;
        each key has one turn at a time. Whoever is cancelled meanwhile may have been written.
        """
        waiting = _Waiting(item, asyncio.get_running_loop().create_future())
        line = self._waiting.get(key)
        if line is None:
            self._waiting[key] = [waiting]
            # It outlives the request that began it, and is none of it.
            turn = asyncio.create_task(self._take_turns(key, write), context=Context())
            self._turns.add(turn)
            turn.add_done_callback(self._turns.discard)
        else:
            line.append(waiting)
        return await waiting.outcome

    async def _take_turns(self, key: Hashable, write: Write) -> None:
        line = self._waiting[key]
        batch: list[_Waiting] = []
        try:
            while line:
                await _gathered(line, self._expected.get(key, 1))
                batch, line[:_MOST] = line[:_MOST], []
                outcomes = await self._written([one.item for one in batch], write)
                for one, outcome in zip(batch, outcomes, strict=True):
                    _settle(one.outcome, outcome)
                self._expect(key, len(batch) + len(line))
        finally:
            del self._waiting[key]
            # Left only when the process is told to stop.
            for one in batch + line:
                one.outcome.cancel()

    def _expect(self, key: Hashable, count: int) -> None:
        """Whoever is answered now may soon be back, beside those who wait already."""
        self._expected.pop(key, None)
        if count > 1:
            self._expected[key] = count
            if len(self._expected) > _KEYS:
                del self._expected[next(iter(self._expected))]

    async def _written(self, items: Sequence[Any], write: Write) -> Sequence[Any]:
        BATCH.observe(len(items))
        try:
            async with self._session() as db:
                return await write(db, items)
        except Exception as failure:  # noqa: BLE001  # raised where it is waited for
            if len(items) == 1 or self._of_all(failure):
                return [failure] * len(items)
        # One of them is in the way of all, and which it is shows when each goes alone.
        return [outcome for one in items for outcome in await self._written([one], write)]


async def _gathered(line: Sequence[_Waiting], expected: int) -> None:
    """Let those come who are nearly there, if fewer are here than are ``expected``."""
    until = time.monotonic() + _SECONDS
    for _ in range(_PASSES):
        if len(line) >= min(expected, _MOST) or time.monotonic() >= until:
            return
        await asyncio.sleep(0)


async def alone(db: Any, item: Any, write: Write) -> Any:
    """What becomes of an item that goes by itself, in this session; raises what it failed for."""
    [outcome] = await write(db, [item])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _settle(waiting: "asyncio.Future[Any]", outcome: Any) -> None:
    if waiting.done():
        return
    if isinstance(outcome, Exception):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome)
