"""Column types and constraints that read the same on SQLite and PostgreSQL."""

import datetime as dt
import json
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, TIMESTAMP, CheckConstraint, Dialect, Text, TypeDecorator
from sqlalchemy.types import TypeEngine


def now() -> dt.datetime:
    """The present moment in UTC, to the microsecond."""
    return dt.datetime.now(dt.UTC)


def dump_json(value: object) -> str:
    """JSON as it is stored: compact, keys in the order they came, no escapes but the necessary."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


E = TypeVar("E", bound=StrEnum)


class Time(TypeDecorator[dt.datetime]):
    """A moment in UTC: ``timestamptz`` on PostgreSQL, sortable RFC 3339 text on SQLite."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text where the database has no type for moments."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(TIMESTAMP(timezone=True))

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """Always six digits of fraction, so that text sorts as time does."""
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """An aware moment in UTC."""
        if value is None or dialect.name != "sqlite":
            return value  # type: ignore[no-any-return]  # asyncpg answers aware datetimes in UTC
        return dt.datetime.fromisoformat(value)


class Word(TypeDecorator[E]):
    """A word of the vocabulary, stored as text."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        """``words`` is the enum whose values may stand here."""
        super().__init__()
        self.words = words

    def process_result_value(self, value: Any, dialect: Dialect) -> E | None:  # noqa: ARG002  # SQLAlchemy's signature
        """The enum's member."""
        return None if value is None else self.words(value)


Json = JSON(none_as_null=True)
"""JSON kept as the text it was written as: PostgreSQL's ``json``, not ``jsonb``, so that the order of
keys and the form of numbers survive on both databases."""


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """The constraint that a column holds one of the words (or NULL)."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
