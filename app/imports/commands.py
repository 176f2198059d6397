"""Files in: each record checked like a POST, all of them written in one commit, or none."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID, uuid5

from pydantic import ValidationError
from sqlalchemy import Row, insert

from app.changes.commands import Entry, append, lock_under
from app.core.database import Session
from app.core.errors import Gone, IdConflict, ImportRefused, Problem, Unprocessable
from app.core.moments import now
from app.core.permissions import Act, Standing, may
from app.core.refusals import of_content
from app.core.vocabulary import ChangeKind
from app.documents.rows import logged, same_content
from app.formats.jsonl import Line
from app.imports import queries
from app.imports.conflicts import Conflict, check_same
from app.imports.rows import Checker, Rows, people_of, rows_of
from app.imports.schemas import DocumentLine, ImportReport, Tally
from app.models import Annotation, Decision, Document, Relation, Revision
from app.projects import queries as projects
from app.users.queries import ids_by_name

_LISTED = 1_000


async def import_lines(
    db: Session, standing: Standing, lines: AsyncIterator[Line], *, max_chars: int
) -> ImportReport:
    """Write every record of a file, or none if any is refused.

    What is there already, by id or external id and with the same content, is left as it is, so that
    the same file again changes nothing. An id that another project holds is replaced by one derived
    from it and this project, the same each time.

    Args:
        db: a session that may write.
        standing: who imports; of a manager's file, people, times and review are taken too.
        lines: the file.
        max_chars: the longest text taken, in code points.

    Raises:
        ImportRefused: when any record is refused, with each refusal.
    """
    standing.require(Act.ADD_DOCUMENTS)
    importing = _Importing(db, standing, max_chars)
    await db.begin()
    # The scheme and the importer's role must be as they were when the importer was let in.
    importing.end = await lock_under(db, standing)
    async for line in lines:
        await importing.take(line)
        # On SQLite nothing above has let the event loop go on.
        await asyncio.sleep(0)
    if importing.refused:
        raise ImportRefused(importing.refused[:_LISTED], count=len(importing.refused))
    return ImportReport(
        created=Tally(**importing.created), unchanged=Tally(**importing.unchanged), refused=[]
    )


class _Importing:
    """One import under way: the end of the log, the tallies and what was refused so far."""

    def __init__(self, db: Session, standing: Standing, max_chars: int) -> None:
        self._db = db
        self._standing = standing
        self._max_chars = max_chars
        self._people: dict[str, UUID] = {}
        self._moment = now()
        self.end = 0
        self.created: Counter[str] = Counter()
        self.unchanged: Counter[str] = Counter()
        self.refused: list[dict[str, object]] = []

    async def take(self, line: Line) -> None:
        """Check and write one line."""
        try:
            if line.problem is not None:
                raise line.problem
            record = DocumentLine.model_validate(line.value)
            rows, refused = rows_of(record, await self._checker(record))
            if refused:
                self._refuse(line.number, *refused)
                return
            await self._write(rows)
        except ValidationError as error:
            self._refuse(line.number, of_content(error))
        except Conflict as conflict:
            self._refuse(line.number, conflict.problem, at=conflict.pointer)
        except Problem as problem:
            self._refuse(line.number, problem)

    def _refuse(self, number: int, *problems: Problem, at: str = "") -> None:
        for problem in problems:
            if isinstance(problem, Unprocessable):
                self.refused += [{"line": number, **error} for error in problem.errors]
            else:
                refusal = {"pointer": at, "code": problem.code, "detail": problem.detail}
                self.refused.append({"line": number, **refusal})

    async def _checker(self, record: DocumentLine) -> Checker:
        missing = people_of(record) - self._people.keys()
        if missing:
            self._people |= await ids_by_name(self._db, missing)
        return Checker(
            standing=self._standing,
            scheme=await projects.scheme(self._db, self._standing),
            trusted=may(self._standing.role, Act.MANAGE),
            people=self._people,
            max_chars=self._max_chars,
            moment=self._moment,
        )

    def _derived(self, id: UUID) -> UUID:
        return uuid5(self._standing.project_id, str(id))

    async def _write(self, rows: Rows) -> None:
        document_is_new = await self._place_document(rows)
        annotations = await self._place_annotations(rows)
        relations = await self._place_relations(rows)
        new = {row["id"] for row in annotations}
        entries: list[Entry] = []
        if document_is_new:
            rows.document["sequence"] = self.end + 1
            state = logged(rows.out) | {"id": str(rows.document["id"])}
            entries.append(self._entry(ChangeKind.DOCUMENT_CREATED, rows.document, state))
            await self._db.execute(insert(Document.__table__), [rows.document])  # type: ignore[arg-type]
            await self._db.execute(insert(Revision), [rows.revision])
        for kind, created in (
            (ChangeKind.ANNOTATION_CREATED, annotations),
            (ChangeKind.RELATION_CREATED, relations),
        ):
            for row in created:
                row["sequence"] = self.end + len(entries) + 1
                entries.append(self._entry(kind, row))
        decisions = [row for row in rows.decisions if row["annotation_id"] in new]
        sequences = {row["id"]: row["sequence"] for row in annotations}
        for row in decisions:
            row["sequence"] = sequences[row["annotation_id"]]
        for table, created in (
            (Annotation, annotations),
            (Decision, decisions),
            (Relation, relations),
        ):
            if created:
                await self._db.execute(insert(table), created)
        await append(self._db, self._standing.project_id, entries, after=self.end)
        self.end += len(entries)
        self._count("documents", 1, int(document_is_new))
        self._count("annotations", len(rows.annotations), len(annotations))
        self._count("relations", len(rows.relations), len(relations))

    def _count(self, kind: str, total: int, created: int) -> None:
        self.created[kind] += created
        self.unchanged[kind] += total - created

    def _entry(
        self, kind: ChangeKind, row: dict[str, Any], state: dict[str, Any] | None = None
    ) -> Entry:
        standing = self._standing
        return Entry(
            standing.project_id,
            standing.actor.id,
            kind,
            row["id"],
            row["version"],
            self._moment,
            state,
        )

    async def _place_document(self, rows: Rows) -> bool:
        """Give the document its id here; False when it is there already."""
        row = rows.document
        derived = self._derived(row["id"])
        project_id = self._standing.project_id
        found = await queries.documents(
            self._db, project_id, {row["id"], derived}, row["external_id"]
        )
        here = [stored for stored in found if stored.project_id == project_id]
        if not here:
            if found:
                self._name_document(rows, derived)
            return True
        by_id = {stored.id: stored for stored in here}
        stored = by_id.get(row["id"]) or by_id.get(derived) or here[0]
        if stored.deleted_at is not None:
            raise Gone(f"Document {stored.id} was deleted.")
        # As it is now, or as it was created, whatever it became since.
        states = [state for state in (queries.state(stored), stored.created) if state is not None]
        if not any(same_content(logged(rows.out), state) for state in states):
            raise IdConflict(f"Document {stored.id} has the same id and other content.")
        self._name_document(rows, stored.id)
        return False

    def _name_document(self, rows: Rows, id: UUID) -> None:
        rows.document["id"] = id
        rows.revision["document_id"] = id
        for row in (*rows.annotations, *rows.relations):
            row["document_id"] = id

    async def _place_annotations(self, rows: Rows) -> list[dict[str, Any]]:
        """Give the annotations their ids here, and answer those that are new."""
        if not rows.annotations:
            return []
        document_id = rows.document["id"]
        ids = {id for row in rows.annotations for id in (row["id"], self._derived(row["id"]))}
        external = {row["external_id"] for row in rows.annotations if row["external_id"]}
        found = await queries.annotations(self._db, document_id, ids, external)
        here = {stored.id: stored for stored in found if stored.document_id == document_id}
        by_external = {stored.external_id: stored for stored in here.values()}
        elsewhere = {stored.id: stored for stored in found if stored.id not in here}
        first = await queries.first_versions(
            self._db, [id for id, stored in here.items() if stored.version > 1]
        )
        new: list[dict[str, Any]] = []
        names: dict[UUID, UUID] = {}
        for place, row in enumerate(rows.annotations):
            pointer = f"/annotations/{place}"
            derived = self._derived(row["id"])
            stored = here.get(row["id"]) or here.get(derived)
            if stored is None and row["external_id"] is not None:
                stored = by_external.get(row["external_id"])
            if stored is None:
                names[row["id"]] = self._free(row["id"], elsewhere, pointer)
                new.append(row)
            else:
                check_same(row, stored, first.get(stored.id), pointer)
                names[row["id"]] = stored.id
        for row in rows.annotations:
            row["id"] = names[row["id"]]
        for row in rows.decisions:
            row["annotation_id"] = names[row["annotation_id"]]
        for row in rows.relations:
            row["source_id"] = names[row["source_id"]]
            row["target_id"] = names[row["target_id"]]
        return new

    def _free(self, id: UUID, taken: Mapping[UUID, Row[Any]], pointer: str) -> UUID:
        """The id of a new row: its own, or one derived from it where another project has that.

        Raises:
            Conflict: when another document of this project has it.
        """
        holder = taken.get(id)
        if holder is not None and holder.project_id != self._standing.project_id:
            id = self._derived(id)
            holder = taken.get(id)
        if holder is not None:
            problem = IdConflict(f"Another document of the project has {holder.id}.")
            raise Conflict(f"{pointer}/id", problem)
        return id

    async def _place_relations(self, rows: Rows) -> list[dict[str, Any]]:
        """Give the relations their ids here, and answer those that are new."""
        if not rows.relations:
            return []
        ids = {id for row in rows.relations for id in (row["id"], self._derived(row["id"]))}
        found = {stored.id: stored for stored in await queries.relations(self._db, ids)}
        new: list[dict[str, Any]] = []
        for place, row in enumerate(rows.relations):
            pointer = f"/relations/{place}"
            stored = found.get(self._derived(row["id"])) or found.get(row["id"])
            if stored is None or stored.document_id != row["document_id"]:
                row["id"] = self._free(row["id"], found, pointer)
                new.append(row)
                continue
            if stored.withdrawn_at is not None:
                raise Conflict(pointer, Gone(f"Relation {stored.id} was withdrawn."))
            if any(
                row[name] != getattr(stored, name) for name in ("type", "source_id", "target_id")
            ):
                conflict = IdConflict(f"Relation {stored.id} has the same id and other content.")
                raise Conflict(f"{pointer}/id", conflict)
            row["id"] = stored.id
        return new
