"""The relation of the path, for whom its signature says."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from app.core.http.routing import session_of
from app.core.permissions import Act
from app.relations import queries
from app.relations.queries import SeenRelation
from app.users.access import Shown, remember

IdInPath = Annotated[UUID, Path(description="The relation's id.")]


def _relation(act: Act) -> Callable[..., Awaitable[SeenRelation]]:
    async def relation(id: IdInPath, credential: Shown, request: Request) -> SeenRelation:
        found = await queries.seen(session_of(request), credential, id)
        remember(request, found.standing.actor)
        found.standing.require(act)
        return found

    return relation


ReadableRelation = Annotated[SeenRelation, Depends(_relation(Act.READ))]
EditableRelation = Annotated[SeenRelation, Depends(_relation(Act.ANNOTATE))]
