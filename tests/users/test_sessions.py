"""Signing in with a browser, and what the cookie is worth."""

from http.cookies import SimpleCookie

import argon2
import httpx
import pytest

from app.users import credentials
from tests import make
from tests.clients import PASSWORD, browser, sign_in
from tests.conftest import Newsroom
from tests.desk import stored


async def test_who_signs_in_is_told_who_they_are_and_stays_signed_in(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    again = await sign_in(client, "browsing")
    me = await client.get("/v1/me")

    assert (await make.said(me, 200))["memberships"] == [{"project": "demo", "role": "reader"}]
    assert again.json() == me.json()
    assert (await client.get("/v1/projects/demo")).status_code == 200


async def test_a_session_may_do_what_its_user_may(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    refused = await client.post("/v1/projects/demo/documents", json={"title": "t", "text": "t"})

    make.refused(refused, 403, "forbidden")


async def test_the_cookie_is_for_this_site_and_no_script(newsroom: Newsroom) -> None:
    await browser(newsroom)

    answer = await sign_in(newsroom["nobody"], "browsing")

    cookie = SimpleCookie(answer.headers["Set-Cookie"])["stet_session"]
    kept = {name: value for name, value in cookie.items() if value}
    assert kept == {
        "path": "/",
        "max-age": str(14 * 86_400),
        "httponly": True,
        "samesite": "lax",
    }


@pytest.mark.parametrize(
    ("base_url", "public_url"),
    [("https://stet.test", ""), ("http://stet.test", "https://stet.example.org")],
)
async def test_where_there_is_https_the_cookie_is_bound_to_it_and_to_this_host(
    newsroom: Newsroom, base_url: str, public_url: str
) -> None:
    await browser(newsroom)
    client = newsroom.beside(public_url=public_url).client()
    client.base_url = httpx.URL(base_url)

    answer = await sign_in(client, "browsing")

    cookie = SimpleCookie(answer.headers["Set-Cookie"])["__Host-stet_session"]
    kept = {name: value for name, value in cookie.items() if value}
    assert kept == {
        "path": "/",
        "max-age": str(14 * 86_400),
        "secure": True,
        "httponly": True,
        "samesite": "lax",
    }


async def test_where_there_is_https_a_cookie_that_another_host_could_set_is_not_read(
    newsroom: Newsroom,
) -> None:
    client = await browser(newsroom)
    value = client.cookies["stet_session"]
    secure = newsroom.beside(public_url="https://stet.test")

    planted = await secure.client(Cookie=f"stet_session={value}").get("/v1/me")
    own = await secure.client(Cookie=f"__Host-stet_session={value}").get("/v1/me")

    make.refused(planted, 401, "unauthenticated")
    assert (await make.said(own, 200))["name"] == "browsing"


async def test_the_cookie_s_secret_is_kept_nowhere(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    id, _, secret = client.cookies["stet_session"].partition(".")

    kept = await stored(newsroom)
    assert len(id) == 32
    assert len(secret) == 43
    assert secret not in kept
    assert secret.encode().hex() not in kept


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(newsroom: Newsroom) -> None:
    await browser(newsroom)

    wrong = await sign_in(newsroom["nobody"], "browsing", PASSWORD.upper())
    unknown = await sign_in(newsroom["nobody"], "not-there")
    without = await sign_in(newsroom["nobody"], "reader")

    answers = (wrong, unknown, without)
    problems = [make.refused(answer, 401, "bad-credentials") for answer in answers]
    assert problems == [problems[0]] * 3
    assert not any("Set-Cookie" in answer.headers for answer in answers)


async def test_whoever_is_refused_took_the_same_work_as_whoever_is_known(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes the time is one hash with the same parameters, whatever is wrong."""
    await browser(newsroom)
    await browser(newsroom, "gone")
    changed = await newsroom["admin"].patch(
        "/v1/users/gone", json={"is_active": False}, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 200
    hashed: list[argon2.Parameters] = []

    class Noting:
        """Hashes as the one before it, and notes how."""

        _hasher = credentials._hasher  # noqa: SLF001  # what is noted

        def hash(self, password: str) -> str:
            return self._hasher.hash(password)

        def verify(self, kept: str, password: str) -> bool:
            hashed.append(argon2.extract_parameters(kept))
            return self._hasher.verify(kept, password)

    monkeypatch.setattr(credentials, "_hasher", Noting())
    known = await sign_in(newsroom["nobody"], "browsing")
    expected = hashed.copy()
    tries = {
        "a wrong password": ("browsing", PASSWORD.upper()),
        "an unknown name": ("not-there", PASSWORD),
        "no password": ("reader", PASSWORD),
        "deactivated": ("gone", PASSWORD),
        "deactivated, wrong": ("gone", PASSWORD.upper()),
    }

    took = {}
    for what, (name, password) in tries.items():
        hashed.clear()
        make.refused(await sign_in(newsroom.client(), name, password), 401, "bad-credentials")
        took[what] = hashed.copy()

    assert known.status_code == 200
    assert len(expected) == 1
    assert took == dict.fromkeys(tries, expected)


async def test_a_token_is_not_overruled_by_a_cookie(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    other = await client.get("/v1/me", headers=dict(newsroom["reviewer"].headers))
    wrong = await client.get("/v1/me", headers={"Authorization": "Bearer stet_none"})

    assert other.json()["name"] == "reviewer"
    make.refused(wrong, 401, "unauthenticated")


@pytest.mark.parametrize(
    "cookie",
    ["", "x", ".", "0" * 32, f"{'0' * 32}.{'x' * 43}", "é", '"', "a=b=c", "\x7f", "x" * 8000],
)
async def test_a_cookie_that_is_none_of_ours_is_nobody_s(newsroom: Newsroom, cookie: str) -> None:
    value = f"stet_session={cookie}".encode()
    client = newsroom.client()

    answer = await client.get("/v1/me", headers=[(b"Cookie", value)])

    make.refused(answer, 401, "unauthenticated")


async def test_another_s_secret_does_not_open_a_session(newsroom: Newsroom) -> None:
    one, other = await browser(newsroom), await browser(newsroom, "another")
    id = one.cookies["stet_session"].partition(".")[0]
    secret = other.cookies["stet_session"].partition(".")[2]

    answer = await newsroom.client(Cookie=f"stet_session={id}.{secret}").get("/v1/me")

    make.refused(answer, 401, "unauthenticated")
