"""A file that an import comes from."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

from app.formats.jsonl import Line, Reader

_CHUNK_BYTES = 1024 * 1024


async def lines_of(path: Path, advance: Callable[[int], None]) -> AsyncIterator[Line]:
    """The lines of a file; ``advance`` is told of each chunk how many bytes were read."""
    reader = Reader()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            for line in reader.feed(chunk):
                yield line
            advance(len(chunk))
    for line in reader.close():
        yield line
