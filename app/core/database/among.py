"""Conditions that a column is among many values, in one statement however many there are."""

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.database import Session


def _among_array(column: Any, name: str) -> ColumnElement[bool]:
    type_ = Uuid() if isinstance(column.type, Uuid) else Text()
    condition: ColumnElement[bool] = column == any_(bindparam(name, type_=ARRAY(type_)))
    return condition


def _among_json(column: Any, name: str) -> ColumnElement[bool]:
    items = func.json_each(bindparam(name, type_=Text())).table_valued("value", name=f"of_{name}")
    condition: ColumnElement[bool] = column.in_(select(items.c.value))
    return condition


AMONG = {"postgresql": _among_array, "sqlite": _among_json}
"""By database: the condition that a column is among the values of a parameter of that name."""


def bound(db: Session, values: Collection[UUID] | Collection[str]) -> Any:
    """Many values as one parameter: an array, or for SQLite the JSON of what is stored."""
    if db.dialect == "postgresql":
        return list(values)
    return json.dumps([value.hex if isinstance(value, UUID) else value for value in values])
