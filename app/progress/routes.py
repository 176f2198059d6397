"""How far a project has come."""

from fastapi import APIRouter, Request

from app.changes.access import SeenSequence
from app.core.documented import problems
from app.core.errors import NotFound
from app.core.routing import Db, Route
from app.progress import queries
from app.progress.schemas import ProgressOut
from app.projects.access import ReadableProject

router = APIRouter(route_class=Route)


@router.get(
    "/v1/projects/{project}/progress",
    tags=["projects"],
    operation_id="get_progress",
    responses=problems(NotFound),
)
async def get_progress(
    standing: ReadableProject, db: Db, request: Request, seen: SeenSequence = None
) -> ProgressOut:
    """How far a project has come: by label and status, by person and by day, at one moment."""
    await db.rest()
    return await queries.progress(request.app.state.database, standing, seen)
