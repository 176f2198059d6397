"""Column types and constraints that read the same on SQLite and PostgreSQL."""

import datetime as dt
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, TIMESTAMP, CheckConstraint, Dialect, Text, TypeDecorator

from app.core.timestamps import rfc3339

E = TypeVar("E", bound=StrEnum)


class _TimeAsText(TypeDecorator[dt.datetime]):
    """A moment as RFC 3339 text, which sorts as time does."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # SQLAlchemy's signature
        """The text."""
        return None if value is None else rfc3339(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        """An aware moment in UTC."""
        return None if value is None else dt.datetime.fromisoformat(value)


# On PostgreSQL nothing of ours is called for each value of each row: asyncpg has aware moments.
Time = TIMESTAMP(timezone=True).with_variant(_TimeAsText(), "sqlite")
"""A moment in UTC: ``timestamptz`` on PostgreSQL, text on SQLite."""


class Word(TypeDecorator[E]):
    """A word of the vocabulary, stored as text."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        """``words`` is the enum whose values may stand here."""
        super().__init__()
        self.words = words

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], E | None]:  # noqa: ARG002  # SQLAlchemy's signature
        """The enum's member: looked up, not called, for it is done for each value of each row."""
        members: dict[str | None, E | None] = {word.value: word for word in self.words}
        members[None] = None
        return members.__getitem__


Json = JSON(none_as_null=True)
"""JSON kept as the text it was written as: PostgreSQL's ``json``, not ``jsonb``, so that the order
of keys and the form of numbers survive on both databases."""


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    """The constraint that a column holds one of the words (or NULL)."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
