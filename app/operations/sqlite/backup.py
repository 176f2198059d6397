"""What `stet backup` does: an SQLite database to a file.

The copy is made page by page inside one reading transaction, by a connection that neither writes
nor checkpoints. Writers go on beside it; only the log grows until the copy is done. VACUUM INTO
would build every table and index anew, and the log would grow for as long as that takes.
"""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from app.core.atomic_files import part_of
from app.core.errors import Conflict, NotFound, Unavailable
from app.core.settings import Settings
from app.operations.sqlite.files import (
    Contents,
    connection,
    in_use,
    looked_at,
    path_of,
    sync,
)

# What a file system says where a file has one name only, as on many a stick.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP}

# 16 MiB at a time: between two of them Ctrl-C is heard.
_PAGES = 4096


def write(settings: Settings, file: Path) -> Contents:
    """Copy the database, as it is at one moment, to a new file for its owner alone.

    The file stands under its name once it is whole, on the disk and looked at, and not before.

    Raises:
        InvalidSettings: when the database is not SQLite.
        NotFound: when there is no database.
        Conflict: when there is such a file already.
        InvalidFile: when the database is damaged, or none of Stet.
        Unavailable: when SQLite cannot read the database or write the file, or a server has other
            files open than those that are there.
    """
    path = path_of(settings, "pg_dump and pg_basebackup make its backups")
    if not path.exists():
        raise NotFound(f"There is no database at {path}.")
    _refuse_taken(file)
    with in_use(settings), part_of(file) as part:
        try:
            _copy(path, part, settings.database_timeout_seconds)
        except sqlite3.Error as error:
            raise Unavailable(f"{path} cannot be copied to {file}: {error}.") from None
        contents = looked_at(part, path)
        sync(part)
        _name(part, file)
        sync(file.parent)
    return contents


def _refuse_taken(file: Path) -> None:
    # Also a link that leads nowhere.
    if os.path.lexists(file):
        raise _taken(file)


def _taken(file: Path) -> Conflict:
    return Conflict(f"{file} is there already; a backup replaces nothing.")


def _name(part: Path, file: Path) -> None:
    """Give the part its name, unless somebody else has taken it meanwhile."""
    try:
        file.hardlink_to(part)
    except FileExistsError:
        raise _taken(file) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _refuse_taken(file)
        part.rename(file)


def _copy(path: Path, part: Path, timeout: float) -> None:
    with (
        closing(connection(path, "mode=rw", timeout)) as source,
        closing(connection(part, "mode=rw", timeout)) as target,
    ):
        for pragma in ("query_only=ON", "wal_autocheckpoint=0"):
            source.execute(f"PRAGMA {pragma}")
        # Whoever cannot finish throws the part away, so nothing of it needs to be undone or kept.
        for pragma in ("journal_mode=OFF", "synchronous=OFF"):
            target.execute(f"PRAGMA {pragma}")
        # Without a transaction round all of it, the copy would begin anew at each write.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(target, pages=_PAGES, progress=lambda *_: None)
