"""What every request pays for is paid once: no thread, no statement that is built anew."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from app.core.cache import RecentCache
from app.core.database.postgresql_sessions import PostgresSession
from app.core.database.sqlite_sessions import SqliteSession
from tests import make
from tests.conftest import Newsroom


def test_no_route_and_no_dependency_is_run_in_a_thread(application: FastAPI) -> None:
    # FastAPI runs a plain function in a thread. Five hops there and back took a third of a create.
    dependants = [
        route.dependant for route in iter_route_contexts(application.routes) if route.dependant
    ]

    in_threads = {
        f"{call.__module__}.{call.__qualname__}"
        for dependant in dependants
        for call in calls(dependant)
        if not inspect.iscoroutinefunction(call)
    }

    assert len(dependants) > 30
    assert in_threads == set()


def calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """What runs for a request: the route's function and all that it depends on."""
    if dependant.call is not None:
        yield dependant.call
    for child in dependant.dependencies:
        yield from calls(child)


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The statements that sessions execute, as objects."""
    seen: list[Any] = []

    def noted(method: Callable[..., Any]) -> Callable[..., Any]:
        def execute(session: Any, statement: Any, parameters: Any = None) -> Any:
            seen.append(statement)
            return method(session, statement, parameters)

        return execute

    for kind in (PostgresSession, SqliteSession):
        monkeypatch.setattr(kind, "execute", noted(kind.execute))
    return seen


@pytest.mark.parametrize("apart", [0, 2], ids=["remembered", "looked-up"])
async def test_creating_listing_and_deciding_build_no_statement(
    newsroom: Newsroom, executed: list[Any], monkeypatch: pytest.MonkeyPatch, apart: int
) -> None:
    # Who calls is remembered for a second: whether they are must not hang on this machine's speed.
    begun = RecentCache.moment()
    acts = 0
    monkeypatch.setattr(RecentCache, "moment", staticmethod(lambda: begun + acts * apart))
    document = await make.document(newsroom["annotator"])

    async def act() -> list[Any]:
        nonlocal acts
        acts += 1
        executed.clear()
        made = await make.annotation(newsroom["annotator"], document["id"])
        await make.decision(newsroom["reviewer"], made["id"])
        path = f"/v1/documents/{document['id']}/annotations"
        await make.said(await newsroom["reader"].get(path), 200)
        return list(executed)

    await act()
    first, second = await act(), await act()

    # Building a list's statement and its key in SQLAlchemy's cache took a tenth of the list.
    assert len(first) >= 3
    assert [id(statement) for statement in first] == [id(statement) for statement in second]
