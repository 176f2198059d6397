"""Who is asking: a bearer token, or a session cookie that came from this site's own pages."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response

from app.core.errors import CrossSiteRequest, Forbidden, Unauthenticated
from app.core.http.routing import SAFE_METHODS, session_of
from app.core.permissions import Actor as ActorOf
from app.core.settings import Settings
from app.users import queries
from app.users.credentials import Credential, cookie_text, parse_cookie, parse_token
from app.users.schemas import MeOut

COOKIE = "stet_session"
SECURE_COOKIE = "__Host-stet_session"


async def _credential(request: Request) -> Credential:
    shown = [value for name, value in request.scope["headers"] if name == b"authorization"]
    if len(shown) > 1:
        raise Unauthenticated("There is more than one Authorization header; send one.")
    if shown:
        scheme, _, text = shown[0].decode("latin-1").partition(" ")
        credential = parse_token(text.strip()) if scheme.lower() == "bearer" else None
    else:
        credential = session_shown(request)
        if credential is not None and request.method not in SAFE_METHODS:
            same_site(request, required=True)
    if credential is None:
        raise Unauthenticated("Send Authorization: Bearer <token>, or sign in.")
    return credential


Shown = Annotated[Credential, Depends(_credential)]
"""What the caller shows of who they are; not looked up yet."""


def session_shown(request: Request) -> Credential | None:
    """The session whose cookie the browser sent; not looked up yet."""
    # Where there is https, the plain name is not read: another host of the domain could set it.
    return parse_cookie(request.cookies.get(_cookie_name(request), ""))


def same_site(request: Request, *, required: bool) -> None:
    """Refuse what a browser says comes from another site.

    https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html,
    "verifying origin with standard headers". With ``required``, one of the headers must be there.

    Raises:
        CrossSiteRequest: when it does not come from here.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise CrossSiteRequest("The request comes from another site's page.")
        return
    origin = request.headers.get("origin")
    if origin is not None:
        settings: Settings = request.app.state.settings
        ours = settings.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
        from_where = _origin(origin)
        if from_where is None or from_where != _origin(ours):
            raise CrossSiteRequest("The request comes from another site's page.")
        return
    if required:
        raise CrossSiteRequest(
            "A request with a cookie that writes needs Origin or Sec-Fetch-Site; a script should "
            "use a token."
        )


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what is no such URL, as ``null`` is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError):
        return None
    return parts.scheme, parts.hostname or "", port


_PORTS = {"http": 80, "https": 443}


async def _actor(credential: Shown, request: Request) -> ActorOf:
    actor = await queries.actor(session_of(request), credential)
    remember(request, actor)
    return actor


def remember(request: Request, caller: ActorOf | MeOut) -> None:
    """Let the request's log line say who asked."""
    request.state.caller = caller.name


def remember_attempt(request: Request, name: str | None) -> None:
    """Let the log line of an attempt to sign in say from where, and as which user if there is one.

    Never a name that nobody has: it may be a password, typed into the wrong field.
    """
    request.state.attempt = name


Actor = Annotated[ActorOf, Depends(_actor)]
"""Who is asking."""


async def _me(credential: Shown, request: Request) -> MeOut:
    me = await queries.me(session_of(request), credential)
    remember(request, me)
    return me


Me = Annotated[MeOut, Depends(_me)]
"""Who is asking, as they are told themselves."""


async def _admin(actor: Actor) -> ActorOf:
    if actor.is_admin and actor.narrowed:
        raise Forbidden(
            "A token that was narrowed sees and changes no users and makes no projects; sign in, "
            "or use a full one."
        )
    if not actor.administers:
        raise Forbidden("Only an admin may see or change users and make projects.")
    return actor


Admin = Annotated[ActorOf, Depends(_admin)]
"""An admin who is asking, not by a token narrowed to less."""


async def _whole(actor: Actor) -> ActorOf:
    if actor.narrowed:
        raise Forbidden(
            "A token that was narrowed changes no password; sign in, or use a full one."
        )
    return actor


Whole = Annotated[ActorOf, Depends(_whole)]
"""Who is asking, not by a token narrowed to less."""


def _secure(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return request.url.scheme == "https" or settings.public_url.startswith("https:")


def _cookie_name(request: Request) -> str:
    return SECURE_COOKIE if _secure(request) else COOKIE


def set_cookie(request: Request, response: Response, session: Credential) -> None:
    """Give the browser its session; ``__Host-`` and ``Secure`` wherever there is https."""
    settings: Settings = request.app.state.settings
    response.set_cookie(
        _cookie_name(request),
        cookie_text(session),
        max_age=settings.session_days * 86_400,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Take the session from the browser, and what it has kept of the answers.

    Browsers do the second over https and on the machine itself alone
    (https://www.w3.org/TR/clear-site-data/#fetch-integration).
    """
    response.headers["Clear-Site-Data"] = '"cache"'
    response.delete_cookie(
        _cookie_name(request),
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )
