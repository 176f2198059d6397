"""What a database holds after a shift, and whether that is what the shift was promised.

What was acknowledged is there, once, with its history and its entries in the log; what was asked
for without an answer is there as wholly, or not at all.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, select, text

from app.core.database import Session
from app.core.database.connect import connect
from app.core.vocabulary import ChangeKind, Status
from app.models import (
    Annotation,
    AnnotationVersion,
    Change,
    ChangeHead,
    Decision,
    Document,
    DocumentWords,
    Relation,
    Revision,
)
from tests.conftest import settings
from tests.resilience.shift import NOTE, TITLE, Shift

_SUBJECTS = ("annotation.", "document.", "relation.")
"""What the kinds of those entries begin with that tell of a shift's work."""

_ANNOTATIONS = select(
    *(Annotation.__table__.c[name] for name in ("id", "document_id", "label", "quote", "note")),
    Annotation.version,
    Annotation.status,
    Annotation.decided_by_id.is_not(None).label("is_decided"),
    Annotation.withdrawn_at.is_not(None).label("is_withdrawn"),
)
_RELATIONS = select(
    *(Relation.__table__.c[name] for name in ("id", "document_id", "type")),
    Relation.source_id,
    Relation.target_id,
    Relation.version,
    Relation.withdrawn_at.is_not(None).label("is_withdrawn"),
)
# Outer joins: of a document that is there in part, the part is seen.
_DOCUMENTS = (
    select(
        Document.id,
        Document.title,
        Revision.text,
        DocumentWords.document_id.is_not(None).label("is_indexed"),
        Document.version,
        Document.deleted_at.is_not(None).label("is_withdrawn"),
    )
    .outerjoin(Revision, Revision.document_id == Document.id)
    .outerjoin(DocumentWords, DocumentWords.document_id == Document.id)
)

Log = list[tuple[ChangeKind, int]]
"""The entries of one subject: kinds and versions."""


@dataclass(frozen=True)
class Kept:
    """What the database holds at one moment, by the ids of its subjects."""

    annotations: dict[UUID, Row[Any]]
    versions: dict[UUID, list[int]]
    """Those that were superseded."""
    decided: dict[UUID, list[int]]
    """The versions that were decided on."""
    relations: dict[UUID, Row[Any]]
    documents: dict[UUID, Row[Any]]
    log: dict[UUID, Log]
    sequences: list[int]
    head: int


async def kept(database_url: str) -> Kept:
    """What it holds now."""
    database = connect(settings(database_url))
    async with database.snapshot() as db:
        if db.dialect == "sqlite":
            assert (await db.execute(text("PRAGMA integrity_check"))).scalars().all() == ["ok"]
            assert (await db.execute(text("PRAGMA foreign_key_check"))).all() == []
        versions = select(AnnotationVersion.annotation_id, AnnotationVersion.version)
        decisions = select(Decision.annotation_id, Decision.version)
        changes = select(Change.subject_id, Change.kind, Change.version, Change.sequence)
        log = (await db.execute(changes.order_by(Change.sequence))).all()
        found = Kept(
            annotations=await _rows(db, _ANNOTATIONS),
            versions=_by_id(await db.execute(versions.order_by(AnnotationVersion.version))),
            decided=_by_id(await db.execute(decisions.order_by(Decision.version))),
            relations=await _rows(db, _RELATIONS),
            documents=await _rows(db, _DOCUMENTS),
            log=_by_id(
                (row.subject_id, (row.kind, row.version))
                for row in log
                if row.kind.startswith(_SUBJECTS)
            ),
            sequences=[row.sequence for row in log],
            head=(await db.execute(select(ChangeHead.sequence))).scalar_one(),
        )
    await database.dispose()
    return found


async def _rows(db: Session, query: Executable) -> dict[UUID, Row[Any]]:
    rows = (await db.execute(query)).all()
    found = {row.id: row for row in rows}
    assert len(found) == len(rows)
    return found


def _by_id(pairs: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for id, value in pairs:
        found[id].append(value)
    return dict(found)


def check(shift: Shift, found: Kept) -> None:
    """Compare what is kept with what a shift remembers.

    Raises:
        AssertionError: when something acknowledged is not there, something is that was said not
            to have been written, or something is there in part, twice or unasked.
    """
    assert found.sequences == list(range(1, found.head + 1))
    # Others may have posted documents of their own beside the shift.
    others = {id for id, row in found.documents.items() if row.title != TITLE}
    logs = {id: log for id, log in found.log.items() if id not in others}
    assert logs == _happened(shift, logs)
    rows = found.annotations | found.relations | found.documents
    assert rows.keys() - others == logs.keys()
    assert found.versions.keys() | found.decided.keys() <= found.annotations.keys()
    for id, log in logs.items():
        assert rows[id]._asdict() == {"id": id, **shift.told[id], **_come_of(log)}
    for id in found.annotations:
        decided = [version - 1 for kind, version in logs[id] if kind == _DECIDED]
        assert found.versions.get(id, []) == list(range(1, len(logs[id])))
        assert found.decided.get(id, []) == decided


def _happened(shift: Shift, logs: dict[UUID, Log]) -> dict[UUID, Log]:
    """The entries of those requests that happened, each of which did so wholly."""
    happened: dict[UUID, Log] = defaultdict(list)
    for request in shift.requests:
        made = [(entry.subject, (entry.kind, entry.version)) for entry in request.makes]
        there = [entry in logs.get(id, []) for id, entry in made]
        assert all(there) or not any(there), request
        assert request.happened in {None, all(there)}, request
        for id, entry in made if all(there) else ():
            happened[id].append(entry)
    return happened


_DECIDED = ChangeKind.ANNOTATION_DECIDED
_WITHDRAWN = {ChangeKind.ANNOTATION_WITHDRAWN, ChangeKind.RELATION_WITHDRAWN}


def _come_of(log: Log) -> dict[str, Any]:
    """What the row of a subject says after this, beside what was said of it first."""
    kinds = {kind for kind, _ in log}
    come = {"version": len(log), "is_withdrawn": not kinds.isdisjoint(_WITHDRAWN)}
    if ChangeKind.ANNOTATION_CREATED not in kinds:
        return come
    return come | {
        "note": NOTE if ChangeKind.ANNOTATION_UPDATED in kinds else None,
        "status": Status.APPROVED if _DECIDED in kinds else Status.PENDING,
        "is_decided": _DECIDED in kinds,
    }
