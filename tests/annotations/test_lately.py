"""What was read up to a second ago lets a span in, but refuses none, and never for longer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from app.core.cache import RecentCache
from app.core.timestamps import now
from app.models import Token
from tests import make
from tests.conftest import Clock, Newsroom

Post = Callable[[object], Coroutine[Any, Any, httpx.Response]]


@pytest.fixture
async def post(newsroom: Newsroom, clock: Clock) -> Post:
    """Posts a label for an annotator of whom all was read this moment."""
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"

    async def post(label: object, who: str = "annotator") -> httpx.Response:
        return await newsroom[who].post(path, json={"label": label, "quote": "Beijing"})

    await make.said(await post("claim"))
    return post


async def test_a_token_that_another_process_revoked_is_refused_within_a_second(
    newsroom: Newsroom, post: Post, clock: Clock
) -> None:
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(
            update(Token).where(Token.user_id == make.id_of(5)).values(revoked_at=now())
        )

    clock.seconds += 1

    make.refused(await post("claim"), 401, "unauthenticated")


async def test_a_token_that_is_revoked_here_is_refused_at_once(
    newsroom: Newsroom, post: Post
) -> None:
    [token] = (await newsroom["annotator"].get("/v1/tokens")).json()["items"]
    revoked = await newsroom["annotator"].delete(f"/v1/tokens/{token['id']}", headers=make.seen(1))
    assert revoked.status_code == 204

    make.refused(await post("claim"), 401, "unauthenticated")


async def test_a_token_whose_revocation_had_to_wait_is_refused_at_once_too(
    newsroom: Newsroom, post: Post, clock: Clock
) -> None:
    [token] = (await newsroom["annotator"].get("/v1/tokens")).json()["items"]
    path = f"/v1/tokens/{token['id']}"
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        same = update(Token).where(Token.id == UUID(token["id"])).values(name=Token.name)
        await db.execute(same)
        revoked = asyncio.create_task(newsroom["annotator"].delete(path, headers=make.seen(1)))
        async with asyncio.timeout(30):
            while not any(it._changing[db.source] for it in RecentCache._all):  # noqa: ASYNC110, SLF001
                await asyncio.sleep(0.01)
        clock.seconds += 1.1
        # Meanwhile the token is good, and who shows it is read anew.
        make.refused(await post("rumour"), 422, "unknown-label")
        assert not revoked.done()

    assert (await revoked).status_code == 204
    make.refused(await post("claim"), 401, "unauthenticated")


async def test_a_user_who_is_deactivated_here_is_refused_at_once(
    newsroom: Newsroom, post: Post
) -> None:
    body = {"is_active": False}
    answer = await newsroom["admin"].patch("/v1/users/annotator", json=body, headers=make.seen(1))
    await make.said(answer, 200)

    make.refused(await post("claim"), 401, "unauthenticated")


async def test_a_member_who_is_removed_is_refused_at_once(newsroom: Newsroom, post: Post) -> None:
    path = "/v1/projects/demo/members/annotator"
    removed = await newsroom["manager"].delete(path, headers=make.seen(1))
    assert removed.status_code == 204

    make.refused(await post("claim"), 404, "not-found")
    # Nor does a wrong body tell them that the document is there.
    make.refused(await post(7), 404, "not-found")


async def test_a_scheme_that_allows_more_does_so_at_once(newsroom: Newsroom, post: Post) -> None:
    path = "/v1/projects/demo/scheme"
    scheme = (await newsroom["manager"].get(path)).json()
    version = scheme.pop("version")
    labels = [*scheme["labels"], {"name": "rumour"}]
    make.refused(await post("rumour"), 422, "unknown-label")

    answer = await newsroom["manager"].put(
        path, json={**scheme, "labels": labels}, headers=make.seen(version)
    )

    await make.said(answer, 200)
    await make.said(await post("rumour"))


async def test_a_document_that_is_deleted_is_gone_at_once(newsroom: Newsroom, post: Post) -> None:
    [document] = (await newsroom["manager"].get("/v1/projects/demo/documents")).json()["items"]
    path = f"/v1/documents/{document['id']}"
    version = (await newsroom["manager"].get(path)).json()["version"]
    deleted = await newsroom["manager"].delete(path, headers=make.seen(version))
    assert deleted.status_code == 204, deleted.text

    make.refused(await post("claim"), 410, "gone")
