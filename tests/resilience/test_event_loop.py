"""A request stays in the event loop: FastAPI would run a plain function in a thread."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts


def test_no_route_and_no_dependency_is_run_in_a_thread(application: FastAPI) -> None:
    # Five hops to a thread and back took a third of a create.
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
