"""Who a token is of is remembered for a second, and for no longer than it is true here."""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.cache import RecentCache
from app.core.timestamps import now
from app.models import Token
from tests import make
from tests.conftest import Clock, Newsroom


@pytest.fixture
async def remembered(newsroom: Newsroom, clock: Clock) -> dict[str, Any]:
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


async def test_what_another_process_revoked_is_refused_a_second_later(
    newsroom: Newsroom, remembered: dict[str, Any], clock: Clock
) -> None:
    await change_token(newsroom, remembered, revoked_at=now())

    clock.seconds += 0.9
    meanwhile = await newsroom["annotator"].get("/v1/me")
    clock.seconds += 0.1
    later = await newsroom["annotator"].get("/v1/me")

    await make.said(meanwhile, 200)
    make.refused(later, 401, "unauthenticated")


async def test_a_remembered_token_expires_in_time(newsroom: Newsroom, clock: Clock) -> None:
    me = await make.said(await newsroom["reader"].get("/v1/me"), 200)
    await change_token(newsroom, me, expires_at=now() + dt.timedelta(seconds=1))
    clock.seconds += 1
    await make.said(await newsroom["reader"].get("/v1/me"), 200)

    # Of the day, not of the memory, which stands still.
    await asyncio.sleep(1)

    make.refused(await newsroom["reader"].get("/v1/me"), 401, "unauthenticated")


async def change_token(newsroom: Newsroom, me: dict[str, Any], **values: Any) -> None:
    """As another process does."""
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(update(Token).where(Token.user_id == UUID(me["id"])).values(**values))


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


async def test_who_is_deactivated_here_is_refused_at_once(
    newsroom: Newsroom, remembered: dict[str, Any]
) -> None:
    body = {"is_active": False}
    answer = await newsroom["admin"].patch("/v1/users/annotator", json=body, headers=make.seen(1))
    await make.said(answer, 200)

    make.refused(await newsroom["annotator"].get("/v1/me"), 401, "unauthenticated")


async def test_who_is_no_admin_any_more_is_told_so_at_once(newsroom: Newsroom) -> None:
    admin, body = newsroom["admin"], {"is_admin": False}
    await make.second_admin(admin)
    await make.said(await admin.get("/v1/me"), 200)
    await make.said(await admin.patch("/v1/users/admin", json=body, headers=make.seen(1)), 200)

    me = await make.said(await admin.get("/v1/me"), 200)

    assert me["is_admin"] is False


async def test_a_project_shows_at_once_to_whoever_made_it(newsroom: Newsroom) -> None:
    admin = newsroom["admin"]
    before = (await admin.get("/v1/me")).json()["memberships"]

    await make.project(admin, "another")

    after = (await admin.get("/v1/me")).json()["memberships"]
    assert [each["project"] for each in after if each not in before] == ["another"]


async def test_once_a_change_is_made_or_refused_all_is_remembered_again(
    newsroom: Newsroom, clock: Clock, statements: list[str]
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


async def test_what_was_asked_for_before_a_change_was_over_is_not_kept(newsroom: Newsroom) -> None:
    database = newsroom.app.state.database
    recent: RecentCache[str, str] = RecentCache(10)
    before = recent.moment()
    async with database.session(writes=True) as db:
        source = db.source
        recent.put(source, "key", "kept", asked=before)
        assert recent.get(source, "key") == "kept"
        recent.forget(db)
        assert recent.get(source, "key") is None
        recent.put(source, "key", "old", asked=recent.moment())
        assert recent.get(source, "key") is None

    recent.put(source, "key", "old", asked=before)
    assert recent.get(source, "key") is None
    recent.put(source, "key", "new", asked=recent.moment())
    assert recent.get(source, "key") == "new"


async def test_while_a_change_may_still_be_committed_nothing_is_kept(
    newsroom: Newsroom, clock: Clock
) -> None:
    database = newsroom.app.state.database
    recent: RecentCache[str, str] = RecentCache(10)
    source = ""
    for sure in (False, True):
        async with database.session(writes=True) as db:
            source, guard = db.source, db._guard  # noqa: SLF001  # whether it is sure
            recent.forget(db)
            guard.left(sure=sure)
            # It is told once.
            guard._afterwards.clear()  # noqa: SLF001

    recent.put(source, "key", "old", asked=recent.moment())
    assert recent.get(source, "key") is None
    clock.seconds += 60
    recent.put(source, "key", "new", asked=recent.moment())
    assert recent.get(source, "key") == "new"
