"""What took the time of a request: its statements, for the line of a slow one, and for traces."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

from sqlalchemy import ClauseElement
from sqlalchemy.exc import CompileError

Spent: TypeAlias = list[tuple[float, object, float]]
"""Seconds, the statement or the words for what took them, and its beginning by ``perf_counter``."""

_spent: ContextVar[Spent | None] = ContextVar("spent", default=None)

KEPT = 100
"""What of one request is kept for certain, the longest: an import has thousands of statements."""

_MOST = 5
# Of a long statement, the columns in its middle tell least.
_BEGINNING, _END = 100, 500

# To compile a statement takes half a millisecond, so its words are kept, as SQLAlchemy keeps the
# statements of an engine: by what it is built of, which is the same for any parameters.
_words: dict[Any, str] = {}
_MOST_WORDS = 500


def measured() -> Spent:
    """From here on what the request does is measured, into this list of at most twice ``KEPT``."""
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
        if len(spent) > 2 * KEPT:
            # A request that follows a log does so for hours.
            spent[:] = longest(spent, KEPT)


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
    """The SQL of a statement on one line, cut in the middle if it is long; no parameters.

    Words that are given instead of a statement are their own.
    """
    if isinstance(statement, str):
        return statement
    key = statement._generate_cache_key() if isinstance(statement, ClauseElement) else None  # noqa: SLF001  # no other way
    if key is None:
        return _sql(statement)
    known = _words.get(key.key)
    if known is None:
        if len(_words) >= _MOST_WORDS:
            _words.clear()
        known = _words[key.key] = _sql(statement)
    return known


def _sql(statement: object) -> str:
    try:
        sql = " ".join(str(statement).split())
    except CompileError:
        # A construct of one database, which has no words in general SQL.
        return type(statement).__name__
    if len(sql) <= _BEGINNING + _END:
        return sql
    return f"{sql[:_BEGINNING]} … {sql[-_END:]}"
