"""Projects that the caller may see, their members and schemes."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, bindparam, select

from app.core.cache import LruCache
from app.core.database import Session
from app.core.database.prepared import fixed
from app.core.errors import NotFound
from app.core.paging import Page, Paging
from app.core.permissions import Actor, Standing
from app.core.vocabulary import Role
from app.formats.record import Head
from app.models import ChangeHead, Membership, Project, SchemeVersion, User
from app.projects.schemas import MemberOut, ProjectOut, SchemeOut
from app.projects.scheme import Scheme
from app.users.callers import CALLERS, STANDING_COLUMNS, seen_by, standing_of
from app.users.credentials import Credential

_BySlug = Project.__table__.alias("by_slug")
_ID_OF_SLUG: ColumnElement[Any] = (
    select(_BySlug.c.id).where(_BySlug.c.slug == bindparam("slug")).scalar_subquery()
)

_STANDING = {
    kind: fixed(
        select(*caller.columns, *STANDING_COLUMNS)
        .select_from(caller.seeing(_ID_OF_SLUG))
        .where(caller.where)
    )
    for kind, caller in CALLERS.items()
}


async def standing(db: Session, credential: Credential, slug: str) -> Standing:
    """Who is asking, and what they are in the project.

    Raises:
        Unauthenticated: when the credential is not valid.
        NotFound: when there is no such project or the caller may not see it.
    """
    found, _ = await seen_by(db, credential, _STANDING, "project", slug=slug)
    return found


async def standing_as(db: Session, name: str, slug: str) -> Standing:
    """What the user of that name is in the project: for the shell, where nobody shows a credential.

    Raises:
        NotFound: when there is no such active user or project, or the user may not see it.
    """
    user = User.__table__
    query = (
        select(
            user.c.id.label("caller_id"),
            user.c.name.label("caller_name"),
            user.c.is_admin.label("caller_is_admin"),
            *STANDING_COLUMNS,
        )
        .join_from(user, Project, Project.slug == slug)
        .join(ChangeHead, ChangeHead.project_id == Project.id)
        .outerjoin(
            Membership,
            and_(Membership.project_id == Project.id, Membership.user_id == user.c.id),
        )
        .where(user.c.name == name, user.c.is_active)
    )
    row = (await db.execute(query)).one_or_none()
    if row is None or not (row.caller_is_admin or row.standing_role):
        raise NotFound(f"There is no project “{slug}” that an active user “{name}” may see.")
    actor = Actor(id=row.caller_id, name=row.caller_name, is_admin=row.caller_is_admin)
    found = standing_of(row, actor)
    assert found is not None  # noqa: S101  # the join requires the project
    return found


async def first_manager(db: Session, slug: str) -> str:
    """The name of the project's manager of longest standing, whose account is active.

    Raises:
        NotFound: when there is no such project, or nobody active manages it.
    """
    query = (
        select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .join(Project, Project.id == Membership.project_id)
        .where(Project.slug == slug, Membership.role == Role.MANAGER, User.is_active)
        .order_by(Membership.created_at, User.name)
        .limit(1)
    )
    found: str | None = (await db.execute(query)).scalar_one_or_none()
    if found is None:
        raise NotFound(f"There is no project “{slug}” with an active manager.")
    return found


async def project(db: Session, id: UUID) -> ProjectOut:
    """The project's particulars."""
    row = (await db.execute(select(*Project.__table__.c).where(Project.id == id))).one()
    return ProjectOut.of(row)


async def page(db: Session, actor: Actor, pages: Paging) -> Page[ProjectOut]:
    """The projects that the actor may see, by slug."""
    after = pages.after(str)
    query = select(*Project.__table__.c).order_by(Project.slug).limit(pages.limit + 1)
    if not actor.is_admin:
        query = query.join(Membership, Membership.project_id == Project.id).where(
            Membership.user_id == actor.id
        )
    if actor.project_cap is not None:
        query = query.where(Project.id == actor.project_cap)
    if after is not None:
        query = query.where(Project.slug > after[0])
    rows = (await db.execute(query)).all()
    return pages.page(rows, ProjectOut.of, key=lambda row: (row.slug,))


_MEMBERS = select(
    User.name,
    Membership.user_id,
    Membership.role,
    Membership.version,
    Membership.created_at,
    Membership.updated_at,
).join(User, User.id == Membership.user_id)


async def members(db: Session, project_id: UUID, pages: Paging) -> Page[MemberOut]:
    """The project's members by name."""
    after = pages.after(str)
    query = _MEMBERS.where(Membership.project_id == project_id)
    query = query.order_by(User.name).limit(pages.limit + 1)
    if after is not None:
        query = query.where(User.name > after[0])
    rows = (await db.execute(query)).all()
    return pages.page(rows, MemberOut.of, key=lambda row: (row.name,))


async def member(db: Session, project_id: UUID, name: str) -> Row[Any] | None:
    """One member's row; None when the user is not a member."""
    query = _MEMBERS.where(Membership.project_id == project_id, User.name == name)
    return (await db.execute(query)).one_or_none()


async def member_out(db: Session, project_id: UUID, name: str) -> MemberOut:
    """One member.

    Raises:
        NotFound: when the user is not a member.
    """
    row = await member(db, project_id, name)
    if row is None:
        raise NotFound("The project has no such member.")
    return MemberOut.of(row)


async def definition(db: Session, project_id: UUID, version: int) -> dict[str, Any]:
    """A version of the project's scheme as it is stored."""
    query = select(SchemeVersion.definition).where(
        SchemeVersion.project_id == project_id, SchemeVersion.version == version
    )
    found: dict[str, Any] = (await db.execute(query)).scalar_one()
    return found


async def head(db: Session, standing: Standing, sequence: int = 0) -> Head:
    """What a file of the project says of it; ``sequence`` is the last change in the snapshot."""
    found = await definition(db, standing.project_id, standing.scheme_version)
    return Head(standing.project, found, standing.scheme_version, sequence)


async def head_of(db: Session, project_id: UUID, sequence: int) -> Head:
    """The same with the scheme that the session sees, whatever anybody saw before."""
    query = (
        select(Project.slug, SchemeVersion.definition, SchemeVersion.version)
        .join(
            SchemeVersion,
            and_(
                SchemeVersion.project_id == Project.id,
                SchemeVersion.version == Project.scheme_version,
            ),
        )
        .where(Project.id == project_id)
    )
    row = (await db.execute(query)).one()
    return Head(row.slug, row.definition, row.version, sequence)


async def scheme_out(db: Session, standing: Standing) -> SchemeOut:
    """The project's scheme as the caller saw it when they were let in."""
    found = await definition(db, standing.project_id, standing.scheme_version)
    return SchemeOut.of(found, standing.scheme_version)


# A database that was restored, or lost something with a server, gives a version's number away
# again: with a new scheme comes a new moment, and that no two pasts have in common.
_schemes: LruCache[tuple[str, UUID, int, dt.datetime], Scheme] = LruCache(1000, lambda _: 1)


async def scheme(db: Session, standing: Standing) -> Scheme:
    """The scheme to check by: the one whose version the caller saw."""
    key = (db.source, standing.project_id, standing.scheme_version, standing.changed_at)
    kept = _schemes.get(key)
    if kept is None:
        stored = await definition(db, standing.project_id, standing.scheme_version)
        kept = Scheme.of(stored, standing.scheme_version)
        _schemes.put(key, kept)
    return kept
