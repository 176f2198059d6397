"""The outer layer's guard on bodies: too large or too slow is refused before it is read whole."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import InvalidHttp, Problem, RequestTimeout, TooLarge
from app.core.paths import is_import
from app.core.problems import ProblemResponse


class BodyLimits:
    """ASGI middleware that counts and times the body of each request."""

    def __init__(
        self, app: ASGIApp, *, max_bytes: int, max_file_bytes: int, timeout_seconds: float
    ) -> None:
        """``max_bytes`` of body are taken, and they have ``timeout_seconds`` to arrive.

        A file that is imported may have ``max_file_bytes``, and as long as it takes while it keeps
        coming: each part has ``timeout_seconds``.
        """
        self._app = app
        self._max_bytes = max_bytes
        self._max_file_bytes = max_file_bytes
        self._timeout = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a ``receive`` that keeps count."""
        if scope["type"] != "http" or not has_body(scope):
            await self._app(scope, receive, send)
            return
        is_file = is_import(scope["path"])
        limit = self._max_file_bytes if is_file else self._max_bytes
        if _announces_more(scope, limit):
            await self._refuse(_too_large(limit), scope, receive, send)
        else:
            await self._pass_on(scope, receive, send, limit, is_file=is_file)

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, limit: int, *, is_file: bool
    ) -> None:
        arrived = 0
        whole = False
        deadline = asyncio.get_running_loop().time() + self._timeout
        started = False

        async def counted() -> Message:
            nonlocal arrived, whole, deadline
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                if started:
                    # Nobody waits for the body any more, only for the caller to hang up.
                    return await receive()
                raise RequestTimeout(
                    f"The body did not arrive within {self._timeout:g} seconds."
                ) from None
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise _too_large(limit)
            if is_file:
                deadline = asyncio.get_running_loop().time() + self._timeout
            whole = not message.get("more_body", False)
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except (TooLarge, RequestTimeout, InvalidHttp) as problem:
            if started:
                raise
            await self._refuse(problem, scope, receive, send)

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        await ProblemResponse(problem)(scope, receive, send)


def has_body(scope: Scope) -> bool:
    """Whether the request's head says that a body follows."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 "))
        for name, value in scope["headers"]
    )


def _announces_more(scope: Scope, limit: int) -> bool:
    return any(
        name == b"content-length" and _exceeds(value, limit) for name, value in scope["headers"]
    )


def _exceeds(length: bytes, limit: int) -> bool:
    # Python converts integers of at most 4,300 digits.
    digits = length.strip().lstrip(b"0")
    return digits.isdigit() and (len(digits) > 18 or int(digits) > limit)


def _too_large(limit: int) -> TooLarge:
    problem = TooLarge(limit=limit, unit="bytes")
    # The rest of the body is not read, so the connection cannot serve another request.
    problem.headers["Connection"] = "close"
    return problem
