"""What of a file is refused, gathered for its report."""

import json
from collections import Counter
from typing import NamedTuple

from app.core.errors import Problem, Unprocessable
from app.formats.record import Item

LISTED = 10_000
"""How many refusals a report lists; it counts them all."""
LISTED_CHARACTERS = 10_000_000
"""How long the listed ones may be in all, in JSON: each may name a thousand values that fit."""


class _Waiting(NamedTuple):
    place: int
    error: dict[str, object]
    characters: int


class Refusals:
    """Refusals in the order of the file, though they are found in several passes."""

    def __init__(self) -> None:
        """Begins with none."""
        self.count = 0
        self.parts: Counter[str] = Counter()
        """How many documents, annotations and relations were refused."""
        self.listed: list[dict[str, object]] = []
        self.waiting: list[_Waiting] = []
        """What is not listed yet, with its place."""
        self._characters = 0
        self._characters_waiting = 0

    def add(self, place: int, item: Item, problem: Problem, *, at: str = "") -> None:
        """Refuse something of the record at that place among those that are looked at together.

        ``at`` is a pointer into the record, where the problem has none of its own.
        """
        if isinstance(problem, Unprocessable):
            found = problem.errors
        else:
            found = [{"pointer": at, "code": problem.code, "detail": problem.detail}]
        self.count += len(found)
        parts = {_part_of(str(error["pointer"])) for error in found}
        # With a document, all that is in it is refused.
        self.parts.update(kind for kind, _ in ({_DOCUMENT} & parts or parts))
        for error in found[: LISTED - len(self.listed) - len(self.waiting)]:
            if self._characters + self._characters_waiting > LISTED_CHARACTERS:
                break
            where = _place(item, str(error["pointer"]))
            listed = {"file": item.file, **error, **where}
            characters = len(json.dumps(listed, ensure_ascii=False, default=str))
            self.waiting.append(_Waiting(place, listed, characters))
            self._characters_waiting += characters

    def settle(self, others: "Refusals | None" = None) -> None:
        """List what was found since the last time, and what ``others`` did, in order of place."""
        if others is not None:
            self.count += others.count
            self.parts += others.parts
            self.waiting += others.waiting
        self.waiting.sort(key=lambda waiting: waiting.place)
        for waiting in self.waiting[: LISTED - len(self.listed)]:
            # Then no smaller one is listed either: what is listed are the first ones.
            if self._characters > LISTED_CHARACTERS:
                break
            self.listed.append(waiting.error)
            self._characters += waiting.characters
        self.waiting.clear()
        self._characters_waiting = 0


_DOCUMENT = ("documents", "")


def _part_of(pointer: str) -> tuple[str, str]:
    """The kind of what a pointer into a record is about, and which one it is."""
    names = pointer.split("/")
    if len(names) > 2 and names[1] in {"annotations", "relations"}:
        return names[1], names[2]
    return _DOCUMENT


def _place(item: Item, pointer: str) -> dict[str, object]:
    """Where in the file the part of the record stands."""
    found, rest = pointer, ""
    while found and found not in item.places:
        found, slash, last = found.rpartition("/")
        rest = slash + last + rest
    place = item.places.get(found)
    if place is None:
        return {"line": item.line, "pointer": pointer}
    name, slash, below = rest[1:].partition("/")
    if rest and place.parts and name in place.parts:
        rest = place.parts[name] + slash + below
    return {"line": place.line, "pointer": place.pointer + rest}
