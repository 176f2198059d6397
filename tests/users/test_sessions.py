"""Signing in and out in a browser, and what ends a session."""

import asyncio
import datetime as dt
from http.cookies import SimpleCookie

import httpx
import pytest
from sqlalchemy import func, select, update

from app.core.moments import now
from app.models import BrowserSession
from tests import make
from tests.conftest import Newsroom
from tests.desk import rows, stored

PASSWORD = "correct horse battery"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


async def browser(
    newsroom: Newsroom, name: str = "browsing", *, base_url: str = "http://stet.test"
) -> httpx.AsyncClient:
    """A browser in which a new reader of ``demo`` is signed in."""
    await make.said(
        await newsroom["admin"].post("/v1/users", json={"name": name, "password": PASSWORD})
    )
    await make.member(newsroom["admin"], name, "reader")
    client = newsroom.client(**SAME_SITE)
    client.base_url = httpx.URL(base_url)
    await make.said(await sign_in(client, name), 200)
    return client


async def sign_in(
    client: httpx.AsyncClient, username: str, password: str = PASSWORD
) -> httpx.Response:
    return await client.post("/v1/session", json={"username": username, "password": password})


async def patch(newsroom: Newsroom, name: str, **changes: object) -> None:
    """Change a user whose version is 1."""
    answer = await newsroom["admin"].patch(
        f"/v1/users/{name}", json=changes, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200, answer.text


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


async def test_a_session_that_was_signed_out_is_over(newsroom: Newsroom) -> None:
    client = await browser(newsroom)
    value = client.cookies["stet_session"]
    before = await rows(newsroom)

    answer = await client.delete("/v1/session")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "stet_session" not in client.cookies
    again = await newsroom.client(Cookie=f"stet_session={value}").get("/v1/me")
    make.refused(again, 401, "unauthenticated")
    assert await rows(newsroom) == before | {"browser_sessions": before["browser_sessions"] - 1}


async def test_signing_out_leaves_one_s_other_sessions(newsroom: Newsroom) -> None:
    first = await browser(newsroom)
    second = newsroom.client(**SAME_SITE)
    await sign_in(second, "browsing")

    await first.delete("/v1/session")

    assert (await second.get("/v1/me")).status_code == 200


async def test_signing_out_by_token_ends_no_session(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    answer = await newsroom["reader"].delete("/v1/session")

    assert answer.status_code == 204
    assert (await client.get("/v1/me")).status_code == 200
    assert (await newsroom["reader"].get("/v1/me")).status_code == 200


async def test_an_expired_session_is_over_and_swept_up_at_the_next_sign_in(
    newsroom: Newsroom,
) -> None:
    client = await browser(newsroom)
    await browser(newsroom, "another")
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.execute(
            update(BrowserSession).values(expires_at=now() - dt.timedelta(microseconds=1))
        )

    expired = await client.get("/v1/me")
    signed_in = await sign_in(client, "browsing")

    make.refused(expired, 401, "unauthenticated")
    assert signed_in.status_code == 200
    assert (await rows(newsroom))["browser_sessions"] == 1


async def test_a_session_lasts_as_long_as_the_setting_says(newsroom: Newsroom) -> None:
    await browser(newsroom)
    brief = newsroom.beside(session_days=1)
    began = now()

    answer = await sign_in(brief.client(), "browsing")

    assert "Max-Age=86400;" in answer.headers["Set-Cookie"]
    async with newsroom.app.state.database.session(writes=False) as db:
        kept = await db.execute(select(func.min(BrowserSession.expires_at)))
        ends = kept.scalar_one()
    assert dt.timedelta(0) <= ends - began - dt.timedelta(days=1) < dt.timedelta(seconds=60)


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"password": PASSWORD * 2}, {"password": None}]
)
async def test_deactivation_and_another_password_end_a_user_s_sessions(
    newsroom: Newsroom, change: dict[str, object]
) -> None:
    client, other = await browser(newsroom), await browser(newsroom, "another")

    await patch(newsroom, "browsing", **change)

    make.refused(await client.get("/v1/me"), 401, "unauthenticated")
    assert (await other.get("/v1/me")).status_code == 200
    assert (await rows(newsroom))["browser_sessions"] == 1


async def test_another_name_to_show_ends_no_session(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    await patch(newsroom, "browsing", display_name="Somebody", is_admin=True)

    assert (await make.said(await client.get("/v1/me"), 200))["is_admin"] is True


async def test_after_activation_one_signs_in_anew(newsroom: Newsroom) -> None:
    client = await browser(newsroom)
    await patch(newsroom, "browsing", is_active=False)
    refused = await sign_in(client, "browsing")
    await newsroom["admin"].patch(
        "/v1/users/browsing", json={"is_active": True}, headers={"If-Match": '"2"'}
    )

    old = await client.get("/v1/me")
    new = await sign_in(client, "browsing")

    make.refused(refused, 401, "bad-credentials")
    make.refused(old, 401, "unauthenticated")
    assert new.status_code == 200


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(newsroom: Newsroom) -> None:
    await browser(newsroom)

    wrong = await sign_in(newsroom["nobody"], "browsing", PASSWORD.upper())
    unknown = await sign_in(newsroom["nobody"], "not-there")
    without = await sign_in(newsroom["nobody"], "reader")

    answers = (wrong, unknown, without)
    problems = [make.refused(answer, 401, "bad-credentials") for answer in answers]
    assert problems == [problems[0]] * 3
    assert not any("Set-Cookie" in answer.headers for answer in answers)


async def test_only_the_new_password_signs_in(newsroom: Newsroom) -> None:
    client = await browser(newsroom)
    await patch(newsroom, "browsing", password="another horse battery")

    old = await sign_in(client, "browsing")
    new = await sign_in(client, "browsing", "another horse battery")

    make.refused(old, 401, "bad-credentials")
    assert new.status_code == 200


async def test_a_session_never_outlives_the_password_it_was_started_with(
    newsroom: Newsroom,
) -> None:
    await browser(newsroom)
    patient = newsroom.beside(login_attempts_per_minute=1000)
    for version in range(1, 5):
        old = f"{PASSWORD} {version - 1}" if version > 1 else PASSWORD
        clients = [patient.client(**SAME_SITE) for _ in range(3)]

        changed, *signed_in = await asyncio.gather(
            newsroom["admin"].patch(
                "/v1/users/browsing",
                json={"password": f"{PASSWORD} {version}"},
                headers={"If-Match": f'"{version}"'},
            ),
            *(sign_in(client, "browsing", old) for client in clients),
        )

        assert changed.status_code == 200
        assert {answer.status_code for answer in signed_in} <= {200, 401}
        for client in clients:
            make.refused(await client.get("/v1/me"), 401, "unauthenticated")


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
