"""Every write to annotations."""

from typing import Any

from sqlalchemy import Row, update
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.annotations import content, queries
from app.annotations.content import Words
from app.annotations.queries import SeenAnnotation
from app.annotations.schemas import AnnotationIn, AnnotationOut, AnnotationPatch
from app.changes.commands import Entry, append, lock
from app.changes.recorded import Recorded, Refused, Superseding, copied, table_of
from app.core.columns import now
from app.core.database import Moved, Session
from app.core.errors import (
    ExternalIdConflict,
    Forbidden,
    Gone,
    IdConflict,
    InvalidValue,
    RelationNotAllowed,
    Stale,
)
from app.core.permissions import Act, Standing, may
from app.core.vocabulary import ChangeKind, OffsetUnit, Origin, Status
from app.documents.queries import SeenDocument, text_of
from app.models import Relation
from app.models.constraints import violated
from app.projects import queries as projects
from app.text.offsets import Ruler

ANNOTATIONS, VERSIONS = table_of("annotations"), table_of("annotation_versions")

_CREATE = Recorded(ANNOTATIONS)
_EDIT = Recorded(
    supersedes=Superseding(
        ANNOTATIONS,
        VERSIONS,
        key="annotation_id",
        changes=(
            "label",
            "start",
            "end",
            "quote",
            "fragments",
            "attributes",
            "note",
            "confidence",
            "warnings",
            "status",
            "decided_by_id",
            "decided_at",
            "editor_id",
            "updated_by_id",
            "updated_at",
        ),
        living=ANNOTATIONS.c.withdrawn_at.is_(None),
    )
)
_SAID = ("label", "start", "end", "fragments", "attributes", "note", "confidence")


class _Fresh:
    """A row that was just written, with the names that a stored row is joined to."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


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
    _check_confidence(new.confidence, Origin(new.origin))
    scheme = await projects.scheme(db, standing)
    text = await text_of(db, document.id, document.revision)
    said = content.checked(
        scheme,
        Words(text, unit),
        label=new.label,
        span=new,
        fragments=new.fragments,
        attributes=new.attributes,
    )
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
    entry = Entry(
        standing.project_id, actor.id, ChangeKind.ANNOTATION_CREATED, row["id"], 1, moment
    )
    try:
        await _CREATE.write(db, entry, epoch=standing.epoch, rows={"annotations": row})
    except Refused:
        raise Moved from None
    except IntegrityError as error:
        taken = violated(error)
        if taken not in {"pk_annotations", "uq_annotations_document_id_external_id"}:
            raise
        stored = await _same_or_conflict(db, document, row, by_id=taken == "pk_annotations")
        return await queries.out(db, standing, stored, unit), False
    ruler = None if unit is OffsetUnit.CODE_POINTS else Ruler(text, unit)
    fresh = _Fresh({**row, "author": actor.name, "decided_by": None})
    return AnnotationOut.of(fresh, standing.project, unit, ruler), True


def _check_confidence(confidence: float | None, origin: Origin) -> None:
    if confidence is not None and origin is not Origin.MODEL:
        raise InvalidValue("/confidence", "Only an annotation of origin “model” has a confidence.")


async def _same_or_conflict(
    db: Session, document: SeenDocument, sent: dict[str, Any], *, by_id: bool
) -> Row[Any]:
    """The stored annotation, if the same request created it; what it became since is no matter."""
    stored = (
        await queries.by_id(db, sent["id"])
        if by_id
        else await queries.by_external_id(db, document.id, sent["external_id"])
    )
    if stored is None:
        raise Moved
    if stored.document_id != document.id:
        raise IdConflict("The id is taken.")
    if stored.withdrawn_at is not None:
        raise Gone("The annotation of that id was withdrawn; its history remains.")
    first = stored if stored.version == 1 else await queries.first_version(db, stored.id)
    same = (
        first is not None
        and all(sent[name] == getattr(first, name) for name in _SAID)
        and sent["external_id"] == stored.external_id
        and sent["origin"] == stored.origin
        and sent["author_id"] == stored.author_id
    )
    if same:
        return stored
    if by_id:
        raise IdConflict("The id is taken by an annotation with other content or author.")
    raise ExternalIdConflict(
        f"The external id is taken by annotation {stored.id}, which has other content or author."
    )


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
        RelationNotAllowed: when the scheme does not let a relation of it join the new label.
    """
    standing, row = annotation.standing, annotation.row
    if not _own(annotation) and not may(standing.role, Act.REVIEW):
        raise Forbidden("Only its author or a reviewer may edit an annotation.")
    if annotation.alive().row.version != seen:
        raise await stale(db, annotation, unit)
    said = await _edited(db, annotation, patch, unit)
    if all(said[name] == getattr(row, name) for name in _SAID):
        return await queries.out(db, standing, row, unit)
    if said["label"] != row.label:
        # Relations are checked by label, so none may be added until this is written.
        await db.begin()
        await lock(db, standing.project_id)
        await _keep_relations(db, annotation, said["label"])
    moment = now()
    values = {
        **said,
        "status": Status.PENDING,
        "decided_by_id": None,
        "decided_at": None,
        "editor_id": standing.actor.id,
        "updated_by_id": standing.actor.id,
        "updated_at": moment,
    }
    entry = Entry(
        standing.project_id,
        standing.actor.id,
        ChangeKind.ANNOTATION_UPDATED,
        annotation.id,
        seen + 1,
        moment,
    )
    try:
        await _EDIT.write(
            db,
            entry,
            epoch=standing.epoch,
            rows={},
            superseding={"id": annotation.id, "version": seen, **values},
        )
    except Refused:
        raise await moved_or_stale(db, annotation, seen, unit) from None
    fresh = _Fresh({**row._mapping, **values, "decided_by": None, "version": seen + 1})
    ruler = None
    if unit is not OffsetUnit.CODE_POINTS:
        ruler = Ruler(await text_of(db, row.document_id, row.revision), unit)
    return AnnotationOut.of(fresh, standing.project, unit, ruler)


async def moved_or_stale(
    db: Session, annotation: SeenAnnotation, seen: int, unit: OffsetUnit
) -> Exception:
    """Why a guarded write changed no row: the version is another, or the project has moved."""
    problem = await stale(db, annotation, unit)
    current = problem.members["current"]
    assert isinstance(current, dict)  # noqa: S101  # for the type checker
    return Moved() if current["version"] == seen else problem


async def _edited(
    db: Session, annotation: SeenAnnotation, patch: AnnotationPatch, unit: OffsetUnit
) -> dict[str, Any]:
    """The columns of the annotation as the patch wants it."""
    row, fields = annotation.row, patch.model_fields_set
    if "label" in fields and not patch.label:
        raise InvalidValue("/label", "The label cannot be empty.")
    confidence = patch.confidence if "confidence" in fields else row.confidence
    _check_confidence(confidence, row.origin)
    said = {
        **{name: getattr(row, name) for name in (*_SAID, "quote", "warnings")},
        "note": patch.note if "note" in fields else row.note,
        "confidence": confidence,
    }
    label = patch.label if "label" in fields else row.label
    scheme = await projects.scheme(db, annotation.standing)
    text = await text_of(db, row.document_id, row.revision)
    if patch.moves():
        return said | content.checked(
            scheme,
            Words(text, unit),
            label=label,
            span=patch,
            fragments=patch.fragments,
            attributes=patch.attributes if "attributes" in fields else row.attributes,
        )
    return said | content.described(
        scheme,
        # What is stored counts code points, whatever the caller counts.
        Words(text, unit if "attributes" in fields else OffsetUnit.CODE_POINTS),
        label,
        patch.attributes if "attributes" in fields else row.attributes,
    )


async def _keep_relations(db: Session, annotation: SeenAnnotation, label: str) -> None:
    scheme = await projects.scheme(db, annotation.standing)
    for relation in await queries.living_relations_of(db, annotation.id):
        source = label if relation.source_id == annotation.id else relation.source_label
        target = label if relation.target_id == annotation.id else relation.target_label
        refusal = scheme.relation_refusal(relation.type, source, target)
        if refusal is not None:
            raise RelationNotAllowed(
                "/label",
                f"{refusal.detail} Withdraw the relation first, or keep the label.",
                relation=str(relation.id),
                allowed=refusal.errors[0].get("allowed"),
            )


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
    end = await lock(db, standing.project_id)
    moment = now()
    this = (
        ANNOTATIONS.c.id == annotation.id,
        ANNOTATIONS.c.version == seen,
        ANNOTATIONS.c.withdrawn_at.is_(None),
    )
    await db.execute(copied(ANNOTATIONS, VERSIONS, *this))
    withdrawn = await db.execute(
        update(ANNOTATIONS)
        .where(*this)
        .values(
            withdrawn_at=moment,
            version=seen + 1,
            updated_at=moment,
            updated_by_id=standing.actor.id,
        )
    )
    if withdrawn.rowcount == 0:
        raise await stale(db, annotation, unit)
    relations = await queries.living_relations_of(db, annotation.id)
    if relations:
        await db.execute(
            update(Relation)
            .where(Relation.id.in_([relation.id for relation in relations]))
            .values(withdrawn_at=moment, version=Relation.version + 1)
        )
    entries = [
        *(
            _withdrawal(standing, ChangeKind.RELATION_WITHDRAWN, relation.id, relation.version + 1)
            for relation in relations
        ),
        _withdrawal(standing, ChangeKind.ANNOTATION_WITHDRAWN, annotation.id, seen + 1),
    ]
    await append(db, standing.project_id, entries, after=end)


def _withdrawal(standing: Standing, kind: ChangeKind, id: Any, version: int) -> Entry:
    return Entry(standing.project_id, standing.actor.id, kind, id, version, now())
