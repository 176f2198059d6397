"""Keyset pages: as fast at the end as at the start, nothing skipped or repeated while others write.

A cursor holds the sort key of the last row of a page. The key is the row's own and ends in a column
that is unique; in most lists it never changes: so "after this key" means the same whenever it is
asked. It changes in two: a document's spans, in text order, when one gets other bounds, and what a
search finds, the best first, when a document gets another title. A row that is moved while somebody
walks through is met where it stands when the walk comes by, perhaps twice or not at all; all others
are met once.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.core.errors import InvalidParameter

T = TypeVar("T")

MAX_LIMIT = 1000

Key = tuple[int | str, ...]


NEXT: Any = Field(description="The cursor of the next page, for `cursor`; null on the last.")
"""The field that an answer in pages goes on by."""


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next: str | None = NEXT


@dataclass(frozen=True, slots=True)
class Written:
    """One page of a list whose items the database has written as JSON already."""

    json: bytes
    """What ``Page`` would be."""
    next: str | None


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page begins and how long it is."""

    limit: int = 100
    cursor: str | None = None
    of: str = ""
    """Names the list; its cursors carry the name, so that another list refuses them."""

    def after(self, *types: type[int] | type[str]) -> tuple[Any, ...] | None:
        """The key that the page begins after, of these types; None at the start.

        Raises:
            InvalidParameter: when the cursor is not one that this list has given.
        """
        if self.cursor is None:
            return None
        try:
            padded = self.cursor + "=" * (-len(self.cursor) % 4)
            packed = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            raise _foreign() from None
        if not isinstance(packed, list):
            raise _foreign()
        key = packed[1:]
        if (
            len(key) != len(types)
            or any(type(part) is not kind for part, kind in zip(key, types, strict=True))
            or any(isinstance(part, int) and abs(part) >= 2**63 for part in key)
            or any(isinstance(part, str) and not part.isprintable() for part in key)
            or self.cursor_after(*key) != self.cursor
        ):
            raise _foreign()
        return tuple(key)

    def after_id(self) -> UUID | None:
        """The id that the page begins after; None at the start.

        Raises:
            InvalidParameter: when the cursor is not one that a list by id has given.
        """
        key = self.after(str)
        try:
            return None if key is None else UUID(key[0])
        except ValueError:
            raise _foreign() from None

    def cursor_after(self, *key: int | str) -> str:
        """The cursor of the page that begins after this key."""
        packed = json.dumps((self.of, *key), separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    def page(
        self, rows: Sequence[Any], out: Callable[[Any], T], *, key: Callable[[Any], Key]
    ) -> Page[T]:
        """The page of the first ``limit`` rows; a row beyond means that more follow.

        ``key`` is the sort key of a row: where the next page begins after.
        """
        return self._page(rows[: self.limit], len(rows) > self.limit, out, key)

    def fitted(
        self, rows: Sequence[Any], out: Callable[[Any], T], *, key: Callable[[Any], Key]
    ) -> Page[T]:
        """The page of rows that say whether there are ``more`` (``core.database.page_budget``)."""
        return self._page(rows, bool(rows) and rows[-1].more, out, key)

    def written(self, row: Any, json: str) -> Written:
        """The same of what ``core.database.rowjson.json_page`` says, by a key of numbers.

        ``json`` is that of its items, with commas between them.
        """
        after = self.cursor_after(*map(int, row.last.split("."))) if row.beyond else None
        # A cursor is made of letters that need no escape.
        cursor = "null" if after is None else f'"{after}"'
        return Written(f'{{"items":[{json}],"next":{cursor}}}'.encode(), after)

    def _page(
        self,
        rows: Sequence[Any],
        follows: bool,
        out: Callable[[Any], T],
        key: Callable[[Any], Key],
    ) -> Page[T]:
        after = self.cursor_after(*key(rows[-1])) if follows else None
        return Page.model_construct(items=[out(row) for row in rows], next=after)


def _foreign() -> InvalidParameter:
    return InvalidParameter("cursor", "The cursor is not one that this list has given.")
