"""A bounded memory of things that never change."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Keeps what was used last, up to a total size.

    Only for values that are immutable where they come from, a revision's text or a version of a
    scheme: nothing here is ever refreshed.
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
        """Keep the value, at the cost of what was used longest ago."""
        size = self._size(value)
        if size * 4 > self._capacity or key in self._kept:
            return
        self._kept[key] = value
        self._held += size
        while self._held > self._capacity:
            _, dropped = self._kept.popitem(last=False)
            self._held -= self._size(dropped)
