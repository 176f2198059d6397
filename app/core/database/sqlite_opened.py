"""Which files of an SQLite database a process has open, whatever has become of their names.

Whoever removes the log of a database that is served, or puts another file in its place, takes
nothing from the server: it goes on with the files that it has open, and what it writes into them is
found by nobody once it is gone.

When it ends, SQLite writes a log that was removed into the file. It does not into a file that is no
longer under its name (``databaseIsUnmoved`` in https://www.sqlite.org/src/file/src/pager.c); so
what that holds is saved here.
"""

import logging
import os
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from app.core.atomic_files import part_of
from app.core.errors import Unavailable
from app.core.timestamps import now

_log = logging.getLogger(__name__)


class Opened:
    """The database and its log, as long as there is a connection to them. Threads may call it."""

    def __init__(self, path: Path) -> None:
        """Nothing is open yet."""
        self._path = path
        # A Path's own way to stat(2) takes half as long again.
        self._names = (str(path), f"{path}-wal")
        self._connections: set[sqlite3.Connection] = set()
        self._files: tuple[_Identity, _Identity] = _NEITHER
        self._lock = threading.Lock()

    def more(self, connection: sqlite3.Connection) -> None:
        """There is one more connection."""
        with self._lock:
            self._connections.add(connection)
            self._learn(self._there())

    def less(self, connection: sqlite3.Connection, *_record: Any) -> None:
        """There is one less; the last one removes the log."""
        with self._lock:
            self._connections.discard(connection)
            if not self._connections:
                self._files = _NEITHER

    def _learn(self, there: "tuple[_Identity, _Identity]") -> None:
        """What is open, from what is there; the log is made by the first statement."""
        database, log = self._files
        if self._connections and (database is None or (log is None and there[0] == database)):
            self._files = (database or there[0], there[1])

    def _there(self) -> "tuple[_Identity, _Identity]":
        return _identity(self._names[0]), _identity(self._names[1])

    def strayed(self) -> str | None:
        """Why what is written here would be lost; None where it would not. Two calls of stat(2)."""
        there = self._there()
        if there == self._files:
            return None
        with self._lock:
            self._learn(there)
            if there == self._files or not self._connections:
                return None
            database, log = map(os.path.basename, self._names)
            if there[0] != self._files[0]:
                return _STRAYED.format(database, f"into a file beside {database}, and says which")
            return _STRAYED.format(log, f"into {database}")

    def save(self) -> None:
        """Write all that is open to a new file, if its own is no longer under its name.

        Raises:
            Unavailable: when it is lost.
        """
        database, _ = self._files
        if database is None or _identity(self._names[0]) == database:
            return
        with self._lock:
            # What another sees may be of a moment that is long gone.
            idle = next((one for one in self._connections if not one.in_transaction), None)
        if idle is None:
            raise _lost(self._path, "every connection is at work")
        try:
            saved = _saved(idle, self._path)
        except (OSError, sqlite3.Error) as error:
            raise _lost(self._path, error) from None
        _log.error("All that %s held is in %s; see stet restore.", self._path.name, saved)
        try:
            # SQLite would take the log for the one of whatever is in the database's place now.
            idle.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            _log.error("Remove %s-wal, which could not be emptied: %s.", self._path, error)


def _lost(path: Path, why: object) -> Unavailable:
    lost = f"What {path.name} held could not be saved: {why}."
    _log.error(lost)
    return Unavailable(lost)


_STRAYED = (
    "{} was moved, replaced or removed under the server, which takes no more writes. "
    "End it by SIGTERM, not by SIGKILL: it then writes all that it holds {}."
)


def _saved(connection: sqlite3.Connection, path: Path) -> Path:
    """A new file, its owner's alone, with all that a connection sees.

    Its folder may be gone, and is made again then. Where that may not be done, or the disk is full,
    the file is among those that are temporary.
    """
    saved = path.with_stem(f"{path.stem}-{now():%Y%m%dT%H%M%S%fZ}")
    try:
        path.parent.mkdir(0o700, parents=True, exist_ok=True)
        _copy(connection, saved)
    except (OSError, sqlite3.Error) as error:
        _log.error("Nothing can be saved in %s: %s.", path.parent, error)
        saved = Path(tempfile.gettempdir()) / saved.name
        _copy(connection, saved)
    return saved


def _copy(connection: sqlite3.Connection, file: Path) -> None:
    with part_of(file) as part:
        with closing(sqlite3.connect(part, isolation_level=None)) as target:
            connection.backup(target)
            # A file of its own, as a backup is: without a log.
            target.execute("PRAGMA journal_mode=DELETE")
        part.rename(file)


def _identity(name: str) -> "_Identity":
    try:
        found = os.stat(name)  # noqa: PTH116  # see Opened
    except OSError:
        return None
    return found.st_dev, found.st_ino


_Identity = tuple[int, int] | None
"""Which file it is, whatever its name; None where none is to be seen."""

_NEITHER = (None, None)
