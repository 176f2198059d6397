"""A file's record as rows, checked like a POST. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app.annotations import content
from app.annotations.content import Words
from app.core.errors import (
    InvalidValue,
    RelationNotAllowed,
    TooLarge,
    UnknownAnnotation,
    UnknownUser,
    Unprocessable,
)
from app.core.permissions import Standing
from app.core.vocabulary import Origin, Status
from app.documents.rows import NewDocument
from app.documents.schemas import DocumentOut
from app.imports.schemas import AnnotationLine, DocumentLine, RelationLine
from app.projects.scheme import Scheme
from app.text.arrival import arrive, arrived, sha256

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checker:
    """What a record is checked by.

    ``trusted`` is a manager's file: who wrote what, when and how it was decided is taken from it.
    Of anybody else's, the importer is the author and everything is pending.
    """

    standing: Standing
    scheme: Scheme
    trusted: bool
    people: Mapping[str, UUID]
    max_chars: int
    moment: dt.datetime


@dataclass(slots=True)
class Rows:
    """A record's rows, under the ids of the file; an id that the file leaves out is made here."""

    document: Row
    revision: Row
    out: DocumentOut
    annotations: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    relations: list[Row] = field(default_factory=list)


def people_of(line: DocumentLine) -> set[str]:
    """Everybody whom a record names."""
    names = {line.created_by}
    for annotation in line.annotations:
        names |= {annotation.author, annotation.edited_by, annotation.decided_by}
        names |= {decision.reviewer for decision in annotation.decisions}
    names |= {relation.author for relation in line.relations}
    return {name for name in names if name is not None}


def rows_of(line: DocumentLine, by: Checker) -> tuple[Rows, list[Unprocessable]]:
    """The rows of a record, and everything that is refused of it.

    Raises:
        Unprocessable: when the text itself is refused, so that nothing else can be checked.
        TooLarge: when the text is too long.
    """
    if len(line.text) > by.max_chars:
        raise TooLarge(limit=by.max_chars, unit="code_points")
    stored = "\r" not in line.text and line.sha256 == sha256(line.text)
    arrival = (arrived if stored else arrive)(line.text, unit=line.offset_unit)
    refused: list[Unprocessable] = []
    who = _Who(by, refused)
    new = NewDocument.of(
        line,
        arrival,
        project_id=by.standing.project_id,
        maker_id=who.named(line.created_by, "/created_by"),
        at=_when(by, line.created_at),
    )
    new.document["updated_at"] = _when(by, line.updated_at)
    if by.trusted:
        new.document["version"] = line.version
        # A text that was exported had arrived before: what that changed is not seen again.
        new.revision["bom_removed"] |= line.normalized.bom_removed
        new.revision["newlines_converted"] += line.normalized.newlines_converted
    created_by = line.created_by if by.trusted and line.created_by else by.standing.actor.name
    out = new.out(project=by.standing.project, created_by=created_by)
    if line.sha256 not in {None, out.sha256}:
        who.refuse(InvalidValue("/sha256", f"The text's SHA-256 is {out.sha256}."))
    _check_ids(line, who)
    rows = Rows(new.document, new.revision, out)
    words = Words(arrival.text, line.offset_unit)
    for place, annotation in enumerate(line.annotations):
        pointer = f"/annotations/{place}"
        row = _annotation(annotation, by, words, rows, who.below(pointer))
        if row is not None:
            rows.annotations.append(row)
    labels = {row["id"]: row["label"] for row in rows.annotations}
    for place, relation in enumerate(line.relations):
        row = _relation(relation, by, labels, rows, who.below(f"/relations/{place}"))
        if row is not None:
            rows.relations.append(row)
    return rows, refused


def _check_ids(line: DocumentLine, who: "_Who") -> None:
    """No two of a line's annotations, or of its relations, may claim one id."""
    for kind, items in (("annotations", line.annotations), ("relations", line.relations)):
        seen: set[UUID | str] = set()
        for place, item in enumerate(items):
            for name in ("id", "external_id"):
                id = getattr(item, name, None)
                if id is None:
                    continue
                if id in seen:
                    problem = "Another of the same line has this id."
                    who.refuse(InvalidValue(f"/{kind}/{place}/{name}", problem))
                seen.add(id)


def _when(by: Checker, moment: dt.datetime | None) -> dt.datetime:
    return moment if by.trusted and moment is not None else by.moment


class _Who:
    """Finds people by name, and collects what is refused below one pointer."""

    def __init__(self, by: Checker, refused: list[Unprocessable], prefix: str = "") -> None:
        self._by = by
        self._prefix = prefix
        self.refused = refused

    def below(self, pointer: str) -> "_Who":
        return _Who(self._by, self.refused, pointer)

    def refuse(self, refusal: Unprocessable) -> None:
        self.refused.append(refusal.under(self._prefix))

    def named(self, name: str | None, pointer: str) -> UUID:
        """The person of that name in a manager's file; else the importer."""
        importer = self._by.standing.actor.id
        if not self._by.trusted or name is None:
            return importer
        if name not in self._by.people:
            self.refuse(UnknownUser(pointer, f"There is no user called “{name}”."))
        return self._by.people.get(name, importer)


def _annotation(
    line: AnnotationLine, by: Checker, words: Words, rows: Rows, who: _Who
) -> Row | None:
    try:
        content.check_confidence(line.confidence, line.origin)
        said = content.checked(
            by.scheme,
            words,
            label=line.label,
            span=line,
            fragments=line.fragments,
            attributes=line.attributes,
        )
    except Unprocessable as refusal:
        who.refuse(refusal)
        return None
    origin = line.origin if by.trusted else Origin.IMPORT
    author = who.named(line.author, "/author")
    editor = who.named(line.edited_by, "/edited_by") if line.edited_by else author
    decided = by.trusted and line.status is not Status.PENDING
    decider = who.named(line.decided_by, "/decided_by") if decided and line.decided_by else None
    version = line.version if by.trusted else 1
    id = line.id or uuid7()
    if by.trusted:
        _decisions(line, id, version, rows, who, by)
    return {
        "id": id,
        "project_id": by.standing.project_id,
        "document_id": rows.document["id"],
        "revision": 1,
        "external_id": line.external_id,
        **said,
        "note": line.note,
        "origin": origin,
        "confidence": line.confidence,
        "author_id": author,
        "editor_id": editor,
        "updated_by_id": decider or editor,
        "status": line.status if decided else Status.PENDING,
        "decided_by_id": decider,
        "decided_at": line.decided_at if decided else None,
        "version": version,
        "created_at": _when(by, line.created_at),
        "updated_at": _when(by, line.updated_at),
        "withdrawn_at": None,
    }


def _decisions(
    line: AnnotationLine, id: UUID, version: int, rows: Rows, who: _Who, by: Checker
) -> None:
    seen: set[int] = set()
    for place, decision in enumerate(line.decisions):
        pointer = f"/decisions/{place}"
        if decision.version >= version or decision.version in seen:
            who.refuse(
                InvalidValue(f"{pointer}/version", "Each decision is on an earlier version.")
            )
            continue
        seen.add(decision.version)
        rows.decisions.append(
            {
                "id": uuid7(),
                "project_id": by.standing.project_id,
                "annotation_id": id,
                "version": decision.version,
                "verdict": decision.verdict,
                "comment": decision.comment,
                "reviewer_id": who.named(decision.reviewer, f"{pointer}/reviewer"),
                "decided_at": decision.decided_at,
            }
        )


def _relation(
    line: RelationLine, by: Checker, labels: Mapping[UUID, str], rows: Rows, who: _Who
) -> Row | None:
    missing = [
        pointer
        for pointer, id in (("/source", line.source), ("/target", line.target))
        if id not in labels
    ]
    for pointer in missing:
        who.refuse(UnknownAnnotation(pointer, "The line has no such annotation, or a refused one."))
    if missing:
        return None
    if line.source == line.target:
        who.refuse(RelationNotAllowed("/target", "A relation joins two annotations."))
        return None
    refusal = by.scheme.relation_refusal(line.type, labels[line.source], labels[line.target])
    if refusal is not None:
        who.refuse(refusal)
        return None
    return {
        "id": line.id or uuid7(),
        "project_id": by.standing.project_id,
        "document_id": rows.document["id"],
        "type": line.type,
        "source_id": line.source,
        "target_id": line.target,
        "author_id": who.named(line.author, "/author"),
        "version": 1,
        "created_at": _when(by, line.created_at),
        "withdrawn_at": None,
    }
