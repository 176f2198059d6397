"""The locks that those who write or replace an SQLite file take.

The writer holds an advisory lock on a file beside the database while it writes or checkpoints. So a
shell command beside a running server waits its turn, and two connections never write or checkpoint
at once, which versions 3.7.0 to 3.51.2 can answer with a corrupt file
(https://www.sqlite.org/wal.html#walresetbug).

A second lock (``hold``) says that a process has the database open, so that no other file is put in
its place under it. The process holds it alone once its files are no longer under their names.
"""

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from app.core.errors import Unavailable


def hold(path: Path, *, alone: bool = False) -> int:
    """A lock on a database's file, until the descriptor is closed or the process ends.

    Whoever has the database open holds it with others; whoever puts a file in its place, alone.

    Raises:
        Unavailable: when somebody else holds it, and either of the two is alone; or with others,
            whose index of the log was removed.
    """
    if not alone and _has_lost_index(path):
        for each in (False, True):
            os.close(_hold(path, alone=each))
    return _hold(path, alone=alone)


def _has_lost_index(path: Path) -> bool:
    """Whether SQLite would make another index, beside the one of those who have the log open."""
    log, index = (path.with_name(f"{path.name}-{suffix}") for suffix in ("wal", "shm"))
    # Whoever opens or closes it has one of the two for a moment only.
    for seconds in (0.1, 0.0):
        if index.exists() or not log.exists():
            return False
        time.sleep(seconds)
    return True


def _hold(path: Path, *, alone: bool) -> int:
    beside = path.with_name(f"{path.name}-open")
    # Reading is enough for a lock, so what root has made the server's user can hold too.
    held = os.open(beside, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(held, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        if alone:
            why = f"A server or another command has {path} open; stop it first."
        else:
            why = (
                "The database is being restored from a backup, or its files were moved under a "
                "server, which then says more at /readyz and in its log."
            )
        raise Unavailable(why) from None
    return held


class Held:
    """A process's own lock on a database's file. Threads may call it."""

    def __init__(self, path: Path) -> None:
        """Nothing is locked yet."""
        self._path = path
        self._descriptor: int | None = None
        self._changing = threading.Lock()
        self.is_alone = False
        """Whether nobody else may have the database open."""

    def take(self) -> None:
        """Hold it, if it is not held.

        Raises:
            Unavailable: as ``hold``.
        """
        with self._changing:
            if self._descriptor is None:
                self._descriptor = hold(self._path)

    def change(self, *, alone: bool) -> None:
        """Hold it alone, or with others again; as before while others hold it."""
        with self._changing:
            self._let_go()
            # The lock's file may have been removed, too, or its folder; or somebody restores.
            with suppress(OSError, Unavailable):
                self._descriptor = _hold(self._path, alone=alone)
                self.is_alone = alone
            if self._descriptor is None:
                with suppress(OSError, Unavailable):
                    self._descriptor = _hold(self._path, alone=False)

    def give_back(self) -> None:
        """Hold it no longer."""
        with self._changing:
            self._let_go()

    def _let_go(self) -> None:
        self.is_alone = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def turn_file(path: Path) -> int:
    """The file whose lock is the writer's turn at a database's file, opened but not locked yet."""
    beside = path.with_name(f"{path.name}-lock")
    # As in ``_hold``.
    return os.open(beside, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


class Turn:
    """The writer's turn at a database's file, among all processes."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._descriptor: int | None = None
        self.is_removed = False
        """Whether whoever comes now locks another file; known once it was looked at."""

    @property
    def is_open(self) -> bool:
        """Whether the file that is locked is open."""
        return self._descriptor is not None

    def open(self) -> None:
        """Open the file that is locked."""
        self._descriptor = turn_file(self._path)

    def look(self) -> None:
        """See whether the file, which is open, was removed."""
        assert self._descriptor is not None  # noqa: S101  # for the type checker
        self.is_removed = os.fstat(self._descriptor).st_nlink == 0

    def take(self) -> bool:
        """Take it, with the file open, unless somebody else has it."""
        assert self._descriptor is not None  # noqa: S101  # for the type checker
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def end(self) -> None:
        """Let others have it."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, which ends the turn too."""
        self.is_removed = False
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
