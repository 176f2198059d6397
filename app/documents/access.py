"""The document of the path, for whom its signature says."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from app.core.permissions import Act
from app.core.routing import may_recall, recalled, session_of
from app.documents import seen
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
