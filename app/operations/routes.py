"""Health, measurements, the API's documentation and the pages of its problems."""

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from app.core.database import Database
from app.core.documented import problems
from app.core.errors import NotFound, Unavailable, catalogue
from app.core.observability import POOL, metrics
from app.operations import queries
from app.operations.pages import problem_page
from app.operations.schemas import Health, Readiness

router = APIRouter(tags=["operations"])

_STATIC = Path(__file__).parent / "static"
_head = lru_cache(maxsize=1)(queries.head)


@router.get("/healthz", operation_id="get_health")
async def health() -> Health:
    """Whether the process answers."""
    return Health(status="ok")


@router.get("/readyz", operation_id="get_readiness", responses=problems(Unavailable))
async def readiness(request: Request) -> Readiness:
    """Whether the database can be reached and its migrations are those of this release."""
    database: Database = request.app.state.database
    current = await queries.current(database)
    if current != _head():
        raise Unavailable(
            f"The database is at revision {current}, this release needs {_head()}: run stet migrate."
        )
    return Readiness(status="ready", database=database.dialect, revision=current)


@router.get("/metrics", operation_id="get_metrics", response_class=PlainTextResponse)
async def measurements(request: Request) -> Response:
    """Requests by route and status, their duration, connections in use: Prometheus's text format."""
    database: Database = request.app.state.database
    POOL.set(database.pool_in_use())
    return Response(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/docs", include_in_schema=False)
async def docs() -> Response:
    """The API's documentation, to read and to try; all of it served from here."""
    return FileResponse(_STATIC / "docs.html", headers={"Content-Security-Policy": _POLICY})


_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "connect-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self'"
)


@router.get(
    "/problems/{code}",
    operation_id="get_problem",
    response_class=HTMLResponse,
    responses=problems(NotFound),
)
async def problem(code: str) -> Response:
    """What a problem means and what to do about it: the page that its `type` names."""
    found = catalogue().get(code)
    if found is None:
        raise NotFound("There is no such problem.")
    return HTMLResponse(problem_page(found), headers={"Content-Security-Policy": _POLICY})


def mount_static(app: FastAPI) -> None:
    """Serve what the documentation page loads."""
    app.mount("/docs/static", StaticFiles(directory=_STATIC), name="static")
