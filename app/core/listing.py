"""The parameters that every list has, and the ``Link`` that its answer carries (RFC 8288)."""

from typing import Annotated, TypeVar

from fastapi import Depends, Query, Request, Response

from app.core.paging import MAX_LIMIT, Page, Paging

T = TypeVar("T")


async def _paging(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items on a page.")] = 100,
    cursor: Annotated[
        str | None, Query(max_length=2000, description="`next` of the page before.")
    ] = None,
) -> Paging:
    return Paging(limit, cursor)


Pages = Annotated[Paging, Depends(_paging)]
"""Which page the caller asks for."""


class Linked:
    """Puts the ``Link`` to the next page on an answer."""

    def __init__(self, request: Request, response: Response) -> None:
        """One for each request."""
        self._request = request
        self._response = response

    def __call__(self, page: Page[T]) -> Page[T]:
        """The page itself, once its link is in the headers."""
        if page.next is not None:
            url = self._request.url.include_query_params(cursor=page.next)
            self._response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return page


async def _linked(request: Request, response: Response) -> Linked:
    return Linked(request, response)


Link = Annotated[Linked, Depends(_linked)]
