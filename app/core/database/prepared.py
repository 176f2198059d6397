"""Statements that are built once, run on asyncpg itself.

SQLAlchemy's way through its caches, its cursor and a greenlet takes a fifth of a create, and more
than asyncpg and PostgreSQL need together. A statement that never changes needs none of it: it is
compiled by SQLAlchemy's own dialect, once, and each run is left with turning values there and back.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import asyncpg
from pydantic_core import from_json
from sqlalchemy import CursorResult, Executable, Float
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.types import TypeEngine

from app.core.jsontext import dump_json

Convert = Callable[[Any], Any]
S = TypeVar("S", bound=Executable)


DRIVER_FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
"""What asyncpg raises for a statement, for ``failure``."""

JSON_OPTIONS: Mapping[str, Any] = {
    "json_serializer": dump_json,
    "json_deserializer": from_json,
}
"""What an engine is given to write and read JSON."""

# As every engine of asyncpg has it, so what is compiled once serves all of a process.
_DIALECT = PGDialect_asyncpg(**JSON_OPTIONS)  # type: ignore[no-untyped-call]  # SQLAlchemy types no dialect


class Prepared:
    """One statement, compiled."""

    def __init__(self, statement: Executable) -> None:
        """Compiles it.

        Raises:
            ValueError: when the statement's text depends on its parameters.
        """
        compiled: Any = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
        if compiled.post_compile_params or compiled.literal_execute_params:
            raise ValueError(f"Not the same for all parameters: {compiled}")
        self._sql = str(compiled)
        converters: Mapping[str, Convert] = compiled._bind_processors  # noqa: SLF001  # no other way
        self._arguments = [(name, converters.get(name)) for name in compiled.positiontup]
        self._constants: dict[str, Any] = {
            name: value for name, value in compiled.params.items() if value is not None
        }
        columns = compiled._result_columns  # noqa: SLF001
        self._keys = SimpleResultMetaData([column.keyname for column in columns])
        found = [_from_driver(column.type) for column in columns]
        self._converted = [(place, convert) for place, convert in enumerate(found) if convert]

    async def run(
        self, connection: "asyncpg.Connection[Any]", parameters: Mapping[str, Any] | None
    ) -> CursorResult[Any]:
        """What the statement answers.

        Raises what SQLAlchemy would: IntegrityError, OperationalError or another DBAPIError.
        """
        given = self._constants if parameters is None else {**self._constants, **parameters}
        values = [
            given.get(name) if convert is None else convert(given.get(name))
            for name, convert in self._arguments
        ]
        try:
            records = await connection.fetch(self._sql, *values)
        except DRIVER_FAILURES as error:
            raise failure(self._sql, error) from error
        rows = [tuple(record.values()) for record in records]
        if self._converted:
            rows = [self._converted_row(row) for row in rows]
        return IteratorResult(self._keys, iter(rows))  # type: ignore[return-value]  # but for cursors

    def _converted_row(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, convert in self._converted:
            values[place] = convert(values[place])
        return tuple(values)


def _from_driver(type: TypeEngine[Any]) -> Convert | None:
    # For a float, SQLAlchemy would ask the cursor what has come; asyncpg gives Python's own.
    return None if isinstance(type, Float) else type._cached_result_processor(_DIALECT, None)  # noqa: SLF001


def failure(statement: str, error: Exception) -> DBAPIError:
    """What SQLAlchemy would raise where the driver raises this."""
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return IntegrityError(statement, None, error, hide_parameters=True)
    # What asyncpg itself refuses to send is an InterfaceError too, and leaves the connection well.
    lost = not isinstance(error, (asyncpg.PostgresError, ValueError)) or isinstance(
        error, asyncpg.PostgresConnectionError
    )
    if lost:
        return OperationalError(
            statement, None, error, hide_parameters=True, connection_invalidated=True
        )
    return DBAPIError(statement, None, error, hide_parameters=True)


_FIXED: dict[Executable, Prepared | None] = {}


def fixed(statement: S) -> S:
    """Say that a statement is a constant of its module: it is compiled once, and kept."""
    _FIXED[statement] = None
    return statement


def prepared(statement: Executable) -> Prepared | None:
    """The statement, compiled when it is asked for first; None unless it is a constant one."""
    found = _FIXED.get(statement)
    if found is None and statement in _FIXED:
        found = _FIXED[statement] = Prepared(statement)
    return found
