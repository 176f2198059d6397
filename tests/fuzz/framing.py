"""What is not HTTP, or another message than it says it is."""

import random
from collections.abc import Callable

from tests.fuzz.spoilt import Spoilt

_CHUNKED = ("Transfer-Encoding", "chunked")
_LENGTHS = ["-1", "+1", "1 ", "0x1", "9" * 20, "a", "", "1, 2", "1\r\nContent-Length: 2"]
_CODINGS = ["chunked", "gzip, chunked", "xchunked"]
_CHUNKS = [b"x", b"-1", b"", b"1;a=b\r\nab", b"f" * 20, b"0\r\n\r\nGET / HTTP/1.1", b"5\nab"]
_LINES = [
    *(b"GET", b"GET /", b"GET / HTTP/9.9", b"GET  / HTTP/1.1", b"\x00", b"PRI * HTTP/2.0"),
    *(b"GET http://[ HTTP/1.1", b"GET * HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"\x16\x03"),
]
_HEADERS = [
    *(b"a b: c", b": c", b"a\x00: c", b"a: b\x00", b" folded", b"a", b"\xff: \xff", b"a:" * 99),
    *(b"X-Long: " + b"x" * size for size in (8000, 66_000, 70_000)),
]


def _flipped(chance: random.Random, spoilt: Spoilt) -> bytes:
    content = spoilt.as_bytes()
    head = bytearray(spoilt.head(len(content)))
    for _ in range(chance.randint(1, 3)):
        head[chance.randrange(min(len(head), 200))] = chance.randrange(256)
    return bytes(head) + content


def _of_another_length(chance: random.Random, spoilt: Spoilt) -> bytes:
    return spoilt.head(chance.choice(_LENGTHS)) + spoilt.as_bytes()


def _in_odd_chunks(chance: random.Random, spoilt: Spoilt) -> bytes:
    spoilt.headers.append(("Transfer-Encoding", chance.choice(_CODINGS)))
    return _without_length(spoilt) + chance.choice(_CHUNKS) + b"\r\n" + spoilt.as_bytes()


def _in_chunks_and_of_a_length(_chance: random.Random, spoilt: Spoilt) -> bytes:
    spoilt.headers.append(_CHUNKED)
    return spoilt.whole()


def _with_another_line(chance: random.Random, _spoilt: Spoilt) -> bytes:
    return chance.choice(_LINES) + b"\r\nHost: stet\r\n\r\n"


def _with_bare_newlines(_chance: random.Random, spoilt: Spoilt) -> bytes:
    content = spoilt.as_bytes()
    return spoilt.head(len(content)).replace(b"\r\n", b"\n") + content


def _with_an_odd_header(chance: random.Random, spoilt: Spoilt) -> bytes:
    header = chance.choice(_HEADERS)
    return spoilt.whole().replace(b"\r\n", b"\r\n" + header + b"\r\n", 1)


def _noise(chance: random.Random, _spoilt: Spoilt) -> bytes:
    return chance.randbytes(chance.randint(1, 300)) + b"\r\n\r\n"


def _too_short(_chance: random.Random, spoilt: Spoilt) -> bytes:
    content = spoilt.as_bytes()
    return spoilt.head(len(content) + 10) + content


def _cut_off(chance: random.Random, spoilt: Spoilt) -> bytes:
    whole = spoilt.whole()
    return whole[: chance.randrange(1, len(whole))]


def _cut_off_in_a_chunk(_chance: random.Random, spoilt: Spoilt) -> bytes:
    spoilt.headers.append(_CHUNKED)
    return _without_length(spoilt) + b"5\r\nab"


def _without_length(spoilt: Spoilt) -> bytes:
    return spoilt.head(0).replace(b"Content-Length: 0\r\n", b"")


_WAYS: list[Callable[[random.Random, Spoilt], bytes]] = [
    _flipped,
    _of_another_length,
    _in_odd_chunks,
    _in_chunks_and_of_a_length,
    _with_another_line,
    _with_bare_newlines,
    _with_an_odd_header,
    _noise,
    _too_short,
    _cut_off,
    _cut_off_in_a_chunk,
]


def spoil_framing(chance: random.Random, spoilt: Spoilt) -> None:
    """What goes over the wire is not what HTTP has for it."""
    spoilt.raw = chance.choice(_WAYS)(chance, spoilt)
