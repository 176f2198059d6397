"""Verified spans: posting, reading, editing, withdrawing."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.annotations import commands, queries
from app.annotations.access import (
    Authors,
    EditableAnnotation,
    Filter,
    Labels,
    ReadableAnnotation,
    Statuses,
)
from app.annotations.schemas import (
    AnnotationFilter,
    AnnotationIn,
    AnnotationOut,
    AnnotationPatch,
)
from app.core.errors import (
    CrossSiteRequest,
    ExternalIdConflict,
    Forbidden,
    Gone,
    IdConflict,
    InvalidAttribute,
    NotFound,
    OffsetInsideCharacter,
    OffsetOutOfRange,
    PreconditionRequired,
    RelationNotAllowed,
    SpanEmpty,
    SpanReversed,
    Stale,
    UnknownLabel,
)
from app.core.http.conditions import Seen, Tag
from app.core.http.listing import Link, Pages
from app.core.http.problem_responses import SPAN_PROBLEMS, problems
from app.core.http.routing import Db, Route
from app.core.http.units import Unit
from app.core.paging import Page
from app.core.vocabulary import Order
from app.documents.access import ListedDocument, MarkedDocument
from app.projects.access import ReadableProject

router = APIRouter(route_class=Route, tags=["annotations"])


@router.get(
    "/v1/documents/{id}/annotations",
    operation_id="list_document_annotations",
    response_model=Page[AnnotationOut],
    responses=problems(
        NotFound, Gone, OffsetOutOfRange, OffsetInsideCharacter, SpanEmpty, SpanReversed
    ),
)
async def list_of_document(
    document: ListedDocument,
    unit: Unit,
    db: Db,
    pages: Pages,
    link: Link,
    label: Labels = [],  # noqa: B006
    status: Statuses = [],  # noqa: B006
    author: Authors = [],  # noqa: B006
    start: Annotated[
        int | None, Query(description="With `end`: only what shares a character with it.")
    ] = None,
    end: Annotated[int | None, Query()] = None,
) -> Response:
    """A document's annotations in text order."""
    return link(
        await queries.of_document(
            db,
            document,
            AnnotationFilter(label=tuple(label), status=tuple(status), author=tuple(author)),
            unit,
            pages,
            start=start,
            end=end,
        )
    )


@router.post(
    "/v1/documents/{id}/annotations",
    status_code=201,
    operation_id="create_annotation",
    responses={
        200: {"description": "The same annotation was there already.", "model": AnnotationOut},
        **problems(
            Forbidden,
            CrossSiteRequest,
            NotFound,
            Gone,
            IdConflict,
            ExternalIdConflict,
            UnknownLabel,
            InvalidAttribute,
            *SPAN_PROBLEMS,
        ),
    },
)
async def create(
    document: MarkedDocument, new: AnnotationIn, unit: Unit, db: Db, tag: Tag
) -> AnnotationOut:
    """Post a span. What does not match the text is refused, with the reason and the cure."""
    annotation, is_new = await commands.create(db, document, new, unit)
    return tag.created(annotation, f"/v1/annotations/{annotation.id}", new=is_new)


@router.get(
    "/v1/projects/{project}/annotations",
    operation_id="list_annotations",
    response_model=Page[AnnotationOut],
    responses=problems(NotFound),
)
async def list_of_project(
    standing: ReadableProject,
    given: Filter,
    unit: Unit,
    db: Db,
    pages: Pages,
    link: Link,
    order: Order = Order.NEWEST,
) -> Response:
    """The project's annotations by age. `status=pending&order=oldest` is the review queue.

    `attribute.<name>=<value>` keeps those whose attribute equals the value, or is a list that
    holds it.
    """
    return link(await queries.of_project(db, standing, given, unit, pages, order))


@router.get(
    "/v1/annotations/{id}",
    operation_id="get_annotation",
    responses=problems(NotFound, Gone),
)
async def get(annotation: ReadableAnnotation, unit: Unit, db: Db, tag: Tag) -> AnnotationOut:
    """One annotation."""
    return tag(await queries.out(db, annotation.standing, annotation.row, unit))


@router.patch(
    "/v1/annotations/{id}",
    operation_id="update_annotation",
    responses=problems(
        Forbidden,
        CrossSiteRequest,
        NotFound,
        Gone,
        Stale,
        UnknownLabel,
        InvalidAttribute,
        RelationNotAllowed,
        *SPAN_PROBLEMS,
        PreconditionRequired,
    ),
)
async def edit(
    annotation: EditableAnnotation,
    seen: Seen,
    patch: AnnotationPatch,
    unit: Unit,
    db: Db,
    tag: Tag,
) -> AnnotationOut:
    """Edit an annotation: a new version, pending again. What is left out stays.

    `attributes` is replaced as a whole: send all that it is to have. The fields of the span
    (`start`, `end`, `quote`, `prefix`, `suffix` and `fragments`) are replaced together: with one of
    them send all that the span needs, for of the old ones none stays, fragments included.
    """
    return tag(await commands.edit(db, annotation, seen, patch, unit))


@router.delete(
    "/v1/annotations/{id}",
    status_code=204,
    operation_id="withdraw_annotation",
    responses=problems(Forbidden, CrossSiteRequest, NotFound, Gone, Stale, PreconditionRequired),
)
async def withdraw(annotation: EditableAnnotation, seen: Seen, unit: Unit, db: Db) -> None:
    """Withdraw an annotation and its relations; its history remains."""
    await commands.withdraw(db, annotation, seen, unit)
