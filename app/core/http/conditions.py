"""ETag, If-Match and If-None-Match (RFC 9110, section 13): how lost updates are made impossible.

A tag is the resource's version, ``"3"``. Where the representation also holds something that is not
of the row, as a document's counts, that follows behind a hyphen, ``"3-1.0.0.0.57"``. If-None-Match
looks at the whole; of If-Match, what changes the row looks at the version alone, and what takes the
rest along looks at that too.
"""

import re
from typing import Annotated, NamedTuple, Protocol, TypeVar

from fastapi import Depends, Header, Request, Response

from app.core.errors import InvalidParameter, PreconditionRequired
from app.core.etags import etag


class Versioned(Protocol):
    """Something that is answered with an ETag."""

    @property
    def version(self) -> int:
        """Counts every change of the resource, from 1."""
        ...


V = TypeVar("V", bound=Versioned)
D = TypeVar("D")


class NotModified(Exception):
    """The caller has this representation already; answered 304."""

    def __init__(self, tag: str) -> None:
        """``tag`` is the current one."""
        super().__init__(tag)
        self.tag = tag


class Tagged:
    """Puts the ETag on an answer, and answers 304 when the caller has it already."""

    def __init__(self, request: Request, response: Response) -> None:
        """One for each request."""
        self._request = request
        self._response = response

    def __call__(self, out: V, *, beside: str = "") -> V:
        """The resource itself, its tag in the headers; ``beside`` is what is not of the row.

        Raises:
            NotModified: when If-None-Match of a GET names the tag.
        """
        self._response.headers["ETag"] = self._unknown(etag(out.version, beside))
        return out

    def whole(self, response: Response, *, version: int) -> Response:
        """The same for what is no JSON and the whole answer.

        Raises:
            NotModified: when If-None-Match of a GET names the tag.
        """
        response.headers["ETag"] = self._unknown(etag(version))
        return response

    def _unknown(self, tag: str) -> str:
        if self._request.method in {"GET", "HEAD"}:
            # Lines of one name are one list (RFC 9110, section 5.3).
            known = ", ".join(self._request.headers.getlist("if-none-match"))
            # Weakly compared (section 13.1.2): the caller's may be weak, ``W/"3"``.
            tags = {one.strip().removeprefix("W/") for one in known.split(",")}
            if known.strip() == "*" or tag in tags:
                raise NotModified(tag)
        return tag

    def created(self, out: V, location: str, *, new: bool, beside: str = "") -> V:
        """The same for a POST: 201 and the Location of what is new, 200 for what was there."""
        self._response.status_code = 201 if new else 200
        if new:
            self._response.headers["Location"] = location
        return self(out, beside=beside)

    def decided(self, out: D, *, version: int, new: bool) -> D:
        """An answer that is not itself versioned, tagged with the version that it made."""
        self._response.status_code = 201 if new else 200
        self._response.headers["ETag"] = etag(version)
        return out


async def _tagged(request: Request, response: Response) -> Tagged:
    return Tagged(request, response)


Tag = Annotated[Tagged, Depends(_tagged)]

_ETAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_OURS = re.compile(r"([1-9][0-9]{0,8})(?:-(.+))?")


class SeenTag(NamedTuple):
    """What If-Match names."""

    version: int
    """0, which none has, for a tag that can't match."""
    beside: str
    """What the tag holds beside it; empty where the caller named the version alone."""


def _named(header: str | None) -> SeenTag | None:
    if header is None:
        return None
    if header.strip() == "*":
        raise PreconditionRequired("If-Match: * names no version; send the one that you saw.")
    tag = _ETAG.fullmatch(header.strip())
    if tag is None:
        raise InvalidParameter("If-Match", 'If-Match takes one ETag, such as "3".')
    # If-Match compares strongly (RFC 9110, section 13.1.1): a weak tag matches nothing.
    ours = None if tag[1] else _OURS.fullmatch(tag[2])
    return SeenTag(int(ours[1]), ours[2] or "") if ours else SeenTag(0, "")


IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The ETag of the version that the caller saw: one, no list of them and no `*`. "
        "`If-None-Match` is for GET and is refused beside it.",
        examples=['"1"'],
    ),
]


def _seen_if_any(request: Request, if_match: str | None) -> SeenTag | None:
    names = [name for name, _ in request.scope["headers"]]
    if if_match is not None and b"if-none-match" in names:
        raise InvalidParameter(
            "If-None-Match", "What changes something names one version by If-Match, and no other."
        )
    return _named(if_match)


async def _seen_whole(request: Request, if_match: IfMatch = None) -> SeenTag:
    seen = _seen_if_any(request, if_match)
    if seen is None:
        raise PreconditionRequired('Send If-Match with the ETag that you saw, such as "3".')
    return seen


async def _seen(request: Request, if_match: IfMatch = None) -> int:
    return _alone(await _seen_whole(request, if_match))


async def _maybe_seen(request: Request, if_match: IfMatch = None) -> int | None:
    seen = _seen_if_any(request, if_match)
    return None if seen is None else _alone(seen)


def _alone(seen: SeenTag) -> int:
    """The version, of what has nothing beside it: no tag of its own holds more."""
    return 0 if seen.beside else seen.version


Seen = Annotated[int, Depends(_seen)]
"""The version that the caller saw; its absence is answered 428."""

SeenWhole = Annotated[SeenTag, Depends(_seen_whole)]
"""The same of what has something beside it in its tag."""

MaybeSeen = Annotated[int | None, Depends(_maybe_seen)]
"""The same where the resource need not exist yet."""


async def not_modified(_request: Request, error: Exception) -> Response:
    """The answer to a GET whose caller has the representation already."""
    assert isinstance(error, NotModified)  # noqa: S101  # the registration says so
    return Response(status_code=304, headers={"ETag": error.tag})
