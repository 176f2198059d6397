"""Health, measurements, the API's documentation and the pages of its problems."""

from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from app.core.database import Database
from app.core.errors import NotFound, Unavailable, catalogue
from app.core.http.problem_responses import problems
from app.core.metrics import METRICS_TYPE, look, metrics
from app.operations import queries
from app.operations.openapi.examples import PROBLEMS
from app.operations.pages import problem_page
from app.operations.schemas import Health, Readiness
from app.operations.sqlite import files as sqlite_files

router = APIRouter(tags=["operations"])

_STATIC = Path(__file__).parent / "static"
_static = StaticFiles(directory=_STATIC)

# Everything is served from here, and nothing else is let in: no inline script, no other site.
_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "connect-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self'"
)
_PAGE = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "no-referrer"}


async def _whole(request: Request) -> None:
    # A part of a file that cannot be had would be refused in plain text. Whoever asks for a part
    # may be answered with the whole (RFC 9110, section 14.2).
    request.scope["headers"] = [
        (name, value) for name, value in request.scope["headers"] if name != b"range"
    ]


@router.get("/healthz", operation_id="get_health")
async def health() -> Health:
    """Whether the process answers."""
    return Health(status="ok")


@router.get("/readyz", operation_id="get_readiness", responses=problems(Unavailable))
async def readiness(request: Request) -> Readiness:
    """Whether the database can be reached and written, and its migrations are of this release."""
    database: Database = request.app.state.database
    state = await queries.state_soon(database)
    reason = queries.unfit(state.revision) or state.barred or sqlite_files.barred(database)
    if reason is not None:
        raise Unavailable(reason)
    return Readiness(status="ready", database=database.dialect, revision=state.revision or "")


@router.get("/metrics", operation_id="get_metrics", response_class=PlainTextResponse)
async def measurements(request: Request) -> Response:
    """Requests, connections, commits, exports and waits: Prometheus's text format.

    With several workers, any of them answers for all.
    """
    database: Database = request.app.state.database
    look(database)
    return Response(metrics(), media_type=METRICS_TYPE)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The API's description, for programs."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", include_in_schema=False, dependencies=[Depends(_whole)])
async def docs() -> Response:
    """The API's documentation, to read and to try."""
    return FileResponse(_STATIC / "docs.html", headers=_PAGE)


@router.get("/docs/static/{file:path}", include_in_schema=False, dependencies=[Depends(_whole)])
async def static(file: str, request: Request) -> Response:
    """What the documentation's pages load."""
    return await _static.get_response(file, request.scope)


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
    return HTMLResponse(problem_page(found, PROBLEMS[code]), headers=_PAGE)
