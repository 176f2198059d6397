"""Waiting for a project's log to grow, for all who wait in this process together.

However many wait, one statement every fifth of a second asks for them all; without any, none.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from uuid import UUID

from sqlalchemy import select

from app.changes.queries import LAST_ENTRY
from app.core.database import FAILURES, Database
from app.models import ChangeHead

_INTERVAL_SECONDS = 0.2


class LogHeads:
    """The last entries in the logs of a database's projects."""

    def __init__(self, database: Database) -> None:
        """Asks nothing until somebody waits."""
        self._database = database
        self._waiting: dict[asyncio.Event, tuple[UUID, int]] = {}
        self._asking: asyncio.Task[None] | None = None
        self.stopped = False

    async def beyond(self, project_id: UUID, after: int, *, seconds: float) -> None:
        """Return once the log has an entry after this one, or so many seconds have passed.

        Returns early when the server stops, and when the database cannot be asked: whoever waited
        hears of that from their own next statement.
        """
        if self.stopped:
            return
        woken = asyncio.Event()
        self._waiting[woken] = (project_id, after)
        if self._asking is None or self._asking.done():
            # It asks for all who wait, and is part of none of their requests.
            self._asking = asyncio.create_task(self._ask(), context=Context())
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            pass
        finally:
            del self._waiting[woken]

    def stop(self) -> None:
        """Let everybody go, for good."""
        self.stopped = True
        self._wake(lambda *_: True)

    async def _ask(self) -> None:
        while self._waiting:
            await asyncio.sleep(_INTERVAL_SECONDS)
            projects = {project_id for project_id, _ in self._waiting.values()}
            query = select(ChangeHead.project_id, LAST_ENTRY.label("last")).where(
                ChangeHead.project_id.in_(projects)
            )
            try:
                async with self._database.session(writes=False) as db:
                    ends = {row.project_id: row.last or 0 for row in await db.execute(query)}
            except FAILURES:
                self._wake(lambda *_: True)
            else:
                self._wake(lambda project_id, after: ends.get(project_id, 0) > after)  # noqa: B023

    def _wake(self, whom: Callable[[UUID, int], bool]) -> None:
        for woken, (project_id, after) in self._waiting.items():
            if whom(project_id, after):
                woken.set()
