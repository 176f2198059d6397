"""How alembic reaches the database of Stet's settings, through the drivers that Stet uses."""

import asyncio
import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
from alembic import context
from sqlalchemy import Connection, create_engine, event, pool, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.core.database.liveness import enable_keepalive
from app.core.database.prepared import DRIVER_FAILURES, failure
from app.core.database.servers import Servers
from app.core.database.sqlite_locks import turn_file
from app.core.errors import Unavailable
from app.core.settings import settings
from app.models import Base
from app.models.search import INDEX_OF_KEYS

# Whoever comes after a migration that waits for its lock waits too, so it gives up, lets them
# through and tries again: what it waits for, an export say, may last for minutes. Longer than
# PostgreSQL's deadlock_timeout, a second, after which it ends an autovacuum that is in the way.
# Local, for a pooler gives the connection to others afterwards.
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
_TRY_SECONDS = 300.0
_PAUSE_SECONDS = 2.0
_LOCK_NOT_AVAILABLE = "55P03"
# Two that start at once take turns; the number is any that nothing else uses. Whoever waits asks
# again in a new transaction: an index that is made concurrently waits for all that have a snapshot.
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(7338516)"
_TURN_PAUSE_SECONDS = 0.2
# The turn lasts until the last migration, so nobody's habits may end it before.
_STAY = "SET LOCAL idle_in_transaction_session_timeout = 0"
# Nor may the role's end an index that is made concurrently, which waits for all that read: it would
# be left half made. A pooler takes none of these from a client; then it is made once more.
_LIMITS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
_NO_LIMITS = dict.fromkeys(_LIMITS, "0")
# What was cut off leaves an index that is kept up to date and used by nobody; to IF NOT EXISTS it
# is there. One that was to replace another (REINDEX) has a name of its own. What others have made,
# or are making, is theirs.
_LEFT_UNFINISHED = """
    SELECT indexrelid::regclass::text AS name, indexes.relname ~ '_cc(new|old)[0-9]*$' AS in_place
    FROM pg_index JOIN pg_class AS indexes ON indexes.oid = indexrelid
    JOIN pg_class AS tables ON tables.oid = indrelid
    JOIN pg_namespace AS schemas ON schemas.oid = tables.relnamespace
    WHERE NOT indisvalid AND indexes.relkind = 'i' AND schemas.nspname = current_schema
    AND regexp_replace(indexes.relname, '_cc(new|old)[0-9]*$', '') = ANY($1)
    ORDER BY 2 DESC, 1
"""
# The longest that the machine of the database may not be heard of.
_SILENCE_SECONDS = 60.0
_CONNECT_SECONDS = 10.0
_FAREWELL_SECONDS = 2.0


def _url() -> str:
    given: str | None = context.config.attributes.get("database_url")
    return given or settings().database_url


def _is_compared(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Whether alembic is to compare this with the models."""
    if kind == "column":
        # SQLite numbers rows without being told to.
        return other is None or (thing.identity is None) == (other.identity is None)
    # The index of words is written in SQL (``models.search``).
    is_index_of_words = (name or "").startswith(("document_index", INDEX_OF_KEYS))
    return not (reflected and is_index_of_words)


def _configure(**how: Any) -> None:
    context.configure(
        target_metadata=Base.metadata,
        compare_type=True,
        compare_server_default=True,
        render_as_batch=True,
        include_object=_is_compared,
        **how,
    )


def _migrate(connection: Connection) -> None:
    # On PostgreSQL each goes by itself, so that whoever tries again goes on after the last one.
    by_itself = connection.dialect.name == "postgresql"
    _configure(connection=connection, transaction_per_migration=by_itself)
    with context.begin_transaction():
        context.run_migrations()


def _offline() -> None:
    is_postgresql = _url().startswith("postgres")
    _configure(
        dialect_name="postgresql" if is_postgresql else "sqlite",
        dialect=(postgresql if is_postgresql else sqlite).dialect(),
        literal_binds=True,
    )
    with context.begin_transaction():
        if is_postgresql:
            context.execute(_LOCK_TIMEOUT)
        context.run_migrations()


async def _postgresql() -> None:
    # What the driver raises by itself is told as what it raises under SQLAlchemy is.
    try:
        first = await _connect()
        try:
            while not await _had_its_turn(first):  # noqa: ASYNC110  # another process has it
                await asyncio.sleep(_TURN_PAUSE_SECONDS)
        finally:
            await first.close()
    except DRIVER_FAILURES as error:
        raise failure(_ONE_AT_A_TIME, error) from error


async def _had_its_turn(first: "asyncpg.Connection[Any]") -> bool:
    """Whether all was done; not while somebody else migrates."""
    async with first.transaction():
        if not await first.fetchval(_ONE_AT_A_TIME):
            return False
        # Without arguments it closes the portal of the statement before, and so ends its snapshot.
        await first.execute(_STAY)
        await _migrate_politely()
    return True


async def _migrate_politely() -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=_connect, poolclass=pool.NullPool
    )
    event.listen(engine.sync_engine, "begin", _wait_briefly)
    until = time.monotonic() + _TRY_SECONDS
    is_first = True
    try:
        while not await _migrated(engine):
            if time.monotonic() > until:
                raise Unavailable("Somebody held a lock that a migration needs for five minutes.")
            if is_first:
                sys.stderr.write("Somebody holds a lock that a migration needs; trying again.\n")
            is_first = False
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        await engine.dispose()


async def _connect() -> "asyncpg.Connection[Any]":
    pooled = "database_url" not in context.config.attributes and settings().database_pooler
    connection: asyncpg.Connection[Any] = await _servers().connect(
        _CONNECT_SECONDS,
        read_only=False,
        statement_cache_size=0,
        server_settings={} if pooled else _NO_LIMITS,
    )
    enable_keepalive(connection, _SILENCE_SECONDS)
    return connection


@cache
def _servers() -> Servers:
    return Servers("STET_DATABASE_URL", _url())


def _wait_briefly(connection: Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.execute(text(_LOCK_TIMEOUT))


async def _migrated(engine: AsyncEngine) -> bool:
    """Whether all was done; not when somebody held a lock."""
    try:
        await _finish_indexes()
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
            await connection.commit()
    except asyncpg.LockNotAvailableError:
        return False
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return False
    except InvalidRequestError as error:
        # Whoever stops it cuts off a statement; what alembic then still does is refused by
        # SQLAlchemy, and that hides it.
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            raise
        raise asyncio.CancelledError from error
    return True


async def _finish_indexes() -> None:
    """Make those anew that were left unfinished, by a migration of before or an attempt at one."""
    connection = await _connect()
    try:
        for name, in_place in await connection.fetch(_LEFT_UNFINISHED, _indexes()):
            if in_place:
                await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            else:
                sys.stderr.write(f"The index {name} was left unfinished; making it again.\n")
                await connection.execute(f"REINDEX INDEX CONCURRENTLY {name}")
    finally:
        await connection.close(timeout=_FAREWELL_SECONDS)


def _indexes() -> list[str]:
    """Names of Stet's own indexes, those of constraints among them."""
    tables = Base.metadata.tables.values()
    indexes = [str(index.name) for table in tables for index in table.indexes]
    constraints = [str(constraint.name) for table in tables for constraint in table.constraints]
    return [INDEX_OF_KEYS, *indexes, *constraints]


def _sqlite() -> None:
    engine = create_engine(_url(), poolclass=pool.NullPool)
    with _turn(Path(engine.url.database or "").resolve()), engine.connect() as connection:
        _migrate(connection)
        connection.commit()
    engine.dispose()


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """The writer's turn until the last migration, however long others have it before.

    A lock of SQLite's own would end with the first migration that commits by itself.
    """
    turn = turn_file(path)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
    finally:
        os.close(turn)


if context.is_offline_mode():
    _offline()
elif _url().startswith("postgres"):
    asyncio.run(_postgresql())
else:
    _sqlite()
