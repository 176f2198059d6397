"""Who is asking, and what is known of users."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    and_,
    bindparam,
    null,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute

from app.core.cache import Recent
from app.core.database import Session
from app.core.errors import NotFound, Unauthenticated
from app.core.moments import now
from app.core.paging import Page, Paging
from app.core.permissions import Actor, Standing, narrower
from app.core.prepared import fixed
from app.core.vocabulary import Role
from app.models import BrowserSession, ChangeHead, Membership, Project, Token, User
from app.users.credentials import Credential, CredentialKind
from app.users.schemas import MembershipOut, MeOut, TokenOut, UserOut

Column: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Caller:
    """The part of every query that says who is asking: its FROM, its columns and its two caps.

    Joining it to what is asked for answers "who is it, may they, and what is it" in one statement.
    """

    source: FromClause
    columns: tuple[ColumnElement[Any], ...]
    project_cap: Column
    where: ColumnElement[bool]

    def seeing(self, project_id: Column) -> FromClause:
        """Joined to the project of that id; its columns are NULL if the caller may not see it."""
        return (
            self.source.outerjoin(
                Membership,
                and_(Membership.project_id == project_id, Membership.user_id == User.id),
            )
            .outerjoin(
                Project,
                and_(
                    Project.id == project_id,
                    or_(User.is_admin, Membership.role.is_not(None)),
                    or_(self.project_cap.is_(None), self.project_cap == Project.id),
                ),
            )
            .outerjoin(ChangeHead, ChangeHead.project_id == Project.id)
        )

    def joined(self, target: FromClause, on: ColumnElement[bool]) -> "Caller":
        """The same, with ``target`` outer-joined first: its columns can then name the project."""
        return Caller(self.source.outerjoin(target, on), self.columns, self.project_cap, self.where)


def _caller(proof: type[Token] | type[BrowserSession]) -> Caller:
    by_token = proof is Token
    return Caller(
        source=proof.__table__.join(User.__table__, User.id == proof.user_id),
        columns=(
            User.id.label("caller_id"),
            User.name.label("caller_name"),
            User.is_admin.label("caller_is_admin"),
            User.is_active.label("caller_is_active"),
            proof.secret_hash.label("caller_secret_hash"),
            proof.expires_at.label("caller_expires_at"),
            (Token.revoked_at if by_token else null()).label("caller_revoked_at"),
            (Token.role if by_token else null()).label("caller_role_cap"),
            (Token.project_id if by_token else null()).label("caller_project_cap"),
        ),
        project_cap=Token.project_id if by_token else null(),
        where=proof.id == bindparam("credential_id"),
    )


CALLERS: Mapping[CredentialKind, Caller] = {
    CredentialKind.TOKEN: _caller(Token),
    CredentialKind.SESSION: _caller(BrowserSession),
}

STANDING_COLUMNS = (
    Project.id.label("standing_project_id"),
    Project.slug.label("standing_project"),
    Project.allow_self_review.label("standing_allow_self_review"),
    Project.scheme_version.label("standing_scheme_version"),
    Membership.role.label("standing_role"),
    ChangeHead.epoch.label("standing_epoch"),
    ChangeHead.sequence.label("standing_sequence"),
)


def actor_of(row: Row[Any] | None, credential: Credential) -> Actor:
    """The actor whom a row with ``Caller.columns`` describes.

    Raises:
        Unauthenticated: see ``admitted``.
    """
    row = admitted(row, credential)
    by_session = credential.kind is CredentialKind.SESSION
    return Actor(
        id=row.caller_id,
        name=row.caller_name,
        is_admin=row.caller_is_admin,
        role_cap=row.caller_role_cap,
        project_cap=row.caller_project_cap,
        expires_at=None if by_session else row.caller_expires_at,
        session_id=credential.id if by_session else None,
    )


def admitted(row: Row[Any] | None, credential: Credential) -> Row[Any]:
    """The row itself, if the credential is good now.

    Raises:
        Unauthenticated: when the credential is unknown, wrong, revoked, expired or its user's
            deactivated: always in the same words.
    """
    if (
        row is None
        or not credential.fits(row.caller_secret_hash)
        or not row.caller_is_active
        or row.caller_revoked_at is not None
        or (row.caller_expires_at is not None and row.caller_expires_at <= now())
    ):
        raise Unauthenticated("The token or session is not valid, or no longer.")
    return row


def standing_of(row: Row[Any], actor: Actor) -> Standing | None:
    """What the actor is in the project of a row with ``STANDING_COLUMNS``; None if it is hidden."""
    if row.standing_project_id is None:
        return None
    role = Role.MANAGER if row.caller_is_admin else row.standing_role
    return Standing(
        actor=actor,
        project_id=row.standing_project_id,
        project=row.standing_project,
        role=narrower(role, actor.role_cap),
        epoch=row.standing_epoch,
        sequence=row.standing_sequence,
        scheme_version=row.standing_scheme_version,
        allow_self_review=row.standing_allow_self_review,
    )


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


async def by_name(db: Session, name: str) -> Row[Any] | None:
    """The user of that name."""
    found = await db.execute(select(*User.__table__.c).where(User.name == name))
    return found.one_or_none()


async def ids_by_name(db: Session, names: set[str]) -> dict[str, UUID]:
    """The ids of the users that exist among the names."""
    found = await db.execute(select(User.name, User.id).where(User.name.in_(sorted(names))))
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


_recent: Recent[UUID, tuple[Row[Any], MeOut]] = Recent(4096)


async def me(db: Session, credential: Credential) -> MeOut:
    """Who shows this credential, and the projects that they are a member of and, by it, may see.

    Of a token it may be as it was up to a second ago, where another process has changed it; who
    signed in is looked up each time, and so is whoever is to be refused.

    Raises:
        Unauthenticated: see ``admitted``.
    """
    by_token = credential.kind is CredentialKind.TOKEN
    known = _recent.get(db.source, credential.id) if by_token else None
    if known is not None:
        with suppress(Unauthenticated):
            admitted(known[0], credential)
            return known[1]
    asked = _recent.moment()
    # A row for each membership, or one without.
    rows = (await db.execute(_ME[credential.kind], {"credential_id": credential.id})).all()
    me = _me(rows, credential)
    if by_token:
        _recent.put(db.source, credential.id, (rows[0], me), asked=asked)
    return me


def forget_memberships(db: Session) -> None:
    """Remember of nobody what they are a member of: that is about to change."""
    _recent.forget(db)


def _me(rows: Sequence[Row[Any]], credential: Credential) -> MeOut:
    actor = actor_of(rows[0] if rows else None, credential)
    return MeOut(
        id=actor.id,
        name=actor.name,
        display_name=rows[0].caller_display_name,
        is_admin=actor.administers,
        memberships=[
            MembershipOut(project=row.slug, role=narrower(row.role, actor.role_cap))
            for row in rows
            if row.slug is not None and actor.project_cap in {None, row.project_id}
        ],
    )


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

    Ids are UUIDs of version 7, so their order is that of making.
    """
    after = pages.after_id()
    query = _TOKENS.where(Token.user_id == actor.id).order_by(Token.id).limit(pages.limit + 1)
    if after is not None:
        query = query.where(Token.id > after)
    rows = (await db.execute(query)).all()
    return pages.page(rows, TokenOut.of, key=lambda row: (str(row.id),))


async def token(db: Session, actor: Actor, id: UUID) -> TokenOut:
    """One of the actor's own tokens.

    Raises:
        NotFound: when they have no such token.
    """
    row = (await db.execute(_TOKENS.where(Token.user_id == actor.id, Token.id == id))).one_or_none()
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
