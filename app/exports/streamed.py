"""An export on its way out: the answer, and what the OpenAPI document says of it."""

from contextlib import AsyncExitStack
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.exports import content
from app.exports.access import Stream
from app.exports.encodings import accepted, encoded
from app.exports.schemas import LossReport
from app.formats.codecs import MEDIA_TYPES, Format, codec
from app.formats.losses import Kind
from app.formats.record import Head

SNAPSHOT: dict[str, Any] = {
    "Stet-Snapshot": {
        "description": "The sequence of the last change in the snapshot.",
        "schema": {"type": "integer"},
    }
}
"""The header that every answer has which shows a project as it was at one moment."""
STREAM: dict[str, Any] = {
    "description": "The project, streamed: one consistent snapshot, whatever is written meanwhile. "
    "`Stet-Snapshot` names the last change that it holds, `Stet-Loses` the kinds of things that "
    "the format cannot hold. With `dry_run`, a report of what would be lost.",
    "model": LossReport | list[dict[str, Any]],
    "content": {
        media_type: {"schema": {"type": "string"}}
        for media_type in dict.fromkeys(MEDIA_TYPES.values())
        if media_type != "application/json"
    },
    "headers": {
        **SNAPSHOT,
        "Stet-Loses": {
            "description": "Separated by commas; absent when the format loses nothing.",
            "schema": {"type": "string"},
        },
    },
}
"""The answer."""


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
    if chosen.suffix in _COMPRESSIBLE:
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


_COMPRESSIBLE = {"jsonl", "csv", "conllup", "json", "jsonld"}
"""What is text; the others are compressed already."""
