"""Which methods a path answers: HEAD wherever GET; OPTIONS and 405 name all of them."""

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEAD = "stet.head"


class HeadAsGet:
    """ASGI middleware that answers HEAD as GET, without the body (RFC 9110, section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application that need not know HEAD."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def head_alone(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # The server looks at the method of its own scope to end the answer rightly.
        asked: Scope = {**scope, "method": "GET", _HEAD: True}
        try:
            await self._app(asked, receive, head_alone)
        finally:
            scope.update({name: asked[name] for name in ("route", "state") if name in asked})


def without_body(scope: Scope) -> bool:
    """Whether HEAD was asked: the body is sent to nobody, so what is of any length is not made."""
    return _HEAD in scope


def methods_at(request: Request) -> list[str]:
    """The methods that the request's path answers, of all the routes that share it."""
    path: str = request.scope["path"]
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path_regex.fullmatch(path):
            found.update(route.methods or ())
    return sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set()))
