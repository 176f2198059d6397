"""Where a file's records go: which are there already, which are new, and under which ids. Pure.

What is there already, by id or external id and with the same content, is left as it is, so that the
same file again changes nothing, under a later scheme too; what has neither has an id by what it
says. An id that another project holds is replaced by one derived from it and this project, the same
each time.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from app.core.errors import Gone, IdConflict, InvalidBody, InvalidValue, Problem, UnknownAnnotation
from app.core.ids import ById
from app.documents.rows import logged, same_content, state
from app.formats.kinds import Kind
from app.imports.conflicts import InTheWay, check_same, check_same_relation, taken
from app.imports.rows import Part, Row, Rows
from app.imports.stored import Stored, derived_id, ours
from app.projects.scheme import Scheme


@dataclass(slots=True)
class Placed:
    """What of a record is new, ready to be written, and what stands in the way of the rest."""

    document_is_new: bool
    annotations: list[Part] = field(default_factory=list)
    relations: list[Part] = field(default_factory=list)
    unchanged_annotations: int = 0
    unchanged_relations: int = 0
    refused: list[tuple[str, Problem]] = field(default_factory=list)


class _End(NamedTuple):
    """What an annotation of a record is here, where a relation may join it."""

    id: UUID
    label: str


class Places:
    """Gives the rows of a project's records their ids."""

    def __init__(self, project_id: UUID, scheme: Scheme, stored: Stored) -> None:
        """``stored`` must know the records' ids, and what replaces those of other projects."""
        self._project_id = project_id
        self._scheme = scheme
        self._stored = stored

    def document(self, rows: Rows) -> bool:
        """Give the record's document its id here; False when it is there already.

        Raises:
            Gone: when it was deleted.
            IdConflict: when the one there says something else.
            ExternalIdConflict: when it does and was found by its external id.
        """
        documents = self._stored.documents
        stored, by = documents.of(rows.document)
        id = documents.id_of(rows.document)
        if stored is None:
            if id in documents.by_id:
                raise IdConflict(f"Another project has document {id}.")
            _name_document(rows, id)
            return True
        if stored.deleted_at is not None:
            raise Gone(f"Document {stored.id} was deleted.")
        # As it is now, or as it was created, whatever it became since.
        states = [it for it in (state(stored), stored.created) if it is not None]
        if not any(same_content(logged(rows.out), it) for it in states):
            raise taken(f"Document {stored.id}", by)
        _name_document(rows, id)
        return False

    def parts(self, rows: Rows, *, document_is_new: bool, unsaid: Set[Kind]) -> Placed:
        """Give the annotations and relations their ids here, and tell the new from the others.

        Of the kinds ``unsaid`` the file says nothing: there they are as they are here.
        """
        placed = Placed(document_is_new)
        ends: ById[_End] = ById()
        given: ById[str] = ById()
        for part in rows.annotations:
            row = part.row
            try:
                stored, by = self._annotation(row)
                if stored is None and part.unfit is not None:
                    placed.refused.append((part.pointer, part.unfit))
                    continue
                if stored is None:
                    id = self._free(row["id"], self._stored.annotations, part.pointer)
                else:
                    first = self._stored.first_versions.get(stored.id)
                    check_same(row, stored, first, part.pointer, by, unsaid)
                    id = stored.id
                _give(id, given, part.pointer)
            except InTheWay as found:
                placed.refused.append((found.pointer, found.problem))
                continue
            label = row["label"] if stored is None else stored.label
            ends[row["id"]] = _End(id, label)
            row["id"] = id
            for decision in part.decisions:
                decision["annotation_id"] = id
            if stored is None:
                placed.annotations.append(part)
            else:
                placed.unchanged_annotations += 1
        given = ById()
        for part in rows.relations:
            self._place_relation(part, ends, given, placed)
        return placed

    def _annotation(self, row: Row) -> tuple[Any, str]:
        """The annotation of the same document that the row stands for, and what it is found by."""
        stored = ours(self._project_id, self._stored.annotations, row["id"])
        if stored is not None and stored.document_id == row["document_id"]:
            return stored, "id"
        key = (row["document_id"], row["external_id"])
        stored = self._stored.annotations_by_external_id.get(key)
        return stored, "id" if stored is None else "external_id"

    def _place_relation(
        self, part: Part, ends: ById[_End], given: ById[str], placed: Placed
    ) -> None:
        row = part.row
        lacking = [
            UnknownAnnotation(f"{part.pointer}/{end}", "This annotation was refused.")
            for end in ("source", "target")
            if row[f"{end}_id"] not in ends
        ]
        if lacking:
            placed.refused.append((part.pointer, InvalidBody(lacking)))
            return
        source, target = ends[row["source_id"]], ends[row["target_id"]]
        row["source_id"], row["target_id"] = source.id, target.id
        known = self._stored.relations
        stored = ours(self._project_id, known, row["id"])
        try:
            if stored is None or stored.document_id != row["document_id"]:
                unfit = self._scheme.relation_refusal(
                    row["type"], source.label, target.label, of_one=source.id == target.id
                )
                if unfit is not None:
                    placed.refused.append((part.pointer, unfit.under(part.pointer)))
                    return
                row["id"] = self._free(row["id"], known, part.pointer)
                _give(row["id"], given, part.pointer)
                placed.relations.append(part)
                return
            check_same_relation(row, stored, part.pointer)
            _give(stored.id, given, part.pointer)
        except InTheWay as found:
            placed.refused.append((found.pointer, found.problem))
        else:
            placed.unchanged_relations += 1

    def _free(self, id: UUID, taken: ById[Any], pointer: str) -> UUID:
        """The id of a new row: its own, or one derived from it where another project has that.

        Raises:
            InTheWay: when another document has it.
        """
        holder = taken.get(id)
        if holder is not None and holder.project_id != self._project_id:
            id = derived_id(self._project_id, id)
            holder = taken.get(id)
        if holder is not None:
            problem = IdConflict(f"Another document has {holder.id}.")
            raise InTheWay(f"{pointer}/id", problem)
        return id


def _give(id: UUID, given: ById[str], pointer: str) -> None:
    """Note an id that a part of a record has here.

    Raises:
        InTheWay: when another has it: one id may be what replaces the other.
    """
    if id in given:
        detail = f"Another of the same line has the id {id} here."
        raise InTheWay(f"{pointer}/id", InvalidValue(f"{pointer}/id", detail))
    given[id] = pointer


def _name_document(rows: Rows, id: UUID) -> None:
    rows.document["id"] = id
    rows.revision["document_id"] = id
    for part in (*rows.annotations, *rows.relations):
        part.row["document_id"] = id
