"""Answers that are streamed for as long as their reader takes them, and what is streamed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from app.changes.access import SNAPSHOT
from app.core.errors import InvalidHttp
from app.core.http.methods import without_body
from app.exports import content
from app.exports.compression import accepted, encoded
from app.exports.log import ReadsNoLonger
from app.exports.schemas import ExportedDocument, LossReport
from app.formats.codecs import MEDIA_TYPES, Format, codec
from app.formats.kinds import Kind
from app.formats.record import Head


def lines_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a stream that holds one of these a line."""
    return {
        "type": "string",
        "contentMediaType": MEDIA_TYPES[Format.JSONL],
        "contentSchema": {"$ref": f"#/components/schemas/{model.__name__}"},
        "description": f"Lines, each the JSON of a `{model.__name__}`.",
    }


_BINARY = {"type": "string", "format": "binary"}
# Of several that it knows, a generator of clients takes the first: bytes, whatever comes.
_WRITTEN: dict[str, dict[str, Any]] = {
    MEDIA_TYPES[Format.SPACY]: _BINARY,
    MEDIA_TYPES[Format.BRAT]: _BINARY,
    MEDIA_TYPES[Format.PARQUET]: _BINARY,
    MEDIA_TYPES[Format.JSONL]: lines_of(ExportedDocument),
    MEDIA_TYPES[Format.CSV]: {"type": "string"},
    MEDIA_TYPES[Format.CONLL]: {"type": "string"},
    MEDIA_TYPES[Format.WEB_ANNOTATION]: {"type": "object"},
}

STREAM: dict[str, Any] = {
    "description": "The project, streamed: one consistent snapshot, whatever is written meanwhile. "
    "`Stet-Snapshot` names the last change that it holds, `Stet-Loses` the kinds of things that "
    "the format cannot hold. With `dry_run`, a `LossReport` of what would be lost. Of `jsonl` each "
    "line is an `ExportedDocument`; `doccano` has lines of its own.",
    "model": LossReport | list[dict[str, Any]],
    "content": {media_type: {"schema": schema} for media_type, schema in _WRITTEN.items()},
    "headers": {
        **SNAPSHOT,
        "Stet-Loses": {
            "description": "Separated by commas; absent when the format loses nothing.",
            "schema": {"type": "string"},
        },
        "Content-Disposition": {
            "description": "The name of a file for it; absent from the report of a `dry_run`.",
            "schema": {"type": "string"},
        },
    },
}
"""How the OpenAPI document describes an export."""

SLOWEST = 1024
"""Bytes a second that a reader has to take: what it keeps from others is not kept for ever."""
PATIENCE_SECONDS = 240.0
"""How far a reader may fall behind that, and how long it may take nothing.

What lies between takes more only when much of what waits there is gone. So of one who takes a
kilobyte a second, nothing is seen for two minutes and more, and then 128 KiB at once.
"""
_SLICE = 64 * 1024


class Stream(StreamingResponse):
    """A stream that lets go of what it holds once it has ended, one way or the other.

    A failure in the middle breaks the connection, so that a part never looks like the whole; so
    does a reader that has stopped reading, or nearly so. Of HEAD it does not begin.
    """

    held: AsyncExitStack | None = None
    """A snapshot, say."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, then let go."""
        if without_body(scope):
            self.body_iterator = _nothing()

        clock = asyncio.get_running_loop().time
        patience = PATIENCE_SECONDS

        async def in_time(message: Message) -> None:
            # Only here the reader is waited for: what is slow to be read costs them nothing.
            nonlocal patience
            began = clock()
            try:
                async with asyncio.timeout(patience):
                    await send(message)
            except TimeoutError:
                raise ClientDisconnect from None
            earned = len(message.get("body", b"")) / SLOWEST
            patience = min(PATIENCE_SECONDS, patience - (clock() - began) + earned)

        async def in_slices(message: Message) -> None:
            body = message.get("body", b"")
            # In one piece, megabytes would have to be taken within the same time.
            last = max(0, len(body) - 1) // _SLICE * _SLICE
            for begin in range(0, last, _SLICE):
                part = body[begin : begin + _SLICE]
                await in_time({**message, "body": part, "more_body": True})
            await in_time({**message, "body": body[last:]} if last else message)

        try:
            async with self.held or AsyncExitStack():
                await super().__call__(scope, receive, in_slices)
        except (ClientDisconnect, ReadsNoLonger):
            # What they have not taken of the last piece would keep the connection until they do.
            scope.get("state", {}).get("hang_up", _nobody)()
            raise ClientDisconnect from None

    async def listen_for_disconnect(self, receive: Receive) -> None:
        """Wait until the reader hangs up; a body of theirs that breaks off is of no use here."""
        while True:
            with suppress(InvalidHttp):
                return await super().listen_for_disconnect(receive)


def _nobody() -> None:
    """Hang up where there is no connection."""


async def _nothing() -> AsyncIterator[bytes]:
    yield b""


def reported(losses: LossReport, sequence: int) -> Response:
    """The answer to a dry run."""
    return Response(
        losses.model_dump_json(),
        media_type="application/json",
        headers={"Stet-Snapshot": str(sequence)},
    )


def streamed(
    request: Request,
    snapshot: AsyncExitStack,
    pieces: content.Pieces,
    format: Format,
    head: Head,
    name: str = "",
) -> StreamingResponse:
    """The answer that sends the pieces, and holds the snapshot from here on."""
    chosen = codec(format)
    headers = {
        "Stet-Snapshot": str(head.sequence),
        "Content-Disposition": f'attachment; filename="{head.project}{name}.{chosen.suffix}"',
    }
    if chosen.loses:
        headers["Stet-Loses"] = ", ".join(kind for kind in Kind if kind in chosen.loses)
    body = content.counted(pieces, format)
    if format not in _COMPRESSED:
        headers["Vary"] = "Accept-Encoding"
        encoding = accepted(request.headers.get("accept-encoding", ""))
        if encoding is not None:
            headers["Content-Encoding"] = encoding
            body = encoded(body, encoding)
    response = Stream(body, media_type=MEDIA_TYPES[format], headers=headers)
    # Closed before the snapshot that they are read from.
    snapshot.push_async_callback(pieces.aclose)
    response.held = snapshot.pop_all()
    return response


_COMPRESSED = {Format.PARQUET, Format.BRAT, Format.SPACY, Format.UIMA_CAS}
"""What is so already; the others are text."""
