"""What `stet backup` and `stet restore` do: an SQLite database to a file, and a file to its place.

The copy is made page by page inside one reading transaction, by a connection that neither writes
nor checkpoints. Writers go on beside it; only the log grows until the copy is done. VACUUM INTO
would build every table and index anew, and the log would grow for as long as that takes.
"""

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from alembic.script import ScriptDirectory

from app.core.connect import connect
from app.core.errors import Conflict, InvalidFile, NotFound, Unavailable
from app.core.moments import now
from app.core.settings import InvalidSettings, Settings
from app.core.sqlite import SqliteDatabase
from app.core.sqlite_connections import hold
from app.operations import queries

# 16 MiB at a time: between two of them Ctrl-C is heard.
_PAGES = 4096
_LOGS = ("-wal", "-journal")


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


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands in the database's place now."""

    path: Path
    contents: Contents
    aside: Path | None
    """What stood there before, whole; None when nothing did."""

    unfit: str | None
    """Why this release does not fit it yet; None when it does."""


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


def write(settings: Settings, file: Path) -> Contents:
    """Copy the database, as it is at one moment, to a new file for its owner alone.

    The file stands under its name once it is whole, on the disk and looked at, and not before.

    Raises:
        InvalidSettings: when the database is not SQLite.
        NotFound: when there is no database.
        Conflict: when there is such a file already.
        InvalidFile: when the database is damaged, or none of Stet.
        Unavailable: when SQLite cannot read the database or write the file.
    """
    path = _path(settings, "pg_dump and pg_basebackup make its backups")
    if not path.exists():
        raise NotFound(f"There is no database at {path}.")
    _refuse_taken(file)
    with in_use(settings), _part(file) as part:
        try:
            _copy(path, part, settings.database_timeout_seconds)
        except sqlite3.Error as error:
            raise Unavailable(f"{path} cannot be copied to {file}: {error}.") from None
        contents = _looked_at(part, path)
        _sync(part)
        _refuse_taken(file)
        part.rename(file)
        _sync(file.parent)
    return contents


def _path(settings: Settings, instead: str) -> Path:
    database = connect(settings)
    if not isinstance(database, SqliteDatabase):
        raise InvalidSettings(f"The database is PostgreSQL: {instead}, see README.md.")
    return database.path


def _refuse_taken(file: Path) -> None:
    if file.exists():
        raise Conflict(f"{file} is there already; a backup replaces nothing.")


@contextmanager
def _part(file: Path) -> Iterator[Path]:
    """A new file beside another, for its owner alone; what is left of it afterwards is removed."""
    descriptor, name = tempfile.mkstemp(".part", f"{file.name}.", file.parent)
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _copy(path: Path, part: Path, timeout: float) -> None:
    with (
        closing(_connection(path, "mode=rw", timeout)) as source,
        closing(_connection(part, "mode=rw", timeout)) as target,
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


def _connection(file: Path, how: str, timeout: float = 0) -> sqlite3.Connection:
    uri = f"file:{quote(str(file.resolve()))}?{how}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=timeout)


def _looked_at(part: Path, named: Path) -> Contents:
    """What the file holds, by a look that leaves nothing beside it.

    Args:
        part: the file.
        named: what the caller knows it as.

    Raises:
        InvalidFile: when it is damaged, or no database of Stet.
    """
    try:
        with closing(_connection(part, "immutable=1")) as db:
            revisions = db.execute("SELECT version_num FROM alembic_version").fetchall()
            [said] = db.execute("PRAGMA integrity_check(1)").fetchone()
            changes, last = db.execute(_CHANGES).fetchone()
            [size] = db.execute(_SIZE).fetchone()
    except sqlite3.DatabaseError as error:
        if _code(error) in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB}:
            # There is no such table, or no table at all.
            raise InvalidFile(f"{named} is no database of Stet.") from None
        raise InvalidFile(f"{named} is damaged: {error}.") from None
    if said != "ok":
        raise InvalidFile(f"{named} is damaged: {said}.")
    if part.stat().st_size < size:
        # SQLite reads what is missing of the last page as zeros.
        raise InvalidFile(f"{named} is damaged: it is cut off.")
    if len(revisions) != 1:
        raise InvalidFile(f"{named} is no database of Stet.")
    return Contents(size, revisions[0][0], changes, last)


# Each project's log ends at its head, so nothing else of the logs is read.
_CHANGES = """
SELECT coalesce(sum(change_heads.sequence), 0), max(changes.at)
FROM change_heads LEFT JOIN changes USING (project_id, sequence)
"""


_SIZE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


def _code(error: sqlite3.DatabaseError) -> int:
    """The primary code of what SQLite said (https://www.sqlite.org/rescode.html)."""
    # Text that cannot be decoded is Python's to say, which knows no code for it.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF


def _sync(path: Path) -> None:
    """Wait until a file, or what a folder lists, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def restore(settings: Settings, file: Path, *, replace: bool) -> Restored:
    """Put a backup in the database's place, while nobody has the database open.

    Whenever this is cut off, the database's place holds the old one or the new one, whole.

    Raises:
        InvalidSettings: when the database is not SQLite.
        Unavailable: when a server or another command has the database open.
        Conflict: when there is a database, and it is not to be replaced.
        InvalidFile: when the file is damaged, none of Stet, or of a later release.
    """
    path = _path(settings, "pg_restore restores it")
    held = hold(path, alone=True)
    try:
        if path.exists() and not replace:
            raise Conflict(f"There is a database at {path}; --replace keeps it under another name.")
        _refuse_logs(file)
        with _part(path) as part:
            # The copy is looked at, not the file: what is looked at is what will be there.
            shutil.copyfile(file, part)
            contents = _looked_at(part, file)
            unfit = _unfit(contents, file)
            _sync(part)
            aside = _set_aside(path, part) if path.exists() else None
            for suffix in (*_LOGS, "-shm"):
                # SQLite would take the log of another database for this one's.
                path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
            part.rename(path)
            _sync(path.parent)
    finally:
        os.close(held)
    return Restored(path, contents, aside, unfit)


def _refuse_logs(file: Path) -> None:
    for suffix in _LOGS:
        log = file.with_name(f"{file.name}{suffix}")
        if log.exists() and log.stat().st_size:
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


def _set_aside(path: Path, part: Path) -> Path:
    """Give the old database a second name, and the new one the old one's owner and mode."""
    _fold(path)
    old = path.stat()
    part.chmod(stat.S_IMODE(old.st_mode))
    with suppress(PermissionError):
        # Only root can: the server's user is to read what root has restored.
        os.chown(part, old.st_uid, old.st_gid)
    aside = path.with_stem(f"{path.stem}-{now():%Y%m%dT%H%M%SZ}")
    aside.hardlink_to(path)
    for suffix in _LOGS:
        # There is one if the old database is so damaged that SQLite could not fold it in.
        with suppress(FileNotFoundError):
            log = path.with_name(f"{path.name}{suffix}")
            log.rename(aside.with_name(f"{aside.name}{suffix}"))
    _sync(path.parent)
    return aside


def _fold(path: Path) -> None:
    """Let the old database's file hold all of it, and its log nothing.

    Raises:
        Unavailable: when another program has it open.
    """
    try:
        with closing(_connection(path, "mode=rw")) as old:
            # SQLite does this for a connection that is alone, and for no other.
            old.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise Unavailable(f"Another program has {path} open; stop it first.") from None
