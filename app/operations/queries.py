"""Whether the database is there and its tables are those of this release."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.core.database import Database

ROOT = Path(__file__).parent.parent.parent


def alembic_config() -> Config:
    """The migrations that stand beside the application."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def head() -> str | None:
    """The revision that this release expects."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


async def current(database: Database) -> str | None:
    """The revision that the database is at; None when it was never migrated."""
    async with database.session(writes=False) as session:
        exists = {
            "postgresql": "SELECT to_regclass('alembic_version') IS NOT NULL",
            "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'",
        }[database.dialect]
        if not (await session.execute(text(exists))).scalar_one():
            return None
        found = await session.execute(text("SELECT version_num FROM alembic_version"))
        version: str | None = found.scalar_one_or_none()
        return version
