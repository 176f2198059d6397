"""Every write to annotations."""

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import Row, update
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.annotations import content, queries
from app.annotations.content import Words
from app.annotations.schemas import AnnotationIn, AnnotationOut, AnnotationPatch
from app.annotations.seen import SeenAnnotation
from app.annotations.versions import ANNOTATIONS, superseding
from app.changes.commands import Entry, append, lock_under
from app.changes.recorded import Recorded, Refused
from app.core.database import Moved, Session
from app.core.database.among import AMONG, bound
from app.core.errors import ExternalIdConflict, Forbidden, Gone, IdConflict, Stale
from app.core.permissions import Act, may
from app.core.timestamps import now, now_after
from app.core.vocabulary import ChangeKind, OffsetUnit, Origin, Status
from app.documents.queries import text_of
from app.documents.seen import SeenDocument
from app.models import Relation
from app.models.constraints import violated
from app.projects import queries as projects

T = TypeVar("T")

# Code points. To search a text of so many, or to explain why a quote is not in it, takes some tens
# of milliseconds; a thread takes a tenth of one.
_LONG = 50_000

_CREATE = Recorded(ANNOTATIONS)
_EDIT = Recorded(
    supersedes=superseding(
        *content.SAID, "quote", "warnings", "status", "decided_by_id", "decided_at", "editor_id"
    )
)
_WITHDRAW = Recorded(supersedes=superseding("withdrawn_at"))


async def create(
    db: Session, document: SeenDocument, new: AnnotationIn, unit: OffsetUnit
) -> tuple[AnnotationOut, bool]:
    """Write a verified annotation; False when it was there already.

    Raises:
        Unprocessable: when anything of it is refused; nothing is written.
        IdConflict: when the id is taken by other content.
        ExternalIdConflict: when the external id is.
        Gone: when the id is that of an annotation that was withdrawn.
    """
    standing = document.standing
    content.check_confidence(new.confidence, Origin(new.origin))
    scheme = await projects.scheme(db, standing)
    text = await text_of(db, document.id, document.revision, document.sha256)
    check = partial(
        content.checked,
        scheme,
        Words(text, unit),
        label=new.label,
        span=new,
        fragments=new.fragments,
        attributes=new.attributes,
    )
    said, unfit = await _aside(text, check)
    moment, actor = now(), standing.actor
    row = {
        "id": new.id or uuid7(),
        "project_id": standing.project_id,
        "document_id": document.id,
        "revision": document.revision,
        "external_id": new.external_id,
        **said,
        "note": new.note,
        "origin": Origin(new.origin),
        "confidence": new.confidence,
        "author_id": actor.id,
        "editor_id": actor.id,
        "updated_by_id": actor.id,
        "status": Status.PENDING,
        "decided_by_id": None,
        "decided_at": None,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
        "withdrawn_at": None,
    }
    if unfit is not None:
        # It may be there since an earlier scheme took it.
        stored = await _same_or_conflict(db, document, row, by_id=new.id is not None)
        if stored is None:
            raise unfit
        return await queries.out(db, standing, stored, unit), False
    entry = Entry.by(standing, ChangeKind.ANNOTATION_CREATED, row["id"], 1, moment)
    try:
        await _CREATE.write(db, entry, epoch=standing.epoch, rows={"annotations": row})
    except Refused:
        raise Moved from None
    except IntegrityError as error:
        taken = violated(error)
        if taken not in {"pk_annotations", "uq_annotations_document_id_external_id"}:
            raise
        by_id = taken == "pk_annotations" or new.id is not None
        stored = await _same_or_conflict(db, document, row, by_id=by_id)
        if stored is None:
            raise Moved from None
        return await queries.out(db, standing, stored, unit), False
    fresh = SimpleNamespace(**row, author=actor.name, decided_by=None, sha256=document.sha256)
    return await queries.out(db, standing, fresh, unit), True


async def _aside(text: str, check: Callable[[], T]) -> T:
    """What a check of the text comes to; of a long one in a thread, so that the loop goes on."""
    return await asyncio.to_thread(check) if len(text) > _LONG else check()


async def _same_or_conflict(
    db: Session, document: SeenDocument, sent: dict[str, Any], *, by_id: bool
) -> Row[Any] | None:
    """The stored annotation, if it says the same, now or when it was created.

    None when there is none of the id or the external id that was sent.
    """
    if document.recalled:
        # Nothing was written, so nothing has shown whether the caller may still see it.
        raise Moved
    stored = await queries.by_id(db, sent["id"]) if by_id else None
    if stored is None and sent["external_id"] is not None:
        stored = await queries.by_external_id(db, document.id, sent["external_id"])
        if stored is not None and by_id:
            raise ExternalIdConflict(f"The external id is taken by annotation {stored.id}.")
    if stored is None:
        return None
    if stored.document_id != document.id:
        raise IdConflict("The id is taken.")
    if stored.withdrawn_at is not None:
        raise Gone("The annotation of that id was withdrawn; its history remains.")
    first = stored
    if stored.version > 1:
        first = await queries.first_version(db, stored.id) or stored
    if any(content.same(sent, version._asdict()) for version in (first, stored)) and all(
        sent[name] == getattr(stored, name) for name in _UNCHANGING
    ):
        return stored
    if by_id:
        raise IdConflict("The id is taken by an annotation with other content or author.")
    raise ExternalIdConflict(
        f"The external id is taken by annotation {stored.id}, which has other content or author."
    )


_UNCHANGING = ("external_id", "origin", "author_id")


def _own(annotation: SeenAnnotation) -> bool:
    own: bool = annotation.row.author_id == annotation.standing.actor.id
    return own


async def stale(db: Session, annotation: SeenAnnotation, unit: OffsetUnit) -> Stale:
    """The problem that says what the annotation is now.

    Raises:
        Gone: when it was withdrawn meanwhile.
    """
    row = await queries.by_id(db, annotation.id)
    if row is None or row.withdrawn_at is not None:
        raise Gone("The annotation was withdrawn; its history remains.")
    current = await queries.out(db, annotation.standing, row, unit)
    return Stale(current.model_dump(mode="json"), version=row.version)


async def moved_or_stale(
    db: Session, annotation: SeenAnnotation, seen: int, unit: OffsetUnit
) -> Exception:
    """Why a guarded write changed no row: the version is another, or the project has moved."""
    problem = await stale(db, annotation, unit)
    return Moved() if problem.version == seen else problem


async def edit(
    db: Session,
    annotation: SeenAnnotation,
    seen: int,
    patch: AnnotationPatch,
    unit: OffsetUnit,
) -> AnnotationOut:
    """Make a new version, which is pending; an edit that changes nothing makes none.

    Raises:
        Forbidden: unless the caller is the author or a reviewer.
        Stale: when ``seen`` is not the current version.
        Unprocessable: when anything of the edit is refused.
        RelationNotAllowed: when the scheme does not let a relation of it join the new label; of
            several, all at once.
    """
    standing, row = annotation.standing, annotation.row
    if not _own(annotation) and not may(standing.role, Act.REVIEW):
        raise Forbidden("Only its author or a reviewer may edit an annotation.")
    if annotation.alive().row.version != seen:
        raise await stale(db, annotation, unit)
    scheme = await projects.scheme(db, standing)
    text = await text_of(db, row.document_id, row.revision, row.sha256)
    stored = row._asdict()
    said = await _aside(text, partial(content.edited, scheme, Words(text, unit), stored, patch))
    if content.unchanged(said, stored):
        return await queries.out(db, standing, row, unit)
    if said["label"] != row.label:
        # Relations are checked by label, so none may be added until this is written.
        await db.begin()
        await lock_under(db, standing)
        relations = await queries.living_relations_of(db, annotation.id)
        content.keep_relations(scheme, annotation.id, said["label"], relations)
    moment = now_after(row.updated_at)
    values = {
        **said,
        "status": Status.PENDING,
        "decided_by_id": None,
        "decided_at": None,
        "editor_id": standing.actor.id,
        "updated_by_id": standing.actor.id,
        "updated_at": moment,
    }
    entry = Entry.by(standing, ChangeKind.ANNOTATION_UPDATED, annotation.id, seen + 1, moment)
    await _supersede(db, _EDIT, annotation, entry, values, unit)
    fresh = SimpleNamespace(**{**stored, **values, "decided_by": None, "version": seen + 1})
    return await queries.out(db, standing, fresh, unit)


async def _supersede(
    db: Session,
    write: Recorded,
    annotation: SeenAnnotation,
    entry: Entry,
    values: dict[str, Any],
    unit: OffsetUnit,
) -> None:
    """Write the version after the one that was read, with its entry in the log."""
    seen: int = annotation.row.version
    try:
        await write.write(
            db,
            entry,
            epoch=annotation.standing.epoch,
            rows={},
            superseding={"id": annotation.id, "version": seen, **values},
        )
    except Refused:
        raise await moved_or_stale(db, annotation, seen, unit) from None


async def withdraw(db: Session, annotation: SeenAnnotation, seen: int, unit: OffsetUnit) -> None:
    """Take an annotation and its relations out of every list and export; the history stays.

    Raises:
        Forbidden: unless the caller is the author or a reviewer; for an approved one, a reviewer.
        Stale: when ``seen`` is not the current version.
    """
    standing = annotation.standing
    reviewer = may(standing.role, Act.REVIEW)
    if not _own(annotation) and not reviewer:
        raise Forbidden("Only its author or a reviewer may withdraw an annotation.")
    if annotation.alive().row.version != seen:
        raise await stale(db, annotation, unit)
    if annotation.row.status is Status.APPROVED and not reviewer:
        raise Forbidden("An approved annotation is withdrawn by a reviewer.")
    await db.begin()
    end = await lock_under(db, standing)
    # The relations first, so that a follower of the log never sees one without its ends.
    relations = await queries.living_relations_of(db, annotation.id)
    moment = now_after(annotation.row.updated_at, *(row.created_at for row in relations))
    if relations:
        await db.execute(
            update(Relation)
            .where(AMONG[db.dialect](Relation.id, "ids"))
            .values(withdrawn_at=moment, version=Relation.version + 1),
            {"ids": bound(db, [relation.id for relation in relations])},
        )
        entries = [
            Entry.by(standing, ChangeKind.RELATION_WITHDRAWN, row.id, row.version + 1, moment)
            for row in relations
        ]
        await append(db, standing.project_id, entries, after=end)
    values = {
        "withdrawn_at": moment,
        "updated_by_id": standing.actor.id,
        "updated_at": moment,
    }
    entry = Entry.by(standing, ChangeKind.ANNOTATION_WITHDRAWN, annotation.id, seen + 1, moment)
    await _supersede(db, _WITHDRAW, annotation, entry, values, unit)
