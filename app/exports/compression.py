"""What an export is compressed by, as the caller accepts it (RFC 9110, section 12.5.3)."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Protocol

import zstandard

from app.exports.negotiation import weights

_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = {"gzip": 4, "zstd": 3}
ENCODINGS = ("zstd", "gzip")
"""What there is, the better one first."""


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


def accepted(header: str) -> str | None:
    """The encoding to answer in: the one that the caller likes best; None for none at all."""
    liked = weights(header)
    known = {name: liked.get(name, liked.get("*", 0.0)) for name in ENCODINGS}
    best = max(ENCODINGS, key=lambda name: known[name])
    # Said by name, plain may be liked better; unsaid, it is what is left when nothing else is.
    plain = liked.get("identity", 0.0)
    return best if known[best] > 0 and known[best] >= plain else None


async def encoded(content: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """The content, compressed in a thread so that the loop goes on."""
    compressor: _Compressor
    if encoding == "gzip":
        compressor = zlib.compressobj(_LEVEL[encoding], zlib.DEFLATED, _GZIP)
    else:
        compressor = zstandard.ZstdCompressor(level=_LEVEL[encoding]).compressobj()
    async for piece in content:
        if written := await asyncio.to_thread(compressor.compress, piece):
            yield written
    yield await asyncio.to_thread(compressor.flush)
