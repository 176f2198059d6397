"""Which database stands behind ``core.database``: the one that the settings name."""

from app.core.database import Database
from app.core.postgresql import PostgresDatabase
from app.core.settings import Settings
from app.core.sqlite import SqliteDatabase


def connect(settings: Settings) -> Database:
    """The database of the settings; nothing is opened yet.

    Raises:
        ValueError: when the URL names neither an SQLite file nor PostgreSQL.
    """
    scheme = settings.database_url.partition(":")[0]
    if scheme == "sqlite":
        return SqliteDatabase(settings)
    if scheme in {"postgresql", "postgres"}:
        return PostgresDatabase(settings)
    raise ValueError("STET_DATABASE_URL must begin with sqlite:/// or postgresql://.")
