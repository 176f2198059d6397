"""A request in its parts, each of which can be spoilt."""

import json
from dataclasses import dataclass
from typing import Any

from tests.desk import Request


@dataclass
class Spoilt:
    """A request that is taken apart to be changed."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: Any
    """JSON, as long as nobody has made bytes of it."""
    content: bytes | None = None
    raw: bytes | None = None
    """The whole request, once it is not made of these parts."""

    def whole(self) -> bytes:
        """What is sent."""
        if self.raw is not None:
            return self.raw
        return self.head(len(self._content())) + self._content()

    def head(self, length: int | str) -> bytes:
        """The request line and the headers, which announce so many bytes."""
        target = f"{self.path}?{self.query}" if self.query else self.path
        lines = [f"{self.method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {length}", "", ""]
        return "\r\n".join(lines).encode("utf-8", "replace")

    def _content(self) -> bytes:
        if self.content is not None:
            return self.content
        return b"" if self.body is None else json.dumps(self.body).encode()

    def as_bytes(self) -> bytes:
        """The body, which is bytes from now on."""
        self.content = self._content()
        return self.content


def of(lawful: Request, token: str) -> Spoilt:
    """The request, of that token's owner, with nothing spoilt yet."""
    headers = [("Host", "stet"), ("Authorization", f"Bearer {token}"), *lawful.headers.items()]
    if lawful.body is not None:
        headers.append(("Content-Type", "application/json"))
    body = json.loads(json.dumps(lawful.body))
    return Spoilt(lawful.method, lawful.path, lawful.query, headers, body)
