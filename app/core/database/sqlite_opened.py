"""Which files of an SQLite database a process has open, whatever has become of their names.

Whoever removes the log of a database that is served, or puts another file in its place, takes
nothing from the server: it goes on with the files that it has open, and what it writes into them is
found by nobody once it is gone. Where the log's index is removed, whoever comes makes another, and
the two write over one another in the log.

When it ends, SQLite writes a log that was removed into the file, but not while another program has
the file open, nor into one that is no longer under its name (``databaseIsUnmoved`` in
https://www.sqlite.org/src/file/src/pager.c); so what they hold is saved here.
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
    """The database, its log and the log's index, as long as they are open. Threads may call it."""

    def __init__(self, path: Path) -> None:
        """Nothing is open yet."""
        self._path = path
        # A Path's own way to stat(2) takes half as long again.
        self._names = (str(path), f"{path}-wal", f"{path}-shm")
        self._connections: set[sqlite3.Connection] = set()
        self._files = _NONE
        self._lock = threading.Lock()

    def more(self, connection: sqlite3.Connection) -> None:
        """There is one more connection, which reads a little."""
        # Before it has read, or where it needs no log, those that are there are another's, who
        # may close last and remove them.
        [mode] = connection.execute("PRAGMA journal_mode").fetchone()
        with self._lock:
            self._connections.add(connection)
            database, log, index = self._files
            there = self._there()
            if database in {None, there[0]}:
                logged = mode == "wal"
                log, index = (log or there[1], index or there[2]) if logged else (log, index)
                self._files = (there[0], log, index)

    def less(self, connection: sqlite3.Connection, *_record: Any) -> None:
        """There is one less; the last one removes the log and its index."""
        with self._lock:
            self._connections.discard(connection)
            if not self._connections:
                self._files = _NONE

    def _there(self) -> "_Files":
        database, log, index = self._names
        return _identity(database), _identity(log), _identity(index)

    def strayed(self) -> str | None:
        """Why what is written here would be lost; None where it would not: by stat(2), thrice."""
        if self._there() == self._files:
            return None
        if (stray := self._stray()) is None:
            return None
        database = self._path.name
        is_moved = stray == self._names[0]
        into = f"a file beside {database}, and says which" if is_moved else database
        return _STRAYED.format(Path(stray).name, into)

    def _stray(self) -> str | None:
        with self._lock:
            for name, opened, there in zip(self._names, self._files, self._there(), strict=True):
                if opened not in {None, there}:
                    return name
        return None

    def save(self) -> None:
        """Write all that is open to where it is found, if one is no longer under its name.

        Raises:
            Unavailable: when it is lost.
        """
        database, log, _ = self._names
        if (stray := self._stray()) is None:
            return
        with self._lock:
            # What another sees may be of a moment that is long gone.
            idle = next((one for one in self._connections if not one.in_transaction), None)
        if idle is None:
            raise _lost(self._path, "every connection is at work")
        if stray == database:
            try:
                saved = _saved(idle, self._path)
            except (OSError, sqlite3.Error) as error:
                raise _lost(self._path, error) from None
            _log.error("All that %s held is in %s; see stet restore.", self._path.name, saved)
            # SQLite would take it for the log of whatever is in the database's place now.
            if (why := _unfolded(idle, "TRUNCATE")) is not None:
                _log.error("Remove %s, which could not be emptied: %s.", log, why)
        elif stray == log and (why := _unfolded(idle, "FULL")) is not None:
            raise _lost(self._path, why)


def _unfolded(connection: sqlite3.Connection, how: str) -> object:
    """Write the log into the file, even if others have it open; why it could not be, else None.

    Args:
        connection: it is in no transaction.
        how: ``FULL``, or ``TRUNCATE`` to empty the log too.
    """
    try:
        [busy, *_] = connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
    except sqlite3.Error as error:
        return error
    return "another program reads it" if busy else None


def _lost(path: Path, why: object) -> Unavailable:
    lost = f"What {path.name} held could not be saved: {why}."
    _log.error(lost)
    return Unavailable(lost)


_STRAYED = (
    "{} was moved, replaced or removed under the server, which takes no more writes. "
    "End it by SIGTERM, not by SIGKILL: it then writes all that it holds into {}."
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

_Files = tuple[_Identity, _Identity, _Identity]

_NONE: _Files = (None, None, None)
