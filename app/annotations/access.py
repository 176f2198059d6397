"""The annotation of the path, for whom its signature says."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from app.annotations import queries
from app.annotations.queries import SeenAnnotation
from app.core.permissions import Act
from app.core.routing import Db
from app.users.access import Shown, remember

IdInPath = Annotated[UUID, Path(description="The annotation's id.")]


def _annotation(act: Act) -> Callable[..., Awaitable[SeenAnnotation]]:
    async def annotation(
        id: IdInPath, credential: Shown, db: Db, request: Request
    ) -> SeenAnnotation:
        found = await queries.seen(db, credential, id)
        remember(request, found.standing.actor)
        found.standing.require(act)
        return found

    return annotation


HistoricAnnotation = Annotated[SeenAnnotation, Depends(_annotation(Act.READ))]
"""Withdrawn or not."""


def _alive(annotation: HistoricAnnotation) -> SeenAnnotation:
    return annotation.alive()


ReadableAnnotation = Annotated[SeenAnnotation, Depends(_alive)]
EditableAnnotation = Annotated[SeenAnnotation, Depends(_annotation(Act.ANNOTATE))]
ReviewableAnnotation = Annotated[SeenAnnotation, Depends(_annotation(Act.REVIEW))]
