"""Every write to relations."""

from typing import Any

from sqlalchemy import Row, insert, update
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.changes.commands import Entry, append, lock_under
from app.core.database import Moved, Session
from app.core.errors import (
    Forbidden,
    Gone,
    IdConflict,
    Stale,
    UnknownAnnotation,
    Unprocessable,
    refuse,
)
from app.core.permissions import Act, may
from app.core.timestamps import now, now_after
from app.core.vocabulary import ChangeKind
from app.documents.seen import SeenDocument
from app.models import Relation
from app.models.constraints import violated
from app.projects import queries as projects
from app.relations import queries
from app.relations.queries import SeenRelation
from app.relations.schemas import RelationIn, RelationOut


async def create(db: Session, document: SeenDocument, new: RelationIn) -> tuple[RelationOut, bool]:
    """Join two annotations of the document; False when the relation was there already.

    Raises:
        UnknownAnnotation: when an end is no living annotation of the document.
        RelationNotAllowed: when the scheme does not let it join these labels, or both ends are one.
        IdConflict: when the id is taken by other content.
        Gone: when the id is that of a relation that was withdrawn.
    """
    standing = document.standing
    scheme = await projects.scheme(db, standing)
    # Both ends must still be there, under their labels, when the relation is written.
    await db.begin()
    end = await lock_under(db, standing)
    if new.id is not None:
        stored = await queries.by_id(db, new.id)
        if stored is not None:
            return _same_or_conflict(document, new, stored), False
    found = await queries.ends(db, document.id, {new.source, new.target})
    refusals: list[Unprocessable] = [
        UnknownAnnotation(pointer, "The document has no such annotation.")
        for pointer, id in (("/source", new.source), ("/target", new.target))
        if id not in found
    ]
    refuse(refusals)
    refusal = scheme.relation_refusal(
        new.type,
        found[new.source].label,
        found[new.target].label,
        of_one=new.source == new.target,
    )
    if refusal is not None:
        raise refusal
    moment, id = now(), new.id or uuid7()
    row = {
        "id": id,
        "project_id": standing.project_id,
        "document_id": document.id,
        "type": new.type,
        "source_id": new.source,
        "target_id": new.target,
        "author_id": standing.actor.id,
        "version": 1,
        "sequence": end + 1,
        "created_at": moment,
        "withdrawn_at": None,
    }
    try:
        await db.execute(insert(Relation).values(row))
    except IntegrityError as error:
        if violated(error) != "pk_relations":
            raise
        # Another project, under a lock of its own, took the id since it was looked for.
        raise Moved from None
    entry = Entry.by(standing, ChangeKind.RELATION_CREATED, id, 1, moment)
    await append(db, standing.project_id, [entry], after=end)
    out = RelationOut(
        id=id,
        project=standing.project,
        document_id=document.id,
        type=new.type,
        source=new.source,
        target=new.target,
        author=standing.actor.name,
        version=1,
        created_at=moment,
    )
    return out, True


def _same_or_conflict(document: SeenDocument, new: RelationIn, row: Row[Any]) -> RelationOut:
    if row.document_id != document.id:
        raise IdConflict("The id is taken.")
    if row.withdrawn_at is not None:
        raise Gone("The relation of that id was withdrawn.")
    same = (
        row.type == new.type
        and row.source_id == new.source
        and row.target_id == new.target
        and row.author_id == document.standing.actor.id
    )
    if not same:
        raise IdConflict("The id is taken by a relation with other content or author.")
    return RelationOut.of(row, document.standing.project)


async def withdraw(db: Session, relation: SeenRelation, seen: int) -> None:
    """Take a relation out of every list and export.

    Raises:
        Forbidden: unless the caller is the author or a reviewer.
        Stale: when ``seen`` is not the current version.
        Gone: when it was withdrawn meanwhile.
    """
    standing, row = relation.standing, relation.row
    if row.author_id != standing.actor.id and not may(standing.role, Act.REVIEW):
        raise Forbidden("Only its author or a reviewer may withdraw a relation.")
    if row.version != seen:
        current = RelationOut.of(row, standing.project)
        raise Stale(current.model_dump(mode="json"), version=row.version)
    await db.begin()
    end = await lock_under(db, standing)
    moment = now_after(row.created_at)
    withdrawn = await db.execute(
        update(Relation)
        .where(Relation.id == row.id, Relation.version == seen, Relation.withdrawn_at.is_(None))
        .values(withdrawn_at=moment, version=seen + 1)
    )
    if withdrawn.rowcount == 0:
        raise Gone("The relation was withdrawn.")
    entry = Entry.by(standing, ChangeKind.RELATION_WITHDRAWN, row.id, seen + 1, moment)
    await append(db, standing.project_id, [entry], after=end)
