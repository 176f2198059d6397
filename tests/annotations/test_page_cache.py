"""A list that was read before is answered again for as long as it would be the same, no longer."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from app.core.cache import LruCache
from app.core.timestamps import now
from app.models import Annotation
from tests import make
from tests.conftest import Newsroom

Page = dict[str, Any]


@pytest.fixture
async def document(newsroom: Newsroom) -> dict[str, Any]:
    """A document with three annotations."""
    document = await make.document(newsroom["annotator"])
    for label in ("claim", "denial", "quote"):
        await make.annotation(newsroom["annotator"], document["id"], label)
    return document


@pytest.fixture
def listed(
    newsroom: Newsroom, document: dict[str, Any]
) -> Callable[..., Coroutine[Any, Any, Page]]:
    """What is listed, which must be what is stored."""

    async def listed(**query: Any) -> Page:
        path = f"/v1/documents/{document['id']}/annotations"
        page = await make.said(await newsroom["reader"].get(path, params=query), 200)
        if "cursor" not in query:
            # What is filtered is read anew each time.
            statuses = ["pending", "approved", "rejected", "changes_requested"]
            found = await newsroom["reader"].get(path, params={**query, "status": statuses})
            assert page["items"] == (await make.said(found, 200))["items"]
        return page

    return listed


async def test_every_write_shows_at_once(
    newsroom: Newsroom,
    document: dict[str, Any],
    listed: Callable[..., Coroutine[Any, Any, Page]],
) -> None:
    annotator, reviewer = newsroom["annotator"], newsroom["reviewer"]
    page = await listed()
    first, second, third = (f"/v1/annotations/{item['id']}" for item in page["items"])
    bulk = [{"annotation": page["items"][1]["id"], "version": 1, "verdict": "approve"}]
    moved = {"start": 0, "end": 7, "quote": "Ukraine"}
    writes: tuple[Callable[[], Coroutine[Any, Any, httpx.Response]], ...] = (
        lambda: annotator.patch(first, json={"note": "n"}, headers=make.seen(1)),
        lambda: annotator.patch(third, json=moved, headers=make.seen(1)),
        lambda: reviewer.post(
            f"{first}/decisions", json={"verdict": "approve"}, headers=make.seen(2)
        ),
        lambda: reviewer.post("/v1/projects/demo/decisions", json={"decisions": bulk}),
        lambda: reviewer.delete(second, headers=make.seen(2)),
        lambda: annotator.post(
            f"/v1/documents/{document['id']}/annotations", json={"label": "claim", **moved}
        ),
    )

    for write in writes:
        before = await listed()
        assert (await write()).is_success
        after = await listed()
        assert after != before
        assert await listed() == after


async def test_what_was_asked_for_is_answered(
    listed: Callable[..., Coroutine[Any, Any, Page]],
) -> None:
    for _ in range(2):
        assert len((await listed(limit=2))["items"]) == 2
        assert len((await listed(limit=3))["items"]) == 3
        units = {(await listed(offset_unit=unit))["items"][0]["offset_unit"] for unit in _UNITS}
        assert units == set(_UNITS)
        # A cursor is good for the list alone that gave it.
        for query in ({}, {"offset_unit": "code_points"}):
            page = await listed(limit=1, **query)
            assert len((await listed(limit=1, cursor=page["next"], **query))["items"]) == 1


_UNITS = ("code_points", "utf16", "utf8")


async def test_a_version_that_another_server_made_is_another(
    newsroom: Newsroom, document: dict[str, Any], listed: Callable[..., Coroutine[Any, Any, Page]]
) -> None:
    page = await listed()
    # As after a failure that the last change was lost in: its number is given to what comes then.
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(
            update(Annotation)
            .where(Annotation.id == UUID(page["items"][0]["id"]))
            .values(note="Another.", updated_at=now())
        )

    assert (await listed())["items"][0]["note"] == "Another."


def test_what_is_kept_has_an_end_and_is_replaced_by_what_is_newer() -> None:
    kept: LruCache[str, str] = LruCache(8, len)
    for key, value in (("a", "1"), ("a", "22"), ("b", "22"), ("c", "22"), ("d", "22")):
        kept.put(key, value)
    assert [kept.get(key) for key in "abcd"] == ["22"] * 4

    kept.put("e", "5")
    assert [kept.get(key) for key in "abcde"] == [None, "22", "22", "22", "5"]

    # It would push out too much of the others; and what it was before, it is no more.
    kept.put("b", "more than a quarter")
    assert [kept.get(key) for key in "bcde"] == [None, "22", "22", "5"]
