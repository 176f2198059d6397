"""What the database has of a file's records already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

from app.core.database import Session
from app.core.ids import ById
from app.imports import queries
from app.imports.rows import Row, Rows


@dataclass(frozen=True, slots=True)
class Documents:
    """What the database has of the ids and external ids of some records' documents."""

    project_id: UUID
    by_id: ById[Any]
    by_external_id: dict[str, Any]

    def of(self, row: Row) -> tuple[Any, str]:
        """The document here that the row stands for, if there is one, and what it is found by."""
        stored = ours(self.project_id, self.by_id, row["id"])
        if stored is not None:
            return stored, "id"
        return self.by_external_id.get(row["external_id"]), "external_id"

    def id_of(self, row: Row) -> UUID:
        """The id that the row's document has in this project, or gets if it is new."""
        stored, _ = self.of(row)
        if stored is not None:
            id: UUID = stored.id
            return id
        return derived_id(self.project_id, row["id"]) if row["id"] in self.by_id else row["id"]

    def add(self, rows: Rows) -> None:
        """One that a record has created meanwhile: it says what it was created as."""
        row = rows.document
        new = SimpleNamespace(**row, details=row["metadata"], sha256=rows.out.sha256, created=None)
        self.by_id[new.id] = new
        if new.external_id is not None:
            self.by_external_id[new.external_id] = new


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database has of the ids and external ids of some records."""

    documents: Documents
    annotations: ById[Any]
    annotations_by_external_id: Mapping[tuple[UUID, str], Any]
    first_versions: ById[Any]
    relations: ById[Any]

    def elsewhere(self) -> set[bytes]:
        """The ids that annotations and relations of other projects have, as bytes."""
        project_id = self.documents.project_id
        known = (*self.annotations.values(), *self.relations.values())
        return {row.id.bytes for row in known if row.project_id != project_id}


async def documents_of(db: Session, project_id: UUID, records: Sequence[Rows]) -> Documents:
    """What the database has of the records' documents; ids of other projects as they are here."""
    external_ids = {rows.document["external_id"] for rows in records} - {None}
    ids = ById((rows.document["id"], rows) for rows in records)
    documents = await queries.documents(db, project_id, list(ids), external_ids)
    if others := _elsewhere(project_id, documents):
        documents += await queries.documents(db, project_id, others, ())
    return Documents(
        project_id,
        by_id=ById((row.id, row) for row in documents),
        by_external_id={
            row.external_id: row
            for row in documents
            if row.project_id == project_id
            and row.external_id is not None
            and row.deleted_at is None
        },
    )


async def stored_of(db: Session, documents: Documents, records: Sequence[Rows]) -> Stored:
    """What the database has of the records' ids; ids of other projects as they are here too."""
    project_id = documents.project_id
    found = [documents.of(rows.document)[0] for rows in records]
    ids = list(ById((row.id, row) for row in found if row is not None))
    parts = [part.row for rows in records for part in rows.annotations]
    annotations = relations = []
    first: ById[Any] = ById()
    if parts:
        annotations = await queries.annotations(
            db,
            ids,
            [row["id"] for row in parts],
            {row["external_id"] for row in parts} - {None} if ids else (),
        )
        if others := _elsewhere(project_id, annotations):
            annotations += await queries.annotations(db, (), others, ())
        changed = [row.id for row in annotations if row.version > 1]
        first = await queries.first_versions(db, changed) if changed else first
    linked = [part.row["id"] for rows in records for part in rows.relations]
    if linked:
        relations = await queries.relations(db, linked)
        if others := _elsewhere(project_id, relations):
            relations += await queries.relations(db, others)
    return Stored(
        documents=documents,
        annotations=ById((row.id, row) for row in annotations),
        annotations_by_external_id={
            (row.document_id, row.external_id): row
            for row in annotations
            if row.external_id is not None and row.withdrawn_at is None
        },
        first_versions=first,
        relations=ById((row.id, row) for row in relations),
    )


def _elsewhere(project_id: UUID, found: Sequence[Any]) -> list[UUID]:
    """What replaces the ids that other projects hold."""
    return [derived_id(project_id, row.id) for row in found if row.project_id != project_id]


def ours(project_id: UUID, known: ById[Any], id: UUID) -> Any:
    """What a project has under the id, or under the one that replaces it there."""
    stored = known.get(id)
    if stored is not None and stored.project_id != project_id:
        stored = known.get(derived_id(project_id, id))
    return stored if stored is None or stored.project_id == project_id else None


def derived_id(project_id: UUID, id: UUID) -> UUID:
    """The id that stands in a project for one that another project holds."""
    return uuid5(project_id, str(id))
