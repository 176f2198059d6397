"""What `stet restore` does: a backup to the place of the SQLite database."""

import os
import shutil
import sqlite3
import stat
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory

from app.core.atomic_files import part_of
from app.core.database.sqlite_locks import hold
from app.core.errors import Conflict, InvalidFile, Unavailable
from app.core.settings import Settings
from app.core.timestamps import now
from app.operations import queries
from app.operations.sqlite.files import (
    LOGS,
    Contents,
    code_of,
    connection,
    has_content,
    looked_at,
    path_of,
    sync,
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands in the database's place now."""

    path: Path
    contents: Contents
    aside: Path | None
    """What stood there before, whole, or the log of one that is gone; None when nothing did."""

    unfit: str | None
    """Why this release does not fit it yet; None when it does."""


def restore(settings: Settings, file: Path, *, replace: bool) -> Restored:
    """Put a backup in the database's place, while nobody has the database open.

    Whenever this is cut off, the database's place holds the old one or the new one, whole.

    Raises:
        InvalidSettings: when the database is not SQLite.
        Unavailable: when a server or another command has the database open.
        Conflict: when there is a database, and it is not to be replaced.
        InvalidFile: when it is no file, damaged, none of Stet, or of a later release.
    """
    path = path_of(settings, "pg_restore restores it")
    held = hold(path, alone=True)
    try:
        if path.exists() and not replace:
            raise Conflict(f"There is a database at {path}; --replace keeps it under another name.")
        if not file.is_file():
            raise InvalidFile(f"{file} is a pipe or a device; a backup is a file.")
        _refuse_logs(file)
        with part_of(path) as part:
            # The copy is looked at, not the file: what is looked at is what will be there.
            shutil.copyfile(file, part)
            contents = looked_at(part, file)
            unfit = _unfit(contents, file)
            sync(part)
            # To the microsecond, for two may be restored in one second.
            named = path.with_stem(f"{path.stem}-{now():%Y%m%dT%H%M%S%fZ}")
            if path.exists():
                _set_aside(path, part, named)
            kept = [each for each in (named, *_set_logs_aside(path, named)) if each.exists()]
            sync(path.parent)
            part.rename(path)
            sync(path.parent)
    finally:
        os.close(held)
    return Restored(path, contents, kept[0] if kept else None, unfit)


def _refuse_logs(file: Path) -> None:
    for suffix in LOGS:
        log = file.with_name(f"{file.name}{suffix}")
        if has_content(log):
            raise InvalidFile(f"{file} is not whole: what was written last is in {log}.")


def _unfit(contents: Contents, file: Path) -> str | None:
    """Why this release does not fit the file yet; None when it does.

    Raises:
        InvalidFile: when the file is not of this release nor of one before it.
    """
    revision = contents.revision
    scripts = ScriptDirectory.from_config(queries.alembic_config()).walk_revisions()
    unfit = queries.unfit(revision)
    if revision in {script.revision for script in scripts}:
        return unfit
    if unfit is None:
        why = (
            f"{file} is of a later release, at revision {revision}; this one has {queries.head()}."
        )
        raise InvalidFile(why)
    raise InvalidFile(f"{file} is no database of Stet.")


def _set_aside(path: Path, part: Path, aside: Path) -> None:
    """Give the old database a second name, and the new one the old one's owner and mode."""
    _fold(path)
    old = path.stat()
    part.chmod(stat.S_IMODE(old.st_mode))
    with suppress(PermissionError):
        # Only root can: the server's user is to read what root has restored.
        os.chown(part, old.st_uid, old.st_gid)
    aside.hardlink_to(path)


def _set_logs_aside(path: Path, aside: Path) -> list[Path]:
    """Leave no log there, which SQLite would take for the new database's; where they are now.

    One holds something if the old database is gone, or so damaged that SQLite could not fold it in.
    """
    moved = []
    for suffix in LOGS:
        log = path.with_name(f"{path.name}{suffix}")
        if has_content(log):
            moved.append(log.rename(aside.with_name(f"{aside.name}{suffix}")))
        log.unlink(missing_ok=True)
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    return moved


def _fold(path: Path) -> None:
    """Let the old database's file hold all of it, and its log nothing.

    Raises:
        Unavailable: when another program has it open.
    """
    try:
        with closing(connection(path, "mode=rw")) as old:
            # SQLite does this for a connection that is alone, and for no other.
            old.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if code_of(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise Unavailable(f"Another program has {path} open; stop it first.") from None
