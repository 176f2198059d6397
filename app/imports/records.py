"""What a reader gave, as records of the form that an import takes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.core.errors import Problem, Unprocessable
from app.core.validation import of_content
from app.formats.record import Item
from app.imports.refusals import LISTED, Refusals
from app.imports.schemas import DocumentLine


@dataclass(frozen=True, slots=True)
class Record:
    """A record whose form was checked; parts of a wrong form are left out and stand in refused."""

    line: DocumentLine
    annotations: Sequence[int]
    """Where in the record each annotation of ``line`` stands."""
    relations: Sequence[int]
    refused: Unprocessable | None = None


def records_of(items: Sequence[Item], refusals: Refusals) -> list[tuple[int, Record]]:
    """The records of the items that have the form of one, by their places."""
    records = []
    for place, item in enumerate(items):
        try:
            if item.problem is not None:
                raise item.problem
            records.append((place, record_of(item.value)))
        except Problem as problem:
            refusals.add(place, item, problem)
    return records


def record_of(value: Any) -> Record:
    """The record of what a reader gave.

    Raises:
        Unprocessable: when the document itself is not of its form.
    """
    try:
        line = DocumentLine.model_validate(value)
    except ValidationError as error:
        refused = of_content(error, LISTED)
        if error.error_count() > LISTED:
            raise refused from None
        wrong = {tuple(item["loc"][:2]) for item in error.errors()}
        if not all(len(loc) == 2 and loc[0] in _KINDS for loc in wrong):
            raise refused from None
        left = {
            name: [place for place in range(len(value.get(name, ()))) if (name, place) not in wrong]
            for name in _KINDS
        }
        fit = {name: [value[name][place] for place in places] for name, places in left.items()}
        line = DocumentLine.model_validate({**value, **fit})
        return Record(line, left["annotations"], left["relations"], refused)
    return Record(line, range(len(line.annotations)), range(len(line.relations)))


_KINDS = ("annotations", "relations")


def people_of(line: DocumentLine) -> set[str]:
    """Everybody whom a record names."""
    names = {line.created_by}
    for annotation in line.annotations:
        names |= {annotation.author, annotation.edited_by, annotation.decided_by}
        names |= {decision.reviewer for decision in annotation.decisions}
    names |= {relation.author for relation in line.relations}
    return {name for name in names if name is not None}
