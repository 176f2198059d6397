"""One handler turns every problem into ``application/problem+json`` (RFC 9457)."""

import json

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.core import errors
from app.core.database import unavailable
from app.core.errors import MEDIA_TYPE, Problem
from app.core.http.methods import methods_at
from app.core.http.units import unit_of
from app.core.validation import of_validation


class ProblemResponse(Response):
    """A problem, on its way out."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem) -> None:
        """The status, headers and body are the problem's."""
        super().__init__(
            json.dumps(problem.body(), ensure_ascii=False, separators=(",", ":"), default=str),
            problem.status,
            headers=problem.headers,
            media_type=MEDIA_TYPE,
        )


def of_http(error: HTTPException, request: Request) -> Problem:
    """The problem for what the router itself refuses: an unknown path, a method that it lacks."""
    if error.status_code == 405:
        allowed = ", ".join(methods_at(request))
        problem: Problem = errors.MethodNotAllowed(f"The path answers {allowed}.")
        problem.headers["Allow"] = allowed
        return problem
    if error.status_code == 404:
        return errors.NotFound("There is nothing at this path.")
    return errors.InvalidJson("The body could not be read.")


def install(app: FastAPI) -> None:
    """Let the application answer every problem in this form."""

    @app.exception_handler(Problem)
    async def problem(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)  # noqa: S101  # the registration says so
        return ProblemResponse(error)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101  # the registration says so
        problem = of_http(error, request)
        if problem.status == 405 and request.method == "OPTIONS":
            return Response(status_code=204, headers=problem.headers)
        return ProblemResponse(problem)

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101  # the registration says so
        return ProblemResponse(of_validation(list(error.errors()), unit_of(request)))


def of_failure(error: Exception) -> Problem:
    """The problem for an exception that nothing else mends."""
    return unavailable(error) or errors.InternalError(
        "Stet failed; nothing was written. The log has this answer's request id."
    )
