"""Which passwords are taken, and changing one's own."""

import asyncio

import httpx
import pytest

from app.users import credentials, passwords
from tests import make
from tests.clients import PASSWORD, SAME_SITE, browser, minted, sign_in
from tests.conftest import Newsroom

OTHER = "another horse battery"
GUESSED = (
    "passwordpassword",
    "Password123!",
    "correct horse battery staple",
    "q1w2e3r4t5y6",
    "aaaaaaaaaaaa",
    "AaAaAaAaAaAaA",
    "abcdefabcdefabcdef",
    "            ",
    "\u2003 \u3000 \u2003 \u3000 \u2003 \u3000",
    "reader reader 1",
    "--READER--2026",
)
SOUND = ("reader of many long books", "aaaaaaaaaaaab", "twelve chars", "пароль длинный", PASSWORD)


@pytest.mark.parametrize("password", GUESSED)
async def test_what_is_guessed_first_is_no_password(newsroom: Newsroom, password: str) -> None:
    admin = newsroom["admin"]
    await admin.patch("/v1/users/reader", json={"password": PASSWORD}, headers=make.seen(1))

    own = await newsroom["reader"].post(
        "/v1/me/password", json={"current_password": PASSWORD, "password": password}
    )
    by_admin = await admin.patch(
        "/v1/users/reader", json={"password": password}, headers=make.seen(2)
    )
    new = await admin.post(
        "/v1/users", json={"name": "new", "password": password.lower().replace("reader", "new")}
    )

    for answer in (own, by_admin, new):
        problem = make.refused(answer, 422, "invalid-value")
        assert [error["pointer"] for error in problem["errors"]] == ["/password"]
    assert (await sign_in(newsroom.client(), "reader")).status_code == 200


@pytest.mark.parametrize("password", SOUND)
def test_what_is_long_enough_without_what_is_known_is_taken(password: str) -> None:
    passwords.check(password, "reader")
    passwords.check(password, "a")


async def change(
    client: httpx.AsyncClient, current: str = PASSWORD, new: str = OTHER
) -> httpx.Response:
    return await client.post("/v1/me/password", json={"current_password": current, "password": new})


async def test_whoever_knows_their_password_changes_it_and_their_other_sessions_end(
    newsroom: Newsroom,
) -> None:
    client, elsewhere = await browser(newsroom), newsroom.client(**SAME_SITE)
    await sign_in(elsewhere, "browsing")
    other = await browser(newsroom, "other")
    token = await elsewhere.post("/v1/tokens", json={"name": "ci"})

    changed = await change(client)

    assert (changed.status_code, changed.content) == (204, b"")
    assert (await client.get("/v1/me")).status_code == 200
    assert (await other.get("/v1/me")).status_code == 200
    make.refused(await elsewhere.get("/v1/me"), 401, "unauthenticated")
    by_token = newsroom.client(Authorization=f"Bearer {token.json()['token']}")
    assert (await by_token.get("/v1/me")).status_code == 200
    make.refused(await sign_in(newsroom.client(), "browsing"), 401, "bad-credentials")
    assert (await sign_in(newsroom.client(), "browsing", OTHER)).status_code == 200
    event = (await newsroom["admin"].get("/v1/audit?limit=1&user=browsing")).json()["items"][0]
    told = {name: event[name] for name in ("action", "actor", "user", "changes")}
    assert told == {
        "action": "user.updated",
        "actor": "browsing",
        "user": "browsing",
        "changes": {"password": ["set", "set"]},
    }
    assert (await newsroom["admin"].get("/v1/users/browsing")).json()["version"] == 2


async def test_by_token_all_sessions_end(newsroom: Newsroom) -> None:
    client = await browser(newsroom)
    made = await client.post("/v1/tokens", json={"name": "ci"})
    by_token = newsroom.client(Authorization=f"Bearer {made.json()['token']}")

    assert (await change(by_token)).status_code == 204

    make.refused(await client.get("/v1/me"), 401, "unauthenticated")


async def test_whoever_does_not_know_it_changes_nothing(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    wrong = await change(client, PASSWORD.upper())
    without = await change(newsroom["reader"])

    for answer in (wrong, without):
        problem = make.refused(answer, 422, "invalid-value")
        assert [error["pointer"] for error in problem["errors"]] == ["/current_password"]
    assert (await sign_in(newsroom.client(), "browsing")).status_code == 200


async def test_a_token_that_was_narrowed_changes_no_password(newsroom: Newsroom) -> None:
    narrow, _ = await minted(newsroom, "reader", role="reader")

    make.refused(await change(narrow), 403, "forbidden")


async def test_guessing_is_limited_with_signing_in_and_what_is_refused_is_no_guess(
    newsroom: Newsroom,
) -> None:
    client = await browser(newsroom)
    limited = newsroom.beside(login_attempts_per_minute=3).client(**SAME_SITE)
    limited.cookies = client.cookies

    weak = [await change(limited, new="passwordpassword") for _ in range(4)]
    right = [await change(limited, new=PASSWORD) for _ in range(4)]
    wrong = [await change(limited, "wrong") for _ in range(3)]
    last = await change(limited)
    signing_in = await sign_in(limited, "browsing")

    assert [answer.status_code for answer in weak] == [422] * 4
    assert [answer.status_code for answer in right] == [204] * 4
    assert [answer.status_code for answer in wrong] == [422] * 3
    for answer in (last, signing_in):
        make.refused(answer, 429, "too-many-requests")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60


async def test_what_is_tried_again_is_one_attempt(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await browser(newsroom)
    limited = newsroom.beside(login_attempts_per_minute=1).client(**SAME_SITE)
    limited.cookies = client.cookies
    hashed = credentials.hash_new
    tried = []

    async def made_admin(password: str, name: str) -> str:
        tried.append(name)
        if len(tried) == 1:
            path, patch = f"/v1/users/{name}", {"is_admin": True}
            promoted = await newsroom["admin"].patch(path, json=patch, headers=make.seen(1))
            await make.said(promoted, 200)
        return await hashed(password, name)

    monkeypatch.setattr(credentials, "hash_new", made_admin)
    changed = await change(limited)

    assert (changed.status_code, tried) == (204, ["browsing", "browsing"])


async def test_of_several_who_change_it_at_once_one_does(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    answers = await asyncio.gather(*(change(client, new=f"{OTHER} {n}") for n in range(4)))

    assert sorted(answer.status_code for answer in answers) == [204, 422, 422, 422]
