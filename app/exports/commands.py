"""Releases: freezing what an export holds now.

A release refers to versions, which never change, so it copies no text; only what of a document can
change and has no history of its own is copied.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, insert, literal, select, update
from uuid_utils.compat import uuid7

from app.annotations.filters import unknown_attribute
from app.changes.commands import lock_under
from app.core.database import Database, Session
from app.core.errors import InvalidValue, NameTaken
from app.core.permissions import Standing
from app.core.timestamps import now
from app.core.validation import escaped
from app.exports import content, releases
from app.exports.corpus import PARTICULARS, Corpus, living, released
from app.exports.schemas import ReleaseIn, ReleaseOut
from app.models import (
    Annotation,
    Relation,
    Release,
    ReleasedAnnotation,
    ReleasedDocument,
    ReleasedRelation,
)
from app.users.queries import check_unchanged


async def release(
    database: Database, standing: Standing, new: ReleaseIn
) -> tuple[ReleaseOut, bool]:
    """The release of that name, and whether it is new.

    What is chosen is frozen in one commit; its digest is made from what was frozen, after that, so
    that nobody waits for it. A release that was left without one is finished by the same request
    again.

    Args:
        database: where to write, in sessions of its own.
        standing: who releases.
        new: its name, and which annotations.

    Raises:
        NameTaken: when another release has the name.
        InvalidValue: when the filter of a new one names an attribute that no label has.
        Moved: when the scheme, the members or the caller were changed since they were let in.
    """
    async with database.session(writes=True) as db:
        await db.begin(unhurried=True)
        snapshot = await lock_under(db, standing)
        await check_unchanged(db, standing.actor)
        known = await releases.named(db, standing.project_id, new.name, whole=False)
        if known is None:
            await _check_attributes(db, standing, new)
            id, unfinished = await _freeze(db, standing, new, snapshot), True
        else:
            id, unfinished = known.id, known.sha256 is None
            if (known.filter, known.description) != (new.filter.stored(), new.description):
                raise NameTaken(f"There is a release “{new.name}” of something else.")
    is_new = unfinished and await _finished(database, standing, id)
    async with database.session(writes=False) as db:
        return await releases.release(db, standing, new.name), is_new


async def _check_attributes(db: Session, standing: Standing, new: ReleaseIn) -> None:
    unknown = await unknown_attribute(db, standing, new.filter.given())
    if unknown is not None:
        pointer = f"/filter/attributes/{escaped(unknown.name)}"
        raise InvalidValue(pointer, unknown.detail, allowed=unknown.allowed)


async def _finished(database: Database, standing: Standing, id: UUID) -> bool:
    """Whether the release got its digest here, and not meanwhile by the same request elsewhere."""
    counts, digest = await _described(database, standing, id)
    async with database.session(writes=True) as db:
        # The WHERE is the guard: of several that finish it at once, one changes a row.
        finished = await db.execute(
            update(Release)
            .where(Release.id == id, Release.sha256.is_(None))
            .values(counts=counts, sha256=digest)
            .returning(Release.id)
        )
        return finished.one_or_none() is not None


async def _freeze(db: Session, standing: Standing, new: ReleaseIn, snapshot: int) -> UUID:
    id = uuid7()
    await db.execute(
        insert(Release).values(
            id=id,
            project_id=standing.project_id,
            name=new.name,
            description=new.description,
            filter=new.filter.stored(),
            snapshot=snapshot,
            scheme_version=standing.scheme_version,
            created_by_id=standing.actor.id,
            created_at=now(),
        )
    )
    corpus = living(
        standing.project_id, new.filter.given(), db.dialect, annotated=new.filter.annotated
    )
    for model, names, rows in _frozen(corpus, standing.project_id):
        columns = rows.subquery().c
        chosen = (literal(id, Uuid()), *(columns[name] for name in names.values()))
        await db.execute(
            insert(model.__table__).from_select(["release_id", *names], select(*chosen))
        )
    return id


def _frozen(corpus: Corpus, project_id: UUID) -> list[tuple[Any, Mapping[str, str], Select[Any]]]:
    """Each table of a release with its columns, and which of which rows they are filled with."""
    of_documents = {"document_id": "id", **{name: name for name in PARTICULARS}}
    return [
        (ReleasedDocument, of_documents, corpus.documents),
        (
            ReleasedAnnotation,
            {"annotation_id": "id", "version": "version"},
            corpus.annotations.where(Annotation.project_id == project_id),
        ),
        (
            ReleasedRelation,
            {"relation_id": "id"},
            corpus.relations.where(Relation.project_id == project_id),
        ),
    ]


async def _described(
    database: Database, standing: Standing, id: UUID
) -> tuple[dict[str, Any], str]:
    """What a release holds, by label and status, and the SHA-256 of its canonical ``jsonl``."""
    async with database.snapshot() as db:
        digest = await content.digest(db, released(standing.project_id, id))
        return await releases.counts(db, id), digest
