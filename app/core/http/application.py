"""FastAPI's application with the shorter way in that the routes of ``core.http.routing`` allow.

FastAPI holds a request against one route after the other, and around that stand five layers of
middleware, four of which do nothing for a route without forms and dependencies to be closed. Both
took a tenth of a create. Other kinds of routes, other methods and unknown paths go the usual way.
"""

import re
from collections.abc import Iterable

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.http.routing import Route


class Application(FastAPI):
    """Stet's application; what no handler mends is left to ``core.http.observability``.

    Its own routes are found before those of any other kind.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Everything between ``__call__`` and the routes.

        Raises:
            TypeError: when middleware was added, which belongs around the application.
        """
        if self.user_middleware:
            raise TypeError("Middleware stands around the application, in app.main.")
        usual = AsyncExitStackMiddleware(self.router)
        routes = [route for route in self.routes if isinstance(route, Route)]
        return ExceptionMiddleware(_Index(routes, usual), handlers=self.exception_handlers)


class _Index:
    """Finds a route by one regular expression for each method."""

    def __init__(self, routes: Iterable[Route], usual: ASGIApp) -> None:
        """Where routes overlap, the first is found, as in FastAPI."""
        self._usual = usual
        by_method: dict[str, list[Route]] = {}
        for route in routes:
            for method in route.methods or ():
                by_method.setdefault(method, []).append(route)
        self._finders = {method: _Finder(found) for method, found in by_method.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route serve the request."""
        # Under a root path the path begins with that, which the patterns do not know.
        finder = self._finders.get(scope["method"]) if scope["type"] == "http" else None
        found = finder.find(scope["path"]) if finder and not scope.get("root_path") else None
        if found is None:
            await self._usual(scope, receive, send)
            return
        route, scope["path_params"] = found
        scope["route"], scope["endpoint"] = route, route.endpoint
        await route.app(scope, receive, send)


class _Finder:
    """The routes of one method."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[int, tuple[Route, list[str]]] = {}
        """By the number of the group that is a route's, which its parameters' follow."""
        patterns: list[str] = []
        groups = 0
        for route in routes:
            self._routes[groups + 1] = route, list(route.param_convertors)
            groups += 1 + len(route.param_convertors)
            # One name may stand in a regular expression once.
            unnamed = re.sub(r"\(\?P<\w+>", "(", route.path_regex.pattern)
            patterns.append(f"({unnamed.removeprefix('^').removesuffix('$')})")
        self._pattern = re.compile("|".join(patterns))

    def find(self, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a path, and its parameters."""
        match = self._pattern.fullmatch(path)
        if match is None or match.lastindex is None:
            return None
        # The last group to be closed is the outermost.
        route, names = self._routes[match.lastindex]
        values = match.groups()[match.lastindex : match.lastindex + len(names)]
        return route, dict(zip(names, values, strict=True))
