"""What `stet doctor` looks at: settings, database, tables, and everything that is stored."""

import re
from collections.abc import AsyncIterator, Iterator

from app.core.database import FAILURES, Database, Session, reason
from app.core.database.connect import connect
from app.core.errors import Problem
from app.core.settings import Settings
from app.core.timestamps import now
from app.operations import queries
from app.operations.doctor import sqlite_rows, stored, tables
from app.operations.doctor.stored import Finding
from app.operations.sqlite import files as sqlite_files


async def examine(database: Database, settings: Settings) -> AsyncIterator[Finding]:
    """Look at everything, and tell of each thing whether it is well.

    What is stored is read once, as of one moment, in memory that does not grow with it. Without a
    database that fits this release there is nothing more to look at.
    """
    for finding in _settings(settings):
        yield finding
    try:
        async for finding in _database(database, settings):
            yield finding
    except Problem as problem:
        yield Finding(False, "database", problem.detail)
    except FAILURES as failure:
        yield Finding(False, "database", f"It cannot be used: {reason(failure)}.")


def _settings(settings: Settings) -> Iterator[Finding]:
    wrong: list[str] = []
    if settings.database_url.startswith("sqlite") and settings.workers > 1:
        wrong.append("SQLite has one writer, so STET_WORKERS must be 1.")
    if settings.max_body_bytes < settings.max_text_chars:
        wrong.append("A text of STET_MAX_TEXT_CHARS does not fit into STET_MAX_BODY_BYTES.")
    if not wrong:
        yield Finding(True, "settings", "They agree with one another.")
    for detail in wrong:
        yield Finding(False, "settings", detail)


async def _database(database: Database, settings: Settings) -> AsyncIterator[Finding]:
    engine = await queries.engine(database)
    async with database.snapshot() as db:
        await tables.name_plainly(db)
        looks = _sqlite if database.dialect == "sqlite" else _postgresql
        async for finding in looks(db, engine, settings):
            yield finding
        if (barred := sqlite_files.barred(database)) is not None:
            yield Finding(False, "lock", barred)
        revision = await queries.current(database)
        unfit = queries.unfit(revision)
        yield Finding(unfit is None, "migrations", unfit or f"The tables are those of {revision}.")
        if unfit is not None:
            return
        async for finding in _tables(db, is_ours=revision == queries.head()):
            yield finding
            if not finding.ok and finding.what in _UNREADABLE:
                return
        async for finding in stored.examine(db):
            yield finding


_UNREADABLE = {"tables", "columns"}
"""Without these nothing else can be read."""
_UNREAD = "Rows that cannot be read, so the rest is not looked at"


async def _sqlite(db: Session, engine: str, _settings: Settings) -> AsyncIterator[Finding]:
    number = tuple(int(part) for part in re.findall(r"\d+", engine))
    note = ""
    if (3, 7, 0) <= number <= (3, 51, 2):
        note = (
            " This version can corrupt a file to which two connections write at once"
            " (https://www.sqlite.org/wal.html#walresetbug); Stet has one writer, so let nothing"
            " else write to the file."
        )
    yield Finding(True, "database", f"{engine}.{note}")
    # The quick one does not look whether an index has what its table has.
    said = await queries.asked(db, "PRAGMA integrity_check(1)")
    yield Finding(said == "ok", "file", "It is whole." if said == "ok" else f"SQLite says: {said}")


async def _postgresql(db: Session, engine: str, settings: Settings) -> AsyncIterator[Finding]:
    yield Finding(True, "database", f"{engine}.")
    encoding = await queries.asked(db, "SHOW server_encoding")
    if encoding != "UTF8":
        yield Finding(False, "database", f"Its encoding is {encoding}, and must be UTF8.")
    if await queries.asked(db, "SELECT pg_is_in_recovery()") == "True":
        yield Finding(False, "database", queries.STANDBY)
    yield await _clock(db)
    if settings.database_pooler:
        yield await _limits(db)
    else:
        # Each worker has a pool for writing, one for reading and one for exports.
        wanted = 3 * settings.database_pool_size * settings.workers
        allowed = int(await queries.asked(db, _CONNECTIONS))
        workers = "one worker" if settings.workers == 1 else f"{settings.workers} workers"
        yield Finding(
            wanted <= allowed,
            "connections",
            f"Each Stet with {workers} takes up to {wanted}, and several add up; the server "
            f"allows {allowed}, of which {await queries.asked(db, _OPEN)} are open.",
        )
    if settings.database_replica_url:
        yield await _replica(db, settings)


async def _clock(db: Session) -> Finding:
    """Whether the moments that are written here are those of the database's machine."""
    before = now().timestamp()
    there = float(await queries.asked(db, "SELECT extract(epoch FROM clock_timestamp())"))
    after = now().timestamp()
    # It was asked at some moment between the two.
    behind, ahead = there - after, before - there
    if max(behind, ahead) <= _CLOCK_SECONDS:
        return Finding(True, "clock", "It goes with the database's.")
    way = f"{behind:.0f} s behind" if behind > 0 else f"{ahead:.0f} s ahead of"
    return Finding(False, "clock", f"This machine's is {way} the database's: let NTP set both.")


_CLOCK_SECONDS = 1.0


# The rest is kept for superusers, and for roles that were given leave to use it.
_CONNECTIONS = """
    SELECT sum(CASE name WHEN 'max_connections' THEN 1 ELSE -1 END * setting::int) FROM pg_settings
    WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
"""


# Those of all programs, but for the server's own processes; of others no more is shown to a role.
_OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND usesysid IS NOT NULL"


async def _replica(db: Session, settings: Settings) -> Finding:
    """Whether the replica is one of this database: exports go past one that is not in silence."""
    urls = {"database_url": settings.database_replica_url, "database_replica_url": ""}
    replica = connect(settings.model_copy(update=urls))
    wrong = None
    ours = await queries.asked(db, _WHICH)
    try:
        async with replica.session(writes=False) as there:
            if await queries.asked(there, "SELECT pg_is_in_recovery()") != "True":
                away = "prefer-standby" in settings.database_replica_url
                wrong = "It is away: another answers in its place." if away else _NO_STANDBY
            elif await queries.asked(there, _WHICH) != ours:
                wrong = "It is another database, or follows another server."
    except FAILURES as failure:
        wrong = f"It cannot be used: {reason(failure)}."
    finally:
        await replica.dispose()
    return Finding(wrong is None, "replica", wrong or "It follows the database.")


_NO_STANDBY = "It follows no server."

# The number is given to a server when it is made, and to whatever is copied from it.
_WHICH = "SELECT system_identifier || '/' || current_database() FROM pg_control_system()"


async def _limits(db: Session) -> Finding:
    """Whether the role has the limits that Stet cannot set on connections of a pooler's."""
    without = await queries.asked(db, _WITHOUT_LIMIT)
    if without:
        return Finding(
            False, "limits", f"Nothing ends what waits for ever: the role has no {without}."
        )
    unfit = await queries.asked(db, _UNFIT)
    if unfit:
        return Finding(
            False, "limits", f"The role has {unfit}, and behind a pooler Stet cannot set another."
        )
    return Finding(True, "limits", "The role has its own.")


# Not SHOW: this session has given itself all the time there is.
_WITHOUT_LIMIT = """
    SELECT coalesce(string_agg(name, ', ' ORDER BY name), '') FROM pg_settings
    WHERE name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout')
    AND reset_val = '0'
"""


_UNFIT = """
    SELECT coalesce(string_agg(name || ' = ' || reset_val, ', ' ORDER BY name), '') FROM pg_settings
    WHERE name = 'default_transaction_isolation' AND reset_val <> 'read committed'
    OR name = 'default_transaction_read_only' AND reset_val = 'on'
"""


async def _tables(db: Session, *, is_ours: bool) -> AsyncIterator[Finding]:
    """Whether the tables are those of this release, and can be read; a later one's may differ."""
    gone = await tables.missing_columns(db)
    if gone:
        yield Finding(False, "tables", f"Not there: {'; '.join(gone)}. Restore a backup.")
    else:
        yield Finding(True, "tables", "All are there, with their columns.")
        wrong = await tables.missing(db) if is_ours else []
        told = f"Not as this release made them: {'; '.join(wrong)}."
        well = "They are in use, and the constraints hold."
        yield Finding(not wrong, "indexes", told if wrong else well)
        unknown = await tables.unknown_words(db) if wrong else []
        if unknown:
            yield Finding(False, "columns", f"{_UNREAD}: {'; '.join(unknown)}.")
        if db.dialect == "postgresql" and (barred := await tables.barred(db)):
            yield Finding(False, "rights", f"The role may not: {'; '.join(barred)}.")
        if db.dialect == "sqlite":
            references = await _references(db)
            yield references
            yield await _columns(db, references_hold=references.ok)


async def _references(db: Session) -> Finding:
    """Whether what SQLite's rows name is there; PostgreSQL sees to that itself."""
    astray = [
        f"{row.child} {row.times} of {row.parent}, the first in row {row.first}"
        for row in await sqlite_rows.astray(db)
    ]
    if astray:
        return Finding(
            False, "references", f"Rows that name what is not there: {'; '.join(astray)}."
        )
    return Finding(True, "references", "What a row names is there.")


async def _columns(db: Session, *, references_hold: bool) -> Finding:
    """Whether SQLite's rows can be read at all; PostgreSQL takes no others."""
    misfits = [
        f"{table} {times}, the first in row {first}"
        for table, times, first in await sqlite_rows.misfits(db, references_hold=references_hold)
    ]
    if misfits:
        return Finding(False, "columns", f"{_UNREAD}: {'; '.join(misfits)}.")
    return Finding(True, "columns", "What they hold is of their type.")
