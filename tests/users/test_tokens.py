"""Tokens: shown once, narrowed, expiring, revoked."""

import datetime as dt
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.core.moments import now
from app.models import Token
from tests import make
from tests.conftest import PEOPLE, TOKENS, Newsroom
from tests.desk import rows, stored


async def minted(newsroom: Newsroom, name: str, **fields: Any) -> tuple[httpx.AsyncClient, str]:
    """A new token of somebody's, as a client that uses it, and its id."""
    made = await make.said(await newsroom[name].post("/v1/tokens", json={"name": "ci", **fields}))
    return newsroom.client(Authorization=f"Bearer {made['token']}"), made["id"]


async def test_a_new_token_is_answered_whole_and_its_secret_never_again(newsroom: Newsroom) -> None:
    answer = await newsroom["manager"].post(
        "/v1/tokens",
        json={
            "name": "The nightly pull",
            "role": "reader",
            "project": "demo",
            "expires_at": "2999-12-31T23:59:59.5+01:00",
        },
    )

    token = await make.said(answer)
    text = token.pop("token")
    assert token == {
        "id": token["id"],
        "name": "The nightly pull",
        "role": "reader",
        "project": "demo",
        "version": 1,
        "created_at": token["created_at"],
        "expires_at": "2999-12-31T22:59:59.500000Z",
    }
    assert answer.headers["Location"] == f"/v1/tokens/{token['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert (await newsroom["manager"].get(answer.headers["Location"])).json() == token
    listed = (await newsroom["manager"].get("/v1/tokens")).json()["items"]
    assert listed[-1] == token
    assert text.startswith("stet_")


async def test_a_token_s_secret_is_kept_nowhere(newsroom: Newsroom) -> None:
    made = await make.said(await newsroom["reader"].post("/v1/tokens", json={"name": "ci"}))

    kept = await stored(newsroom)

    assert len(made["token"]) == 5 + 32 + 1 + 43
    assert made["token"][-43:] not in kept
    assert made["token"][-43:].encode().hex() not in kept


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
async def test_a_token_says_who_is_asking(newsroom: Newsroom, scheme: str) -> None:
    client = newsroom.client(Authorization=f"{scheme} {TOKENS['reader']}")

    assert (await client.get("/v1/me")).json()["name"] == "reader"


async def test_what_is_no_valid_token_says_nobody(newsroom: Newsroom) -> None:
    reader, manager = TOKENS["reader"], TOKENS["manager"]
    wrong = (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {reader}",
        reader,
        f"Bearer {reader}x",
        f"Bearer {reader[:-1]}",
        f"Bearer {reader[:-1]}-",
        f"Bearer {reader.upper()}",
        f"Bearer {reader} {reader}",
        # The id of one, the secret of another.
        f"Bearer {reader[:38]}{manager[38:]}",
        f"Bearer stet_{'0' * 32}_{'x' * 43}",
        f"Bearer {'x' * 10_000}",
    )

    answers = [
        await newsroom.client().get("/v1/me", headers={"Authorization": value}) for value in wrong
    ]
    odd = await newsroom.client().get("/v1/me", headers=[(b"Authorization", b"Bearer \xff\xfe")])

    for answer in (*answers, odd):
        make.refused(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="stet"'


@pytest.mark.parametrize("role", ["reader", "annotator", "reviewer", "manager"])
async def test_a_token_is_no_more_than_its_role_and_its_user(newsroom: Newsroom, role: str) -> None:
    roles = ["reader", "annotator", "reviewer", "manager"]
    for name in ("reader", "annotator", "reviewer", "manager", "admin"):
        client, _ = await minted(newsroom, name, role=role)

        me = await make.said(await client.get("/v1/me"), 200)
        document = await client.post(
            "/v1/projects/demo/documents", json={"title": "t", "text": "t"}
        )
        settings = await client.patch("/v1/projects/demo", json={}, headers={"If-Match": '"0"'})

        rank = min(roles.index(role), roles.index(PEOPLE[name] or "manager"))
        assert [member["role"] for member in me["memberships"]] == [roles[rank]]
        assert document.status_code == (201 if rank >= 1 else 403)
        assert settings.status_code == (412 if rank >= 3 else 403)


async def test_an_admin_s_narrowed_token_administers_nothing(newsroom: Newsroom) -> None:
    for narrowed in ({"role": "manager"}, {"project": "demo"}):
        client, _ = await minted(newsroom, "admin", **narrowed)

        me = await client.get("/v1/me")
        users = await client.get("/v1/users")
        project = await client.post("/v1/projects", json={"slug": "x", "name": "x"})

        assert me.json()["is_admin"] is False
        make.refused(users, 403, "forbidden")
        make.refused(project, 403, "forbidden")


async def test_an_admin_s_token_of_a_lower_role_sees_every_project_all_the_same(
    newsroom: Newsroom,
) -> None:
    other, _ = await minted(newsroom, "admin")
    await make.said(
        await newsroom["admin"].patch(
            "/v1/users/manager", json={"is_admin": True}, headers={"If-Match": '"1"'}
        ),
        200,
    )
    await make.project(other, "archive")
    client, _ = await minted(newsroom, "manager", role="reader")

    listed = await make.said(await client.get("/v1/projects"), 200)
    got = await client.get("/v1/projects/archive")

    assert [project["slug"] for project in listed["items"]] == ["archive", "demo"]
    assert got.status_code == 200


async def test_a_token_of_one_project_sees_no_other(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "archive")
    await make.member(newsroom["admin"], "manager", "manager", "archive")
    hidden = await make.document(newsroom["manager"], project="archive")
    for name in ("manager", "admin"):
        client, _ = await minted(newsroom, name, project="demo")

        listed = (await client.get("/v1/projects")).json()["items"]
        mine = (await client.get("/v1/me")).json()["memberships"]
        answers = [
            await client.get("/v1/projects/archive"),
            await client.get(f"/v1/documents/{hidden['id']}"),
            await client.post("/v1/projects/archive/documents", json={"title": "t", "text": "t"}),
        ]

        assert [project["slug"] for project in listed] == ["demo"]
        assert [member["project"] for member in mine] == ["demo"]
        assert (await client.get("/v1/projects/demo")).status_code == 200
        for answer in answers:
            make.refused(answer, 404, "not-found")


async def test_a_token_is_for_a_project_that_its_user_sees(newsroom: Newsroom) -> None:
    await make.project(newsroom["admin"], "archive")

    hidden = await newsroom["manager"].post("/v1/tokens", json={"name": "ci", "project": "archive"})
    absent = await newsroom["manager"].post("/v1/tokens", json={"name": "ci", "project": "nowhere"})

    problem = make.refused(hidden, 422, "invalid-value")
    assert problem == make.refused(absent, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == ["/project"]


async def test_a_token_that_has_expired_is_nobody_s(newsroom: Newsroom) -> None:
    client, id = await minted(newsroom, "reader", expires_at="2999-01-01T00:00:00Z")
    valid = await client.get("/v1/me")
    async with newsroom.app.state.database.session(writes=True) as db:
        expired = now() - dt.timedelta(microseconds=1)
        await db.execute(
            update(Token).where(Token.expires_at.is_not(None)).values(expires_at=expired)
        )

    answer = await client.get("/v1/me")

    assert valid.status_code == 200
    make.refused(answer, 401, "unauthenticated")
    # It is still listed, so that one sees why.
    assert (await newsroom["reader"].get(f"/v1/tokens/{id}")).status_code == 200


@pytest.mark.parametrize(
    "moment",
    [
        "2020-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2999-01-01T00:00:00",
        "2999-01-01T00:00Z",
        "2999-01-01",
        "2999-02-30T00:00:00Z",
        "2999-01-01T25:00:00Z",
        "32472144000",
        32472144000,
        10**23,
        0.5,
        True,
        "tomorrow",
        "",
    ],
)
async def test_a_moment_that_is_none_or_past_is_refused(newsroom: Newsroom, moment: object) -> None:
    before = await rows(newsroom)

    answer = await newsroom["reader"].post("/v1/tokens", json={"name": "ci", "expires_at": moment})

    problem = make.refused(answer, 422, "invalid-value")
    assert [error["pointer"] for error in problem["errors"]] == ["/expires_at"]
    assert await rows(newsroom) == before


async def test_a_revoked_token_is_nobody_s_at_once(newsroom: Newsroom) -> None:
    client, id = await minted(newsroom, "reader")
    valid = await client.get("/v1/me")

    revoked = await newsroom["reader"].delete(f"/v1/tokens/{id}", headers={"If-Match": '"1"'})

    assert (valid.status_code, revoked.status_code) == (200, 204)
    make.refused(await client.get("/v1/me"), 401, "unauthenticated")
    make.refused(await newsroom["reader"].get(f"/v1/tokens/{id}"), 404, "not-found")
    listed = (await newsroom["reader"].get("/v1/tokens")).json()["items"]
    assert id not in [token["id"] for token in listed]
    again = await newsroom["reader"].delete(f"/v1/tokens/{id}", headers={"If-Match": '"1"'})
    make.refused(again, 404, "not-found")


async def test_a_token_may_revoke_itself(newsroom: Newsroom) -> None:
    client, id = await minted(newsroom, "reader")

    revoked = await client.delete(f"/v1/tokens/{id}", headers={"If-Match": '"1"'})

    assert revoked.status_code == 204
    make.refused(await client.get("/v1/me"), 401, "unauthenticated")


async def test_another_s_token_is_not_found_even_by_an_admin(newsroom: Newsroom) -> None:
    client, id = await minted(newsroom, "reader")

    for name in ("manager", "admin"):
        listed = (await newsroom[name].get("/v1/tokens")).json()["items"]
        got = await newsroom[name].get(f"/v1/tokens/{id}")
        revoked = await newsroom[name].delete(f"/v1/tokens/{id}", headers={"If-Match": '"1"'})
        stale = await newsroom[name].delete(f"/v1/tokens/{id}", headers={"If-Match": '"2"'})

        assert [token["name"] for token in listed] == ["test"]
        for answer in (got, revoked, stale):
            make.refused(answer, 404, "not-found")
    assert (await client.get("/v1/me")).status_code == 200


async def test_a_narrowed_token_makes_and_revokes_none(newsroom: Newsroom) -> None:
    _, other = await minted(newsroom, "manager")
    for narrowed in ({"role": "manager"}, {"project": "demo"}):
        client, _ = await minted(newsroom, "manager", **narrowed)
        before = await rows(newsroom)

        made = await client.post("/v1/tokens", json={"name": "wider"})
        same = await client.post("/v1/tokens", json={"name": "same", **narrowed})
        revoked = await client.delete(f"/v1/tokens/{other}", headers={"If-Match": '"1"'})

        for answer in (made, same, revoked):
            make.refused(answer, 403, "forbidden")
        assert await rows(newsroom) == before
    assert (await newsroom["manager"].get(f"/v1/tokens/{other}")).status_code == 200


async def test_a_token_that_expires_makes_none_that_lasts_longer(newsroom: Newsroom) -> None:
    client, _ = await minted(newsroom, "manager", expires_at="2999-01-01T00:00:00Z")
    before = await rows(newsroom)

    forever = await client.post("/v1/tokens", json={"name": "forever"})
    longer = await client.post(
        "/v1/tokens", json={"name": "longer", "expires_at": "2999-01-01T00:00:00.000001Z"}
    )
    after = await rows(newsroom)
    as_long = await client.post(
        "/v1/tokens", json={"name": "as long", "expires_at": "2999-01-01T01:00:00+01:00"}
    )

    for answer in (forever, longer):
        problem = make.refused(answer, 422, "invalid-value")
        assert [error["pointer"] for error in problem["errors"]] == ["/expires_at"]
    assert after == before
    assert (await make.said(as_long))["expires_at"] == "2999-01-01T00:00:00.000000Z"
