"""What the database has of a file's records already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from app.core.database import Session
from app.imports import queries
from app.imports.rows import Rows


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database has of the ids and external ids of some records."""

    documents: Mapping[UUID, Any]
    documents_by_external_id: Mapping[str, Any]
    annotations: Mapping[UUID, Any]
    annotations_by_external_id: Mapping[tuple[UUID, str], Any]
    first_versions: Mapping[UUID, Any]
    relations: Mapping[UUID, Any]


async def stored_of(db: Session, project_id: UUID, records: Sequence[Rows]) -> Stored:
    """What the database has of the records' ids; ids of other projects as they are here too."""

    def elsewhere(found: Sequence[Any]) -> set[UUID]:
        return {derived_id(project_id, row.id) for row in found if row.project_id != project_id}

    external_ids = {rows.document["external_id"] for rows in records} - {None}
    ids = {rows.document["id"] for rows in records}
    documents = await queries.documents(db, project_id, ids, external_ids)
    if others := elsewhere(documents):
        documents += await queries.documents(db, project_id, others, ())
    ours = [row for row in documents if row.project_id == project_id]
    parts = [part.row for rows in records for part in rows.annotations]
    annotations = relations = []
    first: dict[UUID, Any] = {}
    if parts:
        annotations = await queries.annotations(
            db,
            {row.id for row in ours},
            {row["id"] for row in parts},
            {row["external_id"] for row in parts} - {None} if ours else (),
        )
        if others := elsewhere(annotations):
            annotations += await queries.annotations(db, (), others, ())
        changed = [row.id for row in annotations if row.version > 1]
        first = await queries.first_versions(db, changed) if changed else {}
    linked = {part.row["id"] for rows in records for part in rows.relations}
    if linked:
        relations = await queries.relations(db, linked)
        if others := elsewhere(relations):
            relations += await queries.relations(db, others)
    return Stored(
        documents={row.id: row for row in documents},
        documents_by_external_id={
            row.external_id: row
            for row in ours
            if row.external_id is not None and row.deleted_at is None
        },
        annotations={row.id: row for row in annotations},
        annotations_by_external_id={
            (row.document_id, row.external_id): row
            for row in annotations
            if row.external_id is not None and row.withdrawn_at is None
        },
        first_versions=first,
        relations={row.id: row for row in relations},
    )


def derived_id(project_id: UUID, id: UUID) -> UUID:
    """The id that stands in a project for one that another project holds."""
    return uuid5(project_id, str(id))
