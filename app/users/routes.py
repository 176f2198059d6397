"""People: who one is, signing in, tokens; and for admins, users and the audit log."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.audit import queries as audit
from app.audit.schemas import AuditEventOut, AuditFilter
from app.core.errors import (
    BadCredentials,
    Conflict,
    ControlCharacter,
    CrossSiteRequest,
    Forbidden,
    InvalidValue,
    NameTaken,
    NotFound,
    PreconditionRequired,
    Stale,
    TooManyRequests,
)
from app.core.http.conditions import Seen, Tag
from app.core.http.listing import Link, Pages
from app.core.http.problem_responses import problems
from app.core.http.routing import Db, Route
from app.core.paging import Page
from app.core.settings import Settings
from app.users import access, commands, own_password, passwords, queries
from app.users.access import Actor, Admin, Me, Shown, Whole
from app.users.attempts import SignInAttempts
from app.users.schemas import (
    MeOut,
    NewTokenOut,
    PasswordIn,
    SessionIn,
    TokenIn,
    TokenOut,
    UserIn,
    UserOut,
    UserPatch,
)

router = APIRouter(route_class=Route)


@router.get("/v1/me", tags=["session"], operation_id="get_me")
async def me(me: Me) -> MeOut:
    """Who the caller is, and what they are in which project."""
    return me


@router.post(
    "/v1/me/password",
    status_code=204,
    tags=["session"],
    operation_id="change_password",
    responses=problems(
        Forbidden, CrossSiteRequest, InvalidValue, ControlCharacter, TooManyRequests
    ),
)
async def change_password(
    given: PasswordIn, actor: Whole, credential: Shown, db: Db, request: Request
) -> None:
    """Change one's own password, and end one's browser sessions but the one that asks.

    Tokens stay. A wrong `current_password` counts as an attempt to sign in. Who has no password is
    given their first one by an admin.
    """
    passwords.check(given.password, actor.name)
    attempts: SignInAttempts = request.app.state.sign_in_attempts
    async with attempts.one(actor.name, _address(request)):
        await own_password.change(db, actor, given, by=credential)


@router.post(
    "/v1/session",
    tags=["session"],
    operation_id="sign_in",
    responses=problems(BadCredentials, CrossSiteRequest, TooManyRequests),
)
async def sign_in(given: SessionIn, db: Db, request: Request, response: Response) -> MeOut:
    """Sign in with user name and password; the answer sets the session cookie.

    How many attempts a minute may fail is limited by address, and by name to ten times as many.
    """
    access.same_site(request, required=False)
    attempts: SignInAttempts = request.app.state.sign_in_attempts
    settings: Settings = request.app.state.settings
    lasting = dt.timedelta(days=settings.session_days)
    before = access.session_shown(request)
    async with attempts.one(given.username, _address(request)):
        user = await queries.by_name(db, given.username)
        access.remember_attempt(request, user and user.name)
        started = await commands.sign_in(db, user, given.password, before=before, lasting=lasting)
    access.set_cookie(request, response, started)
    me = await queries.me(db, started)
    access.remember(request, me)
    return me


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.delete(
    "/v1/session",
    status_code=204,
    tags=["session"],
    operation_id="sign_out",
    responses=problems(CrossSiteRequest),
)
async def sign_out(_: Actor, db: Db, request: Request, response: Response) -> None:
    """End the browser session whose cookie comes with the request, be it beside a token."""
    session = access.session_shown(request)
    if session is not None:
        # Whoever came by the token was not asked yet where the cookie comes from.
        access.same_site(request, required=False)
        await commands.sign_out(db, session)
    access.clear_cookie(request, response)


@router.get("/v1/tokens", tags=["tokens"], operation_id="list_tokens")
async def list_tokens(actor: Actor, db: Db, pages: Pages, link: Link) -> Page[TokenOut]:
    """One's own tokens, oldest first; never their secrets."""
    return link(await queries.tokens_page(db, actor, pages))


@router.post(
    "/v1/tokens",
    status_code=201,
    tags=["tokens"],
    operation_id="create_token",
    responses=problems(Forbidden, CrossSiteRequest, InvalidValue),
)
async def create_token(new: TokenIn, actor: Actor, db: Db, tag: Tag) -> NewTokenOut:
    """Make a token of one's own. The answer shows it; nothing ever will again."""
    token = await commands.create_token(db, actor, new)
    return tag.created(token, f"/v1/tokens/{token.id}", new=True)


@router.get(
    "/v1/tokens/{id}", tags=["tokens"], operation_id="get_token", responses=problems(NotFound)
)
async def get_token(id: UUID, actor: Actor, db: Db, tag: Tag) -> TokenOut:
    """One of one's own tokens."""
    return tag(await queries.token(db, actor, id))


@router.delete(
    "/v1/tokens/{id}",
    status_code=204,
    tags=["tokens"],
    operation_id="revoke_token",
    responses=problems(NotFound, Forbidden, CrossSiteRequest, Stale, PreconditionRequired),
)
async def revoke_token(id: UUID, actor: Actor, seen: Seen, db: Db) -> None:
    """Revoke one of one's own tokens, at once and for good. A token's version is always 1."""
    await commands.revoke_token(db, actor, id, seen)


@router.get("/v1/users", tags=["users"], operation_id="list_users", responses=problems(Forbidden))
async def list_users(_: Admin, db: Db, pages: Pages, link: Link) -> Page[UserOut]:
    """Every user by name."""
    return link(await queries.users_page(db, pages))


@router.post(
    "/v1/users",
    status_code=201,
    tags=["users"],
    operation_id="create_user",
    responses=problems(Forbidden, CrossSiteRequest, NameTaken),
)
async def create_user(new: UserIn, admin: Admin, db: Db, tag: Tag) -> UserOut:
    """Add a user."""
    user = await commands.create(db, admin, new)
    return tag.created(user, f"/v1/users/{user.name}", new=True)


@router.get(
    "/v1/users/{name}",
    tags=["users"],
    operation_id="get_user",
    responses=problems(Forbidden, NotFound),
)
async def get_user(name: str, _: Admin, db: Db, tag: Tag) -> UserOut:
    """One user."""
    return tag(await queries.user(db, name))


@router.patch(
    "/v1/users/{name}",
    tags=["users"],
    operation_id="update_user",
    responses=problems(
        Forbidden, CrossSiteRequest, NotFound, Conflict, Stale, PreconditionRequired
    ),
)
async def edit_user(
    name: str, admin: Admin, seen: Seen, patch: UserPatch, db: Db, tag: Tag
) -> UserOut:
    """Change a user: display name, password, whether they are an admin, whether they are active.

    What changes nothing makes no new version. The last active admin remains one: 409. A new
    password ends browser sessions, and deactivation all that the user may do for as long as it
    lasts: the tokens of whoever may have lost one end for good by `revoke_tokens`.
    """
    return tag(await commands.edit(db, admin, name, seen, patch))


@router.get(
    "/v1/audit", tags=["audit"], operation_id="list_audit_events", responses=problems(Forbidden)
)
async def list_audit_events(
    _: Admin,
    db: Db,
    pages: Pages,
    link: Link,
    actor: Annotated[str | None, Query(description="Done by the user of this name.")] = None,
    user: Annotated[
        str | None, Query(description="Done to the user of this name, or to a token of theirs.")
    ] = None,
) -> Page[AuditEventOut]:
    """What was done to users, tokens and projects, newest first: who did it, and what changed.

    What is done in a project is in its log, `/changes`, and not repeated here. That tells a role
    given from a shell as given by the project's first manager, so this has an event of it too.
    """
    return link(await audit.page(db, AuditFilter(actor=actor, user=user), pages))
