"""Tokens: shown once, expiring, revoked."""

import datetime as dt

import pytest
from sqlalchemy import update

from app.core.timestamps import now
from app.models import Token
from tests import make
from tests.clients import minted
from tests.conftest import TOKENS, Newsroom
from tests.desk import rows, stored


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


@pytest.mark.parametrize("other", ["manager", "reader"])
async def test_two_tokens_at_once_say_nothing(newsroom: Newsroom, other: str) -> None:
    headers = [("Authorization", f"Bearer {TOKENS[who]}") for who in ("reader", other)]

    answer = await newsroom["nobody"].get("/v1/me", headers=headers)

    problem = make.refused(answer, 401, "unauthenticated")
    assert "more than one" in problem["detail"]


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


async def test_a_token_that_has_expired_is_nobody_s(newsroom: Newsroom) -> None:
    client, id = await minted(newsroom, "reader", expires_at="2999-01-01T00:00:00Z")
    valid = await client.get("/v1/tokens")
    async with newsroom.app.state.database.session(writes=True) as db:
        expired = now() - dt.timedelta(microseconds=1)
        await db.execute(
            update(Token).where(Token.expires_at.is_not(None)).values(expires_at=expired)
        )

    answer = await client.get("/v1/tokens")

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


async def test_an_admin_revokes_all_that_another_may_have_lost_for_good(
    newsroom: Newsroom,
) -> None:
    admin, path = newsroom["admin"], "/v1/users/manager"
    client, id = await minted(newsroom, "manager")
    other = await minted(newsroom, "reader")

    changed = await admin.patch(path, json={"revoke_tokens": True}, headers=make.seen(1))

    assert (await make.said(changed, 200))["version"] == 2
    again = await admin.patch(
        path, json={"revoke_tokens": True, "is_active": False}, headers=make.seen(2)
    )
    await make.said(again, 200)
    await make.said(await admin.patch(path, json={"is_active": True}, headers=make.seen(3)), 200)
    for theirs in (client, newsroom["manager"]):
        make.refused(await theirs.get("/v1/me"), 401, "unauthenticated")
    await make.said(await other[0].get("/v1/me"), 200)
    page = await make.said(await admin.get("/v1/audit?user=manager&actor=admin"), 200)
    revoked = [it["token"]["id"] for it in page["items"] if it["action"] == "token.revoked"]
    assert sorted(revoked) == sorted([id, str(make.id_of(1002))])
    told = [it["changes"] for it in page["items"] if it["action"] == "user.updated"]
    assert told == [
        {"is_active": [False, True]},
        {"is_active": [True, False], "revoke_tokens": [None, True]},
        {"revoke_tokens": [None, True]},
    ]


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
