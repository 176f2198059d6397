"""Files in: each record checked like a POST, all of them written in one commit, or none."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Table, update

from app.changes.commands import Entry, end_under, lock_under
from app.core.database import Database, Session
from app.core.errors import ImportRefused, Problem
from app.core.permissions import Act, Standing, may
from app.core.prefetching import Prefetching
from app.core.timestamps import now
from app.core.vocabulary import ChangeKind, ImportMode
from app.documents.rows import logged, words_of
from app.formats.record import Item
from app.imports.batches import batches
from app.imports.placing import Placed, Places
from app.imports.records import Record, people_of, records_of
from app.imports.refusals import Refusals
from app.imports.rows import Checker, Rows, rows_of
from app.imports.schemas import ImportReport, Tally
from app.imports.stored import Stored
from app.imports.turns import Claimant, Claims, Turns
from app.models import (
    WORDS,
    Annotation,
    Base,
    Change,
    ChangeHead,
    Decision,
    Document,
    Relation,
    Revision,
)
from app.projects import queries as projects
from app.projects.scheme import Scheme
from app.users.queries import check_unchanged, ids_by_name

_TABLES: dict[str, Table] = {
    model.__tablename__: Base.metadata.tables[model.__tablename__]
    # Each after those that it refers to.
    for model in (Document, Revision, Annotation, Decision, Relation, Change)
} | {WORDS.name: WORDS}


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
        Moved: when the scheme, the members or the importer were changed since they were let in.
    """
    standing.require(Act.ADD_DOCUMENTS)
    try:
        async with database.session(writes=True) as db:
            await db.begin(unhurried=True)
            # The scheme and the importer must be as they were before the file came. Of a dry run
            # nothing stays, so it keeps no writer of the project waiting.
            end = await (end_under if dry_run else lock_under)(db, standing)
            await check_unchanged(db, standing.actor)
            scheme = await projects.scheme(db, standing)
            importing = _Importing(db, standing, scheme, None if dry_run else end, max_chars)
            # While the database writes some records, the next ones are read and checked.
            async with aclosing(Prefetching(importing.checked(database, batches(items)))) as ready:
                async for checked in ready:
                    await importing.take(checked)
            await importing.finish()
            return importing.report(mode, dry_run=dry_run)
    except _Undone as undone:
        return undone.report


@dataclass(frozen=True, slots=True)
class _Checked:
    """Where some records of the file stand, and the rows of those that are right by themselves."""

    items: Sequence[Item]
    fit: list[Claimant]
    refusals: Refusals


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Records that have their places: their rows by table, packed, and the ids that they claim."""

    tables: Mapping[str, Any] = field(default_factory=dict)
    claimed: Claims = frozenset()


class _Undone(Exception):
    """All was tried; nothing is to be kept."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


class _Importing:
    """One import under way: the end of the log, the tallies and what was refused so far."""

    def __init__(
        self, db: Session, standing: Standing, scheme: Scheme, end: int | None, max_chars: int
    ) -> None:
        """Without an ``end`` of the log, nothing is logged."""
        self._db = db
        self._standing = standing
        self._scheme = scheme
        self._max_chars = max_chars
        self._people: dict[str, UUID] = {}
        self._moment = now()
        self._logs = end is not None
        self._begin = self._end = end or 0
        self._created: Counter[str] = Counter()
        self._unchanged: Counter[str] = Counter()
        self._refusals = Refusals()
        self._waiting = _Waiting()

    async def checked(
        self, database: Database, batches: AsyncIterator[list[Item]]
    ) -> AsyncGenerator[_Checked]:
        """Records that are right by themselves; the transaction is not asked for anything."""
        async for batch in batches:
            checked = await self._looked_at(database, batch)
            # What the file says is not needed any more while the next records are read.
            batch.clear()
            yield checked

    async def _looked_at(self, database: Database, batch: Sequence[Item]) -> _Checked:
        refusals = Refusals()
        # Checking is arithmetic on texts: in a thread, so that the loop goes on.
        records = await asyncio.to_thread(records_of, batch, refusals)
        names = {name for _, record in records for name in people_of(record.line)}
        missing = names - self._people.keys()
        if missing:
            async with database.session(writes=False) as db:
                self._people |= await ids_by_name(db, missing)
        fit = await asyncio.to_thread(self._check, batch, records, refusals)
        return _Checked([replace(item, value=None) for item in batch], fit, refusals)

    async def take(self, checked: _Checked) -> None:
        """Write some records."""
        turns = await Turns.of(self._db, self._standing.project_id, checked.fit)
        if turns.miss_any_of(self._waiting.claimed):
            await self._write_waiting()
            turns = await Turns.of(self._db, self._standing.project_id, checked.fit)
        while turns.left:
            await self._place(checked.items, turns)
        self._refusals.settle(checked.refusals)

    async def finish(self) -> None:
        """Write what waits, and say where the log ends now."""
        await self._write_waiting()
        if self._logs and self._end > self._begin:
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
            refused=Tally(**self._refusals.parts),
            refusals=self._refusals.listed,
        )
        if dry_run:
            raise _Undone(report)
        if self._refusals.count and mode is ImportMode.ALL_OR_NOTHING:
            raise ImportRefused(self._refusals.listed, count=self._refusals.count)
        return report

    def _check(
        self, items: Sequence[Item], records: list[tuple[int, Record]], refusals: Refusals
    ) -> list[Claimant]:
        by = Checker(
            standing=self._standing,
            scheme=self._scheme,
            trusted=may(self._standing.role, Act.MANAGE),
            people=self._people,
            max_chars=self._max_chars,
            moment=self._moment,
        )
        fit = []
        for place, record in records:
            try:
                rows = rows_of(record, by)
            except Problem as problem:
                refusals.add(place, items[place], problem)
            else:
                for refusal in rows.refused:
                    refusals.add(place, items[place], refusal)
                fit.append(Claimant.of(place, rows))
        return fit

    async def _place(self, items: Sequence[Item], turns: Turns) -> None:
        """Place the records of the next turn.

        They wait to be written while the next ones are placed: those that waited are written now.
        """
        turn = await turns.next(self._waiting.claimed)
        placing = asyncio.ensure_future(
            asyncio.to_thread(self._tables, items, turn.records, turn.stored)
        )
        try:
            await self._write_waiting()
        finally:
            self._waiting = _Waiting(await placing, turn.claimed)

    async def _write_waiting(self) -> None:
        for name, packed in self._waiting.tables.items():
            await self._db.load(_TABLES[name], packed)
        self._waiting = _Waiting()

    def _tables(
        self, items: Sequence[Item], fit: Sequence[Claimant], stored: Stored
    ) -> dict[str, Any]:
        """What is to be inserted, by table and packed, each subject with its entry in the log."""
        fresh = self._placed(items, fit, stored)
        tables: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}

        def add(kind: ChangeKind, row: dict[str, Any], state: dict[str, Any] | None = None) -> None:
            self._end += 1
            row["sequence"] = self._end
            standing = self._standing
            entry = Entry.by(standing, kind, row["id"], row["version"], self._moment, state)
            tables[Change.__tablename__].append(entry.row(self._end))

        for rows, placed in fresh:
            if placed.document_is_new:
                stored.documents.add(rows)
                state = logged(rows.out) | {"id": str(rows.document["id"])}
                add(ChangeKind.DOCUMENT_CREATED, rows.document, state)
                tables[Document.__tablename__].append(rows.document)
                tables[Revision.__tablename__].append(rows.revision)
                tables[WORDS.name].append(words_of(rows.document, rows.revision["text"]))
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
        if not self._logs:
            del tables[Change.__tablename__]
        return {name: self._db.packed(_TABLES[name], new) for name, new in tables.items() if new}

    def _placed(
        self, items: Sequence[Item], fit: Sequence[Claimant], stored: Stored
    ) -> list[tuple[Rows, Placed]]:
        """The records under their ids here, without those that are refused."""
        places = Places(self._standing.project_id, self._scheme, stored)
        fresh = []
        for it in fit:
            place, rows = it.place, it.rows
            try:
                is_new, unsaid = places.document(rows), items[place].unsaid
                placed = places.parts(rows, document_is_new=is_new, unsaid=unsaid)
            except Problem as problem:
                self._refusals.add(place, items[place], problem)
                continue
            for pointer, refusal in placed.refused:
                self._refusals.add(place, items[place], refusal, at=pointer)
            fresh.append((rows, placed))
        return fresh

    def _count(self, kind: str, created: int, unchanged: int) -> None:
        self._created[kind] += created
        self._unchanged[kind] += unchanged
