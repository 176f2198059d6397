"""Projects out, as a stream."""

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.annotations.access import Filter
from app.annotations.filters import check_attributes
from app.changes.access import LAST, SNAPSHOT, LastEvent, SeenSequence
from app.changes.queries import end, holding
from app.core.database import Database
from app.core.errors import (
    CrossSiteRequest,
    Forbidden,
    FormatNotInstalled,
    NameTaken,
    NotFound,
)
from app.core.fields import INT64
from app.core.http.conditions import Tag
from app.core.http.listing import Link, Pages
from app.core.http.problem_responses import problems
from app.core.http.routing import Db, Route, session_of
from app.core.http.units import Unit
from app.core.paging import Page
from app.core.permissions import Standing
from app.exports import commands, content, following, releases
from app.exports.corpus import living, released
from app.exports.following import EVENTS
from app.exports.schemas import ChangeOut, ReleaseIn, ReleaseOut
from app.exports.slots import ExportSlots
from app.exports.streaming import STREAM, lines_of, reported, streamed
from app.formats.codecs import MEDIA_TYPES, Format
from app.projects import queries as projects
from app.projects.access import ManagedProject, ReadableProject
from app.users.access import Shown

router = APIRouter(route_class=Route)


NameInPath = Annotated[str, Path(description="The release's name.")]
InFormat = Annotated[Format, Query(description="What to write.")]
DryRun = Annotated[
    bool, Query(description="Answer a report of what the format would lose, not the export.")
]


@router.get(
    "/v1/projects/{project}/export",
    tags=["export"],
    operation_id="export_project",
    response_class=StreamingResponse,
    responses={200: STREAM, **problems(NotFound, FormatNotInstalled)},
)
async def export(
    standing: ReadableProject,
    given: Filter,
    request: Request,
    format: InFormat,
    *,
    annotated: Annotated[
        bool, Query(description="Leave out documents without a matching annotation.")
    ] = False,
    dry_run: DryRun = False,
    seen: SeenSequence = None,
) -> Response:
    """Documents with those of their annotations that match, and the relations among them.

    Who has their share of exports under way is answered 429, and a reader who takes less than a
    kilobyte a second is cut off after some minutes.
    """
    database: Database = request.app.state.database
    session = session_of(request)
    await check_attributes(session, standing, given)
    await session.rest()
    async with AsyncExitStack() as held:
        await held.enter_async_context(_slot(request, standing))
        db = await held.enter_async_context(database.snapshot(holding=holding(standing, seen)))
        sequence = await end(db, standing.project_id)
        corpus = living(standing.project_id, given, db.dialect, annotated=annotated)
        # Not by what the caller was let in with, which may be newer than the snapshot, or older.
        head = await projects.head_of(db, standing.project_id, sequence)
        if dry_run:
            return reported(await content.losses(db, corpus, format), sequence)
        return streamed(request, held, content.stream(db, corpus, format, head), format, head)


@router.post(
    "/v1/projects/{project}/releases",
    status_code=201,
    tags=["releases"],
    operation_id="create_release",
    responses={
        200: {"description": "The release was there already, the same.", "model": ReleaseOut},
        **problems(Forbidden, CrossSiteRequest, NotFound, NameTaken),
    },
)
async def create_release(
    standing: ManagedProject, new: ReleaseIn, request: Request, tag: Tag
) -> ReleaseOut:
    """Freeze what an export with this filter holds now, to be cited and pulled for ever."""
    await session_of(request).rest()
    made, is_new = await commands.release(request.app.state.database, standing, new)
    return tag.created(made, f"/v1/projects/{standing.project}/releases/{made.name}", new=is_new)


@router.get(
    "/v1/projects/{project}/releases",
    tags=["releases"],
    operation_id="list_releases",
    responses=problems(NotFound),
)
async def list_releases(
    standing: ReadableProject, db: Db, pages: Pages, link: Link
) -> Page[ReleaseOut]:
    """The project's releases, oldest first."""
    return link(await releases.page(db, standing, pages))


@router.get(
    "/v1/projects/{project}/releases/{name}",
    tags=["releases"],
    operation_id="get_release",
    responses=problems(NotFound),
)
async def get_release(name: NameInPath, standing: ReadableProject, db: Db, tag: Tag) -> ReleaseOut:
    """A release's manifest: counts by label and status, and the SHA-256 of its `jsonl`."""
    return tag(await releases.release(db, standing, name))


@router.get(
    "/v1/projects/{project}/releases/{name}/export",
    tags=["releases"],
    operation_id="export_release",
    response_class=StreamingResponse,
    responses={200: STREAM, **problems(NotFound, FormatNotInstalled)},
)
async def export_release(
    name: NameInPath,
    standing: ReadableProject,
    request: Request,
    format: InFormat,
    *,
    dry_run: DryRun = False,
) -> Response:
    """The same bytes as on the day of the release, whatever was edited, withdrawn or deleted."""
    await session_of(request).rest()
    async with AsyncExitStack() as held:
        await held.enter_async_context(_slot(request, standing))
        db = await held.enter_async_context(request.app.state.database.snapshot())
        row = await releases.seen(db, standing, name)
        corpus = released(standing.project_id, row.id)
        head = await releases.head(db, standing, row.id)
        if dry_run:
            return reported(await content.losses(db, corpus, format), head.sequence)
        pieces = content.stream(db, corpus, format, head)
        return streamed(request, held, pieces, format, head, f"-{name}")


def _slot(request: Request, standing: Standing) -> AbstractAsyncContextManager[None]:
    """A place for one more export of the caller's."""
    slots: ExportSlots = request.app.state.export_slots
    return slots.slot(standing.actor.id)


@router.get(
    "/v1/projects/{project}/changes",
    tags=["export"],
    operation_id="follow_changes",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The log, streamed: a `ChangeOut` a line. `Stet-Snapshot` names its end "
            "then; ask next for what comes `after` that. With `Accept: text/event-stream` the same "
            "as server-sent events: `event` is the kind, `id` the sequence, `data` the line.",
            "content": {
                MEDIA_TYPES[Format.JSONL]: {"schema": lines_of(ChangeOut)},
                EVENTS: {"schema": {"type": "string"}},
            },
            "headers": SNAPSHOT,
        },
        **problems(NotFound),
    },
)
async def changes(
    standing: ReadableProject,
    credential: Shown,
    unit: Unit,
    db: Db,
    request: Request,
    after: Annotated[
        int,
        Query(
            ge=0,
            le=LAST,
            description="The last change that the caller has; 0 for none. One that is not in the "
            "log is refused: the database was put back from a copy, so begin again with an export.",
            json_schema_extra=INT64,
        ),
    ] = 0,
    wait: Annotated[
        int | None,
        Query(
            ge=0,
            le=60,
            description="Seconds to wait for something new when there is nothing; with server-sent "
            "events, how long they go on, by default 60.",
        ),
    ] = None,
    last_event_id: LastEvent = None,
) -> StreamingResponse:
    """What was written in the project, in order, each entry with the state that it made.

    Whoever keeps the last `sequence` misses nothing and sees nothing twice, whatever is written at
    the same time. Begin with an export, and go on from its `Stet-Snapshot`.

    A document's deletion comes after the withdrawal of its annotations, and an annotation's after
    that of its relations. Offsets are in the unit that is asked for, also of versions long gone.

    Who may read no longer meanwhile is told no further page: events end, lines break off.
    """
    return await following.follow(
        request, db, standing, credential, unit, after=after, wait=wait, last_event_id=last_event_id
    )
