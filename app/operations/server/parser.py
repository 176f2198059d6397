"""A parser of HTTP/1.1 that lets offers to go on in another protocol lie.

llhttp ends a request that offers one at its head, as if what follows were of the other protocol
already. But a server may ignore the offer, and then a body follows as without it (RFC 9110,
section 7.8): who forgets that takes the body for the next request.
"""

from collections.abc import Iterator
from typing import Protocol

from httptools import HttpParserUpgrade, HttpRequestParser


class Head(Protocol):
    """Who is told what is parsed, and keeps what came of the last head."""

    url: bytes
    headers: list[tuple[bytes, bytes]]


class Parser(HttpRequestParser):
    """httptools' parser, which reads on behind an offer.

    Whoever is told what is parsed gets such a head twice, first with the offer, while
    ``should_upgrade`` holds, and with an end of the request right behind it; then without.
    """

    def __init__(self, told: Head) -> None:
        """``told`` has httptools' callbacks, and must refuse CONNECT: it ends as an offer does."""
        self._told = told
        self._begin()

    def _begin(self) -> None:
        """Expect a request as if none had been before."""
        super().__init__(self._told)
        # As uvicorn has it: what follows a last request does not keep that from its answer.
        self.set_dangerous_leniencies(lenient_data_after_close=True)

    def feed_data(self, data: bytes | memoryview) -> None:  # type: ignore[override]  # all that comes
        """Parse what has come."""
        while True:
            try:
                super().feed_data(data)
            except HttpParserUpgrade as offer:
                head = b"".join(self._head_without_offer())
                # One packet may hold thousands of offers, and is not copied for each.
                data = memoryview(data)[offer.args[0] :]
            else:
                return
            # The parser takes a request without keep-alive for the connection's last.
            self._begin()
            super().feed_data(head)

    def _head_without_offer(self) -> Iterator[bytes]:
        version = self.get_http_version().encode()
        yield b"%b %b HTTP/%b\r\n" % (self.get_method(), self._told.url, version)
        for name, value in self._told.headers:
            if name != b"upgrade":
                yield b"%b: %b\r\n" % (name, value)
        yield b"\r\n"
