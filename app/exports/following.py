"""Following a project's log: told as lines, which may be waited for, or as events."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.changes.queries import check_reaches, end, has_news
from app.core.database import Database, Session
from app.core.errors import NotFound, RequestTimeout, Unauthenticated
from app.core.http.methods import without_body
from app.core.permissions import Standing
from app.core.vocabulary import OffsetUnit
from app.exports import log
from app.exports.log_heads import LogHeads
from app.exports.negotiation import prefers
from app.exports.streaming import Stream
from app.formats.codecs import MEDIA_TYPES, Format
from app.projects import queries as projects
from app.users.credentials import Credential

EVENTS = "text/event-stream"
"""The media type of server-sent events."""


async def follow(
    request: Request,
    db: Session,
    standing: Standing,
    credential: Credential,
    unit: OffsetUnit,
    *,
    after: int,
    wait: int | None,
    last_event_id: int | None,
) -> Stream:
    """The answer that tells the log above ``after``, as events if the caller prefers them.

    Args:
        request: says what the caller prefers, and whether they are still there.
        db: the session that they were let in by; nothing of it is held while they are told.
        standing: what they are in the project.
        credential: by which it is asked again whether they may read on.
        unit: what offsets count.
        after: the last change that they have; ``last_event_id`` says it for events.
        wait: seconds to wait for something new; for events, how long they go on, by default 60.
        last_event_id: the last event that they have; goes before ``after``.

    Raises:
        InvalidParameter: when the log does not go as far as they say.
        NotFound: when they waited, and may not read the project by then.
        Unauthenticated: when what they showed is good no longer by then.
        ClientDisconnect: when they hang up while they wait.
    """
    database: Database = request.app.state.database
    heads: LogHeads = request.app.state.log_heads
    reach = partial(_reach, database, credential, standing.project)
    said = "after"
    if last_event_id is not None:
        after, said = last_event_id, "Last-Event-ID"
    if without_body(request.scope):
        wait = None
    as_events = prefers(request.headers.get("accept", ""), EVENTS, MEDIA_TYPES[Format.JSONL])
    last = await end(db, standing.project_id)
    check_reaches(last, after, said)
    if wait and not as_events and not await has_news(db, standing.project_id, after):
        await db.rest()
        await _unless_gone(request, heads.beyond(standing.project_id, after, seconds=wait))
        await projects.standing(db, credential, standing.project)
        last = await end(db, standing.project_id)
    await db.rest()
    headers = {"Stet-Snapshot": str(last), "Vary": "Accept"}
    if as_events:
        seconds = 60 if wait is None else wait
        events = log.events(
            database, heads, standing, unit, after=after, end=last, seconds=seconds, reach=reach
        )
        headers["X-Accel-Buffering"] = "no"
        return Stream(events, media_type=EVENTS, headers=headers)
    entries = log.entries(database, standing, unit, after=after, end=last, reach=reach)
    return Stream(log.lines(entries), media_type=MEDIA_TYPES[Format.JSONL], headers=headers)


async def _reach(database: Database, credential: Credential, project: str) -> int:
    try:
        async with database.session(writes=False) as later:
            return (await projects.standing(later, credential, project)).sequence
    except (NotFound, Unauthenticated) as refused:
        raise log.ReadsNoLonger from refused


async def _unless_gone(request: Request, waiting: Coroutine[Any, Any, None]) -> None:
    """Wait, but not for a caller who hangs up meanwhile: others want the place.

    Raises:
        ClientDisconnect: when they do.
    """

    async def gone() -> bool:
        try:
            while (await request.receive())["type"] != "http.disconnect":
                pass
        except RequestTimeout:
            # A body is of no use here, and does not come: whether they are there, nobody says.
            return False
        return True

    done = asyncio.ensure_future(waiting)
    hung_up = asyncio.ensure_future(gone())
    try:
        await asyncio.wait((done, hung_up), return_when=asyncio.FIRST_COMPLETED)
        if not done.done() and hung_up.result():
            raise ClientDisconnect
        await done
    finally:
        for task in (done, hung_up):
            task.cancel()
