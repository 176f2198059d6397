"""The folder of files through which workers add up their measurements.

It goes when the server stops. After a kill -9 it stays, and the next server removes it, once nobody
holds its lock: neither the server nor a worker that outlives it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "stet-metrics-"
_WAS_HELD = "held"
"""A file that is there once the lock was taken: without it, nobody may have come to that yet."""


class Folder:
    """One that is held; ``mend`` makes it anew."""

    def __init__(self, path: Path) -> None:
        """Holds a folder that is there."""
        self.path = path
        self._held = hold(path)
        self._mark()

    def _mark(self) -> None:
        (self.path / _WAS_HELD).touch()

    def mend(self) -> bool:
        """Make it anew if somebody has removed it, and say whether somebody has.

        Raises:
            OSError: when it cannot be made, as where something else has its name now.
        """
        with suppress(FileNotFoundError):
            if os.path.samestat(self.path.lstat(), os.fstat(self._held)):
                return False
        self.path.mkdir(0o700)
        removed, self._held = self._held, hold(self.path)
        os.close(removed)
        self._mark()
        return True

    def remove(self) -> None:
        """Remove it and let go of it, in this order, so that nobody else removes it too."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._held)


@contextmanager
def made() -> Iterator[Folder]:
    """A new folder, held, and removed in the end; those of servers that were killed go first."""
    _remove_abandoned()
    folder = Folder(Path(tempfile.mkdtemp(prefix=_PREFIX)))
    try:
        yield folder
    finally:
        folder.remove()


def hold(folder: Path) -> int:
    """A lock on the folder, with others, until the descriptor is closed or the process ends."""
    held = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return held


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # What is held, another user's or gone meanwhile is nothing to remove, and what cannot be
        # removed keeps nobody from serving.
        with suppress(OSError):
            _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        is_ours = os.fstat(opened).st_uid == os.geteuid()
        if is_ours and (folder / _WAS_HELD).exists():
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    finally:
        os.close(opened)
