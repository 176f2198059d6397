"""A project's log, told to a follower: each entry with the state that it made.

A version never changes once it is there, so entries are told a page at a time, each page in a short
session of its own: what is written meanwhile changes nothing of what was told, and comes later.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, tuple_

from app.annotations import queries as annotations
from app.core.database import Database, Session
from app.core.jsontext import one_line
from app.core.permissions import Standing
from app.core.vocabulary import ChangeKind, OffsetUnit
from app.documents.queries import text_of
from app.exports.log_heads import LogHeads
from app.exports.schemas import ChangeOut
from app.models import Annotation, AnnotationVersion, Change, Document, Relation, User
from app.relations.queries import ROWS as RELATIONS
from app.relations.schemas import RelationOut

_ENTRIES_A_PAGE = 500
_VERSIONS_A_PAGE = 4 * _ENTRIES_A_PAGE
_SILENCE_SECONDS = 15.0

_Decider = User.__table__.alias("decider")

_PAGE = (
    select(*Change.__table__.c, User.name.label("actor"))
    .outerjoin(User, User.id == Change.actor_id)
    .where(
        Change.project_id == bindparam("project_id"),
        Change.sequence > bindparam("after"),
        Change.sequence <= bindparam("end"),
    )
    .order_by(Change.sequence)
    .limit(_ENTRIES_A_PAGE)
)

_ANNOTATIONS = frozenset(
    {
        ChangeKind.ANNOTATION_CREATED,
        ChangeKind.ANNOTATION_UPDATED,
        ChangeKind.ANNOTATION_DECIDED,
    }
)


Reach = Callable[[], Awaitable[int]]
"""Where the log ends now; for a caller who may still read it."""


class ReadsNoLonger(Exception):
    """Whoever is told a log may not read it any more; what they were told is not all of it."""


async def lines(entries: AsyncGenerator[ChangeOut]) -> AsyncIterator[bytes]:
    """The entries as JSON Lines."""
    async with aclosing(entries):
        async for entry in entries:
            yield f"{one_line(entry.model_dump_json())}\n".encode()


async def events(
    database: Database,
    heads: LogHeads,
    standing: Standing,
    unit: OffsetUnit,
    *,
    after: int,
    end: int,
    seconds: float,
    reach: Reach,
) -> AsyncIterator[bytes]:
    """The entries above ``after`` up to ``end``, and those that come within so many seconds.

    Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html: each has
    its entry's sequence as its id, so that a browser that lost the connection goes on from there.
    The stream ends when the caller may read no longer.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    yield b"retry: 1000\n\n"
    with suppress(ReadsNoLonger):
        while True:
            news = entries(database, standing, unit, after=after, end=end, reach=reach)
            async with aclosing(news):
                async for entry in news:
                    after = entry.sequence
                    data = one_line(entry.model_dump_json())
                    yield f"id: {after}\nevent: {entry.kind}\ndata: {data}\n\n".encode()
            left = deadline - loop.time()
            if left <= 0 or heads.stopped:
                return
            # What is silent for long is cut by proxies.
            yield b":\n\n"
            await heads.beyond(standing.project_id, after, seconds=min(left, _SILENCE_SECONDS))
            # However slowly the reader takes what comes, it was written while they might read it.
            end = await reach()


async def entries(
    database: Database,
    standing: Standing,
    unit: OffsetUnit,
    *,
    after: int,
    end: int,
    reach: Reach,
) -> AsyncGenerator[ChangeOut]:
    """The entries above ``after`` up to ``end``, in order.

    Args:
        database: where to read.
        standing: what the caller is in the project.
        unit: what offsets count.
        after: the sequence of the last entry that the caller has.
        end: the sequence of the last entry to tell.
        reach: asked before each page but the first, for who reads slowly reads for hours.

    Raises:
        ReadsNoLonger: when the caller may not read on.
    """
    while after < end:
        async with database.session(writes=False) as db:
            parameters = {"project_id": standing.project_id, "after": after, "end": end}
            page = (await db.execute(_PAGE, parameters)).all()
            states = await _states(db, standing, unit, page)
        for entry in page:
            # However slowly they are taken, no connection waits for it.
            yield ChangeOut.of(entry, await _state(database, entry, states))
        if len(page) < _ENTRIES_A_PAGE:
            # On PostgreSQL, a refused race leaves a gap in the sequence, and it may be the last.
            return
        after = page[-1].sequence
        await reach()


async def _state(
    database: Database, entry: Row[Any], states: Mapping[tuple[UUID, int], dict[str, Any]]
) -> dict[str, Any] | None:
    """What the entry's subject was after it; None for what was withdrawn or deleted."""
    stored: dict[str, Any] | None = entry.state
    if stored is None or entry.kind is not ChangeKind.DOCUMENT_CREATED:
        return states.get((entry.subject_id, entry.version), stored)
    # One text at a time: a page of them could be larger than memory.
    text = None
    if (entry.subject_id, 0) in states:
        async with database.session(writes=False) as db:
            text = await text_of(db, entry.subject_id, 1, stored["sha256"])
    return {**stored, "text": text}


async def _states(
    db: Session, standing: Standing, unit: OffsetUnit, entries: Sequence[Row[Any]]
) -> dict[tuple[UUID, int], dict[str, Any]]:
    """By subject and version, what annotations and relations became; documents that live as 0."""

    def subjects(*kinds: ChangeKind) -> set[UUID]:
        return {entry.subject_id for entry in entries if entry.kind in kinds}

    states: dict[tuple[UUID, int], dict[str, Any]] = {}
    versions = [(it.subject_id, it.version) for it in entries if it.kind in _ANNOTATIONS]
    for row in await _annotation_rows(db, versions):
        # The text of another unit is kept in memory once it is read.
        out = await annotations.out(db, standing, row, unit)
        states[row.id, row.version] = out.model_dump(mode="json")
    related = subjects(ChangeKind.RELATION_CREATED)
    if related:
        for row in await db.execute(RELATIONS.where(Relation.id.in_(related))):
            relation = RelationOut.of(row, standing.project).model_dump(mode="json")
            states[row.id, 1] = {**relation, "version": 1}
    documents = subjects(ChangeKind.DOCUMENT_CREATED)
    if documents:
        living = select(Document.id).where(
            Document.id.in_(documents), Document.deleted_at.is_(None)
        )
        states |= {(id, 0): {} for id in (await db.execute(living)).scalars()}
    return states


async def _annotation_rows(db: Session, versions: Sequence[tuple[UUID, int]]) -> list[Any]:
    """These versions of annotations but withdrawals, as in ``annotations.queries.ROWS``."""
    if not versions:
        return []
    # The current rows first: a version that is superseded in between is in the history by then.
    ids = {id for id, _ in versions}
    current = (await db.execute(annotations.ROWS.where(Annotation.id.in_(ids)))).all()
    by_id = {row.id: row._asdict() for row in current}
    version_of = AnnotationVersion.__table__.c
    history = (
        select(*version_of, _Decider.c.name.label("decided_by"))
        .outerjoin(_Decider, _Decider.c.id == version_of.decided_by_id)
        .where(version_of.annotation_id.in_(ids))
    )
    if sum(by_id[id]["version"] for id in ids) > _VERSIONS_A_PAGE:
        # An annotation may have any number of them; to name each takes the planner longer.
        history = history.where(tuple_(version_of.annotation_id, version_of.version).in_(versions))
    older = [
        SimpleNamespace(**{**by_id[row.annotation_id], **row._asdict()})
        for row in await db.execute(history)
    ]
    return [*(row for row in current if row.withdrawn_at is None), *older]
