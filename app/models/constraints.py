"""Which constraint refused a write: the same name on both databases."""

import re

from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from app.models.base import Base


def violated(error: IntegrityError) -> str:
    """The name of the constraint that refused a write; empty if the database does not tell.

    PostgreSQL names it. SQLite names a CHECK, lists the columns of a UNIQUE, and says nothing of a
    foreign key.
    """
    driver_error = getattr(error.orig, "__cause__", None) or error.orig
    name = getattr(driver_error, "constraint_name", None)
    if name:
        return str(name)
    message = str(error.orig)
    if match := re.search(r"CHECK constraint failed: (\w+)", message):
        return match[1]
    if match := re.search(r"UNIQUE constraint failed: (.+)$", message):
        return _unique_over(match[1].split(", "))
    return ""


def _unique_over(columns: list[str]) -> str:
    table = Base.metadata.tables[columns[0].split(".")[0]]
    names = {column.split(".")[1] for column in columns}
    unique = (
        *(one for one in table.constraints if isinstance(one, _UNIQUE)),
        *(index for index in table.indexes if index.unique),
    )
    return next(
        (str(one.name) for one in unique if {column.name for column in one.columns} == names), ""
    )


_UNIQUE = (PrimaryKeyConstraint, UniqueConstraint)
