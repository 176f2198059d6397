"""The outer layer's guard on bodies: too large, too slow or too many are refused unread."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import (
    HeadTooLarge,
    InvalidHttp,
    Problem,
    RequestTimeout,
    TooLarge,
    Unavailable,
)
from app.core.http.body_memory import Body, BodyMemory, too_many
from app.core.http.paths import is_import
from app.core.http.problems import ProblemResponse


class BodyLimits:
    """ASGI middleware that counts and times the body of each request."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        max_bytes_at_once: int,
        max_file_bytes: int,
        timeout_seconds: float,
    ) -> None:
        """``max_bytes`` of body are taken, and they have ``timeout_seconds`` to arrive.

        All that are there may have ``max_bytes_at_once``. A file that is imported is none of them,
        for it does not stay in memory: it may have ``max_file_bytes``, and as long as it takes
        while it keeps coming: each part has ``timeout_seconds``.
        """
        self._app = app
        self._max_bytes = max_bytes
        self._body_memory = BodyMemory(max_bytes_at_once)
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
        started = False
        body = Body(self._timeout, each=is_file)

        async def counted() -> Message:
            nonlocal arrived, whole
            if whole:
                return await receive()
            try:
                message = await body.next(receive)
            except TimeoutError:
                if started:
                    # Nobody waits for the body any more, only for the caller to hang up.
                    return await receive()
                raise self._late(body) from None
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise _too_large(limit)
            whole = not message.get("more_body", False)
            if not (is_file or started):
                self._body_memory.note(body, message)
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except (TooLarge, HeadTooLarge, RequestTimeout, InvalidHttp, Unavailable) as problem:
            if started:
                raise
            await self._refuse(problem, scope, receive, send)
        finally:
            self._body_memory.remove(body)

    def _late(self, body: Body) -> Problem:
        if body.given_up:
            return too_many()
        return RequestTimeout(f"The body did not arrive within {self._timeout:g} seconds.")

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
