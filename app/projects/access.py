"""The project of the path, for whom its signature says."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path, Request

from app.core.http.routing import session_of
from app.core.permissions import Act, Standing
from app.projects import queries
from app.users.access import Shown, remember

SlugInPath = Annotated[str, Path(description="The project's slug.", examples=["demo"])]


def _project(act: Act) -> Callable[..., Awaitable[Standing]]:
    async def standing(project: SlugInPath, credential: Shown, request: Request) -> Standing:
        found = await queries.standing(session_of(request), credential, project)
        remember(request, found.actor)
        found.require(act)
        return found

    return standing


ReadableProject = Annotated[Standing, Depends(_project(Act.READ))]
GrowingProject = Annotated[Standing, Depends(_project(Act.ADD_DOCUMENTS))]
ReviewableProject = Annotated[Standing, Depends(_project(Act.REVIEW))]
ManagedProject = Annotated[Standing, Depends(_project(Act.MANAGE))]
