"""Rows as JSON that the database writes itself: byte for byte what ``core.jsontext`` writes.

Turning rows into Python's values and those into JSON takes most of a long read; here the rows never
become values. What the two must agree on is the order of the fields, the form of ids, times, truth
and numbers, and JSON without blanks; ``json`` columns hold the text that was stored.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import chain
from typing import Any

from sqlalchemy import (
    JSON,
    TIMESTAMP,
    Boolean,
    ColumnElement,
    Date,
    Float,
    FromClause,
    Row,
    Select,
    Text,
    Uuid,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.exc import DataError, DBAPIError

from app.core.database import Session
from app.core.database.columns import Json
from app.core.database.functions import called
from app.core.database.page_budget import PageBudget, in_order
from app.core.errors import InvalidParameter
from app.core.jsontext import dump_json

# A number to its JSON. SQLite itself writes fifteen digits, from which not every number can be read
# back.
_FLOAT_FUNCTION = called("json_float", 1, dump_json)


_Forms = Mapping[type, Callable[[Any], ColumnElement[Any]]]


def json_object(row: Select[Any], dialect: str) -> ColumnElement[Any]:
    """The one row as an object, its columns by their names and in their order."""
    return _OBJECTS[dialect](row).scalar_subquery()


def json_array(rows: Select[Any], dialect: str) -> ColumnElement[Any]:
    """The rows as an array of objects, in their order."""
    objects = _OBJECTS[dialect](rows)
    if dialect == "postgresql":
        return func.array_to_json(func.array(objects.scalar_subquery()), type_=Json)
    # An aggregate takes the rows of a subquery in that one's order.
    each = objects.subquery("each").c
    return select(func.json_group_array(func.json(each.json), type_=Json)).scalar_subquery()


def json_lines(rows: Select[Any], dialect: str) -> Select[Any]:
    """Each row as the text of an object."""
    return _OBJECTS[dialect](rows, type_=Text)


def json_page(
    json: ColumnElement[str],
    rows: FromClause,
    key: Sequence[str],
    dialect: str,
    *,
    mark: ColumnElement[str] | None = None,
) -> Select[Any]:
    """One row of all that a page is: many rows take the driver longer than their JSON.

    Its ``json`` has that of the rows that fit, in the order of the ``key`` (see ``page_budget``),
    with commas between them, and is NULL where there are none; ``beyond`` says how many rows do not
    fit; where the page is full, ``last`` is the key of its last row, ``dotted``; and with a
    ``mark``, ``marks`` is what ``marks_of`` makes of all the rows: where it is the same, so is what
    fits.
    """
    columns = [rows.c[name.removeprefix("-")] for name in key]
    budget = PageBudget(rows, key)
    # For what does not fit none is made.
    each = select(case((budget.fits, json)).label("json"), budget.full.label("full"), *columns)
    if mark is not None:
        each = each.add_columns(mark.label("mark"))
    row = _in_order(each, in_order(rows.c, key), dialect)
    order = in_order(row, key)
    last = dotted(*(row[column.key] for column in columns))
    page = select(
        _JOINED[dialect](row.json, *order).label("json"),
        (func.count() - func.count(row.json)).label("beyond"),
        func.max(last).filter(row.full, row.json.is_not(None)).label("last"),
    )
    if mark is not None:
        page = page.add_columns(_JOINED[dialect](row.mark, *order).label("marks"))
    return page


def dotted(*parts: Any) -> ColumnElement[str]:
    """Numbers as one text, with dots between them."""
    return reduce(lambda text, part: text + _DOT + part, (cast(part, Text) for part in parts))


_DOT = literal_column("'.'", Text)


def marks_of(mark: ColumnElement[str], row: Any, key: Sequence[str], dialect: str) -> Select[Any]:
    """The marks of all rows, in their order, with commas between them: ``marks`` of one row."""
    order = in_order(row, key)
    each = _in_order(select(mark.label("mark"), *(row[name] for name in key)), order, dialect)
    return select(_JOINED[dialect](each.mark, *in_order(each, key)).label("marks"))


def _in_order(each: Select[Any], order: Sequence[ColumnElement[Any]], dialect: str) -> Any:
    # SQLite's aggregate takes the rows of a subquery in that one's order; of PostgreSQL's it is
    # no promise.
    return (each if dialect == "postgresql" else each.order_by(*order)).subquery("each").c


async def read_page(db: Session, statement: Select[Any], parameters: Mapping[str, Any]) -> Row[Any]:
    """The one row of such a statement.

    Raises:
        InvalidParameter: when the page is longer than a value of the database may be, a gigabyte,
            as one item alone can make it.
    """
    try:
        return (await db.execute(statement, parameters)).one()
    except DBAPIError as error:
        if isinstance(error, DataError) or getattr(error.orig, "sqlstate", "") == _TOO_LONG:
            raise InvalidParameter("limit", "So much text is too long for a page.") from None
        raise


# "Program limit exceeded" (https://www.postgresql.org/docs/current/errcodes-appendix.html); of
# SQLite it is the DataError that a statement without a wrong value can have.
_TOO_LONG = "54000"
_COMMA = literal_column("','", Text)
_JOINED: Mapping[str, Callable[..., Any]] = {
    "postgresql": lambda text, *order: func.string_agg(text, aggregate_order_by(_COMMA, *order)),
    "sqlite": lambda text, *_order: func.group_concat(text, _COMMA),
}


def _by_postgresql(rows: Select[Any], type_: Any = Json) -> Select[Any]:
    """Made of a subquery, whose columns name the fields: ``row_to_json`` writes no blanks."""
    written = [_written(column, _POSTGRESQL) for column in rows.selected_columns]
    named = rows.with_only_columns(*written).subquery("item")
    row = func.row_to_json(literal_column("item"))
    return select(cast(row, type_).label("json")).select_from(named)


def _by_sqlite(rows: Select[Any], type_: Any = Json) -> Select[Any]:
    """Made of the columns themselves: out of a subquery, JSON would be text like any other."""
    fields = chain.from_iterable(
        (literal_column(f"'{column.key}'"), _written(column, _SQLITE))
        for column in rows.selected_columns
    )
    row = func.json_object(*fields, type_=type_)
    return rows.with_only_columns(row.label("json"))


_OBJECTS: Mapping[str, Callable[..., Select[Any]]] = {
    "postgresql": _by_postgresql,
    "sqlite": _by_sqlite,
}


def _written(column: Any, forms: _Forms) -> Any:
    """The column in a form that is the same in both databases' JSON and in Python's."""
    for type_, form in forms.items():
        if isinstance(column.type, type_):
            return form(column).label(column.key)
    return column


# Constants of the statement and no parameters of it, so that it stays the same (``prepared``).
_UTC = literal_column("'UTC'", Text)
_RFC3339 = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'""", Text)
_WHOLE: ColumnElement[Any] = literal_column("(0, 1)")
_DOT_ZERO = literal_column("'.0'", Text)
# The driver stores the first and the last day that Python has as these; COPY stores the days.
_DAYS = (
    (literal_column("'-infinity'::date", Date), literal_column("'0001-01-01'::date", Date)),
    (literal_column("'infinity'::date", Date), literal_column("'9999-12-31'::date", Date)),
)


def _moment_of_postgresql(moment: Any) -> ColumnElement[Any]:
    return func.to_char(func.timezone(_UTC, moment), _RFC3339)


def _day_of_postgresql(day: Any) -> ColumnElement[Any]:
    return case(*((day == stored, meant) for stored, meant in _DAYS), else_=day)


def _float_of_postgresql(number: Any) -> ColumnElement[Any]:
    """As Python writes it: PostgreSQL leaves ``.0`` out, and is the same in all else up to 1."""
    whole = number.op("IN", is_comparison=True)(_WHOLE)
    written = case((whole, func.concat(number, _DOT_ZERO)), else_=cast(number, Text))
    return case((number.is_not(None), cast(written, Json)))


def _float_of_sqlite(number: Any) -> ColumnElement[Any]:
    written: ColumnElement[Any] = getattr(func, _FLOAT_FUNCTION)(number)
    return func.json(case((number.is_not(None), written)))


def _id_of_sqlite(id: Any) -> ColumnElement[Any]:
    """With hyphens: SQLite keeps the 32 digits."""
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    first, *others = (
        func.substr(id, literal_column(str(begin)), literal_column(str(length)), type_=Text)
        for begin, length in parts
    )
    written: ColumnElement[str] = first
    for part in others:
        written = written + literal_column("'-'", Text) + part
    return written


def _flag_of_sqlite(flag: Any) -> ColumnElement[Any]:
    return func.json(case((flag, literal_column("'true'")), else_=literal_column("'false'")))


_POSTGRESQL: _Forms = {
    TIMESTAMP: _moment_of_postgresql,
    Date: _day_of_postgresql,
    Float: _float_of_postgresql,
}
# Moments are kept as the text that is exported.
_SQLITE: _Forms = {
    Uuid: _id_of_sqlite,
    Boolean: _flag_of_sqlite,
    Float: _float_of_sqlite,
    JSON: func.json,
}
