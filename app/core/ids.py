"""Ids as keys of what is found by them, where callers make the ids.

A UUID's hash is its number modulo 2**61 - 1, the same in every process. So who wants to can make as
many ids as they like that have one hash, and a set of them takes time by the square of how many
there are. The hash of bytes begins with a secret of the process.
"""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar
from uuid import UUID

V = TypeVar("V")


class ById(Generic[V]):
    """What is found by ids, in a time that their maker has no say in."""

    __slots__ = ("_found",)

    def __init__(self, found: Iterable[tuple[UUID, V]] = ()) -> None:
        """What is found under an id twice is the last."""
        self._found = {id.bytes: value for id, value in found}

    def __contains__(self, id: UUID) -> bool:
        """Whether anything is found by it."""
        return id.bytes in self._found

    def __len__(self) -> int:
        """How many ids there are."""
        return len(self._found)

    def __iter__(self) -> Iterator[UUID]:
        """The ids, in the order in which they came."""
        return (UUID(bytes=id) for id in self._found)

    def __getitem__(self, id: UUID) -> V:
        """What is found by the id; raises KeyError."""
        return self._found[id.bytes]

    def __setitem__(self, id: UUID, value: V) -> None:
        """Have this found by it."""
        self._found[id.bytes] = value

    def get(self, id: UUID) -> V | None:
        """What is found by the id, if anything is."""
        return self._found.get(id.bytes)

    def values(self) -> Iterable[V]:
        """All that is found."""
        return self._found.values()
