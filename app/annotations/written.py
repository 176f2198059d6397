"""Annotations as JSON that the database writes itself: field by field what ``AnnotationOut`` is.

Turning fifty rows into objects and those into JSON took four fifths of a list. The offsets are the
stored ones, so this serves callers who count in code points, and all of them where a text has as
many UTF-16 units or bytes as it has characters.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)

from app.core.columns import Json
from app.core.rowjson import json_object, json_page, marks_of

_NOTHING = literal_column("'[]'", Json)


def written(
    query: Select[Any],
    dialect: str,
    key: tuple[str, ...],
    *,
    newest: bool = False,
    marked: bool = False,
) -> Select[Any]:
    """A page of a query with ``annotations.queries.COLUMNS``, as ``rowjson.json_page`` makes it.

    ``key`` names the columns by which the rows are sorted, downwards if ``newest``: what a subquery
    is sorted by is no promise. If ``marked``, a column ``marks`` has what the function ``marks``
    answers. Parameters are ``limit``, the length of the page, ``project``, the slug, and
    ``offset_unit``, the caller's.
    """
    rows = query.subquery("annotation")
    row = rows.c
    item = select(
        row.id,
        bindparam("project", type_=Text).label("project"),
        row.document_id,
        row.revision,
        row.external_id,
        row.label,
        row.start,
        row.end,
        row.quote,
        row.fragments,
        bindparam("offset_unit", type_=Text).label("offset_unit"),
        row.attributes,
        row.note,
        row.origin,
        row.confidence,
        row.author,
        row.status,
        row.decided_by,
        row.decided_at,
        row.version,
        row.created_at,
        row.updated_at,
        func.coalesce(row.warnings, _NOTHING, type_=Json).label("warnings"),
    ).correlate(rows)
    json = json_object(item, dialect).cast(Text).label("json")
    keys = [row[name] for name in key]
    order = [column.desc() if newest else column for column in keys]
    return json_page(json, keys, order, dialect, mark=_mark(row, dialect) if marked else None)


def marks(query: Select[Any], dialect: str, key: tuple[str, ...]) -> Select[Any]:
    """Which versions of which annotations a page has: one text, ``marks``, of a project's own.

    Who wrote and who decided keep their names, so where the text is the same, the page is.
    """
    row = query.subquery("annotation").c
    return marks_of(_mark(row, dialect), [row[name] for name in key], dialect)


_DOT = literal_column("'.'", Text)
_EPOCH = literal_column("'epoch'", Text)
# A server that takes over may have lost the last changes, and gives their numbers away again.
_MADE: Mapping[str, Callable[[Any], Any]] = {
    "postgresql": lambda moment: func.date_part(_EPOCH, moment),
    "sqlite": lambda moment: moment,
}


def _mark(row: Any, dialect: str) -> ColumnElement[str]:
    made = _MADE[dialect](row.updated_at)
    parts = (cast(part, Text) for part in (row.sequence, row.version, made))
    return reduce(lambda text, part: text + _DOT + part, parts)
