"""How a request reaches a route: its query and body strict, its session opened, its write committed.

Returning commits, raising rolls back, and both happen before the first byte of the answer leaves.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.core import body
from app.core.database import Database, Moved, Session
from app.core.errors import InvalidParameter, Unavailable, UnsupportedMediaType

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TRIES = 5


class Route(APIRoute):
    """A route of the API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own handler, between our reading of the request and our commit."""
        inner = super().get_route_handler()
        known = frozenset(_query_names(self.dependant))
        takes_body = self.body_field is not None

        async def handler(request: Request) -> Response:
            _check_query(request, known)
            request = StrictRequest(request.scope, request.receive)
            if takes_body:
                await request.read()
            database: Database = request.app.state.database
            writes = request.method not in SAFE_METHODS
            for _ in range(_TRIES):
                try:
                    async with database.session(writes=writes) as session:
                        request.state.session = session
                        return await inner(request)
                except Moved:
                    continue
            raise Unavailable("The project is changing too fast; nothing was written.")

        return handler


class StrictRequest(Request):
    """A request whose body is JSON in one meaning only."""

    async def read(self) -> None:
        """Read and parse the body, before anything is asked of the database.

        Raises:
            UnsupportedMediaType: when there is a body and it is not called JSON.
            InvalidJson: when it is not.
        """
        content = await self.body()
        if not content:
            return
        kind, _, charset = self.headers.get("content-type", "").partition(";")
        kind = kind.strip().lower()
        if kind != "application/json" and not (
            kind.startswith("application/") and kind.endswith("+json")
        ):
            raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
        if charset.strip().lower().replace('"', "") not in {"", "charset=utf-8"}:
            raise UnsupportedMediaType("JSON is sent as UTF-8.")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType("Send the body as it is, without a Content-Encoding.")
        self._json = body.parse(content)


def _query_names(dependant: Dependant) -> list[str]:
    """The query parameters that a route reads, those of its dependencies included."""
    names = [field.alias for field in dependant.query_params]
    for field in dependant.query_params:
        model = field.field_info.annotation
        if hasattr(model, "model_fields"):
            names.extend(info.alias or name for name, info in model.model_fields.items())
    for child in dependant.dependencies:
        names.extend(_query_names(child))
    return names


ATTRIBUTE_PREFIX = "attribute."
"""Filters on attributes are named by the scheme, so no signature lists them."""


def _check_query(request: Request, known: frozenset[str]) -> None:
    for name in request.query_params:
        if name not in known and not (
            name.startswith(ATTRIBUTE_PREFIX) and ATTRIBUTE_PREFIX in known
        ):
            raise InvalidParameter(
                name[:100],
                "There is no such query parameter.",
                allowed=sorted(known),
            )


def _session(request: Request) -> Session:
    session: Session = request.state.session
    return session


Db = Annotated[Session, Depends(_session)]
"""The request's session: reading for GET, writing for the rest."""
