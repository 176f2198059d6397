"""The parameters that every list has, and the ``Link`` that its answer carries (RFC 8288)."""

import hashlib
from typing import Annotated, TypeVar, overload
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request, Response

from app.core.paging import MAX_LIMIT, Page, Paging, Written

T = TypeVar("T")


async def _paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items on a page.")] = 100,
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
    def __call__(self, page: Page[T]) -> Page[T]: ...

    @overload
    def __call__(self, page: Written) -> Response: ...

    def __call__(self, page: Page[T] | Written) -> Page[T] | Response:
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
