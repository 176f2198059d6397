"""Which database stands behind ``core.database``: the one that the settings name."""

from app.core.database import Database
from app.core.postgresql import PostgresDatabase
from app.core.settings import InvalidSettings, Settings
from app.core.sqlite import SqliteDatabase


def connect(settings: Settings) -> Database:
    """The database of the settings; nothing is opened yet.

    Raises:
        InvalidSettings: when the URL names neither an SQLite file nor PostgreSQL.
    """
    if settings.database_url.startswith("sqlite:///"):
        return SqliteDatabase(settings)
    if settings.database_url.startswith(("postgresql://", "postgres://")):
        return PostgresDatabase(settings)
    raise InvalidSettings("STET_DATABASE_URL must begin with sqlite:/// or postgresql://.")
