"""Review: decisions, one at a time and in bulk, and the history that they make."""

from fastapi import APIRouter

from app.annotations.access import HistoricAnnotation, ReviewableAnnotation
from app.core.errors import (
    CommentRequired,
    CrossSiteRequest,
    Forbidden,
    Gone,
    NotFound,
    OwnAnnotation,
    PreconditionRequired,
    Stale,
)
from app.core.http.conditions import Seen, Tag
from app.core.http.listing import Link, Pages
from app.core.http.problem_responses import problems
from app.core.http.routing import Db, Route
from app.core.http.units import Unit
from app.core.paging import Page
from app.projects.access import ReviewableProject
from app.reviews import bulk, commands, queries
from app.reviews.schemas import BulkIn, BulkOut, DecisionIn, DecisionOut, HistoryOut

router = APIRouter(route_class=Route, tags=["review"])


@router.get(
    "/v1/annotations/{id}/history",
    operation_id="get_history",
    responses=problems(NotFound),
)
async def history(
    annotation: HistoricAnnotation, unit: Unit, db: Db, pages: Pages, link: Link
) -> HistoryOut:
    """Every version and every decision, who and when; of a withdrawn annotation too.

    The oldest come first. A page has up to `limit` versions and the decisions on them, so most
    annotations are told whole; while `next` is not null, more follows, as in a list.
    """
    return link(await queries.history(db, annotation, unit, pages))


@router.get(
    "/v1/annotations/{id}/decisions",
    operation_id="list_decisions",
    responses=problems(NotFound),
)
async def list_decisions(
    annotation: HistoricAnnotation, db: Db, pages: Pages, link: Link
) -> Page[DecisionOut]:
    """The decisions on an annotation, oldest first."""
    return link(await queries.page(db, annotation, pages))


@router.post(
    "/v1/annotations/{id}/decisions",
    status_code=201,
    operation_id="decide",
    responses={
        200: {"description": "The caller had decided so already.", "model": DecisionOut},
        **problems(
            Forbidden,
            CrossSiteRequest,
            OwnAnnotation,
            NotFound,
            Gone,
            Stale,
            CommentRequired,
            PreconditionRequired,
        ),
    },
)
async def decide(
    annotation: ReviewableAnnotation,
    seen: Seen,
    new: DecisionIn,
    unit: Unit,
    db: Db,
    tag: Tag,
) -> DecisionOut:
    """Approve, reject or request changes to the version that If-Match names.

    Nobody decides on an annotation of their own, and whoever edited its words last does not approve
    them, unless the project's settings say `allow_self_review`. The same verdict again on the same
    version, for which the answer was lost, is answered 200 with the decision that was recorded:
    also where a later one has overturned it by now, which the annotation itself says.

    The answer's ETag is the annotation's, at the version that the decision made.
    """
    decision, is_new = await commands.decide(db, annotation, seen, new, unit)
    return tag.decided(decision, version=decision.resulting_version, new=is_new)


@router.post(
    "/v1/projects/{project}/decisions",
    operation_id="decide_many",
    responses=problems(Forbidden, CrossSiteRequest, NotFound),
)
async def decide_many(standing: ReviewableProject, new: BulkIn, unit: Unit, db: Db) -> BulkOut:
    """Decide on up to 1000 annotations, each on its own: one refused does not refuse the rest.

    What is wrong with one is its own problem, pointers being into that one, with all else decided.
    Of what does not name an annotation by its UUID no result could be given: it refuses the
    request, as more than 1000 do. The same request again changes nothing: on one annotation, only
    the first of its items that succeeds counts, and another version or verdict behind it is
    refused. Of what is stale, `current` says what stands now until the quotes that it shows have
    4,000,000 characters together; after that it is null, and the detail tells the version.
    """
    return BulkOut(results=await bulk.decide_many(db, standing, new.decisions, unit))
