"""How a request reaches a route: query and body strict, its session opened, its write committed.

Returning commits, raising rolls back, and both happen before the first byte of the answer leaves.

The routes are FastAPI's, and so is everything that they say of themselves. Between a request and
the function stands less than FastAPI puts there: its exit stacks, its resolver of dependencies and
its second validation of the answer, none of which a route of Stet needs, took a third of a create.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any, get_origin, get_type_hints
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from app.core import body
from app.core.characters import control_character
from app.core.database import Database, Moved, Session
from app.core.errors import (
    InvalidJson,
    InvalidParameter,
    Problem,
    Unavailable,
    UnsupportedMediaType,
)
from app.core.http.arguments import Arguments

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_PARAMETERS = 200
"""How many parameters a query may have, so that no filter becomes a burden for the database."""
_TRIES = 5
_WITHOUT_CONTENT = {204, 304}


class Route(APIRoute):
    """A route of the API, whose function answers a model, a whole response, or 204 and nothing."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As FastAPI's.

        Raises:
            TypeError: when the function wants what ``Arguments`` does not find, or the answer
                should be written in another way than as its model is.
        """
        super().__init__(*arguments, **options)
        if (
            self.response_model_include
            or self.response_model_exclude
            or self.response_model_exclude_unset
            or self.response_model_exclude_defaults
            or self.response_model_exclude_none
            or not self.response_model_by_alias
        ):
            raise TypeError(f"{self.endpoint}: an answer is written as its model is.")
        if (
            self.response_field is None
            and self.status_code not in _WITHOUT_CONTENT
            and not issubclass(get_type_hints(self.endpoint)["return"], Response)
        ):
            raise TypeError(f"{self.endpoint}: an answer has a model, or says that it has none.")
        handler = self.get_route_handler()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await handler(Request(scope, receive))
            await response(scope, receive, send)

        self.app = app

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The function, between our reading of the request and our commit."""
        arguments = Arguments(self.dependant)
        function = self.endpoint
        known = _query_parameters(self.dependant)
        takes_body = self.body_field is not None
        status = self.status_code or 200
        written = self.response_field

        async def answer(request: Request, content: Any) -> Response:
            response = _Answer(status)
            returned = await function(**await arguments.of(request, response, content))
            if isinstance(returned, Response):
                return returned
            if written is not None and response.status_code not in _WITHOUT_CONTENT:
                response.hold(written.serialize_json(returned))
            return response

        async def handler(request: Request) -> Response:
            _check_path(request)
            if request.scope["query_string"]:
                _check_query(request, known)
            content = await _body(request) if takes_body else None
            database: Database = request.app.state.database
            writes = request.method not in SAFE_METHODS
            for tried in range(_TRIES):
                request.state.may_recall, request.state.recalled = tried == 0, False
                try:
                    async with database.session(writes=writes) as session:
                        request.state.session = session
                        return await answer(request, content)
                except Moved:
                    continue
                except (Problem, RequestValidationError) as refusal:
                    # Nothing is refused to whom was let in a moment ago: by now it may not be for
                    # them to know.
                    if isinstance(refusal, Unavailable) or not request.state.recalled:
                        raise
            raise Unavailable("The project is changing too fast; nothing was written.")

        return handler


class _Answer(Response):
    """An answer whose headers and status can be set before what it holds is known."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.body = b""
        self.background = None
        self.raw_headers = []

    def hold(self, written: bytes) -> None:
        """Let it hold this JSON."""
        self.body = written
        self.raw_headers += [
            (b"content-length", b"%d" % len(written)),
            (b"content-type", b"application/json"),
        ]


async def _body(request: Request) -> Any:
    """The body, which is JSON in one meaning only; read before anything is asked of the database.

    Raises:
        UnsupportedMediaType: when there is a body and it is not called application/json.
        TooLarge: when it has more values than any request needs.
        InvalidJson: when it is not, or there is none.
    """
    content = await request.body()
    if not content:
        raise InvalidJson("The body is empty.")
    kind, _, charset = request.headers.get("content-type", "").partition(";")
    # Other kinds of JSON mean more than their values: merge-patch+json also how they are merged.
    if kind.strip().lower() != "application/json":
        raise UnsupportedMediaType("Send the body as Content-Type: application/json.")
    if charset.strip().lower().replace('"', "") not in {"", "charset=utf-8"}:
        raise UnsupportedMediaType("JSON is sent as UTF-8.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body as it is, without a Content-Encoding.")
    body.check_values(content)
    return body.parse(content)


def _query_parameters(dependant: Dependant) -> dict[str, bool]:
    """The query parameters that a route and its dependencies read, and which may be repeated."""
    found = {
        field.alias: get_origin(field.field_info.annotation) is list
        for field in dependant.query_params
    }
    for child in dependant.dependencies:
        found.update(_query_parameters(child))
    return found


ATTRIBUTE_PREFIX = "attribute."
"""Filters on attributes are named by the scheme, so no signature lists them."""


def _check_path(request: Request) -> None:
    # The server has put U+FFFD where it could not decode, so only the bytes tell.
    encoded: bytes = request.scope.get("raw_path") or b""
    if b"%" in encoded and not _text(unquote_to_bytes(encoded), "path").isprintable():
        raise InvalidParameter("path", "The path holds a character that no name has.")


def _check_query(request: Request, known: Mapping[str, bool]) -> None:
    encoded: bytes = request.scope["query_string"]
    if not encoded.isascii():
        raise InvalidParameter("query", "Percent-encode what is not ASCII in the query, as UTF-8.")
    if b"%" in encoded:
        for part in encoded.split(b"&"):
            name = unquote_to_bytes(part.partition(b"=")[0]).decode(errors="replace")
            _text(unquote_to_bytes(part), name[:100])
    times = Counter(name for name, _ in request.query_params.multi_items())
    if times.total() > MAX_PARAMETERS:
        raise InvalidParameter("query", f"At most {MAX_PARAMETERS} query parameters are taken.")
    for name, count in times.items():
        if name.startswith(ATTRIBUTE_PREFIX) and ATTRIBUTE_PREFIX in known:
            continue
        if name not in known:
            raise InvalidParameter(
                name[:100], "There is no such query parameter.", allowed=sorted(known)
            )
        if count > 1 and not known[name]:
            raise InvalidParameter(name, "The parameter is given more than once.")


def _text(encoded: bytes, parameter: str) -> str:
    """The text, unless nothing stored can hold it: some databases can't even be asked for it."""
    try:
        text = encoded.decode()
    except UnicodeDecodeError:
        raise InvalidParameter(parameter, "What is percent-encoded is not UTF-8.") from None
    if control_character(text) is not None:
        raise InvalidParameter(parameter, "A control character is refused.")
    return text


def session_of(request: Request) -> Session:
    """The request's session: reading for GET, writing for the rest.

    For dependencies: one that depends on another costs a request as much as reading a row does.
    """
    session: Session = request.state.session
    return session


def may_recall(request: Request) -> bool:
    """Whether the request may rely on what was read a moment ago: say by ``recalled`` if it does.

    Then it must be refused for nothing that a new look would let through, so it is tried again.
    """
    allowed: bool = request.state.may_recall
    return allowed


def recalled(request: Request) -> None:
    """Say that what was read a moment ago is relied on."""
    request.state.recalled = True


async def _session(request: Request) -> Session:
    return session_of(request)


Db = Annotated[Session, Depends(_session)]
"""The same, in a signature."""
