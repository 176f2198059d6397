"""A file's record as rows, checked like a POST. Pure."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from app.annotations import content
from app.annotations.content import Words
from app.core.errors import (
    CommentRequired,
    InvalidValue,
    TooLarge,
    UnknownAnnotation,
    UnknownUser,
    Unprocessable,
    refuse,
)
from app.core.ids import ById
from app.core.permissions import Standing
from app.core.vocabulary import Origin, Status
from app.documents.rows import NewDocument
from app.documents.schemas import DocumentOut
from app.imports.naming import Names
from app.imports.records import Record
from app.imports.schemas import MOST_CONVERTED, AnnotationLine, RelationLine
from app.projects.scheme import Scheme
from app.reviews.decisions import check_comment
from app.text.normalization import already_normalized, normalize, sha256

Row = dict[str, Any]
L = TypeVar("L", AnnotationLine, RelationLine)


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
class Part:
    """An annotation or a relation of a record: where it stands there, its row, its decisions.

    Where the file names its document but not the part itself, ``name`` is what it is known by in
    that document. ``unfit`` is why the scheme refuses it, unless it is there already.
    """

    pointer: str
    row: Row
    decisions: list[Row] = field(default_factory=list)
    name: str | None = None
    unfit: Unprocessable | None = None


@dataclass(slots=True)
class Rows:
    """A record's rows, under the ids of the file; an id that the file leaves out is made here.

    What was refused has no row; ``refused`` says why, with pointers into the record. Whether the
    scheme lets a relation join its ends depends on what they are here, and is not looked at.
    """

    document: Row
    revision: Row
    out: DocumentOut
    annotations: list[Part] = field(default_factory=list)
    relations: list[Part] = field(default_factory=list)
    refused: list[Unprocessable] = field(default_factory=list)


def rows_of(record: Record, by: Checker) -> Rows:
    """The rows of a record, without the annotations and relations that are refused.

    Raises:
        Unprocessable: when the document itself is refused.
        TooLarge: when the text is too long.
    """
    line = record.line
    stored = "\r" not in line.text and line.sha256 == sha256(line.text)
    normalized = (already_normalized if stored else normalize)(line.text, unit=line.offset_unit)
    if len(normalized.text) > by.max_chars:
        raise TooLarge(limit=by.max_chars, unit="code_points")
    who = _Who(by)
    new = NewDocument.of(
        line,
        normalized,
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
        if new.revision["newlines_converted"] > MOST_CONVERTED:
            why = f"With those of this text it should be at most {MOST_CONVERTED}."
            who.refuse(InvalidValue("/normalized/newlines_converted", why))
    created_by = line.created_by if by.trusted and line.created_by else by.standing.actor.name
    out = new.out(project=by.standing.project, created_by=created_by)
    if line.sha256 not in {None, out.sha256}:
        who.refuse(InvalidValue("/sha256", f"The text's SHA-256 is {out.sha256}."))
    refuse(who.refused)
    rows = Rows(new.document, new.revision, out)
    if record.refused is not None:
        rows.refused.append(record.refused)
    words = Words(normalized.text, line.offset_unit)
    # A document without a name is another one each time, and so is all that is in it.
    names = None if line.id is None and line.external_id is None else Names()
    rows.annotations += _parts(
        _named("annotations", record.annotations, line.annotations),
        rows,
        by,
        names,
        lambda it, who: _annotation(it, words, who),
    )
    ends = ById((part.row["id"], part) for part in rows.annotations)
    rows.relations += _parts(
        _named("relations", record.relations, line.relations),
        rows,
        by,
        names,
        lambda it, who: _relation(it, ends, who),
    )
    return rows


def _named(kind: str, places: Sequence[int], lines: Sequence[L]) -> dict[str, L]:
    """The lines by their pointers into the record."""
    return {f"/{kind}/{place}": line for place, line in zip(places, lines, strict=True)}


def _parts(
    lines: Mapping[str, L],
    rows: Rows,
    by: Checker,
    names: Names | None,
    part_of: Callable[[L, "_Who"], tuple[Row, list[Row]]],
) -> Iterator[Part]:
    """The parts that are not refused; why the others are is noted."""
    seen: set[bytes | str] = set()
    for pointer, line in lines.items():
        who = _Who(by)
        for name in ("id", "external_id"):
            id = getattr(line, name, None)
            if id is None:
                continue
            key = id.bytes if isinstance(id, UUID) else id
            if key in seen:
                who.refuse(InvalidValue(f"/{name}", "Another of the same line has this id."))
            seen.add(key)
        try:
            row, decisions = part_of(line, who)
        except Unprocessable as refusal:
            who.refuse(refusal)
        else:
            unfit = who.unfit
            if not who.refused:
                row["document_id"] = rows.document["id"]
                nameless = line.id is None and row.get("external_id") is None
                known_by = names.of(row) if names is not None and nameless else None
                yield Part(pointer, row, decisions, known_by, unfit and unfit.under(pointer))
            elif unfit is not None:
                who.refuse(unfit)
        rows.refused += [refusal.under(pointer) for refusal in who.refused]


def _when(by: Checker, moment: dt.datetime | None) -> dt.datetime:
    return moment if by.trusted and moment is not None else by.moment


class _Who:
    """Finds people by name, and collects what is refused of one document or part."""

    def __init__(self, by: Checker) -> None:
        self.by = by
        self.refused: list[Unprocessable] = []
        self.unfit: Unprocessable | None = None

    def refuse(self, refusal: Unprocessable) -> None:
        self.refused.append(refusal)

    def named(self, name: str | None, pointer: str) -> UUID:
        """The person of that name in a manager's file; else the importer."""
        importer = self.by.standing.actor.id
        if not self.by.trusted or name is None:
            return importer
        if name not in self.by.people:
            self.refuse(UnknownUser(pointer, f"There is no user called “{name}”."))
        return self.by.people.get(name, importer)


def _annotation(line: AnnotationLine, words: Words, who: _Who) -> tuple[Row, list[Row]]:
    by = who.by
    content.check_confidence(line.confidence, line.origin)
    said, who.unfit = content.checked(
        by.scheme,
        words,
        label=line.label,
        span=line,
        fragments=line.fragments,
        attributes=line.attributes,
    )
    author = who.named(line.author, "/author")
    editor = who.named(line.edited_by, "/edited_by") if line.edited_by else author
    decided = by.trusted and line.status is not Status.PENDING
    decider = who.named(line.decided_by, "/decided_by") if decided and line.decided_by else None
    version = line.version if by.trusted else 1
    id = line.id or uuid7()
    row = {
        "id": id,
        "project_id": by.standing.project_id,
        "revision": 1,
        "external_id": line.external_id,
        **said,
        "note": line.note,
        "origin": line.origin if by.trusted else Origin.IMPORT,
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
    return row, _decisions(line, id, version, who) if by.trusted else []


def _decisions(line: AnnotationLine, id: UUID, version: int, who: _Who) -> list[Row]:
    seen: set[int] = set()
    rows = []
    for place, decision in enumerate(line.decisions):
        pointer = f"/decisions/{place}"
        if decision.version >= version or decision.version in seen:
            who.refuse(
                InvalidValue(f"{pointer}/version", "Each decision is on an earlier version.")
            )
            continue
        seen.add(decision.version)
        try:
            check_comment(decision.verdict, decision.comment)
        except CommentRequired as refusal:
            who.refuse(refusal.under(pointer))
        rows.append(
            {
                "id": uuid7(),
                "project_id": who.by.standing.project_id,
                "annotation_id": id,
                "version": decision.version,
                "verdict": decision.verdict,
                "comment": decision.comment,
                "reviewer_id": who.named(decision.reviewer, f"{pointer}/reviewer"),
                "decided_at": decision.decided_at,
            }
        )
    return rows


def _relation(line: RelationLine, ends: ById[Part], who: _Who) -> tuple[Row, list[Row]]:
    refuse(
        [
            UnknownAnnotation(pointer, "The line has no such annotation, or a refused one.")
            for pointer, id in (("/source", line.source), ("/target", line.target))
            if id not in ends
        ]
    )
    by = who.by
    row = {
        "id": line.id or uuid7(),
        "project_id": by.standing.project_id,
        "type": line.type,
        "source_id": line.source,
        "target_id": line.target,
        "author_id": who.named(line.author, "/author"),
        "version": 1,
        "created_at": _when(by, line.created_at),
        "withdrawn_at": None,
    }
    return row, []
