"""The audit log: each act on users, tokens and projects leaves one event, in its own commit."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from tests import make
from tests.conftest import Newsroom
from tests.desk import rows

PASSWORD, OTHER = "correct horse battery", "another horse battery"


async def events(newsroom: Newsroom, query: str = "") -> list[dict[str, Any]]:
    """The log, newest first, without what no two runs make the same."""
    page = await make.said(await newsroom["admin"].get(f"/v1/audit?{query}"), 200)
    return [{name: it[name] for name in it if name not in {"id", "at"}} for it in page["items"]]


def event(action: str, **fields: Any) -> dict[str, Any]:
    """An event by the admin about nothing but what is given."""
    nothing: dict[str, Any] = {"user": None, "token": None, "project": None, "changes": {}}
    return {"action": action, "actor": "admin", **nothing, **fields}


async def test_each_act_leaves_one_event(newsroom: Newsroom) -> None:
    admin, user = newsroom["admin"], "/v1/users/new"
    before = await events(newsroom)

    new = {"name": "new", "display_name": "New", "password": PASSWORD}
    await make.said(await admin.post("/v1/users", json=new))
    for version, change in enumerate(
        (
            {"display_name": "Ņew", "is_admin": True},
            {"password": OTHER},
            {"password": None, "is_active": False},
        ),
        1,
    ):
        await make.said(await admin.patch(user, json=change, headers=make.seen(version)), 200)
    narrow = {"name": "ci", "role": "reader", "expires_at": "2999-01-01T01:00:00+01:00"}
    token = await make.said(
        await newsroom["reader"].post("/v1/tokens", json={**narrow, "project": "demo"})
    )
    path = f"/v1/tokens/{token['id']}"
    assert (await newsroom["reader"].delete(path, headers=make.seen(1))).status_code == 204
    await make.project(admin, "other", description="Why.")

    of_token = {"actor": "reader", "user": "reader", "token": {"id": token["id"], "name": "ci"}}
    made = [
        event(
            "user.created",
            user="new",
            changes={
                "display_name": [None, "New"],
                "is_admin": [None, False],
                "password": [None, "set"],
            },
        ),
        event(
            "user.updated",
            user="new",
            changes={"display_name": ["New", "Ņew"], "is_admin": [False, True]},
        ),
        event("user.updated", user="new", changes={"password": ["set", "set"]}),
        event(
            "user.updated",
            user="new",
            changes={"is_active": [True, False], "password": ["set", None]},
        ),
        event(
            "token.created",
            **of_token,
            changes={
                "role": [None, "reader"],
                "project": [None, "demo"],
                "expires_at": [None, "2999-01-01T00:00:00.000000Z"],
            },
        ),
        event("token.revoked", **of_token),
        event(
            "project.created",
            project="other",
            changes={
                "name": [None, "other"],
                "description": [None, "Why."],
                "allow_self_review": [None, False],
            },
        ),
    ]
    assert await events(newsroom) == [*reversed(made), *before]


async def test_an_event_says_when_it_was(newsroom: Newsroom) -> None:
    user = await make.said(await newsroom["admin"].post("/v1/users", json={"name": "new"}))
    path = "/v1/users/new"
    changed = await make.said(
        await newsroom["admin"].patch(path, json={"is_admin": True}, headers=make.seen(1)), 200
    )

    page = await make.said(await newsroom["admin"].get("/v1/audit?user=new"), 200)

    later, earlier = page["items"]
    assert user["created_at"] <= earlier["at"] <= changed["updated_at"] <= later["at"]
    assert earlier["id"] < later["id"]


async def test_a_refused_act_leaves_no_event(newsroom: Newsroom) -> None:
    admin, reader = newsroom["admin"], newsroom["reader"]
    narrowed = await make.said(
        await reader.post("/v1/tokens", json={"name": "ci", "role": "reader"})
    )
    narrow = newsroom.client(Authorization=f"Bearer {narrowed['token']}")
    one, path = make.seen(1), f"/v1/tokens/{narrowed['id']}"
    before = await rows(newsroom)

    answers = [
        await admin.post("/v1/users", json={"name": "reader"}),
        await admin.post("/v1/users", json={"name": "new", "password": "short"}),
        await admin.patch("/v1/users/reader", json={"is_admin": True}, headers=make.seen(2)),
        await admin.patch("/v1/users/nobody", json={"is_admin": True}, headers=one),
        await reader.patch("/v1/users/reader", json={"is_admin": True}, headers=one),
        await narrow.post("/v1/tokens", json={"name": "more"}),
        await narrow.delete(path, headers=one),
        await reader.post("/v1/tokens", json={"name": "x", "project": "nowhere"}),
        await admin.delete(path, headers=one),
        await reader.delete(path, headers=make.seen(2)),
        await admin.post("/v1/projects", json={"slug": "demo", "name": "Demo"}),
        await reader.post("/v1/projects", json={"slug": "mine", "name": "Mine"}),
    ]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [409, 422, 412, 404, 403, 403, 403, 422, 404, 412, 409, 403]
    assert await rows(newsroom) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/users", {"name": "new"}),
        ("PATCH", "/v1/users/reader", {"is_admin": True}),
        ("POST", "/v1/tokens", {"name": "ci"}),
        ("DELETE", f"/v1/tokens/{make.id_of(1001)}", None),
        ("POST", "/v1/projects", {"slug": "other", "name": "Other"}),
    ],
)
async def test_what_cannot_be_recorded_is_not_done(
    newsroom: Newsroom, method: str, path: str, body: object
) -> None:
    admin = newsroom["admin"]
    database = newsroom.app.state.database
    seen = ("/v1/users", "/v1/tokens", "/v1/projects")
    before = [(await admin.get(each)).json() for each in seen]
    async with database.session(writes=True) as db:
        await db.begin()
        await db.execute(text("ALTER TABLE audit_events RENAME TO elsewhere"))

    answer = await admin.request(method, path, json=body, headers=make.seen(1))

    make.refused(answer, 503, "unavailable")
    assert [(await admin.get(each)).json() for each in seen] == before


async def test_no_secret_is_in_an_event(newsroom: Newsroom) -> None:
    admin, new = newsroom["admin"], {"name": "new", "password": PASSWORD}
    await make.said(await admin.post("/v1/users", json=new))
    change = await admin.patch("/v1/users/new", json={"password": OTHER}, headers=make.seen(1))
    await make.said(change, 200)
    token = await make.said(await admin.post("/v1/tokens", json={"name": "ci"}))

    async with newsroom.app.state.database.session(writes=False) as db:
        kept = str((await db.execute(text("SELECT * FROM audit_events"))).all())

    for secret in (PASSWORD, OTHER, "argon2", token["token"].rpartition("_")[2]):
        assert secret not in kept
    assert "password" in kept


async def test_what_the_log_of_a_project_tells_is_not_told_again(newsroom: Newsroom) -> None:
    before = await events(newsroom)
    await make.member(newsroom["admin"], "stranger", "reader")

    assert await events(newsroom) == before


async def test_events_are_found_by_who_acted_and_to_whom(newsroom: Newsroom) -> None:
    admin = newsroom["admin"]
    for name in ("one", "two"):
        await make.said(await admin.post("/v1/users", json={"name": name}))
    await make.said(await newsroom["reader"].post("/v1/tokens", json={"name": "ci"}))

    by = {
        query: [(it["action"], it["user"]) for it in await events(newsroom, query)]
        for query in ("user=one", "user=reader", "actor=admin&user=two", "actor=reader")
    }

    assert by == {
        "user=one": [("user.created", "one")],
        "user=reader": [("token.created", "reader")],
        "actor=admin&user=two": [("user.created", "two")],
        "actor=reader": [("token.created", "reader")],
    }
    assert await events(newsroom, "user=nobody") == []
    assert await events(newsroom, "actor=one") == []


@pytest.mark.parametrize("narrowed", [{"role": "manager"}, {"project": "demo"}], ids=str)
async def test_a_narrowed_token_of_an_admin_reads_none(
    newsroom: Newsroom, narrowed: dict[str, str]
) -> None:
    made = await newsroom["admin"].post("/v1/tokens", json={"name": "ci", **narrowed})
    token = await make.said(made)

    answer = await newsroom.client(Authorization=f"Bearer {token['token']}").get("/v1/audit")

    make.refused(answer, 403, "forbidden")


async def test_two_admins_who_change_one_another_at_once_both_do(newsroom: Newsroom) -> None:
    """An event refers to who acts, whose row the other may be changing."""
    admin = newsroom["admin"]
    path = "/v1/users/manager"
    await make.said(await admin.patch(path, json={"is_admin": True}, headers=make.seen(1)), 200)

    for version in range(1, 6):
        changed = await asyncio.gather(
            admin.patch(path, json={"display_name": f"M{version}"}, headers=make.seen(version + 1)),
            newsroom["manager"].patch(
                "/v1/users/admin", json={"display_name": f"A{version}"}, headers=make.seen(version)
            ),
        )
        assert [answer.status_code for answer in changed] == [200, 200]
