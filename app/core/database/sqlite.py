"""SQLite behind ``core.database``: one writer, readers beside it, all called in the event loop.

Measured on two cores at ``synchronous=FULL``: four writing connections on one loop froze it for
15 s, one writer takes 0.07 s for the same. A statement takes tens of microseconds, less than a hop
to a thread, so statements run in the loop; a snapshot, which may read for long, runs in a thread.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from app.core.database import Holding, Session, Snapshot, unavailable
from app.core.database.group_commit import GroupCommit
from app.core.database.sqlite_connections import Connections
from app.core.database.sqlite_sessions import SqliteSession, SqliteSnapshot
from app.core.settings import InvalidSettings, Settings


class SqliteDatabase:
    """The connections to one file, and those whose writes wait for one another."""

    dialect = "sqlite"

    def __init__(self, settings: Settings) -> None:
        """Opens the file on first use, not here."""
        url = make_url(settings.database_url)
        if not url.database or url.database == ":memory:":
            raise InvalidSettings("STET_DATABASE_URL must name a file for SQLite.")
        # The same name for all who lock it, also for those who come by a link.
        self.path = Path(url.database).resolve()
        self._source = settings.database_url
        self._connections = Connections(self.path, timeout=settings.database_timeout_seconds)
        self._group_commit = GroupCommit(partial(self.session, writes=True), of_all=unavailable)

    def session(self, *, writes: bool) -> AbstractAsyncContextManager[Session]:
        """A session that reads beside the writer and becomes the writer with its first write."""
        return SqliteSession(self._connections, self._source, self._group_commit, writes=writes)

    @asynccontextmanager
    async def snapshot(self, *, holding: Holding | None = None) -> AsyncIterator[Snapshot]:  # noqa: ARG002
        """One reading transaction, whose statements run in a thread; there are no replicas."""
        snapshot = SqliteSnapshot(self._connections, self._source)
        try:
            yield snapshot
        finally:
            snapshot.close()

    def barred(self) -> str | None:
        """Why nobody here may write, for want of a right or of the file; None when they may."""
        return self._connections.barred()

    def pool_in_use(self) -> int:
        """Connections that are at work now."""
        return self._connections.at_work()

    def writes_waiting(self) -> int:
        """Writes that wait for the commit before theirs."""
        return self._group_commit.waiting

    async def dispose(self) -> None:
        """Close every connection."""
        self._connections.close()
