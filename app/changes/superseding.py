"""A row's next version, and the one before it kept in its history: the parts of a statement."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Table,
    and_,
    bindparam,
    insert,
    select,
    update,
)

Value: TypeAlias = Callable[[str, Any], Any]
"""What a statement has for a parameter, by its name and the column that it goes into."""


def parameter(name: str, column: Any) -> Any:
    """As it is given, of one write."""
    return bindparam(name, type_=column.type)


class Superseding:
    """Replaces a row by its next version and keeps the old one in a history table."""

    def __init__(
        self,
        table: Table,
        history: Table,
        *,
        changes: tuple[str, ...],
        living: ColumnElement[bool],
        by_another: Mapping[str, str] | None = None,
    ) -> None:
        """``changes`` are the columns that are set, ``living`` says which rows may have a next.

        ``by_another`` has columns, each with the change whose new value it must not hold, for rows
        that nobody has looked at. Of those, none is later than its next version would be.
        """
        self.table = table
        self._history = history
        self._changes = changes
        self._living = living
        self._by_another = by_another or {}
        self.unseen = by_another is not None

    def parameters(self) -> dict[str, Any]:
        """Its parameters, and the column of the table that each is for."""
        return {f"seen_{name}": self.table.c[name] for name in ("id", "version", *self._changes)}

    def seen(self, value: Value) -> ColumnElement[bool]:
        """Whether a row is as the caller saw it."""
        # The WHERE is the guard: of two writers at once, one changes no row.
        columns = self.table.c
        at = columns.updated_at
        return and_(
            columns.id == value("seen_id", columns.id),
            columns.version == value("seen_version", columns.version),
            self._living,
            *([at <= value("seen_updated_at", at)] if self.unseen else ()),
            *(
                columns[name].is_distinct_from(value(f"seen_{change}", columns[change]))
                for name, change in self._by_another.items()
            ),
        )

    def update(self, value: Value) -> Any:
        """The UPDATE to the next version."""
        columns = self.table.c
        changes = {name: value(f"seen_{name}", columns[name]) for name in self._changes}
        return (
            update(self.table)
            .where(self.seen(value))
            .values({"version": columns.version + 1, **changes})
        )

    def copy(self, value: Value, updated: Any = None, on: Any = None) -> Any:
        """The INSERT of the row as it was; within one statement both see the row before.

        ``updated`` has a row ``on`` which to join it if the update has found the row.
        """
        rows = _as_history(self.table, self._history).where(self.seen(value))
        if updated is not None:
            rows = rows.select_from(self.table.join(updated, on))
        return _into_history(self._history, rows)


def _as_history(table: Table, history: Table) -> Select[Any]:
    """Annotations in the columns of their history, where their id has another name."""
    names = [column.name for column in history.c]
    return select(*(table.c["id" if name == "annotation_id" else name] for name in names))


def _into_history(history: Table, rows: Select[Any]) -> Any:
    return insert(history).from_select([column.name for column in history.c], rows)


def copied(table: Table, history: Table, *where: ColumnElement[bool]) -> Executable:
    """The INSERT that copies annotations, as they are, into their history."""
    statement: Executable = _into_history(history, _as_history(table, history).where(*where))
    return statement
