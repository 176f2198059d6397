"""Documents and their texts."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from app.core.errors import (
    ControlCharacter,
    CrossSiteRequest,
    ExternalIdConflict,
    Forbidden,
    Gone,
    IdConflict,
    NotFound,
    PreconditionRequired,
    Stale,
    TooLarge,
)
from app.core.http.conditions import SeenWhole, Tag
from app.core.http.listing import Link, Pages
from app.core.http.problem_responses import problems
from app.core.http.routing import Db, Route
from app.core.http.units import Unit
from app.core.paging import Page
from app.core.settings import Settings
from app.core.vocabulary import Order
from app.documents import commands, queries
from app.documents.access import EditableDocument, Filter, ManagedDocument, ReadableDocument
from app.documents.schemas import DocumentIn, DocumentItem, DocumentOut, DocumentPatch
from app.projects.access import GrowingProject, ReadableProject

router = APIRouter(route_class=Route, tags=["documents"])


@router.get(
    "/v1/projects/{project}/documents",
    operation_id="list_documents",
    responses=problems(NotFound),
)
async def list_documents(
    standing: ReadableProject,
    db: Db,
    pages: Pages,
    link: Link,
    given: Filter,
    order: Annotated[
        Order | None,
        Query(description="By arrival. If left out: with `q` the best first, else the oldest."),
    ] = None,
) -> Page[DocumentItem]:
    """The project's documents, without their texts: by their arrival, or the best first for `q`."""
    return link(await queries.page(db, standing, pages, given, order))


@router.post(
    "/v1/projects/{project}/documents",
    status_code=201,
    operation_id="create_document",
    responses={
        200: {"description": "The same document was there already.", "model": DocumentOut},
        **problems(
            Forbidden,
            CrossSiteRequest,
            NotFound,
            IdConflict,
            ExternalIdConflict,
            Gone,
            TooLarge,
            ControlCharacter,
        ),
    },
)
async def create_document(
    standing: GrowingProject, new: DocumentIn, unit: Unit, db: Db, tag: Tag, request: Request
) -> DocumentOut:
    """Add a document. Its text is kept as it is, but for a leading BOM, CRLF and CR."""
    settings: Settings = request.app.state.settings
    document, is_new = await commands.create(
        db, standing, new, unit, max_chars=settings.max_text_chars
    )
    location = f"/v1/documents/{document.id}"
    return tag.created(document, location, new=is_new, beside=document.counts.tag())


@router.get("/v1/documents/{id}", operation_id="get_document", responses=problems(NotFound, Gone))
async def get_document(document: ReadableDocument, db: Db, tag: Tag) -> DocumentOut:
    """One document with its text."""
    out = await queries.out(db, document)
    return tag(out, beside=out.counts.tag())


@router.patch(
    "/v1/documents/{id}",
    operation_id="update_document",
    responses=problems(
        Forbidden,
        CrossSiteRequest,
        NotFound,
        Gone,
        ExternalIdConflict,
        Stale,
        PreconditionRequired,
    ),
)
async def edit_document(
    document: EditableDocument, seen: SeenWhole, patch: DocumentPatch, db: Db, tag: Tag
) -> DocumentOut:
    """Change a document's particulars: for who added it and for managers. Its text never changes.

    What changes nothing makes no new version.
    """
    out = await commands.edit(db, document, seen.version, patch)
    return tag(out, beside=out.counts.tag())


@router.delete(
    "/v1/documents/{id}",
    status_code=204,
    operation_id="delete_document",
    responses=problems(Forbidden, CrossSiteRequest, NotFound, Gone, Stale, PreconditionRequired),
)
async def delete_document(document: ManagedDocument, seen: SeenWhole, db: Db) -> None:
    """Delete a document; its annotations and relations are withdrawn with it.

    The document's ETag, its `etag` in lists, has its version and, behind a hyphen, how many
    annotations there are in each status and which came last. By the whole of it none is deleted
    that was not seen (412); the version alone, `"3"`, says that they don't matter.
    """
    await commands.delete(db, document, seen.version, beside=seen.beside)


@router.get(
    "/v1/documents/{id}/text",
    operation_id="get_text",
    response_class=PlainTextResponse,
    responses={
        200: {
            "description": "The text, exactly as spans count it.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problems(NotFound, Gone),
    },
)
async def get_text(
    document: ReadableDocument,
    db: Db,
    tag: Tag,
    revision: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="The current one if left out.")
    ] = None,
) -> Response:
    """A document's text alone, in UTF-8. A revision never changes, so it is the version."""
    number = revision or document.revision
    text = await queries.text_of(db, document.id, number, document.sha256)
    return tag.whole(PlainTextResponse(text), version=number)
