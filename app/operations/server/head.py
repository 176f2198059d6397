"""What is wrong with a request's head."""

import re

from httptools import HttpRequestParser

from app.core.errors import HeadTooLarge, InvalidHttp, Problem, UnknownTransferCoding

MAX_HEAD_BYTES = 65_536
"""The longest request line and headers together; of a longer head no more than a read is kept."""

# The characters of RFC 3986, sections 3.2.2 and 3.2.3; it may be empty (RFC 9110, section 7.2).
_HOST = re.compile(rb"(\[[\w.~!$&'()*+,;=:%-]+\]|[\w.~!$&'()*+,;=%-]*)(:[0-9]*)?")


def problem_of(
    parser: HttpRequestParser, url: bytes, headers: list[tuple[bytes, bytes]]
) -> Problem | None:
    """Why the request is refused whose head the parser has just read; None when it is not.

    Args:
        parser: it knows the method and the version.
        url: as it was sent.
        headers: their names in small letters.
    """
    size = len(url)
    hosts = []
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts.append(value)
        elif name == b"transfer-encoding" and value.strip().lower() != b"chunked":
            return UnknownTransferCoding("A body is taken with its length or in chunks.")
    if size > MAX_HEAD_BYTES:
        return HeadTooLarge(limit=MAX_HEAD_BYTES)
    if parser.should_upgrade() and parser.get_method() == b"CONNECT":
        return InvalidHttp("Stet is no proxy and takes no CONNECT.")
    if not hosts:
        # HTTP/1.0 has none.
        needed = parser.get_http_version() != "1.0"
        return InvalidHttp("HTTP/1.1 needs a Host header.") if needed else None
    if len(hosts) > 1:
        return InvalidHttp("There is more than one Host header.")
    if _HOST.fullmatch(hosts[0].strip()) is None:
        return InvalidHttp("The Host header names no host, with or without a port.")
    return None
