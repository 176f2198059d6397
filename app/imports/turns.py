"""Which of a file's next records can be placed together."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from uuid import UUID, uuid5

from app.core.database import Session
from app.imports.rows import Rows
from app.imports.stored import Stored, derived_id, documents_of, stored_of

Claims = Set[UUID | str]
"""What at most one of the records that are placed together names: ids and external ids."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Records that are placed together, by their places in the file, and those that come later."""

    records: Sequence[tuple[int, Rows]]
    later: list[tuple[int, Rows]]
    claimed: Claims
    stored: Stored
    """What the database has of the records."""


async def next_turn(
    db: Session, project_id: UUID, fit: list[tuple[int, Rows]], waiting: Claims
) -> Turn:
    """The records up to the first that claims an id of one before it.

    What a record finds under its ids must be written by then, so what is ``waiting`` to be written
    counts as before it too.
    """
    claims = list(_apart((_claims(project_id, rows) for _, rows in fit), waiting))
    records = fit[: len(claims)]
    documents = await documents_of(db, project_id, [rows for _, rows in records])
    # A document has an id and an external id, and one record may name it by this, another by that.
    for ids, (_, rows) in zip(claims, records, strict=True):
        document_id = documents.id_of(rows.document)
        ids.update({document_id}, _here(project_id, _name(rows, document_id)))
    claims = list(_apart(claims, waiting))
    records = fit[: len(claims)]
    return Turn(
        records,
        later=fit[len(claims) :],
        claimed=frozenset().union(*claims),
        stored=await stored_of(db, documents, [rows for _, rows in records]),
    )


def _claims(project_id: UUID, rows: Rows) -> set[UUID | str]:
    """What a record names, as far as the file says it."""
    parts = (*rows.annotations, *rows.relations)
    ids = {part.row["id"] for part in parts if part.name is None}
    claims = _here(project_id, {rows.document["id"], *ids})
    if rows.document["external_id"] is not None:
        claims.add(rows.document["external_id"])
    return claims


def _name(rows: Rows, document_id: UUID) -> set[UUID]:
    """Give what is known by its name its id in the document; the ids that were given."""
    named = [part for part in (*rows.annotations, *rows.relations) if part.name is not None]
    for part in named:
        part.row["id"] = uuid5(document_id, str(part.name))
    return {part.row["id"] for part in named}


def _here(project_id: UUID, ids: Set[UUID]) -> set[UUID | str]:
    """The ids, and what replaces them here: whether another project has one is not known yet."""
    return {*ids, *(derived_id(project_id, id) for id in ids)}


def _apart(claims: Iterable[set[UUID | str]], waiting: Claims) -> Iterator[set[UUID | str]]:
    """The claims up to the first that shares one with those before it or with what waits."""
    taken: set[UUID | str] = set()
    for ids in claims:
        if not (ids.isdisjoint(taken) and ids.isdisjoint(waiting)):
            return
        taken |= ids
        yield ids
