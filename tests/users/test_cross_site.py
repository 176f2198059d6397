"""Another site's page can write nothing in the name of who is signed in here."""

import httpx
import pytest

from tests import make
from tests.conftest import Newsroom
from tests.desk import Desk, rows
from tests.uses import ROUTES

PASSWORD = "correct horse battery"
OURS = "http://stet.test"


async def cookie(newsroom: Newsroom) -> str:
    """The session cookie of an admin."""
    new = {"name": "browsing", "password": PASSWORD, "is_admin": True}
    await make.said(await newsroom["admin"].post("/v1/users", json=new))
    client = newsroom.client()
    credentials = {"username": "browsing", "password": PASSWORD}
    await make.said(await client.post("/v1/session", json=credentials), 200)
    return f"stet_session={client.cookies['stet_session']}"


async def _write(client: httpx.AsyncClient, **headers: str) -> httpx.Response:
    return await client.post("/v1/tokens", json={"name": "x"}, headers=headers)


async def test_no_route_writes_for_a_cookie_alone(newsroom: Newsroom) -> None:
    client = newsroom.client(Cookie=await cookie(newsroom))
    desk = Desk(newsroom)

    for route in ROUTES:
        if route.startswith("GET ") or route == "POST /v1/session":
            continue
        request = await desk.request(route)
        before = await rows(newsroom)
        answer = await request.send(client)
        make.refused(answer, 403, "cross-site-request")
        assert await rows(newsroom) == before, route


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "http://evil.test",
        "http://stet.test.evil.test",
        "http://evil.test/http://stet.test",
        "http://stet.test@evil.test",
        "http://sub.stet.test",
        "http://stet.test:8080",
        "https://stet.test",
        "null",
        "stet.test",
        "//stet.test",
        "http://[",
        "http://stet.test:port",
        "",
        "*",
    ],
)
async def test_what_comes_from_another_origin_is_refused(newsroom: Newsroom, origin: str) -> None:
    signed_in = newsroom.client(Cookie=await cookie(newsroom))
    credentials = {"username": "browsing", "password": PASSWORD}
    before = await rows(newsroom)

    written = await _write(signed_in, Origin=origin)
    # Signing somebody in as another is an attack too.
    login = await newsroom["nobody"].post(
        "/v1/session", json=credentials, headers={"Origin": origin}
    )

    make.refused(written, 403, "cross-site-request")
    make.refused(login, 403, "cross-site-request")
    assert "Set-Cookie" not in login.headers
    assert await rows(newsroom) == before


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "Same-Origin", ""])
async def test_what_a_browser_says_is_of_another_site_is_refused(
    newsroom: Newsroom, site: str
) -> None:
    signed_in = newsroom.client(Cookie=await cookie(newsroom))
    credentials = {"username": "browsing", "password": PASSWORD}
    headers = {"Sec-Fetch-Site": site, "Origin": OURS}

    written = await _write(signed_in, **headers)
    login = await newsroom["nobody"].post("/v1/session", json=credentials, headers=headers)

    make.refused(written, 403, "cross-site-request")
    make.refused(login, 403, "cross-site-request")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": OURS},
        {"Origin": "HTTP://Stet.Test"},
        {"Origin": f"{OURS}:80"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": OURS},
    ],
)
async def test_what_comes_from_this_site_is_written(
    newsroom: Newsroom, headers: dict[str, str]
) -> None:
    signed_in = newsroom.client(Cookie=await cookie(newsroom))

    written = await _write(signed_in, **headers)

    assert (await make.said(written))["name"] == "x"


async def test_what_a_page_elsewhere_only_reads_needs_no_origin(newsroom: Newsroom) -> None:
    signed_in = newsroom.client(Cookie=await cookie(newsroom))

    answer = await signed_in.get("/v1/me", headers={"Sec-Fetch-Site": "cross-site"})

    # Without an Access-Control header the browser shows it to no script of that page.
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_a_token_needs_no_origin(newsroom: Newsroom) -> None:
    plain = await _write(newsroom["reader"])
    foreign = await _write(newsroom["reader"], Origin="https://evil.test")

    # Another site's page does not know the token, so whoever sends it means it.
    assert (plain.status_code, foreign.status_code) == (201, 201)


async def test_the_public_url_says_what_this_site_is(newsroom: Newsroom) -> None:
    value = (await cookie(newsroom)).removeprefix("stet_session=")
    public = newsroom.beside(public_url="https://stet.example.org/")
    signed_in = public.client(Cookie=f"__Host-stet_session={value}")

    ours = await _write(signed_in, Origin="https://stet.example.org")
    inside = await _write(signed_in, Origin=OURS)

    assert ours.status_code == 201
    make.refused(inside, 403, "cross-site-request")
