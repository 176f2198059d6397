"""What `stet doctor` looks at: settings, database, tables, and everything that is stored."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from app.core.connect import connect
from app.core.database import FAILURES, Database, Session, reason
from app.core.errors import Problem
from app.core.settings import Settings
from app.operations import faults, integrity, queries, sqlite_files
from app.operations.agreements import AGREEMENTS, EXAMPLES, Agreement


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    what: str
    detail: str


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
        await integrity.take_time(db)
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
        if database.dialect == "sqlite":
            yield await _references(db)
            columns = await _columns(db)
            yield columns
            if not columns.ok:
                return
        yield await _texts(db)
        yield await _spans(db)
        for agreement in AGREEMENTS:
            yield await _agreement(db, agreement)


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
    said = await queries.asked(db, "PRAGMA quick_check(1)")
    yield Finding(said == "ok", "file", "It is whole." if said == "ok" else f"SQLite says: {said}")


async def _postgresql(db: Session, engine: str, settings: Settings) -> AsyncIterator[Finding]:
    yield Finding(True, "database", f"{engine}.")
    encoding = await queries.asked(db, "SHOW server_encoding")
    if encoding != "UTF8":
        yield Finding(False, "database", f"Its encoding is {encoding}, and must be UTF8.")
    if settings.database_pooler:
        yield await _limits(db)
    else:
        # Each worker has a pool for writing, one for reading and one for exports.
        wanted = 3 * settings.database_pool_size * settings.workers
        allowed = int(await queries.asked(db, _CONNECTIONS))
        yield Finding(
            wanted <= allowed,
            "connections",
            f"{settings.workers} workers take up to {wanted}; the server allows {allowed}.",
        )
    if settings.database_replica_url:
        yield await _replica(db, settings)


# The rest is kept for superusers, and for roles that were given leave to use it.
_CONNECTIONS = """
    SELECT sum(CASE name WHEN 'max_connections' THEN 1 ELSE -1 END * setting::int) FROM pg_settings
    WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
"""


async def _replica(db: Session, settings: Settings) -> Finding:
    """Whether the replica is one of this database: exports go past one that is not in silence."""
    urls = {"database_url": settings.database_replica_url, "database_replica_url": ""}
    replica = connect(settings.model_copy(update=urls))
    wrong = None
    ours = await queries.asked(db, _WHICH)
    try:
        async with replica.session(writes=False) as there:
            if await queries.asked(there, "SELECT pg_is_in_recovery()") != "True":
                wrong = "It follows no server."
            elif await queries.asked(there, _WHICH) != ours:
                wrong = "It is another database, or follows another server."
    except FAILURES as failure:
        wrong = f"It cannot be used: {reason(failure)}."
    finally:
        await replica.dispose()
    return Finding(wrong is None, "replica", wrong or "It follows the database.")


# The number is given to a server when it is made, and to whatever is copied from it.
_WHICH = "SELECT system_identifier || '/' || current_database() FROM pg_control_system()"


async def _limits(db: Session) -> Finding:
    """Whether the role has the limits that Stet cannot set on connections of a pooler's."""
    without = await queries.asked(db, _WITHOUT_LIMIT)
    if without:
        return Finding(
            False, "limits", f"Nothing ends what waits for ever: the role has no {without}."
        )
    return Finding(True, "limits", "The role has its own.")


# Not SHOW: this session has given itself all the time there is.
_WITHOUT_LIMIT = """
    SELECT coalesce(string_agg(name, ', ' ORDER BY name), '') FROM pg_settings
    WHERE name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout')
    AND reset_val = '0'
"""


class _Faults:
    """What is wrong with rows: how often, and the first."""

    def __init__(self) -> None:
        self.count = 0
        self.some: list[str] = []

    def add(self, name: str, found: Iterator[str]) -> None:
        """All that was found of a row of that name."""
        for fault in found:
            self.count += 1
            if self.count <= EXAMPLES:
                self.some.append(f"{name}: {fault}")

    def told(self, what: str, *, well: str, ill: str) -> Finding:
        """The finding."""
        detail = _told(self.count, ill, self.some) if self.count else well
        return Finding(self.count == 0, what, detail)


async def _references(db: Session) -> Finding:
    """Whether what SQLite's rows name is there; PostgreSQL sees to that itself."""
    astray = [
        f"{row.child} {row.times} of {row.parent}, the first in row {row.first}"
        for row in await integrity.astray(db)
    ]
    if astray:
        return Finding(
            False, "references", f"Rows that name what is not there: {'; '.join(astray)}."
        )
    return Finding(True, "references", "What a row names is there.")


async def _columns(db: Session) -> Finding:
    """Whether SQLite's rows can be read at all; PostgreSQL takes no others."""
    misfits = [
        f"{table} {times}, the first in row {first}"
        for table, times, first in await integrity.misfits(db)
    ]
    if misfits:
        told = f"Rows that cannot be read, so the rest is not looked at: {'; '.join(misfits)}."
        return Finding(False, "columns", told)
    return Finding(True, "columns", "What they hold is of their type.")


async def _texts(db: Session) -> Finding:
    looked_at = 0
    wrong = _Faults()
    async for page in integrity.texts(db):
        for row in page:
            looked_at += 1
            wrong.add(f"{row.document_id} revision {row.number}", faults.of_text(row))
    return wrong.told(
        "texts",
        well=f"{looked_at} texts have the SHA-256 and the lengths that are kept of them.",
        ill="Texts that have not what is kept of them",
    )


async def _spans(db: Session) -> Finding:
    looked_at = 0
    wrong = _Faults()
    key, text = None, None
    async for page in integrity.spans(db):
        for row in sorted(page, key=lambda row: (row.document_id, row.revision)):
            if (row.document_id, row.revision) != key:
                key = (row.document_id, row.revision)
                # One text at a time is held; a document's annotations follow one another.
                text = await integrity.stored_text(db, *key)
            looked_at += 1
            name = f"{row.annotation_id} version {row.version}"
            wrong.add(name, faults.of_annotation(text, row))
    return wrong.told(
        "spans",
        well=f"{looked_at} versions of annotations stand where they say.",
        ill="Annotations that are not where they say",
    )


async def _agreement(db: Session, agreement: Agreement) -> Finding:
    count, some = await agreement.broken(db)
    detail = _told(count, agreement.ill, some) if count else agreement.well
    return Finding(count == 0, agreement.what, detail)


def _told(count: int, ill: str, some: Sequence[str]) -> str:
    more = ", …" if count > len(some) else ""
    return f"{ill}: {count} ({', '.join(some)}{more})."
