"""Whoever waits for their turn to write is asked again who they are, once it has come."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from app.models import ChangeHead, User
from app.projects import access as of_projects
from app.users import access as of_users
from tests import make
from tests.conftest import Newsroom
from tests.desk import rows

DEMO = "/v1/projects/demo"
DECISION = {"annotation": str(make.id_of(1)), "version": 1, "verdict": "approve"}
DEACTIVATED, DEMOTED = {"is_active": False}, {"is_admin": False}


@pytest.mark.parametrize(
    ("change", "status", "method", "path", "body"),
    [
        (DEACTIVATED, 401, "POST", "/v1/users", {"name": "new"}),
        (DEACTIVATED, 401, "PATCH", "/v1/users/reader", {"is_admin": True}),
        (DEACTIVATED, 401, "POST", "/v1/tokens", {"name": "ci"}),
        (DEACTIVATED, 401, "POST", "/v1/projects", {"slug": "other", "name": "Other"}),
        (DEACTIVATED, 401, "PUT", f"{DEMO}/members/stranger", {"role": "manager"}),
        (DEACTIVATED, 401, "POST", f"{DEMO}/releases", {"name": "first"}),
        (DEACTIVATED, 401, "POST", f"{DEMO}/decisions", {"decisions": [DECISION]}),
        (DEMOTED, 403, "POST", "/v1/users", {"name": "new", "is_admin": True}),
        (DEMOTED, 404, "PUT", f"{DEMO}/members/stranger", {"role": "manager"}),
    ],
)
async def test_who_may_no_longer_when_their_turn_comes_is_refused(
    newsroom: Newsroom,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, bool],
    status: int,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    removed = await newsroom["manager"].delete(f"{DEMO}/members/admin", headers=make.seen(1))
    assert removed.status_code == 204
    before = await rows(newsroom)
    let_in = asyncio.Event()
    remember = of_users.remember

    def noted(*given: Any) -> None:
        remember(*given)
        let_in.set()

    for module in (of_users, of_projects):
        monkeypatch.setattr(module, "remember", noted)
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        await db.execute(update(ChangeHead).values(epoch=ChangeHead.epoch))
        await db.execute(update(User).where(User.name == "admin").values(**change))
        asking = asyncio.create_task(
            newsroom["admin"].request(method, path, json=body, headers=make.seen(1))
        )
        await let_in.wait()
        await asyncio.wait({asking}, timeout=0.1)
        waits = not asking.done()

    answer = await asking

    assert waits
    assert answer.status_code == status, answer.text
    assert await rows(newsroom) == before
