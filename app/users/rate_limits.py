"""How often one may ask: per token or session, and per address, in a minute, in each worker."""

import math
import time
from collections.abc import Hashable, Iterator

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.errors import TooManyRequests
from app.core.http.admission import WATCHED
from app.core.http.problems import ProblemResponse
from app.users.access import COOKIE, SECURE_COOKIE
from app.users.addresses import source_of
from app.users.credentials import Credential, parse_cookie, parse_token

_MOST = 100_000


class RateLimits:
    """ASGI middleware that refuses who asks too often, before anything is looked up."""

    def __init__(self, app: ASGIApp, *, per_token: int, per_address: int) -> None:
        """So many requests a minute are taken by one token, and from one address; 0 is no limit."""
        self._app = app
        self._tokens = _Minute(per_token) if per_token else None
        self._addresses = _Minute(per_address) if per_address else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is one too many."""
        if scope["type"] == "http" and scope["path"] not in WATCHED:
            refusal = self._refusal(scope)
            if refusal is not None:
                await ProblemResponse(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> TooManyRequests | None:
        # The address first: one that may ask no more must not use up what a token has left.
        if self._addresses is not None:
            # The server has put the address that a trusted proxy named here, and no other.
            address, _ = scope.get("client") or ("", 0)
            wait = self._addresses.count(source_of(address))
            if wait:
                return _too_many("from this address", wait)
        if self._tokens is not None:
            for shown in _shown(HTTPConnection(scope)):
                # By its id: whether the secret fits is not known yet. As bytes: see ``core.ids``.
                wait = self._tokens.count(shown.id.bytes)
                if wait:
                    return _too_many(f"with this {shown.kind}", wait)
        return None


class _Minute:
    """How often each has asked in the minute that runs.

    Not by ``limits``, as attempts to sign in are counted: its storage in memory goes through all
    that it holds with each hit.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._asked: dict[Hashable, int] = {}
        self._ends = 0.0

    def count(self, who: Hashable) -> int:
        """Count one request; 0 if it may go on, or the seconds until another may."""
        now = time.monotonic()
        # Tokens that somebody makes up must not fill the memory.
        if now >= self._ends or len(self._asked) >= _MOST:
            self._asked.clear()
            self._ends = now + 60
        asked = self._asked.get(who, 0)
        if asked >= self._most:
            return math.ceil(self._ends - now)
        self._asked[who] = asked + 1
        return 0


def _shown(connection: HTTPConnection) -> Iterator[Credential]:
    """What the caller shows: a token, or a session by either name of its cookie."""
    header = connection.headers.get("authorization")
    if header is not None:
        found = [parse_token(header.partition(" ")[2].strip())]
    else:
        cookies = connection.cookies
        found = [parse_cookie(cookies.get(name, "")) for name in (COOKIE, SECURE_COOKIE)]
    yield from (credential for credential in found if credential is not None)


def _too_many(whose: str, wait: int) -> TooManyRequests:
    return TooManyRequests(f"Too many requests {whose}; wait {wait} seconds.", retry_after=wait)
