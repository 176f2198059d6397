"""The file that a request uploads, on disk before anything waits for it."""

from collections.abc import Callable, Coroutine
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any

from fastapi import Depends, Request, Response

from app.core.errors import UnsupportedMediaType
from app.core.http.routing import Route, session_of

_IN_MEMORY_BYTES = 4 * 1024 * 1024


class FileRoute(Route):
    """A route whose body is a file, read once however often the request is tried."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of ``Route``, with a place for the file until the answer is there."""
        handler = super().get_route_handler()

        async def with_file(request: Request) -> Response:
            with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
                request.state.upload = file
                request.state.uploaded = False
                return await handler(request)

        return with_file


async def _upload(request: Request) -> IO[bytes]:
    """The body, from its beginning.

    Raises:
        UnsupportedMediaType: for a form, whose parts are not the file itself.
    """
    file: IO[bytes] = request.state.upload
    if not request.state.uploaded:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            raise UnsupportedMediaType("Send the file as the body itself, not as a form.")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType("Send the file as it is, without a Content-Encoding.")
        # However slowly the file arrives, no connection and no lock waits for it.
        await session_of(request).rest()
        async for chunk in request.stream():
            file.write(chunk)
        request.state.uploaded = True
    file.seek(0)
    return file


Upload = Annotated[IO[bytes], Depends(_upload)]
"""The uploaded file. Name it after the project, so that nobody uploads what they may not."""
