"""Every write to documents."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from app.changes.commands import Entry, append, lock_under
from app.changes.recorded import Recorded, Refused, table_of
from app.changes.superseding import copied
from app.core.database import Moved, Session
from app.core.errors import ExternalIdConflict, Forbidden, Gone, IdConflict, Stale, TooLarge
from app.core.jsontext import same_json
from app.core.permissions import Act, Standing, may
from app.core.timestamps import now, now_after
from app.core.vocabulary import ChangeKind, OffsetUnit
from app.documents import queries
from app.documents.rows import NewDocument, logged, same_content, words_of
from app.documents.schemas import Counts, DocumentIn, DocumentItem, DocumentOut, DocumentPatch
from app.documents.seen import SeenDocument
from app.models import (
    WORDS,
    Annotation,
    AnnotationVersion,
    Change,
    Document,
    DocumentWords,
    Relation,
)
from app.models.constraints import violated
from app.projects.commands import locked
from app.text.normalization import normalize, stored_length
from app.text.words import line, words

_DOCUMENTS, _REVISIONS = table_of("documents"), table_of("revisions")
_CREATE = Recorded(_DOCUMENTS, _REVISIONS, WORDS, large=True)
_EXTERNAL_ID = "uq_documents_project_id_external_id"
# PostgreSQL runs the parts of a statement in any order, so that either table may notice a taken id.
_TAKEN = {"pk_documents", "pk_revisions", "uq_document_words_document_id", _EXTERNAL_ID}

# Code points of a text whose words are found in a few milliseconds; for others the loop goes on.
_SHORT = 50_000


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
        new: the document; its text is changed as ``text.normalization`` says and no further.
        unit: what a refusal's position counts.
        max_chars: the longest text taken, in code points of what is stored.

    Raises:
        TooLarge: when the text is longer.
        ControlCharacter: when the text or another field holds one.
        IdConflict: when the id is taken by other content.
        ExternalIdConflict: when the external id is.
        Gone: when the id is that of a document that was deleted.
    """
    if stored_length(new.text) > max_chars:
        raise TooLarge(limit=max_chars, unit="code_points")
    normalized = normalize(new.text, unit=unit)
    moment = now()
    rows = NewDocument.of(
        new,
        normalized,
        project_id=standing.project_id,
        maker_id=standing.actor.id,
        at=moment,
    )
    out = rows.out(project=standing.project, created_by=standing.actor.name)
    found_by = (
        words_of(rows.document, normalized.text)
        if len(normalized.text) <= _SHORT
        else await asyncio.to_thread(words_of, rows.document, normalized.text)
    )
    entry = Entry.by(standing, ChangeKind.DOCUMENT_CREATED, out.id, 1, moment, logged(out))
    try:
        await _CREATE.write(
            db,
            entry,
            epoch=standing.epoch,
            rows={
                "documents": rows.document,
                "revisions": rows.revision,
                WORDS.name: found_by,
            },
        )
    except Refused:
        raise Moved from None
    except IntegrityError as error:
        if violated(error) not in _TAKEN:
            raise
        return await _same_or_conflict(db, standing, new, out), False
    return out, True


async def _same_or_conflict(
    db: Session, standing: Standing, new: DocumentIn, out: DocumentOut
) -> DocumentOut:
    """The stored document, if it says the same, now or when it was created."""
    stored = None if new.id is None else await queries.by_id(db, new.id)
    if stored is None and new.external_id is not None:
        stored = await queries.by_external_id(db, standing.project_id, new.external_id)
        if stored is not None and new.id is not None:
            raise ExternalIdConflict(f"The external id is taken by document {stored.id}.")
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
    current = logged(DocumentItem.of(stored, standing.project, Counts()))
    if any(same_content(logged(out), state) for state in (first, current)):
        return await queries.out(db, SeenDocument(standing, stored))
    if new.id is not None:
        raise IdConflict("The id is taken by a document with other content.")
    raise ExternalIdConflict(
        f"The external id is taken by document {stored.id}, which has other content."
    )


async def edit(db: Session, document: SeenDocument, seen: int, patch: DocumentPatch) -> DocumentOut:
    """Change everything of a document but its text; what changes nothing makes no version.

    Raises:
        Forbidden: unless the caller added it or manages the project.
        Stale: when ``seen`` is not the current version.
        ExternalIdConflict: when the new external id is taken.
    """
    standing = document.standing
    own = document.row.created_by == standing.actor.name
    if not own and not may(standing.role, Act.MANAGE):
        raise Forbidden("Only who added the document, or a manager, may change it.")
    if document.row.version != seen:
        raise await _stale(db, standing, document.id)
    before = logged(DocumentItem.of(document.row, standing.project, Counts()))
    if same_json(before, before | patch.model_dump(mode="json", exclude_unset=True)):
        return await queries.out(db, document)
    values = patch.model_dump(exclude_unset=True)
    if "title" in values:
        values["title_folded"] = values["title"].casefold()
    await db.begin()
    end = await lock_under(db, standing)
    this = (_DOCUMENTS.c.id == document.id, _DOCUMENTS.c.version == seen)
    try:
        changed = await db.execute(
            update(_DOCUMENTS)
            .where(*this, _DOCUMENTS.c.deleted_at.is_(None))
            .values(version=seen + 1, updated_at=now_after(document.row.updated_at), **values)
        )
    except IntegrityError as error:
        if violated(error) != _EXTERNAL_ID:
            raise
        raise ExternalIdConflict("Another document of the project has that external id.") from None
    if changed.rowcount == 0:
        raise await _stale(db, standing, document.id)
    if "title" in values:
        await db.execute(
            update(DocumentWords)
            .where(DocumentWords.document_id == document.id)
            .values(title=line(words(patch.title)))
        )
    out = await queries.out(db, SeenDocument(standing, await _living(db, document.id)))
    entry = Entry.by(
        standing, ChangeKind.DOCUMENT_UPDATED, out.id, out.version, out.updated_at, logged(out)
    )
    await append(db, standing.project_id, [entry], after=end)
    return out


async def _living(db: Session, id: UUID) -> Row[Any]:
    """The document's row.

    Raises:
        Gone: when it was deleted meanwhile.
    """
    row = await queries.by_id(db, id)
    if row is None or row.deleted_at is not None:
        raise Gone("The document was deleted.")
    return row


async def _stale(db: Session, standing: Standing, id: UUID) -> Stale:
    """The problem that says what the document is now."""
    current = await queries.out(db, SeenDocument(standing, await _living(db, id)))
    return Stale(
        current.model_dump(mode="json", exclude={"text"}),
        version=current.version,
        beside=current.counts.tag(),
    )


_LATEST = select(
    select(func.max(Annotation.updated_at))
    .where(Annotation.document_id == bindparam("document_id"), Annotation.withdrawn_at.is_(None))
    .scalar_subquery(),
    select(func.max(Relation.created_at))
    .where(Relation.document_id == bindparam("document_id"), Relation.withdrawn_at.is_(None))
    .scalar_subquery(),
)
"""When annotations of a document were last written, and relations."""


async def delete(db: Session, document: SeenDocument, seen: int, *, beside: str = "") -> None:
    """Take a document, its annotations and its relations out of every list and export.

    Each annotation and relation is withdrawn like by itself, with its history and its entry in the
    log; the texts stay, for what refers to them.

    Raises:
        Moved: when the caller managed the project when they were let in and does so no more.
        Gone: when it was deleted meanwhile.
        Stale: when ``seen`` is not the current version, or ``beside``, if it is given, is not
            what annotations there are by now (``Counts.tag``).
    """
    standing = document.standing
    end = await locked(db, standing)
    row = await _living(db, document.id)
    counts = await queries.counts(db, [document.id]) if beside else {}
    if row.version != seen or (beside and counts[document.id].tag() != beside):
        raise await _stale(db, standing, document.id)
    latest = (await db.execute(_LATEST, {"document_id": document.id})).one()
    moment = now_after(row.updated_at, *filter(None, latest))
    for table, kind in (
        (table_of(Relation.__tablename__), ChangeKind.RELATION_WITHDRAWN),
        (table_of(Annotation.__tablename__), ChangeKind.ANNOTATION_WITHDRAWN),
    ):
        living = (table.c.document_id == document.id, table.c.withdrawn_at.is_(None))
        place = func.row_number().over(order_by=table.c.sequence)
        entries = select(
            table.c.project_id,
            end + place,
            literal(moment, Change.at.type),
            literal(standing.actor.id, Change.actor_id.type),
            literal(kind, Change.kind.type),
            table.c.id,
            table.c.version + 1,
        ).where(*living)
        names = ["project_id", "sequence", "at", "actor_id", "kind", "subject_id", "version"]
        found = await db.execute(insert(Change).from_select(names, entries))
        values: dict[str, Any] = {"withdrawn_at": moment, "version": table.c.version + 1}
        if kind is ChangeKind.ANNOTATION_WITHDRAWN:
            await db.execute(copied(table, table_of(AnnotationVersion.__tablename__), *living))
            values |= {"updated_at": moment, "updated_by_id": standing.actor.id}
        await db.execute(update(table).where(*living).values(values))
        end += found.rowcount

    await db.execute(
        update(Document)
        .where(Document.id == document.id)
        .values(deleted_at=moment, updated_at=moment, version=Document.version + 1)
    )
    entry = Entry.by(standing, ChangeKind.DOCUMENT_DELETED, document.id, seen + 1, moment)
    await append(db, standing.project_id, [entry], after=end)
