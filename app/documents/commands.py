"""Every write to documents."""

from typing import Any

from sqlalchemy import Row, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from app.changes import recorded
from app.changes.commands import Entry, append, lock
from app.changes.recorded import Recorded, Refused, table_of
from app.core.columns import now
from app.core.database import Moved, Session
from app.core.errors import ExternalIdConflict, Forbidden, Gone, IdConflict, Stale, TooLarge
from app.core.permissions import Act, Standing, may
from app.core.vocabulary import ChangeKind, OffsetUnit
from app.documents import queries
from app.documents.queries import SeenDocument
from app.documents.rows import NewDocument, logged, same_content
from app.documents.schemas import DocumentIn, DocumentOut, DocumentPatch
from app.models import Annotation, AnnotationVersion, Change, Document, Relation
from app.models.constraints import violated
from app.text.arrival import arrive

_DOCUMENTS, _REVISIONS = table_of("documents"), table_of("revisions")
_CREATE = Recorded(_DOCUMENTS, _REVISIONS)


async def create(
    db: Session,
    standing: Standing,
    new: DocumentIn,
    unit: OffsetUnit = OffsetUnit.CODE_POINTS,
    *,
    max_chars: int,
) -> tuple[DocumentOut, bool]:
    """Add a document and its first revision; False when it was there already.

    Args:
        db: a session that may write.
        standing: what the caller is in the project.
        new: the document; its text is changed as ``text.arrival`` says and no further.
        unit: what a refusal's position counts.
        max_chars: the longest text taken, in code points.

    Raises:
        TooLarge: when the text is longer.
        ControlCharacter: when the text or another field holds one.
        IdConflict: when the id is taken by other content.
        ExternalIdConflict: when the external id is.
        Gone: when the id is that of a document that was deleted.
    """
    if len(new.text) > max_chars:
        raise TooLarge(limit=max_chars, unit="code_points")
    arrival = arrive(new.text, unit=unit)
    moment = now()
    rows = NewDocument.of(
        new,
        arrival,
        project_id=standing.project_id,
        maker_id=standing.actor.id,
        at=moment,
    )
    out = rows.out(project=standing.project, created_by=standing.actor.name)
    entry = Entry(
        standing.project_id,
        standing.actor.id,
        ChangeKind.DOCUMENT_CREATED,
        out.id,
        1,
        moment,
        logged(out),
    )
    try:
        await _CREATE.write(
            db,
            entry,
            epoch=standing.epoch,
            rows={"documents": rows.document, "revisions": rows.revision},
        )
    except Refused:
        raise Moved from None
    except IntegrityError as error:
        taken = violated(error)
        if taken not in {"pk_documents", "uq_documents_project_id_external_id"}:
            raise
        stored = await _stored(db, standing, new, by_id=taken == "pk_documents")
        return await _same_or_conflict(db, standing, new, out, stored), False
    return out, True


async def _stored(
    db: Session, standing: Standing, new: DocumentIn, *, by_id: bool
) -> Row[Any] | None:
    if by_id and new.id is not None:
        return await queries.by_id(db, new.id)
    return await queries.by_external_id(db, standing.project_id, new.external_id or "")


async def _same_or_conflict(
    db: Session,
    standing: Standing,
    new: DocumentIn,
    out: DocumentOut,
    stored: Row[Any] | None,
) -> DocumentOut:
    """The stored document, if it was created by the same request; what it became since is no matter."""
    if stored is None:
        raise Moved
    if stored.project_id != standing.project_id:
        raise IdConflict("The id is taken.")
    if stored.deleted_at is not None:
        raise Gone("The document of that id was deleted.")
    created = select(Change.state).where(
        Change.project_id == stored.project_id, Change.sequence == stored.sequence
    )
    first = (await db.execute(created)).scalar_one()
    if not same_content(logged(out), first):
        if new.id == stored.id:
            raise IdConflict("The id is taken by a document with other content.")
        raise ExternalIdConflict(
            f"The external id is taken by document {stored.id}, which has other content."
        )
    return await queries.out(db, SeenDocument(standing, stored))


async def edit(db: Session, document: SeenDocument, seen: int, patch: DocumentPatch) -> DocumentOut:
    """Change everything of a document but its text.

    Raises:
        Forbidden: unless the caller added it or manages the project.
        Stale: when ``seen`` is not the current version.
        ExternalIdConflict: when the new external id is taken.
    """
    standing = document.standing
    own = document.row.created_by == standing.actor.name
    if not own and not may(standing.role, Act.MANAGE):
        raise Forbidden("Only who added the document, or a manager, may change it.")
    values = patch.model_dump(exclude_unset=True)
    if "title" in values:
        values["title_folded"] = values["title"].casefold()
    await db.begin()
    end = await lock(db, standing.project_id)
    try:
        changed = await db.execute(
            update(_DOCUMENTS)
            .where(
                _DOCUMENTS.c.id == document.id,
                _DOCUMENTS.c.version == seen,
                _DOCUMENTS.c.deleted_at.is_(None),
            )
            .values(version=_DOCUMENTS.c.version + 1, updated_at=now(), **values)
        )
    except IntegrityError:
        raise ExternalIdConflict("Another document of the project has that external id.") from None
    row = await queries.by_id(db, document.id)
    if row is None or row.deleted_at is not None:
        raise Gone("The document was deleted.")
    out = await queries.out(db, SeenDocument(standing, row))
    if changed.rowcount == 0:
        raise Stale(out.model_dump(mode="json", exclude={"text"}), version=out.version)
    entry = Entry(
        standing.project_id,
        standing.actor.id,
        ChangeKind.DOCUMENT_UPDATED,
        out.id,
        out.version,
        out.updated_at,
        logged(out),
    )
    await append(db, standing.project_id, [entry], after=end)
    return out


async def delete(db: Session, document: SeenDocument, seen: int) -> None:
    """Take a document, its annotations and its relations out of every list and export.

    Each annotation and relation is withdrawn like by itself, with its history and its entry in the
    log; the texts stay, for what refers to them.

    Raises:
        Stale: when ``seen`` is not the current version.
    """
    standing, moment = document.standing, now()
    await db.begin()
    end = await lock(db, standing.project_id, epoch=True)
    row = await queries.by_id(db, document.id)
    if row is None or row.deleted_at is not None:
        raise Gone("The document was deleted.")
    if row.version != seen:
        current = await queries.out(db, SeenDocument(standing, row))
        raise Stale(current.model_dump(mode="json", exclude={"text"}), version=row.version)

    for table, kind in (
        (table_of(Relation.__tablename__), ChangeKind.RELATION_WITHDRAWN),
        (table_of(Annotation.__tablename__), ChangeKind.ANNOTATION_WITHDRAWN),
    ):
        living = (table.c.document_id == document.id, table.c.withdrawn_at.is_(None))
        place = func.row_number().over(order_by=table.c.sequence)
        logged = select(
            table.c.project_id,
            end + place,
            literal(moment, Change.at.type),
            literal(standing.actor.id, Change.actor_id.type),
            literal(kind, Change.kind.type),
            table.c.id,
            table.c.version + 1,
        ).where(*living)
        names = ["project_id", "sequence", "at", "actor_id", "kind", "subject_id", "version"]
        found = await db.execute(insert(Change).from_select(names, logged))
        values: dict[str, Any] = {"withdrawn_at": moment, "version": table.c.version + 1}
        if kind is ChangeKind.ANNOTATION_WITHDRAWN:
            await db.execute(
                recorded.copied(table, table_of(AnnotationVersion.__tablename__), *living)
            )
            values |= {"updated_at": moment, "updated_by_id": standing.actor.id}
        await db.execute(update(table).where(*living).values(values))
        end += found.rowcount

    await db.execute(
        update(Document)
        .where(Document.id == document.id)
        .values(deleted_at=moment, updated_at=moment, version=Document.version + 1)
    )
    entry = Entry(
        standing.project_id,
        standing.actor.id,
        ChangeKind.DOCUMENT_DELETED,
        document.id,
        seen + 1,
        moment,
    )
    await append(db, standing.project_id, [entry], after=end)
