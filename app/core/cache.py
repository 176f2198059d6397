"""Bounded caches: of things that never change, and of what was read a moment ago."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, ClassVar, Generic, TypeVar

from app.core.database import Session

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """Keeps what was used last, up to a total size.

    Only for values that are immutable where they come from, a revision's text or a version of a
    scheme, or that are held against that each time before they are used. A key has something that
    no other past has: a database that was put back to a copy gives its ids and numbers out again.
    """

    def __init__(self, capacity: int, size: Callable[[V], int]) -> None:
        """``capacity`` is in the unit of ``size``; what exceeds a quarter of it is not kept."""
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._capacity = capacity
        self._size = size
        self._held = 0

    def get(self, key: K) -> V | None:
        """The value, if it is kept."""
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep the value, in place of an older one, at the cost of what was used longest ago."""
        older = self._kept.pop(key, None)
        if older is not None:
            self._held -= self._size(older)
        size = self._size(value)
        if size * 4 > self._capacity:
            return
        self._kept[key] = value
        self._held += size
        while self._held > self._capacity:
            _, dropped = self._kept.popitem(last=False)
            self._held -= self._size(dropped)


# Longer than a database commits what its caller has no word of.
_UNSURE_SECONDS = 60.0


class RecentCache(Generic[K, V]):
    """Keeps what a database said lately, for whom it need not hold, or who can tell."""

    _all: ClassVar[list["RecentCache[Any, Any]"]] = []

    def __init__(self, capacity: int, *, seconds: float = 1) -> None:
        """``capacity`` is how many values are kept, ``seconds`` for how long."""
        self._seconds = seconds
        self._kept: OrderedDict[tuple[str, K], tuple[float, V]] = OrderedDict()
        self._changing: Counter[str] = Counter()
        self._changed: dict[str, float] = {}
        self._capacity = capacity
        self._all.append(self)

    @staticmethod
    def moment() -> float:
        """Now, in seconds."""
        return time.monotonic()

    def get(self, source: str, key: K) -> V | None:
        """The value, if the database ``source`` said it so lately."""
        kept = self._kept.get((source, key))
        return kept[1] if kept is not None and self.moment() < kept[0] else None

    def put(self, source: str, key: K, value: V, *, asked: float) -> None:
        """Keep the value, from the ``moment`` when it was ``asked`` for.

        What was put here longest ago makes room for it.
        """
        if self._changing[source] or asked < self._changed.get(source, 0):
            return
        self._kept[source, key] = (asked + self._seconds, value)
        self._kept.move_to_end((source, key))
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    @classmethod
    def forget_all(cls, db: Session) -> None:
        """Keep nothing of a database until this session is left: somebody may soon do less."""
        for recent in cls._all:
            recent.forget(db)

    def forget(self, db: Session) -> None:
        """The same for what is kept here."""
        source = db.source

        def changed(sure: bool) -> None:
            self._changing[source] -= 1
            # What was asked for before may be what was so before.
            over = self.moment() + (0 if sure else _UNSURE_SECONDS)
            self._changed[source] = max(over, self._changed.get(source, 0))

        db.afterwards(changed)
        self._kept.clear()
        self._changing[source] += 1
