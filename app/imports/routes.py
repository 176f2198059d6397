"""Files in, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from app.core.errors import (
    CrossSiteRequest,
    Forbidden,
    ImportRefused,
    InvalidFile,
    NotFound,
    TooLarge,
    UnsupportedMediaType,
)
from app.core.http.problem_responses import problems
from app.core.http.routing import Db
from app.core.settings import Settings
from app.core.vocabulary import ImportMode
from app.formats.codecs import Format, reader
from app.imports import commands
from app.imports.access import FileRoute, Upload
from app.imports.files import items_of
from app.imports.schemas import ImportReport
from app.projects import queries as projects
from app.projects.access import GrowingProject

router = APIRouter(route_class=FileRoute, tags=["import"])

_FILE: dict[str, Any] = {
    "required": True,
    "description": "The file itself; that of an empty project is empty. Its `Content-Type` is not "
    "looked at; `format` says it.",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@router.post(
    "/v1/projects/{project}/import",
    operation_id="import_file",
    openapi_extra={"requestBody": _FILE},
    responses=problems(
        Forbidden,
        CrossSiteRequest,
        NotFound,
        TooLarge,
        UnsupportedMediaType,
        InvalidFile,
        ImportRefused,
    ),
)
async def import_file(
    standing: GrowingProject,
    db: Db,
    file: Upload,
    request: Request,
    format: Annotated[Format, Query(description="What the file is written in.")],
    *,
    mode: Annotated[
        ImportMode, Query(description="What becomes of the rest when a record is refused.")
    ] = ImportMode.ALL_OR_NOTHING,
    dry_run: Annotated[bool, Query(description="Write nothing; say what would be.")] = False,
) -> ImportReport:
    """Write a file's documents, annotations and relations, each checked as by POST.

    What is there already with the same content is left as it is, so the same file again changes
    nothing. It is known by its `id` or `external_id`; an annotation or relation without, in a
    document with one, by what it says and by its author. Of `jsonl`, a document without either is
    another one each time. Of what its format does not hold a file says nothing. Who, when, origin
    and review are taken from a manager's file only. Whether the caller may is looked at before the
    file is read, and again once it is there.
    """
    settings: Settings = request.app.state.settings
    head = await projects.head(db, standing)
    await db.rest()
    return await commands.import_items(
        request.app.state.database,
        standing,
        items_of(file, reader(format, head)),
        mode=mode,
        dry_run=dry_run,
        max_chars=settings.max_text_chars,
    )
