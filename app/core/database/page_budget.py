"""How many rows a page has room for: as many as were asked for, or fewer where their text is long.

A thousand quotes of five million characters each would fill memory on their way out. So a page ends
with the row that brings its text to ``CHARACTERS``, and the list goes on behind it as behind any
other. No list needs it whose rows are short: a thousand users, members, tokens or relations have
fewer, and the longest descriptions of a thousand projects not three times as many.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

CHARACTERS = 4_000_000
"""How much text makes a page full. Of quotes it is characters, of all else ``octets``."""

_ROOM = literal_column(str(CHARACTERS), BigInteger)


class octets(FunctionElement[int]):  # noqa: N801  # called as any function of SQL
    """How many bytes the texts in these columns have together; NULL has none."""

    type = Integer()
    inherit_cache = True


# To count the characters of a long text takes PostgreSQL ten times as long as to read it.
@compiles(octets)
def _octets(element: octets, compiler: SQLCompiler, **how: Any) -> str:
    return _added("octet_length(CAST({} AS TEXT))", element, compiler, **how)


@compiles(octets, "sqlite")
def _octets_of_sqlite(element: octets, compiler: SQLCompiler, **how: Any) -> str:
    return _added("length(CAST({} AS BLOB))", element, compiler, **how)


def _added(form: str, element: octets, compiler: SQLCompiler, **how: Any) -> str:
    columns = (compiler.process(column, **how) for column in element.clauses)
    return f"({' + '.join(f'coalesce({form.format(column)}, 0)' for column in columns)})"


LIMIT = bindparam("limit", type_=BigInteger)
"""The parameter that says how many rows were asked for."""

ONE_MORE = LIMIT + literal_column("1", BigInteger)
"""How many are looked at: one more shows that more follow."""


class PageBudget:
    """Which rows of a list there is room for, said in the query that reads them."""

    def __init__(self, rows: FromClause, key: Sequence[str]) -> None:
        """Of ``ONE_MORE`` rows at most.

        Args:
            rows: with a column ``size``: how much text a row has.
            key: the names of the columns that they are sorted by; downwards, with a ``-`` before
                it.
        """
        size = rows.c["size"]
        self._so_far: dict[str, Any] = {"order_by": in_order(rows.c, key), "rows": (None, 0)}
        self._size = size
        self.place: ColumnElement[int] = func.row_number().over(**self._so_far)
        """Where a row stands, from 1."""
        held = func.sum(size).over(**self._so_far)
        self.fits: ColumnElement[bool] = and_(self.place <= LIMIT, held - size < _ROOM)
        """Whether there is room for a row; for the first there always is."""
        self.full: ColumnElement[bool] = or_(self.place == LIMIT, held >= _ROOM)
        """Whether there is none behind it."""

    @property
    def more(self) -> ColumnElement[bool]:
        """Whether there are rows behind it."""
        return func.lead(self._size).over(**self._so_far).is_not(None)


def among(
    rows: Select[Any], narrow: Select[Any], key: Sequence[str], same: Callable[[Any], Any]
) -> Select[Any]:
    """Those rows that are the ``same`` as one that fits, in order.

    With each comes whether there are ``more`` behind it, and what it lacks of the key.

    Args:
        rows: any.
        narrow: which of them are listed, and in what order, as ``PageBudget`` takes it.
        key: as ``PageBudget`` takes it.
        same: says of the columns of ``narrow`` which row they are of.
    """
    listed = narrow.subquery("listed")
    budget = PageBudget(listed, key)
    columns = (budget.place.label("place"), budget.fits.label("fits"), budget.more.label("more"))
    placed = select(*listed.c, *columns).subquery("placed")
    lacking = (placed.c[name] for name in map(_column, key) if name not in rows.selected_columns)
    found = rows.join(placed, same(placed.c)).where(placed.c.fits).order_by(placed.c.place)
    return found.add_columns(*lacking, placed.c.more)


def in_order(columns: Any, key: Sequence[str]) -> list[ColumnElement[Any]]:
    """What sorts these columns by such a key."""
    each = [columns[_column(name)] for name in key]
    return [
        column.desc() if name[0] == "-" else column for column, name in zip(each, key, strict=True)
    ]


def _column(name: str) -> str:
    return name.removeprefix("-")
