"""Annotations as JSON that the database writes itself: field by field what ``AnnotationOut`` is.

Turning fifty rows into objects and those into JSON took four fifths of a list. The offsets are the
stored ones: code points, which are what every caller counts where a text has as many UTF-16 units
or bytes as it has characters. For others they are measured in what was written.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    func,
    literal_column,
    select,
)

from app.annotations.seen import COLUMNS, with_people
from app.core.database.columns import Json
from app.core.database.page_budget import octets
from app.core.database.rowjson import dotted, json_lines, json_page, marks_of

_NOTHING = literal_column("'[]'", Json)


# What commands alone look at takes as long to carry along as all the rest.
_COMMANDS_ALONE = {
    *("project_id", "author_id", "editor_id", "decided_by_id", "updated_by_id", "withdrawn_at")
}

LISTED = with_people(column for column in COLUMNS if column.key not in _COMMANDS_ALONE)
"""Annotations as lists have them."""


def annotations_page(
    query: Select[Any], dialect: str, key: tuple[str, ...], *, marked: bool = False
) -> Select[Any]:
    """A page of those that are ``LISTED``, as ``core.database.rowjson.json_page`` makes it.

    ``key`` names what the rows are sorted by, as ``core.database.page_budget`` takes it. If
    ``marked``, a column ``marks`` has what the function ``marks`` answers. Parameters are
    ``limit``, the length of the page, ``project``, the slug, and ``offset_unit``, the caller's.
    """
    rows = query.with_only_columns(*_columns(query.selected_columns, dialect)).subquery(
        "annotation"
    )
    carried = dialect == "postgresql"
    row: Any = rows.c if carried else LISTED.selected_columns
    fields = (
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
    )
    item = select(*fields) if carried else with_people(fields).where(rows.c.row_id == _ROW_ID)
    json = json_lines(item.correlate(rows), dialect).scalar_subquery()
    return json_page(json, rows, key, dialect, mark=_mark(rows.c, dialect) if marked else None)


_SMALL = ("start", "end", "sequence", "version", "updated_at")
_ROW_ID = literal_column("annotations.rowid", BigInteger)


def _columns(row: Any, dialect: str) -> list[ColumnElement[Any]]:
    """What of the rows is carried along while it is found out how many there is room for.

    Of a long value PostgreSQL carries where it is. SQLite copies it at every step, so there all but
    the small ones are looked up afterwards.
    """
    text = size(row).label("size")
    if dialect == "postgresql":
        return [*row, text]
    return [_ROW_ID.label("row_id"), *(row[name] for name in _SMALL), text]


def size(row: Any) -> ColumnElement[int]:
    """How much text an annotation has, or a version of one.

    Of the quote it is known by where it stands: it need not be read for that.
    """
    length: ColumnElement[int] = row.end - row.start
    return length + octets(row.fragments, row.attributes, row.note, row.warnings)


def marks(query: Select[Any], dialect: str, key: tuple[str, ...]) -> Select[Any]:
    """Which versions of which annotations a page has: one text, ``marks``, of a project's own.

    Who wrote and who decided keep their names, so where the text is the same, the page is.
    """
    row = query.subquery("annotation").c
    return marks_of(_mark(row, dialect), row, key, dialect)


_EPOCH = literal_column("'epoch'", Text)
# A server that takes over may have lost the last changes, and gives their numbers away again.
_MADE: Mapping[str, Callable[[Any], Any]] = {
    "postgresql": lambda moment: func.date_part(_EPOCH, moment),
    "sqlite": lambda moment: moment,
}


def _mark(row: Any, dialect: str) -> ColumnElement[str]:
    return dotted(row.sequence, row.version, _MADE[dialect](row.updated_at))
