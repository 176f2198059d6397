"""Headers that tell browsers, and caches on the way, what they may do."""

import httpx
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.main import wrapped
from tests import make
from tests.clients import PASSWORD, browser, sign_in
from tests.conftest import Newsroom
from tests.desk import Desk
from tests.uses import ROUTES

HSTS = "Strict-Transport-Security"


async def test_browsers_are_told_to_come_by_https_where_there_is_https(newsroom: Newsroom) -> None:
    public = newsroom.beside(public_url="https://stet.example.org")
    insecure = newsroom.beside(public_url="http://stet.example.org")

    found = [
        (await client.get(path)).headers.get(HSTS)
        for client in (newsroom["nobody"], insecure["nobody"], public["nobody"])
        for path in ("/", "/v1/me")
    ]
    by_https = await newsroom["nobody"].get("https://stet.test/healthz")

    assert found == [None] * 4 + ["max-age=31536000"] * 2
    assert by_https.headers[HSTS] == "max-age=31536000"


async def test_only_a_trusted_proxy_is_believed_about_https(newsroom: Newsroom) -> None:
    app = ProxyHeadersMiddleware(wrapped(newsroom.app), trusted_hosts="192.0.2.80")  # type: ignore[arg-type]  # uvicorn's own names for the same
    found = []

    for address in ("192.0.2.80", "192.0.2.66"):
        transport = httpx.ASGITransport(app, client=(address, 50_000))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://stet.test") as client:
            answer = await client.get("/healthz", headers={"X-Forwarded-Proto": "https"})
        found.append(HSTS in answer.headers)

    assert found == [True, False]


async def test_an_answer_with_a_secret_is_kept_by_nobody(newsroom: Newsroom) -> None:
    user = {"name": "browsing", "password": PASSWORD}
    await make.said(await newsroom["admin"].post("/v1/users", json=user))

    token = await newsroom["reader"].post("/v1/tokens", json={"name": "ci"})
    kept = await newsroom["reader"].get(token.headers["Location"])
    session = await sign_in(newsroom.client(), "browsing")

    assert "token" in token.json()
    assert "Set-Cookie" in session.headers
    for answer in (token, kept, session):
        assert answer.headers.get_list("Cache-Control") == ["no-store"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_what_is_private_is_asked_after_before_a_browser_shows_it_again(
    newsroom: Newsroom,
) -> None:
    desk = Desk(newsroom)

    for route in ROUTES:
        _, _, path = route.partition(" ")
        if not path.startswith("/v1/") or path.startswith(("/v1/tokens", "/v1/session")):
            continue
        # A refusal tells of something, too.
        for name in ("admin", "nobody"):
            answer = await (await desk.request(route)).send(newsroom[name])
            told = answer.headers.get_list("Cache-Control")
            assert told == ["private, no-cache"], (route, name)
            if "ETag" in answer.headers and route.startswith("GET "):
                tag = answer.headers["ETag"]
                again = await newsroom[name].get(answer.url, headers={"If-None-Match": tag})
                assert (again.status_code, again.headers["Cache-Control"]) == (304, told[0])
    events = "/v1/projects/demo/changes?wait=0"
    answer = await newsroom["reader"].get(events, headers={"Accept": "text/event-stream"})
    assert answer.headers.get_list("Cache-Control") == ["private, no-cache"]


async def test_signing_out_empties_the_browser_s_cache(newsroom: Newsroom) -> None:
    client = await browser(newsroom)

    answer = await client.delete("/v1/session")

    assert answer.headers["Clear-Site-Data"] == '"cache"'


async def test_no_other_site_may_frame_a_page(newsroom: Newsroom) -> None:
    for path in ("/", "/docs", "/problems/not-found"):
        policy = (await newsroom["nobody"].get(path)).headers["Content-Security-Policy"]

        assert "frame-ancestors 'none'" in policy.split("; ")
