"""Projects, their members and their scheme."""

from fastapi import APIRouter

from app.core.errors import (
    CrossSiteRequest,
    Forbidden,
    InvalidScheme,
    LastManager,
    NameTaken,
    NotFound,
    PreconditionRequired,
    SchemeOrphans,
    Stale,
    UnknownUser,
)
from app.core.http.conditions import MaybeSeen, Seen, Tag
from app.core.http.listing import Link, Pages
from app.core.http.problem_responses import problems
from app.core.http.routing import Db, Route
from app.core.paging import Page
from app.projects import commands, members, queries, scheme_versions
from app.projects.access import ManagedProject, ReadableProject
from app.projects.schemas import (
    MemberIn,
    MemberOut,
    ProjectIn,
    ProjectOut,
    ProjectPatch,
    SchemeIn,
    SchemeOut,
)
from app.users.access import Actor, Admin

router = APIRouter(route_class=Route)


@router.get("/v1/projects", tags=["projects"], operation_id="list_projects")
async def list_projects(actor: Actor, db: Db, pages: Pages, link: Link) -> Page[ProjectOut]:
    """The projects that the caller may see, by slug."""
    return link(await queries.page(db, actor, pages))


@router.post(
    "/v1/projects",
    status_code=201,
    tags=["projects"],
    operation_id="create_project",
    responses=problems(Forbidden, CrossSiteRequest, NameTaken, InvalidScheme),
)
async def create_project(new: ProjectIn, admin: Admin, db: Db, tag: Tag) -> ProjectOut:
    """Make a project; whoever makes it is its first manager."""
    project = await commands.create(db, admin, new)
    return tag.created(project, f"/v1/projects/{project.slug}", new=True)


@router.get(
    "/v1/projects/{project}",
    tags=["projects"],
    operation_id="get_project",
    responses=problems(NotFound),
)
async def get_project(standing: ReadableProject, db: Db, tag: Tag) -> ProjectOut:
    """One project."""
    return tag(await queries.project(db, standing.project_id))


@router.patch(
    "/v1/projects/{project}",
    tags=["projects"],
    operation_id="update_project",
    responses=problems(Forbidden, CrossSiteRequest, NotFound, Stale, PreconditionRequired),
)
async def edit_project(
    standing: ManagedProject, seen: Seen, patch: ProjectPatch, db: Db, tag: Tag
) -> ProjectOut:
    """Change a project's name, description or settings."""
    return tag(await commands.edit(db, standing, seen, patch))


@router.get(
    "/v1/projects/{project}/members",
    tags=["members"],
    operation_id="list_members",
    responses=problems(NotFound),
)
async def list_members(
    standing: ReadableProject, db: Db, pages: Pages, link: Link
) -> Page[MemberOut]:
    """The project's members by name."""
    return link(await queries.members(db, standing.project_id, pages))


@router.get(
    "/v1/projects/{project}/members/{name}",
    tags=["members"],
    operation_id="get_member",
    responses=problems(NotFound),
)
async def get_member(name: str, standing: ReadableProject, db: Db, tag: Tag) -> MemberOut:
    """One member."""
    return tag(await queries.member_out(db, standing.project_id, name))


@router.put(
    "/v1/projects/{project}/members/{name}",
    tags=["members"],
    operation_id="set_member",
    responses={
        201: {"description": "The user is a member now.", "model": MemberOut},
        **problems(
            Forbidden,
            CrossSiteRequest,
            NotFound,
            LastManager,
            Stale,
            UnknownUser,
            PreconditionRequired,
        ),
    },
)
async def set_member(
    name: str, standing: ManagedProject, seen: MaybeSeen, new: MemberIn, db: Db, tag: Tag
) -> MemberOut:
    """Make a user a member, or give a member another role.

    If-Match is needed for a member that there is, and not for one that there is not.
    """
    member, is_new = await members.put(db, standing, name, seen, new.role)
    return tag.created(member, f"/v1/projects/{standing.project}/members/{name}", new=is_new)


@router.delete(
    "/v1/projects/{project}/members/{name}",
    status_code=204,
    tags=["members"],
    operation_id="remove_member",
    responses=problems(
        Forbidden, CrossSiteRequest, NotFound, LastManager, Stale, PreconditionRequired
    ),
)
async def remove_member(name: str, standing: ManagedProject, seen: Seen, db: Db) -> None:
    """Remove a member; what they wrote stays, under their name."""
    await members.remove(db, standing, name, seen)


@router.get(
    "/v1/projects/{project}/scheme",
    tags=["scheme"],
    operation_id="get_scheme",
    responses=problems(NotFound),
)
async def get_scheme(standing: ReadableProject, db: Db, tag: Tag) -> SchemeOut:
    """The project's labels, their attributes, and the relations that may join them."""
    return tag(await queries.scheme_out(db, standing))


@router.put(
    "/v1/projects/{project}/scheme",
    tags=["scheme"],
    operation_id="set_scheme",
    responses=problems(
        Forbidden,
        CrossSiteRequest,
        NotFound,
        SchemeOrphans,
        Stale,
        InvalidScheme,
        PreconditionRequired,
    ),
)
async def set_scheme(
    standing: ManagedProject, seen: Seen, new: SchemeIn, db: Db, tag: Tag
) -> SchemeOut:
    """Give the project a new version of its scheme, unless that would orphan what is stored."""
    return tag(await scheme_versions.add(db, standing, seen, new))
