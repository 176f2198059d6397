"""Who is asking, and what is known of users."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from app.core.database import Moved, Session
from app.core.database.among import AMONG, bound
from app.core.database.prepared import fixed
from app.core.errors import NotFound
from app.core.paging import Page, Paging
from app.core.permissions import Actor, narrower
from app.core.vocabulary import Role
from app.models import Membership, Project, Token, User
from app.users.callers import CALLERS, Lately, actor_of, holds
from app.users.credentials import Credential, CredentialKind
from app.users.schemas import MembershipOut, MeOut, TokenOut, UserOut

_ACTOR = {
    kind: fixed(select(*caller.columns).select_from(caller.source).where(caller.where))
    for kind, caller in CALLERS.items()
}


async def actor(db: Session, credential: Credential) -> Actor:
    """Who shows this credential.

    Raises:
        Unauthenticated: see ``admitted``.
    """
    row = (
        await db.execute(_ACTOR[credential.kind], {"credential_id": credential.id})
    ).one_or_none()
    return actor_of(row, credential)


async def check_unchanged(db: Session, actor: Actor) -> None:
    """Raise unless the actor would be let in as who they were: for a write that has waited since.

    What they are in a project, its epoch tells. Whoever is at a shell is not asked.

    Raises:
        Moved: when what they showed is good no longer, or they became an admin or ceased to be one;
            the request that is tried again tells them so.
    """
    if actor.shown is None:
        return
    kind, id = actor.shown
    found = await db.execute(_ACTOR[CredentialKind(kind)], {"credential_id": id})
    row = found.one_or_none()
    if row is None or not holds(row) or row.caller_is_admin != actor.is_admin:
        raise Moved


async def by_name(db: Session, name: str) -> Row[Any] | None:
    """The user of that name."""
    found = await db.execute(select(*User.__table__.c).where(User.name == name))
    return found.one_or_none()


_NAMED = {
    dialect: select(User.name, User.id).where(among(User.name, "names"))
    for dialect, among in AMONG.items()
}


async def ids_by_name(db: Session, names: set[str]) -> dict[str, UUID]:
    """The ids of the users that exist among the names, however many those are."""
    found = await db.execute(_NAMED[db.dialect], {"names": bound(db, names)})
    return {row.name: row.id for row in found}


async def user(db: Session, name: str) -> UserOut:
    """The user of that name.

    Raises:
        NotFound: when there is none.
    """
    row = await by_name(db, name)
    if row is None:
        raise NotFound("There is no such user.")
    return UserOut.of(row)


async def users_page(db: Session, pages: Paging) -> Page[UserOut]:
    """Users by name."""
    after = pages.after(str)
    query = select(*User.__table__.c).order_by(User.name).limit(pages.limit + 1)
    if after is not None:
        query = query.where(User.name > after[0])
    rows = (await db.execute(query)).all()
    return pages.page(rows, UserOut.of, key=lambda row: (row.name,))


_ME = {
    kind: fixed(
        select(
            *caller.columns,
            User.display_name.label("caller_display_name"),
            Project.id.label("project_id"),
            Project.slug,
            Membership.role,
        )
        .select_from(
            caller.source.outerjoin(Membership, Membership.user_id == User.id).outerjoin(
                Project, Project.id == Membership.project_id
            )
        )
        .where(caller.where)
        .order_by(Project.slug)
    )
    for kind, caller in CALLERS.items()
}


_lately: Lately[MeOut] = Lately()


async def me(db: Session, credential: Credential) -> MeOut:
    """Who shows this credential, and the projects that they are a member of and, by it, may see.

    An admin's narrowed token administers nothing, and yet is a manager, or what it was narrowed to,
    in every project that it sees: all of these are told.

    Of a token it may be as it was up to a second ago, where another process has changed it; who
    signed in is looked up each time, and so is whoever is to be refused.

    Raises:
        Unauthenticated: see ``admitted``.
    """
    known = _lately.get(db, credential)
    if known is not None:
        return known
    asked = _lately.moment()
    # A row for each membership, or one without.
    rows = (await db.execute(_ME[credential.kind], {"credential_id": credential.id})).all()
    actor = actor_of(rows[0] if rows else None, credential)
    if actor.is_admin and actor.narrowed:
        memberships = await _standings(db, actor)
    else:
        memberships = [
            MembershipOut(project=row.slug, role=narrower(row.role, actor.role_cap))
            for row in rows
            if row.slug is not None and actor.project_cap in {None, row.project_id}
        ]
    me = MeOut(
        id=actor.id,
        name=actor.name,
        display_name=rows[0].caller_display_name,
        is_admin=actor.administers,
        memberships=memberships,
    )
    _lately.put(db, credential, rows[0], me, asked=asked)
    return me


def forget_memberships(db: Session) -> None:
    """Remember of nobody what they are a member of: that is about to change."""
    _lately.forget(db)


async def _standings(db: Session, admin: Actor) -> list[MembershipOut]:
    """What an admin is in each project that they see by a narrowed token."""
    query = select(Project.slug).order_by(Project.slug)
    if admin.project_cap is not None:
        query = query.where(Project.id == admin.project_cap)
    role = narrower(Role.MANAGER, admin.role_cap)
    return [MembershipOut(project=slug, role=role) for slug in (await db.execute(query)).scalars()]


_TOKENS = (
    select(
        Token.id,
        Token.name,
        Token.role,
        Project.slug.label("project"),
        Token.created_at,
        Token.expires_at,
    )
    .outerjoin(Project, Project.id == Token.project_id)
    .where(Token.revoked_at.is_(None))
)


async def tokens_page(db: Session, actor: Actor, pages: Paging) -> Page[TokenOut]:
    """The actor's own tokens that are not revoked, oldest first.

    Who came by one of a project alone is told of no other project's. Ids are UUIDs of version 7, so
    their order is that of making.
    """
    after = pages.after_id()
    query = _own_tokens(actor).order_by(Token.id).limit(pages.limit + 1)
    if after is not None:
        query = query.where(Token.id > after)
    rows = (await db.execute(query)).all()
    return pages.page(rows, TokenOut.of, key=lambda row: (str(row.id),))


def _own_tokens(actor: Actor) -> Any:
    own = _TOKENS.where(Token.user_id == actor.id)
    return own if actor.project_cap is None else own.where(Token.project_id == actor.project_cap)


async def token(db: Session, actor: Actor, id: UUID) -> TokenOut:
    """One of the actor's own tokens.

    Raises:
        NotFound: when they have no such token.
    """
    row = (await db.execute(_own_tokens(actor).where(Token.id == id))).one_or_none()
    if row is None:
        raise NotFound("There is no such token.")
    return TokenOut.of(row)


async def project_seen(db: Session, actor: Actor, slug: str) -> UUID | None:
    """The id of a project that the actor may see."""
    query = select(Project.id).where(Project.slug == slug)
    if not actor.is_admin:
        query = query.join(Membership, Membership.project_id == Project.id).where(
            Membership.user_id == actor.id
        )
    found: UUID | None = (await db.execute(query)).scalar_one_or_none()
    return found
