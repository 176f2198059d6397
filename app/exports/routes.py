"""Projects out, as a stream."""

from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.annotations.access import Filter
from app.annotations.filters import check_attributes
from app.core.database import Database
from app.core.documented import problems
from app.core.errors import NotFound
from app.core.routing import Db, Route
from app.core.units import Unit
from app.exports import log, queries
from app.formats import jsonl
from app.projects.access import ReadableProject

router = APIRouter(route_class=Route, tags=["export"])


class ExportFormat(StrEnum):
    """What an export can be written in."""

    JSONL = "jsonl"


_SNAPSHOT: dict[str, Any] = {
    "Stet-Snapshot": {
        "description": "The sequence of the last change in the snapshot.",
        "schema": {"type": "integer"},
    }
}


class StreamedExport(StreamingResponse):
    """A stream that keeps its snapshot until it has ended, one way or the other.

    A failure in the middle breaks the connection, so that a part never looks like the whole.
    """

    snapshot: AsyncExitStack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, then let go of the snapshot."""
        async with self.snapshot:
            await super().__call__(scope, receive, send)


@router.get(
    "/v1/projects/{project}/export",
    operation_id="export_project",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The project, streamed: one consistent snapshot, whatever is written "
            "meanwhile. `Stet-Snapshot` names the last change that it holds.",
            "content": {jsonl.MEDIA_TYPE: {"schema": {"type": "string"}}},
            "headers": _SNAPSHOT,
        },
        **problems(NotFound),
    },
)
async def export(
    standing: ReadableProject,
    given: Filter,
    request: Request,
    format: Annotated[ExportFormat, Query(description="What to write.")],  # noqa: A002  # the API's word
    *,
    annotated: Annotated[
        bool, Query(description="Leave out documents without a matching annotation.")
    ] = False,
) -> StreamingResponse:
    """A document a line, with those of its annotations that match, and the relations among them."""
    database: Database = request.app.state.database
    snapshot = AsyncExitStack()
    db = await snapshot.enter_async_context(database.snapshot())
    async with snapshot:
        await check_attributes(db, standing, given)
        _, sequence = await queries.snapshot_of(db, standing.project)
        lines = queries.lines(db, standing.project_id, given, annotated=annotated)
        response = StreamedExport(
            lines,
            media_type=jsonl.MEDIA_TYPE,
            headers={
                "Stet-Snapshot": str(sequence),
                "Content-Disposition": f'attachment; filename="{standing.project}.{jsonl.SUFFIX}"',
            },
        )
        response.snapshot = snapshot.pop_all()
    return response


@router.get(
    "/v1/projects/{project}/changes",
    operation_id="follow_changes",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The log, streamed: a JSON object a line. `Stet-Snapshot` names its end "
            "then; ask next for what comes `after` that.",
            "content": {jsonl.MEDIA_TYPE: {"schema": {"type": "string"}}},
            "headers": _SNAPSHOT,
        },
        **problems(NotFound),
    },
)
async def changes(
    standing: ReadableProject,
    unit: Unit,
    db: Db,
    request: Request,
    after: Annotated[
        int,
        Query(ge=0, le=2**63 - 1, description="The last change that the caller has; 0 for none."),
    ] = 0,
) -> StreamingResponse:
    """What was written in the project, in order, each entry with the state that it made.

    Whoever keeps the last `sequence` misses nothing and sees nothing twice, whatever is written at
    the same time. Begin with an export, and go on from its `Stet-Snapshot`.
    """
    _, end = await queries.snapshot_of(db, standing.project)
    lines = log.lines(request.app.state.database, standing, unit, after=after, end=end)
    return StreamingResponse(
        lines, media_type=jsonl.MEDIA_TYPE, headers={"Stet-Snapshot": str(end)}
    )
