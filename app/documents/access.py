"""The document of the path, for whom its signature says, and the filter of the query."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request

from app.core.http.routing import may_recall, recalled, session_of
from app.core.permissions import Act
from app.core.vocabulary import Status
from app.documents import seen
from app.documents.schemas import DocumentFilter
from app.documents.seen import SeenDocument
from app.users.access import Shown, remember

IdInPath = Annotated[UUID, Path(description="The document's id.")]


def _document(act: Act) -> Callable[..., Awaitable[SeenDocument]]:
    async def document(id: IdInPath, credential: Shown, request: Request) -> SeenDocument:
        found = await seen.seen(session_of(request), credential, id)
        remember(request, found.standing.actor)
        found.standing.require(act)
        return found

    return document


def _document_lately(act: Act) -> Callable[..., Awaitable[SeenDocument]]:
    async def document(id: IdInPath, credential: Shown, request: Request) -> SeenDocument:
        session = session_of(request)
        found = await seen.seen_lately(session, credential, id, recall=may_recall(request))
        if found.recalled:
            recalled(request)
        remember(request, found.standing.actor)
        found.standing.require(act)
        return found

    return document


ReadableDocument = Annotated[SeenDocument, Depends(_document(Act.READ))]
AnnotatableDocument = Annotated[SeenDocument, Depends(_document(Act.ANNOTATE))]
ListedDocument = Annotated[SeenDocument, Depends(_document_lately(Act.READ))]
"""One whose annotations are read; it may have been read itself up to a second ago."""
MarkedDocument = Annotated[SeenDocument, Depends(_document_lately(Act.ANNOTATE))]
"""One to be annotated, likewise."""
EditableDocument = Annotated[SeenDocument, Depends(_document(Act.ADD_DOCUMENTS))]
ManagedDocument = Annotated[SeenDocument, Depends(_document(Act.MANAGE))]


async def document_filter(
    q: Annotated[
        str | None,
        Query(
            max_length=1000,
            description='Words that the title and the text together have, `"a phrase"` whose '
            'words stand side by side, `-word` or `-"a phrase"` that they have not. Case and '
            "accents do not matter. The best come first, unless `order` is given; a document that "
            "gets another title during a walk through the pages may be met twice or not at all.",
        ),
    ] = None,
    external_id: Annotated[str | None, Query(max_length=1000)] = None,
    has_status: Annotated[
        Status | None, Query(description="Has an annotation in this status.")
    ] = None,
    annotated: Annotated[
        bool | None, Query(description="`true`: has annotations; `false`: has none.")
    ] = None,
    annotated_by: Annotated[
        str | None,
        Query(
            max_length=100,
            description="Only annotations by this user count for `annotated`, which is `true` if"
            " left out.",
        ),
    ] = None,
) -> DocumentFilter:
    """Which documents of a project are meant, from the query."""
    return DocumentFilter(
        q=q,
        external_id=external_id,
        has_status=has_status,
        annotated=annotated,
        annotated_by=annotated_by,
    )


Filter = Annotated[DocumentFilter, Depends(document_filter)]
