"""Which files of an SQLite database a process has open, whatever has become of their names.

Whoever removes the log of a database that is served, or puts another file in its place, takes
nothing from the server: it goes on with the files that it has open, and what it writes into them is
found by nobody once it is gone.
"""

import threading
from pathlib import Path
from typing import Any


class Opened:
    """The database and its log, as long as there is a connection to them. Threads may call it."""

    def __init__(self, path: Path) -> None:
        """Nothing is open yet, and nothing was written."""
        self._paths = (path, path.with_name(f"{path.name}-wal"))
        self._count = 0
        self._files: tuple[_Identity, _Identity] | None = None
        self._lock = threading.Lock()

    def more(self) -> None:
        """There is one more connection."""
        with self._lock:
            self._count += 1

    def written(self) -> None:
        """Something was written: the log is there, if it was not before."""
        if self._files is None:
            self._files = self._there()

    def less(self, *_connection: Any) -> None:
        """There is one less; the last one removes the log."""
        with self._lock:
            self._count -= 1
            if self._count == 0:
                self._files = None

    def _there(self) -> "tuple[_Identity, _Identity]":
        return _identity(self._paths[0]), _identity(self._paths[1])

    def strayed(self) -> str | None:
        """Why what is written here would be lost; None where it would not. Two calls of stat(2)."""
        if self._files is None or self._files == self._there():
            return None
        database, log = (path.name for path in self._paths)
        return (
            f"{database} or {log} was moved, replaced or removed under this server, which takes no "
            "writes any more. End it by SIGTERM, not by SIGKILL: the last thing that it does is to "
            "write what it holds into the file that it has open."
        )


def _identity(path: Path) -> "_Identity":
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


_Identity = tuple[int, int] | None
"""Which file it is, whatever its name; None where there is none."""
