"""The short way from a request to a function leads where FastAPI's leads."""

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Request, Response
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.routing import Match
from starlette.types import Message, Receive, Send

from app.core.database.connect import connect
from app.core.http.application import Application
from app.core.http.arguments import Arguments
from app.core.http.problems import install
from app.core.http.routing import Db, Route
from app.main import wrapped
from tests import make
from tests.conftest import Newsroom, settings


class Kind(StrEnum):
    """What a parameter may be."""

    OLD = "old"
    NEW = "new"


class Thing(BaseModel):
    """What is posted and answered."""

    size: int = Field(ge=1)
    kinds: list[Kind] = []


_calls: list[str] = []


async def counted(kind: Kind = Kind.OLD) -> Kind:
    """Needed twice, to be called once."""
    _calls.append("counted")
    return kind


async def needing(one: Annotated[Kind, Depends(counted)], seen: Annotated[int, Header()]) -> str:
    """A dependency with a dependency, and a parameter that is required."""
    _calls.append("needing")
    return f"{one}{seen}"


def routes(route_class: type[APIRoute]) -> APIRouter:
    """The same functions, reached in one way or the other."""
    router = APIRouter(route_class=route_class)

    @router.post("/things/{id}", status_code=201)
    async def post(
        id: UUID,
        thing: Thing,
        one: Annotated[Kind, Depends(counted)],
        both: Annotated[str, Depends(needing)],
        response: Response,
        request: Request,
        labels: Annotated[list[str], Query(alias="label")] = [],  # noqa: B006
        counts: Annotated[list[int], Query(alias="count", max_length=2)] = [7],  # noqa: B006
        limit: Annotated[int, Query(ge=1, le=9)] = 5,
    ) -> dict[str, Any]:
        labels.append("of this request alone")
        response.headers["X-Both"] = both
        if one is Kind.NEW:
            response.status_code = 202
        said = [thing.size, thing.kinds, labels, counts, limit, request.method]
        return {"id": id, "one": one, "said": said}

    @router.get("/things", response_model=Thing)
    async def get(q: str, answered: bool = False) -> Thing | Response:
        return Response(q, 203) if answered else Thing(size=1, kinds=[Kind.NEW])

    @router.delete("/things/{id}", status_code=204)
    async def delete(id: UUID) -> None:
        return None

    return router


@pytest.fixture
async def both(empty_url: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """A client of FastAPI's own application, and one of ours."""
    database = connect(settings(empty_url))
    clients = []
    for application, route_class in ((FastAPI, APIRoute), (Application, Route)):
        app = application()
        app.router.routes.extend(routes(route_class).routes)
        app.state.database = database
        install(app)
        transport = httpx.ASGITransport(app)
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://stet.test"))
    yield clients
    await database.dispose()


JSON = "application/json"
ID = "0198c0de-0000-7000-8000-000000000001"
WHOLE: dict[str, Any] = {"json": {"size": 3, "kinds": ["new"]}, "headers": {"Seen": "4"}}


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", f"/things/{ID}", WHOLE),
        ("POST", f"/things/{ID}?kind=new&label=a&label=b&count=1&count=2&limit=9", WHOLE),
        ("POST", f"/things/{ID}?count=1&count=2&count=3&limit=10", WHOLE),
        ("POST", f"/things/{ID}?count=one&kind=none", WHOLE),
        ("POST", f"/things/{ID}", {"json": {"size": 0, "kinds": ["none"]}}),
        ("POST", "/things/none?limit=none", {"json": {}, "headers": {"Seen": "none"}}),
        ("POST", f"/things/{ID}", {"json": []}),
        ("POST", f"/things/{ID}", {"content": "null", "headers": {"Content-Type": JSON}}),
        ("GET", "/things?q=%C3%A9", {}),
        ("GET", "/things?q=&answered=true", {}),
        ("GET", "/things", {}),
        ("GET", "/things?answered=perhaps", {}),
        ("DELETE", f"/things/{ID}", {}),
        ("DELETE", "/things/none", {}),
        ("PATCH", f"/things/{ID}", {}),
        ("GET", "/nothing", {}),
    ],
)
async def test_a_function_is_called_and_answers_as_by_fastapi(
    both: list[httpx.AsyncClient], method: str, path: str, options: dict[str, Any]
) -> None:
    answers = []
    for client in both:
        _calls.clear()
        answer = await client.request(method, path, **options)
        answers.append((answer.status_code, _headers(answer), _once(answer), list(_calls)))

    assert answers[0] == answers[1]


def _headers(answer: httpx.Response) -> dict[str, str]:
    # FastAPI names a type for nothing, and ours counts fewer errors.
    other = {204: "content-type", 422: "content-length"}.get(answer.status_code)
    return {name: value for name, value in answer.headers.items() if name != other}


def _once(answer: httpx.Response) -> Any:
    """The content; FastAPI says once more what is wrong for each that needs the dependency."""
    if answer.status_code != 422:
        return answer.content
    problem = answer.json()
    errors = {repr(error): error for error in problem["errors"]}
    return {**problem, "errors": list(errors.values())}


async def _yielding(request: Request) -> AsyncIterator[Request]:
    yield request


async def _with_body(thing: Thing) -> Thing:
    return thing


def _threaded() -> None:
    pass


async def _resting(made: Annotated[Request, Depends(_yielding)], db: Db) -> None:
    pass


async def _sets(names: Annotated[set[str], Query()]) -> None:
    pass


async def _perhaps_many(names: Annotated[list[str] | None, Query()] = None) -> None:
    pass


async def _many_headers(names: Annotated[list[str], Header()]) -> None:
    pass


async def _model_in_query(thing: Annotated[Thing, Query()]) -> None:
    pass


async def _member(thing: Annotated[Thing, Body(embed=True)]) -> None:
    pass


async def _perhaps_a_body(thing: Thing | None = None) -> None:
    pass


async def _body_elsewhere(thing: Annotated[Thing, Depends(_with_body)]) -> None:
    pass


@pytest.mark.parametrize(
    "function",
    [
        _threaded,
        _resting,
        _sets,
        _perhaps_many,
        _many_headers,
        _model_in_query,
        _member,
        _perhaps_a_body,
        _body_elsewhere,
    ],
)
async def test_a_function_that_wants_what_is_not_planned_for_is_no_route(function: Any) -> None:
    with pytest.raises(TypeError):
        Arguments(APIRoute("/", function).dependant)


async def test_an_answer_that_is_not_written_as_its_model_is_no_route() -> None:
    async def nothing() -> None:
        pass

    async def thing() -> Thing:
        return Thing(size=1)

    for function, options in ((nothing, {}), (thing, {"response_model_exclude_none": True})):
        with pytest.raises(TypeError):
            Route("/", function, **options)


async def test_middleware_that_would_do_nothing_is_refused() -> None:
    app = Application()
    app.add_middleware(AsyncExitStackMiddleware)

    with pytest.raises(TypeError):
        app.build_middleware_stack()


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_below_a_root_path_the_routes_are_found_too(newsroom: Newsroom) -> None:
    transport = httpx.ASGITransport(wrapped(newsroom.app), root_path="/stet")
    async with httpx.AsyncClient(transport=transport, base_url="http://stet.test") as client:
        below = await client.get("/stet/v1/me")
        nothing = await client.get("/stet/v1/nothing")

    make.refused(below, 401, "unauthenticated")
    make.refused(nothing, 404, "not-found")


async def test_the_route_of_every_path_is_found_as_by_fastapi(newsroom: Newsroom) -> None:
    app = newsroom.app
    values = ("x", ID, "tokens", "import", "a b", "é", "...", "%2F")
    paths = [
        route.path_format.format(**dict.fromkeys(route.param_convertors, value))
        for route in app.routes
        if isinstance(route, APIRoute)
        for value in values
    ]

    for path in {*paths, *(f"{path}/" for path in paths), *(path[:-1] for path in paths)}:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            matched = [(route, *route.matches(_scope(method, path))) for route in app.routes]
            expected = next(
                (
                    (route, child["path_params"])
                    for route, how, child in matched
                    if how is Match.FULL
                ),
                None,
            )
            scope = _scope(method, path)
            sent: list[Message] = []
            await app(scope, _nothing(), _into(sent))
            status = sent[0]["status"]
            if expected is None:
                # Then it is refused, by the router or by a route of another method.
                assert status in {404, 405}
            else:
                assert (scope["route"], scope["path_params"]) == expected


def _scope(method: str, path: str) -> dict[str, Any]:
    said = {"type": "http", "method": method, "path": path, "raw_path": quote(path).encode()}
    return {**said, "query_string": b"", "headers": [], "state": {}, "root_path": ""}


def _nothing() -> Receive:
    messages = iter([{"type": "http.request"}])

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    return receive


def _into(sent: list[Message]) -> Send:
    async def send(message: Message) -> None:
        sent.append(message)

    return send
