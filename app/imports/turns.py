"""Which of a file's next records can be placed together."""

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass
from uuid import UUID, uuid5

from app.core.database import Session
from app.imports.rows import Rows
from app.imports.stored import Documents, Stored, derived_id, documents_of, stored_of

Claims = Set[bytes | str]
"""What at most one of the records that are placed together names: ids, as bytes as ``core.ids``
has them, and external ids."""


@dataclass(slots=True)
class Claimant:
    """A record that is right by itself, by its place in the file, and what it claims."""

    place: int
    rows: Rows
    claims: set[bytes | str]
    document_id: UUID | None = None
    """What its document's id here is taken for, which the ids of what it names follow from."""

    @classmethod
    def of(cls, place: int, rows: Rows) -> "Claimant":
        """A record with what it claims as far as the file says it."""
        parts = (*rows.annotations, *rows.relations)
        claims: set[bytes | str] = {part.row["id"].bytes for part in parts if part.name is None}
        claims.add(rows.document["id"].bytes)
        if rows.document["external_id"] is not None:
            claims.add(rows.document["external_id"])
        return cls(place, rows, claims)

    def found_as(self, document_id: UUID) -> None:
        """Claim the id that its document has here, and those that follow from that."""
        if document_id == self.document_id:
            return
        self.document_id = document_id
        self.claims.add(document_id.bytes)
        for part in (*self.rows.annotations, *self.rows.relations):
            if part.name is not None:
                part.row["id"] = uuid5(document_id, part.name)
                self.claims.add(part.row["id"].bytes)


@dataclass(frozen=True, slots=True)
class Turn:
    """Records that are placed together."""

    records: Sequence[Claimant]
    claimed: Claims
    stored: Stored
    """What the database has of the records."""


class Turns:
    """Some records in the order of the file, turn by turn.

    What a record finds under its ids must be written by then, so a turn ends before the first
    record that claims what one before it does, or what waits to be written.
    """

    def __init__(self, db: Session, documents: Documents, records: list[Claimant]) -> None:
        """``documents`` must get to know what the records of each turn create."""
        self._db = db
        self._documents = documents
        self.left = records

    @classmethod
    async def of(cls, db: Session, project_id: UUID, records: list[Claimant]) -> "Turns":
        """Turns of some records, whose documents are looked up here once and for all."""
        documents = await documents_of(db, project_id, [record.rows for record in records])
        return cls(db, documents, records)

    def miss_any_of(self, waiting: Claims) -> bool:
        """Whether the look-up was too early: a document may be among what is ``waiting``."""
        rows = (record.rows.document for record in self.left)
        return any(
            row["id"].bytes in waiting
            or row["external_id"] in waiting
            or self._documents.id_of(row).bytes in waiting
            for row in rows
        )

    async def next(self, waiting: Claims) -> Turn:
        """The next records; none when the first of them claims what is ``waiting``."""
        # A record may have so many ids that the loop would stand still for seconds.
        records, claimed = await asyncio.to_thread(self._apart, waiting)
        stored = await stored_of(self._db, self._documents, [record.rows for record in records])
        if others := stored.elsewhere():
            records, claimed = await asyncio.to_thread(self._replaced, records, others, waiting)
        self.left = self.left[len(records) :]
        return Turn(records, claimed, stored)

    def _apart(self, waiting: Claims) -> tuple[list[Claimant], Claims]:
        """The records up to the first that shares a claim with those before it or what waits."""
        records: list[Claimant] = []
        taken: set[bytes | str] = set()
        for record in self.left:
            # A document has an id and an external id, and may be named by the one or the other.
            record.found_as(self._documents.id_of(record.rows.document))
            if not (record.claims.isdisjoint(taken) and record.claims.isdisjoint(waiting)):
                break
            taken |= record.claims
            records.append(record)
        return records, taken

    def _replaced(
        self, records: Sequence[Claimant], others: Set[bytes], waiting: Claims
    ) -> tuple[list[Claimant], Claims]:
        """Those of the records that are apart also by what replaces the ids of other projects.

        Each keeps what it claims, so that it is told from those before it at once in its turn.
        """
        project_id = self._documents.project_id
        for record in records:
            replaced = [UUID(bytes=id) for id in others & record.claims]
            record.claims.update(derived_id(project_id, id).bytes for id in replaced)
        return self._apart(waiting)
