"""What SQLite itself does not see to: what rows name and hold, and its index of words. Reads only.

Another program's connection has foreign keys off unless it asks for them, and may write anything
anywhere.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import (
    JSON,
    TIMESTAMP,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    Row,
    Uuid,
    select,
    text,
)

from app.core.database import Session
from app.core.database.columns import Word
from app.core.database.functions import called
from app.models import Base, Project

_ASTRAY = text(
    'SELECT "table" AS child, parent, count(*) AS times, min("rowid") AS first'
    " FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2"
)


async def astray(db: Session) -> Sequence[Row[Any]]:
    """By table: how many rows name a row that is not there, and the first one's number."""
    return (await db.execute(_ASTRAY)).all()


async def misfits(db: Session, *, references_hold: bool) -> list[tuple[str, int, int]]:
    """Tables with rows of which a column holds what cannot be read as its type.

    How many rows, and the first one's number. Where ``references_hold``, what names another row is
    as that row's key is.
    """
    found = []
    for table in Base.metadata.sorted_tables:
        wrong = " OR ".join(
            _misfit(column) for column in table.c if not (references_hold and column.foreign_keys)
        )
        if not wrong:
            continue
        counting = (
            f'SELECT count(*) AS times, min(rowid) AS first FROM "{table.name}" WHERE {wrong}'  # noqa: S608  # names of ours
        )
        # One pass for each table, of which there are some twenty.
        row = (await db.execute(text(counting))).one()
        if row.times:
            found.append((table.name, row.times, row.first))
    return found


def _misfit(column: Column[Any]) -> str:
    """Whether a column holds neither NULL nor what can be read as its type.

    That it is NULL where it must not be, SQLite's own check of the file says.
    """
    name, kind = f'"{column.name}"', column.type
    if isinstance(kind, JSON):
        return f"{name} IS NOT NULL AND NOT (json_valid({name}) AND {_IS_JSON}({_bytes(name)}))"
    if isinstance(kind, Uuid):
        return f"typeof({name}) = 'blob' OR length({name}) <> 32 OR {name} GLOB '*[^0-9a-f]*'"
    if isinstance(kind, Word):
        return f"{name} NOT IN ({', '.join(repr(word.value) for word in kind.words)})"
    if isinstance(kind, Date):
        return _unlike(name, _DAY, "%Y-%m-%d", 10)
    if isinstance(kind, TIMESTAMP):
        return _unlike(
            name, f"{_DAY}T{_DIGIT * 2}:{_DIGIT * 2}:{_DIGIT * 2}.{_DIGIT * 6}Z", _TIME, 19
        )
    stored = next((name for types, name in _STORED if isinstance(kind, types)), "text")
    other = f"typeof({name}) NOT IN ('null', '{stored}')"
    if isinstance(kind, Boolean):
        return f"{other} OR {name} NOT IN (0, 1)"
    if stored == "text":
        return f"{other} OR ({name} IS NOT NULL AND NOT {_IS_TEXT}({_bytes(name)}))"
    return other


def _bytes(name: str) -> str:
    """As they are stored: of bytes that are no text, none could be given to Python."""
    return f"CAST({name} AS BLOB)"


def _is_text(stored: bytes) -> bool:
    try:
        stored.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_json(stored: bytes) -> bool:
    try:
        # Not as deep as SQLite's own reader goes.
        from_json(stored)
    except ValueError:
        return False
    return True


_IS_TEXT = called("is_text", 1, _is_text)
_IS_JSON = called("is_json", 1, _is_json)
_STORED = (((Integer, Boolean), "integer"), (Float, "real"), (LargeBinary, "blob"))
_DIGIT = "[0-9]"
_DAY = f"{_DIGIT * 4}-{_DIGIT * 2}-{_DIGIT * 2}"
_TIME = "%Y-%m-%dT%H:%M:%S"


def _unlike(name: str, pattern: str, format: str, length: int) -> str:
    """Whether a column is no day, or no moment, which its first characters tell."""
    # Without the fraction of a second, which SQLite would round up. Of a February 31 it makes
    # another day when it is told to add nothing, which takes as long as all the rest.
    whole = f"substr({name}, 1, {length})"
    again = f"strftime('{format}', {whole}, '+0 days')"
    late = f"substr({name}, 9, 2) > '28' OR substr({name}, 12, 2) > '23'"
    return (
        f"typeof({name}) NOT IN ('null', 'text') OR {name} NOT GLOB '{pattern}'"
        # Python knows no year before the first.
        f" OR substr({name}, 1, 4) = '0000'"
        f" OR ({name} IS NOT NULL AND julianday({whole}) IS NULL)"
        f" OR (({late}) AND {again} IS NOT {whole})"
    )


async def unindexed(db: Session) -> tuple[int, Sequence[str]]:
    """How many documents the index of words has not, or has though they are none, and the first."""
    count, some = 0, list[str]()
    projects = (await db.execute(select(Project.id).order_by(Project.id))).scalars().all()
    for project_id in projects:
        # One project at a time: each document is found by its project's id too.
        ours = {"project_id": project_id.hex, "key": f'"{project_id.hex}"'}
        lost = (await db.execute(_LOST, ours)).scalars().all()
        left_over = (await db.execute(_LEFT_OVER, ours)).scalar_one()
        count += len(lost) + left_over
        some += [str(UUID(id)) for id in lost[:1]]
    return count, some


_LOST = text(
    "SELECT document_id FROM document_words WHERE project_id = :project_id"
    " AND id NOT IN (SELECT rowid FROM document_index WHERE document_index MATCH :key)"
)
_LEFT_OVER = text(
    "SELECT count(*) FROM document_index WHERE document_index MATCH :key"
    " AND rowid NOT IN (SELECT id FROM document_words WHERE project_id = :project_id)"
)
