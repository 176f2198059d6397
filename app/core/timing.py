"""What took the time of a request: its statements, for the line of a slow one, and for traces."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

from sqlalchemy.exc import CompileError

Spent: TypeAlias = list[tuple[float, object, float]]
"""Seconds, the statement or the words for what took them, and its beginning by ``perf_counter``."""

_spent: ContextVar[Spent | None] = ContextVar("spent", default=None)

_MOST = 5
# Of a long statement, the columns in its middle tell least.
_BEGINNING, _END = 100, 500


def measured() -> Spent:
    """From here on what the request does is measured, into this list."""
    spent: Spent = []
    _spent.set(spent)
    return spent


@contextmanager
def spending(on: object) -> Iterator[None]:
    """Measure what is done meanwhile, if a request is measured."""
    spent = _spent.get()
    if spent is None:
        yield
        return
    began = time.perf_counter()
    try:
        yield
    finally:
        spent.append((time.perf_counter() - began, on, began))


def told(spent: Spent) -> list[dict[str, Any]]:
    """What took longest, in milliseconds, as it is logged: SQL without its parameters."""
    return [
        {"milliseconds": round(took * 1000, 2), "sql": words(on)}
        for took, on, _ in longest(spent, _MOST)
    ]


def longest(spent: Spent, most: int) -> Spent:
    """At most so many, the longest first."""
    return sorted(spent, key=lambda each: each[0], reverse=True)[:most]


def words(statement: object) -> str:
    """The SQL of a statement on one line, cut in the middle if it is long; no parameters."""
    try:
        sql = " ".join(str(statement).split())
    except CompileError:
        # A construct of one database, which has no words in general SQL.
        return type(statement).__name__
    if len(sql) <= _BEGINNING + _END:
        return sql
    return f"{sql[:_BEGINNING]} … {sql[-_END:]}"
