"""The parameters that every list has, and the ``Link`` that its answer carries (RFC 8288)."""

import hashlib
from typing import Annotated, Protocol, TypeVar, overload
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request, Response

from app.core.paging import MAX_LIMIT, Paging, Written


class InPages(Protocol):
    """An answer that may go on."""

    @property
    def next(self) -> str | None:
        """The cursor of the next page; None on the last."""
        ...


P = TypeVar("P", bound=InPages)


_LIMIT = "How many items a page has at most; where their text is long it has fewer."


async def _paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description=_LIMIT)] = 100,
    cursor: Annotated[
        str | None, Query(max_length=2000, description="`next` of the page before.")
    ] = None,
) -> Paging:
    return Paging(limit, cursor, _list_asked_for(request))


def _list_asked_for(request: Request) -> str:
    """A short name for the path and the filters: a cursor means nothing under others."""
    filters = sorted(
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in {"limit", "cursor"}
    )
    asked = repr((request.scope["path"], filters)).encode()
    return hashlib.blake2b(asked, digest_size=6).hexdigest()


Pages = Annotated[Paging, Depends(_paging)]
"""Which page the caller asks for."""


class Linked:
    """Puts the ``Link`` to the next page on an answer."""

    def __init__(self, request: Request, response: Response) -> None:
        """One for each request."""
        self._request = request
        self._response = response

    @overload
    def __call__(self, page: Written) -> Response: ...  # type: ignore[overload-overlap]  # the first that fits is meant

    @overload
    def __call__(self, page: P) -> P: ...

    def __call__(self, page: InPages) -> InPages | Response:
        """The page itself, or the answer that it is, once its link is in the headers."""
        response = self._response
        if isinstance(page, Written):
            response = Response(page.json, media_type="application/json")
        if page.next is not None:
            given = self._request.query_params.multi_items()
            query = [(name, value) for name, value in given if name != "cursor"]
            path = quote(self._request.scope["path"])
            query.append(("cursor", page.next))
            response.headers["Link"] = f'<{path}?{urlencode(query)}>; rel="next"'
        return response if isinstance(page, Written) else page


async def _linked(request: Request, response: Response) -> Linked:
    return Linked(request, response)


Link = Annotated[Linked, Depends(_linked)]
