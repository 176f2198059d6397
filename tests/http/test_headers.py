"""Headers that tell browsers, and caches on the way, what they may do."""

import httpx
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.main import wrapped
from tests import make
from tests.clients import PASSWORD, sign_in
from tests.conftest import Newsroom

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
    session = await sign_in(newsroom.client(), "browsing")

    assert "token" in token.json()
    assert "Set-Cookie" in session.headers
    for answer in (token, session):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_no_other_site_may_frame_a_page(newsroom: Newsroom) -> None:
    for path in ("/", "/docs", "/problems/not-found"):
        policy = (await newsroom["nobody"].get(path)).headers["Content-Security-Policy"]

        assert "frame-ancestors 'none'" in policy.split("; ")
