"""The annotation of the path, for whom its signature says, and the filter of the query."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request

from app.annotations import seen
from app.annotations.schemas import AnnotationFilter
from app.annotations.seen import NamedAnnotation, SeenAnnotation
from app.core.fields import TimestampIn
from app.core.http.routing import ATTRIBUTE_PREFIX, may_recall, recalled, session_of
from app.core.permissions import Act
from app.core.vocabulary import Origin, Status
from app.users.access import Shown, remember

IdInPath = Annotated[UUID, Path(description="The annotation's id.")]


def _annotation(act: Act) -> Callable[..., Awaitable[SeenAnnotation]]:
    async def annotation(id: IdInPath, credential: Shown, request: Request) -> SeenAnnotation:
        found = await seen.seen(session_of(request), credential, id)
        remember(request, found.standing.actor)
        found.standing.require(act)
        return found

    return annotation


async def _marked(
    id: IdInPath, credential: Shown, request: Request
) -> SeenAnnotation | NamedAnnotation:
    session = session_of(request)
    found = await seen.seen_lately(session, credential, id, recall=may_recall(request))
    if isinstance(found, NamedAnnotation):
        recalled(request)
    remember(request, found.standing.actor)
    found.standing.require(Act.REVIEW)
    return found


HistoricAnnotation = Annotated[SeenAnnotation, Depends(_annotation(Act.READ))]
"""Withdrawn or not."""


async def _alive(annotation: HistoricAnnotation) -> SeenAnnotation:
    return annotation.alive()


ReadableAnnotation = Annotated[SeenAnnotation, Depends(_alive)]
EditableAnnotation = Annotated[SeenAnnotation, Depends(_annotation(Act.ANNOTATE))]
ReviewableAnnotation = Annotated[SeenAnnotation | NamedAnnotation, Depends(_marked)]
"""One to be decided on; for a caller who was let in up to a second ago, it is not looked at."""

Labels = Annotated[list[str], Query(alias="label", description="May be repeated.")]
Statuses = Annotated[list[Status], Query(alias="status", description="May be repeated.")]
Authors = Annotated[list[str], Query(alias="author", description="User names; may be repeated.")]


async def annotation_filter(
    request: Request,
    label: Labels = [],  # noqa: B006  # FastAPI copies defaults
    status: Statuses = [],  # noqa: B006
    author: Authors = [],  # noqa: B006
    origin: Annotated[list[Origin], Query(description="May be repeated.")] = [],  # noqa: B006
    document: Annotated[UUID | None, Query(description="Of this document alone.")] = None,
    updated_after: Annotated[
        TimestampIn | None, Query(description="Changed after this moment, RFC 3339.")
    ] = None,
    quote_contains: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=1000,
            description="The quote contains this, whatever its case.",
        ),
    ] = None,
    attribute: Annotated[
        str | None,
        Query(
            alias=ATTRIBUTE_PREFIX,
            description="`attribute.<name>=<value>`: an attribute equals the value, or is a list "
            "that holds it. May be repeated with other names.",
            include_in_schema=False,
        ),
    ] = None,
) -> AnnotationFilter:
    """Which annotations of a project are meant, from the query."""
    attributes = tuple(
        (name.removeprefix(ATTRIBUTE_PREFIX), value)
        for name, value in request.query_params.multi_items()
        if name.startswith(ATTRIBUTE_PREFIX)
    )
    return AnnotationFilter(
        label=tuple(label),
        status=tuple(status),
        author=tuple(author),
        origin=tuple(origin),
        document=document,
        updated_after=updated_after,
        attributes=attributes,
        quote_contains=quote_contains,
    )


Filter = Annotated[AnnotationFilter, Depends(annotation_filter)]
