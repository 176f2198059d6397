"""Files in: each record checked like a POST, all of them written in one commit, or none."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Table, update

from app.changes.commands import Entry, lock_under
from app.core.database import Database, Session
from app.core.errors import ImportRefused, Problem, Unprocessable
from app.core.moments import now
from app.core.permissions import Act, Standing, may
from app.core.vocabulary import ChangeKind
from app.documents.rows import logged
from app.formats.record import Item
from app.imports import queries
from app.imports.placing import Placed, Places, Stored, derived_id
from app.imports.rows import Checker, Record, Rows, people_of, record_of, rows_of
from app.imports.schemas import ImportMode, ImportReport, Tally
from app.models import Annotation, Base, Change, ChangeHead, Decision, Document, Relation, Revision
from app.projects import queries as projects
from app.projects.scheme import Scheme
from app.users.queries import ids_by_name

LISTED = 10_000
"""How many refusals a report lists; it counts them all."""

_SPANS_A_BATCH = 2_000
_CHARACTERS_A_BATCH = 1_000_000

_TABLES: dict[str, Table] = {
    model.__tablename__: Base.metadata.tables[model.__tablename__]
    # Each after those that it refers to.
    for model in (Document, Revision, Annotation, Decision, Relation, Change)
}


async def import_items(
    database: Database,
    standing: Standing,
    items: AsyncIterator[Item],
    *,
    mode: ImportMode = ImportMode.ALL_OR_NOTHING,
    dry_run: bool = False,
    max_chars: int,
) -> ImportReport:
    """Write every record of a file, or those that are not refused, or none; in one commit.

    The project's log is locked meanwhile, so the file should be at hand.

    Args:
        database: where to write.
        standing: who imports; of a manager's file, people, times and review are taken too.
        items: the file.
        mode: what becomes of the rest when something is refused.
        dry_run: whether to write nothing, and only say what would be written.
        max_chars: the longest text taken, in code points.

    Raises:
        ImportRefused: when anything is refused, unless ``mode`` skips that or it is a dry run.
        InvalidFile: when the file cannot be read on.
        Moved: when the project's scheme or members were changed since the importer was let in.
    """
    standing.require(Act.ADD_DOCUMENTS)
    try:
        async with database.session(writes=True) as db:
            await db.begin()
            # The scheme and the importer's role must be as they were when the importer was let in.
            end = await lock_under(db, standing)
            importing = _Importing(
                db, standing, await projects.scheme(db, standing), end=end, max_chars=max_chars
            )
            async for batch in _batches(items):
                await importing.take(batch)
            await importing.finish()
            return importing.report(mode, dry_run=dry_run)
    except _Undone as undone:
        return undone.report


class _Undone(Exception):
    """All was tried; nothing is to be kept."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


async def _batches(items: AsyncIterator[Item]) -> AsyncIterator[list[Item]]:
    """Some records at a time: as many as are worth a round of statements, and memory allows."""
    batch: list[Item] = []
    spans = characters = 0
    async for item in items:
        batch.append(item)
        if isinstance(item.value, dict):
            text, annotations = item.value.get("text"), item.value.get("annotations")
            characters += len(text) if isinstance(text, str) else 0
            spans += 1 + (len(annotations) if isinstance(annotations, list) else 0)
        if spans >= _SPANS_A_BATCH or characters >= _CHARACTERS_A_BATCH:
            yield batch
            batch, spans, characters = [], 0, 0
    if batch:
        yield batch


class _Importing:
    """One import under way: the end of the log, the tallies and what was refused so far."""

    def __init__(
        self, db: Session, standing: Standing, scheme: Scheme, *, end: int, max_chars: int
    ) -> None:
        self._db = db
        self._standing = standing
        self._scheme = scheme
        self._max_chars = max_chars
        self._people: dict[str, UUID] = {}
        self._moment = now()
        self._begin = self._end = end
        self._created: Counter[str] = Counter()
        self._unchanged: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._refusals = 0
        self._listed: list[dict[str, object]] = []
        self._order: dict[int, int] = {}
        self._places: list[int] = []

    async def take(self, batch: list[Item]) -> None:
        """Check and write some records."""
        self._order = {id(item): place for place, item in enumerate(batch)}
        begin = len(self._listed)
        # Checking is arithmetic on texts: in a thread, so that the loop goes on.
        records = await asyncio.to_thread(self._read, batch)
        names = {name for _, record in records for name in people_of(record.line)}
        missing = names - self._people.keys()
        if missing:
            self._people |= await ids_by_name(self._db, missing)
        checked = await asyncio.to_thread(self._check, records)
        while checked:
            checked = await self._write(checked)
        # What was found in several passes is told in the order of the file.
        found = sorted(zip(self._places, self._listed[begin:], strict=True), key=itemgetter(0))
        self._listed[begin:] = [error for _, error in found]
        self._places.clear()

    async def finish(self) -> None:
        """Say where the log ends now."""
        if self._end > self._begin:
            await self._db.execute(
                update(ChangeHead)
                .where(ChangeHead.project_id == self._standing.project_id)
                .values(sequence=self._end)
            )

    def report(self, mode: ImportMode, *, dry_run: bool) -> ImportReport:
        """What became of the file; raises when nothing is to be kept of it."""
        report = ImportReport(
            created=Tally(**self._created),
            unchanged=Tally(**self._unchanged),
            refused=Tally(**self._refused),
            refusals=self._listed,
        )
        if dry_run:
            raise _Undone(report)
        if self._refusals and mode is ImportMode.ALL_OR_NOTHING:
            raise ImportRefused(self._listed, count=self._refusals)
        return report

    def _read(self, batch: list[Item]) -> list[tuple[Item, Record]]:
        records = []
        for item in batch:
            try:
                if item.problem is not None:
                    raise item.problem
                records.append((item, record_of(item.value)))
            except Problem as problem:
                self._refuse(item, "", problem)
        return records

    def _check(self, records: list[tuple[Item, Record]]) -> list[tuple[Item, Rows]]:
        by = Checker(
            standing=self._standing,
            scheme=self._scheme,
            trusted=may(self._standing.role, Act.MANAGE),
            people=self._people,
            max_chars=self._max_chars,
            moment=self._moment,
        )
        checked = []
        for item, record in records:
            try:
                rows = rows_of(record, by)
            except Problem as problem:
                self._refuse(item, "", problem)
            else:
                for refusal in rows.refused:
                    self._refuse(item, "", refusal)
                checked.append((item, rows))
        return checked

    def _refuse(self, item: Item, pointer: str, problem: Problem) -> None:
        if isinstance(problem, Unprocessable):
            found = problem.errors
        else:
            found = [{"pointer": pointer, "code": problem.code, "detail": problem.detail}]
        self._refusals += len(found)
        parts = {_part_of(str(error["pointer"])) for error in found}
        # With a document, all that is in it is refused.
        self._refused.update(kind for kind, _ in ({("documents", "")} & parts or parts))
        for error in found[: LISTED - len(self._listed)]:
            self._places.append(self._order[id(item)])
            self._listed.append({"file": item.file, **error, **_place(item, str(error["pointer"]))})

    async def _write(self, checked: list[tuple[Item, Rows]]) -> list[tuple[Item, Rows]]:
        """Write records up to the first that shares an id with one before it; answer the rest."""
        first, later = _apart(checked)
        places = Places(self._standing.project_id, await self._stored([rows for _, rows in first]))
        fresh: list[tuple[Rows, Placed]] = []
        for item, rows in first:
            try:
                placed = places.parts(rows, document_is_new=places.document(rows))
            except Problem as problem:
                self._refuse(item, "", problem)
                continue
            for pointer, refusal in placed.refused:
                self._refuse(item, pointer, refusal)
            fresh.append((rows, placed))
        tables = await asyncio.to_thread(self._tables, fresh)
        for name, rows_ in tables.items():
            if rows_:
                await self._db.load(_TABLES[name], rows_)
        return later

    async def _stored(self, records: Sequence[Rows]) -> Stored:
        """What the database has of the records' ids; ids of other projects as they are here too."""
        db, project_id = self._db, self._standing.project_id

        def elsewhere(found: Sequence[Any]) -> set[UUID]:
            return {derived_id(project_id, row.id) for row in found if row.project_id != project_id}

        external_ids = {rows.document["external_id"] for rows in records} - {None}
        ids = {rows.document["id"] for rows in records}
        documents = await queries.documents(db, project_id, ids, external_ids)
        if others := elsewhere(documents):
            documents += await queries.documents(db, project_id, others, ())
        ours = [row for row in documents if row.project_id == project_id]
        parts = [part.row for rows in records for part in rows.annotations]
        annotations = relations = []
        first: dict[UUID, Any] = {}
        if parts:
            annotations = await queries.annotations(
                db,
                {row.id for row in ours},
                {row["id"] for row in parts},
                {row["external_id"] for row in parts} - {None} if ours else (),
            )
            if others := elsewhere(annotations):
                annotations += await queries.annotations(db, (), others, ())
            changed = [row.id for row in annotations if row.version > 1]
            first = await queries.first_versions(db, changed) if changed else {}
        linked = {part.row["id"] for rows in records for part in rows.relations}
        if linked:
            relations = await queries.relations(db, linked)
            if others := elsewhere(relations):
                relations += await queries.relations(db, others)
        return Stored(
            documents={row.id: row for row in documents},
            documents_by_external_id={
                row.external_id: row
                for row in ours
                if row.external_id is not None and row.deleted_at is None
            },
            annotations={row.id: row for row in annotations},
            annotations_by_external_id={
                (row.document_id, row.external_id): row
                for row in annotations
                if row.external_id is not None and row.withdrawn_at is None
            },
            first_versions=first,
            relations={row.id: row for row in relations},
        )

    def _tables(self, fresh: Sequence[tuple[Rows, Placed]]) -> dict[str, list[dict[str, Any]]]:
        """What is to be inserted, by table, each subject with its entry in the log."""
        tables: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}

        def add(kind: ChangeKind, row: dict[str, Any], state: dict[str, Any] | None = None) -> None:
            self._end += 1
            row["sequence"] = self._end
            standing = self._standing
            entry = Entry.by(standing, kind, row["id"], row["version"], self._moment, state)
            tables[Change.__tablename__].append(entry.row(self._end))

        for rows, placed in fresh:
            if placed.document_is_new:
                document = rows.document
                add(
                    ChangeKind.DOCUMENT_CREATED,
                    document,
                    logged(rows.out) | {"id": str(document["id"])},
                )
                tables[Document.__tablename__].append(document)
                tables[Revision.__tablename__].append(rows.revision)
            for part in placed.annotations:
                add(ChangeKind.ANNOTATION_CREATED, part.row)
                tables[Annotation.__tablename__].append(part.row)
                for decision in part.decisions:
                    decision["sequence"] = part.row["sequence"]
                tables[Decision.__tablename__] += part.decisions
            for part in placed.relations:
                add(ChangeKind.RELATION_CREATED, part.row)
                tables[Relation.__tablename__].append(part.row)
            self._count("documents", int(placed.document_is_new), int(not placed.document_is_new))
            self._count("annotations", len(placed.annotations), placed.unchanged_annotations)
            self._count("relations", len(placed.relations), placed.unchanged_relations)
        return tables

    def _count(self, kind: str, created: int, unchanged: int) -> None:
        self._created[kind] += created
        self._unchanged[kind] += unchanged


def _apart(
    checked: list[tuple[Item, Rows]],
) -> tuple[list[tuple[Item, Rows]], list[tuple[Item, Rows]]]:
    """The records up to the first that claims an id of one before it, and those from there on.

    What a record finds under its ids must be written by then.
    """
    claimed: set[UUID | str] = set()
    for place, (_, rows) in enumerate(checked):
        parts = (*rows.annotations, *rows.relations)
        ids: set[UUID | str] = {rows.document["id"], *(part.row["id"] for part in parts)}
        if rows.document["external_id"] is not None:
            ids.add(rows.document["external_id"])
        if not ids.isdisjoint(claimed):
            return checked[:place], checked[place:]
        claimed |= ids
    return checked, []


def _part_of(pointer: str) -> tuple[str, str]:
    """The kind of what a pointer into a record is about, and which one it is."""
    names = pointer.split("/")
    if len(names) > 2 and names[1] in {"annotations", "relations"}:
        return names[1], names[2]
    return "documents", ""


def _place(item: Item, pointer: str) -> dict[str, object]:
    """Where in the file the part of the record stands."""
    found, rest = pointer, ""
    while found and found not in item.places:
        found, slash, last = found.rpartition("/")
        rest = slash + last + rest
    place = item.places.get(found)
    if place is None:
        return {"line": item.line, "pointer": pointer}
    return {"line": place.line, "pointer": place.pointer + rest}
