"""What ends a browser's session."""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import func, select, update

from app.core.timestamps import now
from app.models import BrowserSession
from tests import make
from tests.clients import PASSWORD, SAME_SITE, browser, sign_in
from tests.conftest import Newsroom
from tests.desk import rows


async def patch(newsroom: Newsroom, name: str, **changes: object) -> None:
    """Change a user whose version is 1."""
    answer = await newsroom["admin"].patch(
        f"/v1/users/{name}", json=changes, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200, answer.text


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


@pytest.mark.parametrize("name", ["browsing", "another"])
async def test_whoever_signs_in_anew_has_a_new_session_and_the_one_before_is_over(
    newsroom: Newsroom, name: str
) -> None:
    client = await browser(newsroom)
    await browser(newsroom, "another")
    value = client.cookies["stet_session"]
    before = await rows(newsroom)

    await sign_in(client, name)

    assert (await make.said(await client.get("/v1/me"), 200))["name"] == name
    again = await newsroom.client(Cookie=f"stet_session={value}").get("/v1/me")
    make.refused(again, 401, "unauthenticated")
    assert await rows(newsroom) == before


async def test_a_sign_in_that_fails_ends_no_session(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    refused = await sign_in(client, "browsing", PASSWORD.upper())

    make.refused(refused, 401, "bad-credentials")
    assert (await client.get("/v1/me")).status_code == 200


async def test_a_sign_in_ends_nobody_s_session_by_its_id_alone(newsroom: Newsroom) -> None:
    client = await browser(newsroom)
    id, _, secret = client.cookies["stet_session"].partition(".")
    other = newsroom.client(Cookie=f"stet_session={id}.{secret[::-1]}")

    await sign_in(other, "browsing")

    assert (await client.get("/v1/me")).status_code == 200


async def test_signing_out_by_token_ends_no_session(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    answer = await newsroom["reader"].delete("/v1/session")

    assert answer.status_code == 204
    assert (await client.get("/v1/me")).status_code == 200
    assert (await newsroom["reader"].get("/v1/me")).status_code == 200


async def test_signing_out_by_token_ends_the_session_whose_cookie_comes_beside_it(
    newsroom: Newsroom,
) -> None:
    client = await browser(newsroom)
    value = client.cookies["stet_session"]
    token = newsroom["reader"].headers["Authorization"]

    answer = await client.delete("/v1/session", headers={"Authorization": token})

    assert answer.status_code == 204
    assert "stet_session" not in client.cookies
    again = await newsroom.client(Cookie=f"stet_session={value}", **SAME_SITE).get("/v1/me")
    make.refused(again, 401, "unauthenticated")


async def test_signing_out_by_token_ends_no_session_by_its_id_alone(newsroom: Newsroom) -> None:
    client = await browser(newsroom)
    id, _, secret = client.cookies["stet_session"].partition(".")
    token = newsroom["reader"].headers["Authorization"]
    other = newsroom.client(Cookie=f"stet_session={id}.{secret[::-1]}", Authorization=token)

    answer = await other.delete("/v1/session")

    assert answer.status_code == 204
    assert (await client.get("/v1/me")).status_code == 200


async def test_another_site_s_page_ends_no_session_by_a_token_beside_its_cookie(
    newsroom: Newsroom,
) -> None:
    client = await browser(newsroom)
    token = newsroom["reader"].headers["Authorization"]

    answer = await client.delete(
        "/v1/session", headers={"Authorization": token, "Sec-Fetch-Site": "cross-site"}
    )

    make.refused(answer, 403, "cross-site-request")
    assert (await client.get("/v1/me")).status_code == 200


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
    "change",
    [
        {"is_active": False},
        {"password": PASSWORD * 2},
        {"password": None},
        {"revoke_tokens": True},
    ],
)
async def test_deactivation_another_password_and_revocation_end_a_user_s_sessions(
    newsroom: Newsroom, change: dict[str, object]
) -> None:
    client, other = await browser(newsroom), await browser(newsroom, "another")

    await patch(newsroom, "browsing", **change)

    make.refused(await client.get("/v1/me"), 401, "unauthenticated")
    assert (await other.get("/v1/me")).status_code == 200
    assert (await rows(newsroom))["browser_sessions"] == 1


async def test_another_name_to_show_ends_no_session(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    await patch(newsroom, "browsing", display_name="Somebody", is_admin=True, revoke_tokens=False)

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
