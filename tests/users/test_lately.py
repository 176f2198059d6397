"""Who a token is of is remembered for a second, and for no longer than it is true here."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.moments import now
from app.models import Token
from tests import make
from tests.conftest import Newsroom


@pytest.fixture
async def remembered(newsroom: Newsroom) -> dict[str, Any]:
    """What the annotator was told this moment."""
    return await make.said(await newsroom["annotator"].get("/v1/me"), 200)


async def test_who_asks_again_is_not_looked_up_again(
    newsroom: Newsroom, remembered: dict[str, Any], statements: list[str]
) -> None:
    statements.clear()

    again = await make.said(await newsroom["annotator"].get("/v1/me"), 200)

    assert again == remembered
    assert not statements


async def test_a_remembered_token_with_another_secret_is_refused(
    newsroom: Newsroom, remembered: dict[str, Any]
) -> None:
    token = newsroom["annotator"].headers["Authorization"]
    other = token[:-1] + ("A" if token[-1] != "A" else "B")

    answer = await newsroom.client(Authorization=other).get("/v1/me")

    make.refused(answer, 401, "unauthenticated")


async def test_what_another_process_revoked_is_refused_within_a_second(
    newsroom: Newsroom, remembered: dict[str, Any]
) -> None:
    async with newsroom.app.state.database.session(writes=True) as db:
        mine = Token.user_id == UUID(remembered["id"])
        await db.execute(update(Token).where(mine).values(revoked_at=now()))

    await asyncio.sleep(1)

    make.refused(await newsroom["annotator"].get("/v1/me"), 401, "unauthenticated")


async def test_a_membership_that_begins_changes_or_ends_here_shows_at_once(
    newsroom: Newsroom, remembered: dict[str, Any]
) -> None:
    manager = newsroom["manager"]
    path = "/v1/projects/demo/members/annotator"

    async def roles() -> list[str]:
        me = await make.said(await newsroom["annotator"].get("/v1/me"), 200)
        return [each["role"] for each in me["memberships"]]

    body = {"role": "reviewer"}
    await make.said(await manager.put(path, json=body, headers=make.seen(1)), 200)
    assert await roles() == ["reviewer"]
    assert (await manager.delete(path, headers=make.seen(2))).status_code == 204
    assert await roles() == []
    await make.said(await manager.put(path, json=body))
    assert await roles() == ["reviewer"]


async def test_a_project_shows_at_once_to_whoever_made_it(newsroom: Newsroom) -> None:
    admin = newsroom["admin"]
    before = (await admin.get("/v1/me")).json()["memberships"]

    await make.project(admin, "another")

    after = (await admin.get("/v1/me")).json()["memberships"]
    assert [each["project"] for each in after if each not in before] == ["another"]


async def test_once_a_change_is_made_or_refused_all_is_remembered_again(
    newsroom: Newsroom, statements: list[str]
) -> None:
    path = "/v1/projects/demo/members/annotator"
    for version, status in ((1, 200), (7, 412)):
        body = {"role": "reviewer"}
        changed = await newsroom["manager"].put(path, json=body, headers=make.seen(version))
        assert changed.status_code == status
        await newsroom["annotator"].get("/v1/me")
        statements.clear()

        await newsroom["annotator"].get("/v1/me")

        assert not statements
