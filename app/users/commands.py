"""Every write to users, tokens and sessions."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from app.audit.commands import made, record, record_revocations
from app.core.cache import RecentCache
from app.core.database import Session
from app.core.errors import (
    BadCredentials,
    Conflict,
    Forbidden,
    InvalidValue,
    NameTaken,
    NotFound,
    Stale,
)
from app.core.permissions import Actor
from app.core.timestamps import now, now_after, rfc3339
from app.core.vocabulary import AuditAction
from app.models import BrowserSession, Token, User
from app.users import credentials, queries
from app.users.credentials import Credential, CredentialKind
from app.users.schemas import NewTokenOut, TokenIn, UserIn, UserOut, UserPatch


async def create(db: Session, by: Actor | None, new: UserIn) -> UserOut:
    """Add a user; ``by`` is None for somebody at a shell.

    Raises:
        NameTaken: when the name is, be it by a deactivated user.
        InvalidValue: when the password is too easily guessed.
        Moved: when whoever acts would not be let in by now as who they were.
    """
    hashed = new.password and await _hashed(db, new.password, new.name)
    id, moment = uuid7(), now()
    row = {
        "id": id,
        "name": new.name,
        "display_name": new.display_name,
        "password_hash": hashed,
        "is_admin": new.is_admin,
        "is_active": True,
        "version": 1,
        "created_at": moment,
        "updated_at": moment,
    }
    await db.begin()
    await hold(db, by)
    try:
        await db.execute(insert(User).values(row))
    except IntegrityError:
        raise NameTaken(f"There is a user called {new.name} already.") from None
    changes = made(display_name=new.display_name, is_admin=new.is_admin, password=_told(hashed))
    await record(db, by, AuditAction.USER_CREATED, changes, user_id=id)
    return UserOut.model_validate(row)


async def _hashed(db: Session, password: str, name: str) -> str:
    await db.rest()  # As in ``sign_in``.
    return await credentials.hash_new(password, name)


async def hold(db: Session, by: Actor | None) -> None:
    """Let whoever acts be who they were when they were let in, until the commit.

    Raises:
        Moved: when they are not, by now.
    """
    if by is None or by.by_shell:
        return
    # Whoever takes from them what they may do changes this row, and so waits or was before.
    await db.execute(select(User.id).where(User.id == by.id).with_for_update(read=True))
    await queries.check_unchanged(db, by)


def _told(password_hash: str | None) -> str | None:
    """All that is told of a password."""
    return password_hash and "set"


async def edit(db: Session, by: Actor | None, name: str, seen: int, patch: UserPatch) -> UserOut:
    """Change a user; deactivating one or changing the password ends their browser sessions.

    Without a password, null, a user can only use tokens. An edit that changes nothing makes no new
    version; a password that is given is always another, and to revoke tokens is a change, even if
    there are none. ``by`` is None for somebody at a shell.

    Raises:
        NotFound: when there is no such user.
        Stale: when ``seen`` is not the current version.
        Conflict: when no active admin would be left.
        InvalidValue: when the password is too easily guessed.
        Moved: when whoever acts would not be let in by now as who they were.
    """
    values: dict[str, Any] = patch.model_dump(exclude_unset=True)
    revoking = values.pop("revoke_tokens", False)
    if new_password := "password" in values:
        password = values.pop("password")
        values["password_hash"] = password and await _hashed(db, password, name)
    RecentCache.forget_all(db)
    await db.begin()
    steps_down = False in {values.get("is_admin"), values.get("is_active")}
    rows = await _held(db, by, name, admins=steps_down)
    if by is not None:
        await queries.check_unchanged(db, by)
    current = next((row for row in rows if row.name == name), None)
    if current is None:
        raise NotFound("There is no such user.")
    if current.version != seen:
        raise Stale(UserOut.of(current).model_dump(mode="json"), version=current.version)
    if not revoking and all(getattr(current, field) == value for field, value in values.items()):
        return UserOut.of(current)
    if steps_down and [row.id for row in rows if row.is_admin and row.is_active] == [current.id]:
        raise Conflict("Make another user an admin first: this one is the last.")
    changed = (
        await db.execute(
            update(User)
            .where(User.id == current.id)
            .values(version=seen + 1, updated_at=now_after(current.updated_at), **values)
            .returning(*User.__table__.c)
        )
    ).one()
    if new_password or revoking or not changed.is_active:
        await db.execute(delete(BrowserSession).where(BrowserSession.user_id == changed.id))
    changes = {
        field: (getattr(current, field), getattr(changed, field))
        for field in ("display_name", "is_admin", "is_active")
        if getattr(current, field) != getattr(changed, field)
    }
    if new_password:
        changes["password"] = (_told(current.password_hash), _told(changed.password_hash))
    if revoking:
        changes["revoke_tokens"] = (None, True)
        await _revoke_all(db, by, changed.id)
    await record(db, by, AuditAction.USER_UPDATED, changes, user_id=changed.id)
    return UserOut.of(changed)


async def _held(db: Session, by: Actor | None, name: str, *, admins: bool) -> Sequence[Row[Any]]:
    """The rows of the user, of whoever acts and, if asked for, of all active admins.

    Held until the commit, so that what they say now is what was before; and in one order: two who
    step down at once, or change one another, do so one by one. Not their keys: others may refer to
    the users meanwhile, as the event of what they do to somebody else does.
    """
    wanted = User.name == name
    if by is not None:
        wanted |= User.id == by.id
    if admins:
        wanted |= and_(User.is_admin, User.is_active)
    query = select(*User.__table__.c).where(wanted).order_by(User.id)
    return (await db.execute(query.with_for_update(key_share=True))).all()


async def _revoke_all(db: Session, by: Actor | None, user_id: UUID) -> None:
    revoked = await db.execute(
        update(Token)
        .where(Token.user_id == user_id, Token.revoked_at.is_(None))
        .values(revoked_at=now())
        .returning(Token.id)
    )
    await record_revocations(db, by, user_id, revoked.scalars().all())


async def sign_in(
    db: Session,
    user: Row[Any] | None,
    password: str,
    *,
    before: Credential | None,
    lasting: dt.timedelta,
) -> Credential:
    """Start a browser session of a user, if there is one, and answer what its cookie shows.

    Whatever session the browser came with, ``before``, ends: its cookie is worth nothing to whoever
    may have got hold of it.

    Raises:
        BadCredentials: when name and password do not belong together, after the same time for a
            known and an unknown name.
    """
    # Many may wait for their turn at this, and others want a connection.
    await db.rest()
    fits = await credentials.password_fits(password, user and user.password_hash)
    if user is None or not fits or not user.is_active:
        raise BadCredentials("User name or password is wrong.")
    id, secret, moment = uuid7(), credentials.new_secret(), now()
    await db.begin()
    # Held until the commit, so that a session never outlives the password that it was started with.
    unchanged = (
        select(User.id)
        .where(User.id == user.id, User.password_hash == user.password_hash, User.is_active)
        .with_for_update(read=True)
    )
    if (await db.execute(unchanged)).first() is None:
        raise BadCredentials("User name or password is wrong.")
    over = BrowserSession.expires_at <= moment
    if before is not None:
        over |= _of(before)
    await db.execute(delete(BrowserSession).where(over))
    await db.execute(
        insert(BrowserSession).values(
            id=id,
            user_id=user.id,
            secret_hash=credentials.hash_secret(secret),
            created_at=moment,
            expires_at=moment + lasting,
        )
    )
    return Credential(CredentialKind.SESSION, id, secret)


async def sign_out(db: Session, session: Credential) -> None:
    """End the browser session whose cookie this is."""
    await db.execute(delete(BrowserSession).where(_of(session)))


def _of(session: Credential) -> ColumnElement[bool]:
    # The id alone proves nothing: whoever can read the database knows it, and not the secret.
    secret_hash = credentials.hash_secret(session.secret)
    return and_(BrowserSession.id == session.id, BrowserSession.secret_hash == secret_hash)


async def create_token(db: Session, actor: Actor, new: TokenIn) -> NewTokenOut:
    """Make a token of the actor's own; its text is in the answer, this once.

    Raises:
        Forbidden: when the actor came by a narrowed token.
        InvalidValue: when the project is not one that the actor may see, or the token would have
            expired already or outlive the token that makes it.
        Moved: when the actor would not be let in by now as who they were.
    """
    if actor.narrowed:
        raise Forbidden("A token that was narrowed makes no others; sign in, or use a full one.")
    if new.expires_at is not None and new.expires_at <= now():
        raise InvalidValue("/expires_at", "The token would have expired already.")
    if actor.expires_at is not None and (
        new.expires_at is None or new.expires_at > actor.expires_at
    ):
        raise InvalidValue("/expires_at", "A token that expires makes none that lasts longer.")
    project_id = None
    if new.project is not None:
        project_id = await queries.project_seen(db, actor, new.project)
        if project_id is None:
            raise InvalidValue("/project", "There is no such project.")
    id, secret = uuid7(), credentials.new_secret()
    row = {
        "id": id,
        "user_id": actor.id,
        "name": new.name,
        "secret_hash": credentials.hash_secret(secret),
        "role": new.role,
        "project_id": project_id,
        "created_at": now(),
        "expires_at": new.expires_at,
        "revoked_at": None,
    }
    await db.begin()
    await hold(db, actor)
    await db.execute(insert(Token).values(row))
    changes = made(
        role=new.role,
        project=new.project,
        expires_at=None if new.expires_at is None else rfc3339(new.expires_at),
    )
    await record(db, actor, AuditAction.TOKEN_CREATED, changes, user_id=actor.id, token_id=id)
    text = credentials.token_text(id, secret)
    return NewTokenOut.model_validate({**row, "project": new.project, "token": text})


async def revoke_token(db: Session, actor: Actor, id: UUID, seen: int) -> None:
    """Revoke one of the actor's own tokens, at once and for good.

    Raises:
        Forbidden: when the actor came by a narrowed token.
        NotFound: when the actor has no such token.
        Stale: when ``seen`` is not 1; a token never changes.
    """
    if actor.narrowed:
        raise Forbidden("A token that was narrowed revokes none; sign in, or use a full one.")
    if seen != 1:
        current = await queries.token(db, actor, id)
        raise Stale(current.model_dump(mode="json"), version=current.version)
    RecentCache.forget_all(db)
    await db.begin()
    revoked = await db.execute(
        update(Token)
        .where(Token.id == id, Token.user_id == actor.id, Token.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    if revoked.rowcount == 0:
        raise NotFound("There is no such token.")
    await record(db, actor, AuditAction.TOKEN_REVOKED, {}, user_id=actor.id, token_id=id)
