"""Which of a file's next records can be placed together."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from uuid import UUID

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
        ids.add(documents.id_of(rows.document))
    claims = list(_apart(claims, waiting))
    records = fit[: len(claims)]
    return Turn(
        records,
        later=fit[len(claims) :],
        claimed=frozenset().union(*claims),
        stored=await stored_of(db, documents, [rows for _, rows in records]),
    )


def _claims(project_id: UUID, rows: Rows) -> set[UUID | str]:
    ids = {part.row["id"] for part in (*rows.annotations, *rows.relations)}
    ids.add(rows.document["id"])
    # Whether another project has an id is not known yet, and so not which one it gets here.
    claims = ids | {derived_id(project_id, id) for id in ids}
    if rows.document["external_id"] is not None:
        claims.add(rows.document["external_id"])
    return claims


def _apart(claims: Iterable[set[UUID | str]], waiting: Claims) -> Iterator[set[UUID | str]]:
    """The claims up to the first that shares one with those before it or with what waits."""
    taken: set[UUID | str] = set()
    for ids in claims:
        if not (ids.isdisjoint(taken) and ids.isdisjoint(waiting)):
            return
        taken |= ids
        yield ids
