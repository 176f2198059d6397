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
    name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
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
    for constraint in table.constraints:
        if isinstance(constraint, (PrimaryKeyConstraint, UniqueConstraint)):
            if {column.name for column in constraint.columns} == names:
                return str(constraint.name)
    for index in table.indexes:
        if index.unique and {column.name for column in index.columns} == names:
            return str(index.name)
    return ""
