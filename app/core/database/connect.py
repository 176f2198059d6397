"""Which database stands behind ``core.database``: the one that the settings name."""

import sys

from app.core.database import Database
from app.core.database.postgresql import PostgresDatabase
from app.core.database.sqlite import SqliteDatabase
from app.core.settings import POSTGRESQL, InvalidSettings, Settings

# How long, in seconds, a thread that computes keeps the event loop waiting once the loop has
# something to do. Between two messages of an import PostgreSQL idled for Python's 5 ms, and so did
# every other request: with this an import takes three quarters of the time. SQLite's threads give
# way at each row by themselves, and lose by being asked to.
_SWITCH_INTERVAL = 0.0002


def connect(settings: Settings) -> Database:
    """The database of the settings; nothing is opened yet.

    Raises:
        InvalidSettings: when the URL names neither an SQLite file nor PostgreSQL.
    """
    if settings.database_url.startswith("sqlite:///"):
        return SqliteDatabase(settings)
    if settings.database_url.startswith(POSTGRESQL):
        sys.setswitchinterval(_SWITCH_INTERVAL)
        return PostgresDatabase(settings)
    raise InvalidSettings("STET_DATABASE_URL must begin with sqlite:/// or postgresql://.")
