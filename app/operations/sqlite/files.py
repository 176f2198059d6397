"""The files of an SQLite database, looked at and written past the server."""

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.core.database import Database
from app.core.database.connect import connect
from app.core.database.sqlite import SqliteDatabase
from app.core.database.sqlite_connections import uri
from app.core.database.sqlite_locks import hold
from app.core.errors import Conflict, InvalidFile
from app.core.settings import InvalidSettings, Settings
from app.operations import queries

LOGS = ("-wal", "-journal")
"""What the names of files end in that hold what the database's own does not hold yet."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file that was looked at holds."""

    bytes: int
    revision: str
    changes: int
    last: str | None
    """When the last change was made, as RFC 3339 text; None while there is none."""

    def __str__(self) -> str:
        last = "" if self.last is None else f", the last of {self.last}"
        return f"{self.bytes} bytes, {self.changes} changes{last}"


def path_of(settings: Settings, instead: str) -> Path:
    """Where the database's file is.

    Raises:
        InvalidSettings: when the database is not SQLite; ``instead`` says what there is for it.
    """
    database = connect(settings)
    if not isinstance(database, SqliteDatabase):
        raise InvalidSettings(f"The database is PostgreSQL: {instead}, see README.md.")
    return database.path


def make(settings: Settings) -> None:
    """Make an empty database for its owner alone, where it is SQLite's and there is none yet.

    What SQLite itself makes may be read by whoever the umask lets.

    Raises:
        Conflict: when there is none, but a log of one.
    """
    database = connect(settings)
    if not isinstance(database, SqliteDatabase):
        return
    # A folder that is not there is SQLite's to tell.
    if database.path.parent.is_dir() and not database.path.exists():
        _refuse_log(database.path)
        database.path.touch(0o600)


def _refuse_log(path: Path) -> None:
    """Let SQLite not throw away, with an empty file before it, what is in no other."""
    for suffix in LOGS:
        log = path.with_name(f"{path.name}{suffix}")
        if has_content(log):
            raise Conflict(
                f"There is no database at {path}, but {log.name} holds what was written last to "
                "one that was. Move that one back, or else its log away."
            )


def has_content(log: Path) -> bool:
    """Whether a log is there and holds something."""
    return log.exists() and log.stat().st_size > 0


def barred(database: Database) -> str | None:
    """Why nobody here may write to an SQLite file; None when they may, or it is PostgreSQL."""
    return database.barred() if isinstance(database, SqliteDatabase) else None


@contextmanager
def in_use(settings: Settings) -> Iterator[None]:
    """Let nobody restore meanwhile: for what reaches the database past ``core.database``.

    Raises:
        Unavailable: when somebody restores already.
    """
    database = connect(settings)
    if not isinstance(database, SqliteDatabase):
        yield
        return
    held = hold(database.path)
    try:
        yield
    finally:
        os.close(held)


async def keep_looking(database: Database) -> None:
    """Look once a second, until cancelled, whether what is written to an SQLite file is found."""
    while True:
        barred(database)
        await asyncio.sleep(1)


def connection(file: Path, how: str, timeout: float = 0) -> sqlite3.Connection:
    """A connection that begins no transaction by itself.

    Args:
        file: what is opened; it must be there.
        how: the parameters of its URI.
        timeout: how many seconds it waits for a lock.
    """
    named = uri(file.resolve(), how)
    return sqlite3.connect(named, uri=True, isolation_level=None, timeout=timeout)


def looked_at(part: Path, named: Path) -> Contents:
    """What the file holds, by a look that leaves nothing beside it.

    Args:
        part: the file.
        named: what the caller knows it as.

    Raises:
        InvalidFile: when it is damaged, or no database of Stet.
    """
    try:
        with closing(connection(part, "immutable=1")) as db:
            revisions = db.execute("SELECT version_num FROM alembic_version").fetchall()
            [said] = db.execute("PRAGMA integrity_check(1)").fetchone()
            changes, last = db.execute(_CHANGES).fetchone()
            [size] = db.execute(_SIZE).fetchone()
    except sqlite3.DatabaseError as error:
        if code_of(error) in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB}:
            # There is no such table, or no table at all.
            raise InvalidFile(f"{named} is no database of Stet.") from None
        raise InvalidFile(f"{named} is damaged: {error}.") from None
    if said != "ok":
        raise InvalidFile(f"{named} is damaged: {said}.")
    if part.stat().st_size < size:
        # SQLite reads what is missing of the last page as zeros.
        raise InvalidFile(f"{named} is damaged: it is cut off.")
    if len(revisions) > 1:
        raise InvalidFile(queries.several(sorted(revision for (revision,) in revisions)))
    if not revisions:
        raise InvalidFile(f"{named} is no database of Stet.")
    return Contents(size, revisions[0][0], changes, last)


# Each project's log ends at its head, so nothing else of the logs is read.
_CHANGES = """
SELECT coalesce(sum(change_heads.sequence), 0), max(changes.at)
FROM change_heads LEFT JOIN changes USING (project_id, sequence)
"""

_SIZE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


def code_of(error: sqlite3.DatabaseError) -> int:
    """The primary code of what SQLite said (https://www.sqlite.org/rescode.html)."""
    # Text that cannot be decoded is Python's to say, which knows no code for it.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF


def sync(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
