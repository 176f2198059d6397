"""What joins annotations: a denial denies a claim."""

from fastapi import APIRouter

from app.core.errors import (
    CrossSiteRequest,
    Forbidden,
    Gone,
    IdConflict,
    NotFound,
    PreconditionRequired,
    RelationNotAllowed,
    Stale,
    UnknownAnnotation,
)
from app.core.http.conditions import Seen, Tag
from app.core.http.listing import Link, Pages
from app.core.http.problem_responses import problems
from app.core.http.routing import Db, Route
from app.core.paging import Page
from app.documents.access import AnnotatableDocument, ReadableDocument
from app.relations import commands, queries
from app.relations.access import EditableRelation, ReadableRelation
from app.relations.schemas import RelationIn, RelationOut

router = APIRouter(route_class=Route, tags=["relations"])


@router.get(
    "/v1/documents/{id}/relations",
    operation_id="list_relations",
    responses=problems(NotFound, Gone),
)
async def list_of_document(
    document: ReadableDocument, db: Db, pages: Pages, link: Link
) -> Page[RelationOut]:
    """A document's relations, oldest first."""
    return link(await queries.of_document(db, document, pages))


@router.post(
    "/v1/documents/{id}/relations",
    status_code=201,
    operation_id="create_relation",
    responses={
        200: {"description": "The same relation was there already.", "model": RelationOut},
        **problems(
            Forbidden,
            CrossSiteRequest,
            NotFound,
            Gone,
            IdConflict,
            RelationNotAllowed,
            UnknownAnnotation,
        ),
    },
)
async def create(document: AnnotatableDocument, new: RelationIn, db: Db, tag: Tag) -> RelationOut:
    """Join two annotations of the document, as the scheme allows."""
    relation, is_new = await commands.create(db, document, new)
    return tag.created(relation, f"/v1/relations/{relation.id}", new=is_new)


@router.get("/v1/relations/{id}", operation_id="get_relation", responses=problems(NotFound, Gone))
async def get(relation: ReadableRelation, tag: Tag) -> RelationOut:
    """One relation."""
    return tag(RelationOut.of(relation.row, relation.standing.project))


@router.delete(
    "/v1/relations/{id}",
    status_code=204,
    operation_id="withdraw_relation",
    responses=problems(Forbidden, CrossSiteRequest, NotFound, Gone, Stale, PreconditionRequired),
)
async def withdraw(relation: EditableRelation, seen: Seen, db: Db) -> None:
    """Withdraw a relation; its ends stay."""
    await commands.withdraw(db, relation, seen)
