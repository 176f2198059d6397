"""What is stored and stands in the way of a file's record."""

from collections.abc import Mapping, Set
from typing import Any

from app.annotations.content import same
from app.core.errors import ExternalIdConflict, Gone, IdConflict, Problem
from app.formats.kinds import Kind, kind_of

_KINDS = {"fragments": Kind.FRAGMENTS, "note": Kind.NOTES, "confidence": Kind.ORIGIN}
"""The kinds of the columns that not every format holds; attributes are of several."""


class InTheWay(Exception):
    """What is stored stands in the way of something at ``pointer``."""

    def __init__(self, pointer: str, problem: Problem) -> None:
        """``problem`` is what a POST would have been answered with."""
        super().__init__(pointer)
        self.pointer = pointer
        self.problem = problem


def check_same(
    row: dict[str, Any], stored: Any, first: Any, pointer: str, by: str, unsaid: Set[Kind]
) -> None:
    """The annotation there says the same, now or when it was created.

    ``stored`` is its row, ``first`` its first version if that was superseded, else None. ``by`` is
    what it was found by, ``id`` or ``external_id``. Of the kinds ``unsaid`` the file says nothing.

    Raises:
        InTheWay: when it was withdrawn or says something else.
    """
    if stored.withdrawn_at is not None:
        raise InTheWay(pointer, Gone(f"Annotation {stored.id} was withdrawn."))
    versions = (version._asdict() for version in (stored, first) if version is not None)
    if row["external_id"] != stored.external_id or not any(
        same(_completed(row, version, unsaid), version) for version in versions
    ):
        raise InTheWay(f"{pointer}/{by}", taken(f"Annotation {stored.id}", by))


def _completed(
    row: dict[str, Any], version: Mapping[str, Any], unsaid: Set[Kind]
) -> Mapping[str, Any]:
    """The row with what its file can say nothing of as the version has it."""
    if not unsaid:
        return row
    columns = {
        name: version[name] for name, kind in _KINDS.items() if kind in unsaid and row[name] is None
    }
    attributes = {
        name: value for name, value in version["attributes"].items() if kind_of(value) in unsaid
    }
    return {**row, **columns, "attributes": attributes | row["attributes"]}


def taken(what: str, by: str) -> Problem:
    """What says something else is there already, found by ``id`` or ``external_id``."""
    if by == "id":
        return IdConflict(f"{what} has the same id and other content.")
    return ExternalIdConflict(f"{what} has the same external id and other content.")


def check_same_relation(row: dict[str, Any], stored: Any, pointer: str) -> None:
    """The relation there says the same.

    Raises:
        InTheWay: when it was withdrawn or says something else.
    """
    if stored.withdrawn_at is not None:
        raise InTheWay(pointer, Gone(f"Relation {stored.id} was withdrawn."))
    if any(row[name] != getattr(stored, name) for name in ("type", "source_id", "target_id")):
        raise InTheWay(f"{pointer}/id", taken(f"Relation {stored.id}", "id"))
