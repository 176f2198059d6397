"""The locks that those who write or replace an SQLite file take.

The writer holds an advisory lock on a file beside the database while it writes or checkpoints. So a
shell command beside a running server waits its turn, and two connections never write or checkpoint
at once, which versions 3.7.0 to 3.51.2 can answer with a corrupt file
(https://www.sqlite.org/wal.html#walresetbug).

A second lock (``hold``) says that a process has the database open, so that no other file is put in
its place under it.
"""

import fcntl
import os
from pathlib import Path

from app.core.errors import Unavailable


def hold(path: Path, *, alone: bool = False) -> int:
    """A lock on a database's file, until the descriptor is closed or the process ends.

    Whoever has the database open holds it with others; whoever puts a file in its place, alone.

    Raises:
        Unavailable: when somebody else holds it, and either of the two is alone.
    """
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
            why = "The database is being restored from a backup."
        raise Unavailable(why) from None
    return held


def turn_file(path: Path) -> int:
    """The file whose lock is the writer's turn at a database's file, opened but not locked yet."""
    beside = path.with_name(f"{path.name}-lock")
    # As in ``hold``.
    return os.open(beside, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
