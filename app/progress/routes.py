"""How far a project has come."""

from fastapi import APIRouter, Request, Response

from app.changes.access import SNAPSHOT, SeenSequence
from app.core.errors import NotFound
from app.core.http.problem_responses import problems
from app.core.http.routing import Db, Route
from app.progress import queries
from app.progress.schemas import ProgressOut
from app.projects.access import ReadableProject

router = APIRouter(route_class=Route)


@router.get(
    "/v1/projects/{project}/progress",
    tags=["projects"],
    operation_id="get_progress",
    response_model=ProgressOut,
    responses={200: {"headers": SNAPSHOT}, **problems(NotFound)},
)
async def get_progress(
    standing: ReadableProject,
    db: Db,
    request: Request,
    seen: SeenSequence = None,
) -> Response:
    """How far a project has come: by label and status, by person and by day, at one moment."""
    made = await queries.progress(request.app.state.database, db, standing, seen)
    headers = {"Stet-Snapshot": str(made.sequence)}
    return Response(made.answer, media_type="application/json", headers=headers)
