"""What the database is, and whether its tables are those of this release."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.core.database import Database, Session
from app.core.errors import Unavailable

ROOT = Path(__file__).parent.parent.parent
# Whoever asks whether it is ready asks every few seconds, and gives up soon (the container's own
# check after four).
_SOON_SECONDS = 2.0
_given_up: "set[asyncio.Task[State]]" = set()


@dataclass(frozen=True, slots=True)
class State:
    """How a database stands."""

    revision: str | None = None
    """The revision that it is at; None when it was never migrated."""
    barred: str | None = None
    """Why nobody may write to it, or none of this role; None when they may."""


def alembic_config() -> Config:
    """The migrations that stand beside the application."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


@lru_cache(maxsize=1)
def head() -> str:
    """The revision that this release expects."""
    found = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert found is not None  # noqa: S101  # a release has migrations
    return found


def unfit(revision: str | None) -> str | None:
    """Why this release does not fit a database at that revision; None when it does.

    The schema of a later release fits too, so that processes of this one go on while others are
    upgraded. Revisions begin with a number, and later ones with a larger.
    """
    if revision is None:
        return "The database has no tables of Stet; run stet migrate."
    if revision != head() and not (revision[:4].isdecimal() and revision[:4] > head()[:4]):
        return (
            f"The database is at revision {revision}, and this release needs {head()}; "
            "run stet migrate."
        )
    return None


async def engine(database: Database) -> str:
    """What the database is, and its version: ``SQLite 3.40.1``, ``PostgreSQL 18.0``."""
    name, asked = {
        "postgresql": ("PostgreSQL", "SHOW server_version"),
        "sqlite": ("SQLite", "SELECT sqlite_version()"),
    }[database.dialect]
    async with database.session(writes=False) as session:
        version: str = (await session.execute(text(asked))).scalar_one()
    return f"{name} {version.partition(' ')[0]}"


async def current(database: Database) -> str | None:
    """The revision that the database is at; None when it was never migrated.

    Raises:
        Unavailable: as ``state``.
    """
    return (await state(database)).revision


async def state(database: Database) -> State:
    """How the database stands.

    Raises:
        Unavailable: when it has several, or is that of another program.
    """
    async with database.session(writes=False) as session:
        exists = {
            "postgresql": "SELECT to_regclass('alembic_version') IS NOT NULL AS is_migrated,"
            " to_regclass('change_heads') IS NOT NULL AS is_ours,"
            " pg_is_in_recovery() AS is_standby,"
            # Every write to a project changes a row there.
            " has_table_privilege(to_regclass('change_heads'), 'UPDATE') AS may_write",
            "sqlite": "SELECT sum(name = 'alembic_version') AS is_migrated,"
            " sum(name = 'change_heads') AS is_ours, 0 AS is_standby, 1 AS may_write"
            " FROM sqlite_master"
            " WHERE name IN ('alembic_version', 'change_heads')",
        }[database.dialect]
        there = (await session.execute(text(exists))).one()
        if not there.is_migrated:
            return State()
        stored = text("SELECT version_num FROM alembic_version ORDER BY version_num")
        found: list[str] = list((await session.execute(stored)).scalars())
    if len(found) > 1:
        raise Unavailable(several(found))
    # Others have revisions too, and tables of that name; this one is of the first migration.
    if found and not there.is_ours:
        raise Unavailable(f"The database is another program's, at its revision {found[0]}.")
    barred = None
    if there.is_standby:
        barred = STANDBY
    elif not there.may_write:
        barred = "The database's role may not write to its tables."
    return State(found[0] if found else None, barred)


STANDBY = "The database is a standby: it follows another server, and takes no writes."


def several(revisions: Sequence[str]) -> str:
    """What is told of a database at several revisions."""
    return (
        f"The database is at several revisions at once, {' and '.join(revisions)}; "
        "leave the true one in its table alembic_version."
    )


async def state_soon(database: Database) -> State:
    """As ``state``.

    Raises:
        Unavailable: when there is no answer within two seconds.
    """
    asking = asyncio.create_task(state(database))
    try:
        await asyncio.wait({asking}, timeout=_SOON_SECONDS)
        if asking.done():
            return asking.result()
    finally:
        # To cut it off takes a while too, where the database says nothing.
        _given_up.add(asking)
        asking.add_done_callback(_forget)
        asking.cancel()
    raise Unavailable("The database does not answer.")


def _forget(asking: "asyncio.Task[State]") -> None:
    _given_up.discard(asking)
    if not asking.cancelled():
        # That it failed in the end is nobody's concern, or the loop would log it.
        asking.exception()


async def asked(db: Session, statement: str) -> str:
    """The first answer to a statement such as ``SHOW server_encoding``."""
    return str((await db.execute(text(statement))).scalar_one())
