"""How often a token, a session or an address may ask, where the settings limit it."""

from types import SimpleNamespace

import httpx
import pytest
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.main import wrapped
from app.users import rate_limits
from app.users.access import COOKIE
from tests import make
from tests.clients import browser, sign_in
from tests.conftest import TOKENS, Newsroom


class Worker:
    """Another worker on the newsroom's database, behind a proxy at 192.0.2.80 if there is one."""

    def __init__(self, newsroom: Newsroom, **given: int) -> None:
        named = {f"requests_per_minute_per_{name}": most for name, most in given.items()}
        inner = wrapped(newsroom.beside(**named).app)
        # As ``stet serve`` has uvicorn do it.
        self._app: ASGIApp = ProxyHeadersMiddleware(inner, trusted_hosts="192.0.2.80")  # type: ignore[arg-type,assignment]  # uvicorn's own names for the same
        self._newsroom = newsroom

    def client(
        self, name: str = "", address: str = "192.0.2.1", **headers: str
    ) -> httpx.AsyncClient:
        """Somebody, who asks from that address."""
        if name:
            headers["Authorization"] = f"Bearer {TOKENS[name]}"
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app, client=(address, 50_000)),
            base_url="http://stet.test",
            headers=headers,
        )
        self._newsroom.stack.push_async_callback(client.aclose)
        return client


async def asked(client: httpx.AsyncClient, times: int) -> list[int]:
    """The statuses of so many answers."""
    return [(await client.get("/v1/me")).status_code for _ in range(times)]


async def test_a_token_is_limited_whatever_the_address(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, token=3)
    served = [await asked(worker.client("reader", f"192.0.2.{n}"), 1) for n in range(3)]

    fourth = await worker.client("reader").get("/v1/me")

    assert served == [[200]] * 3
    make.refused(fourth, 429, "too-many-requests")
    assert 1 <= int(fourth.headers["Retry-After"]) <= 60
    assert await asked(worker.client("reviewer"), 3) == [200] * 3


async def test_an_address_is_limited_whoever_asks(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, address=3)
    served = [await asked(worker.client(name), 1) for name in ("reader", "reviewer", "")]

    fourth = await worker.client("manager").get("/v1/me")

    assert served == [[200], [200], [401]]
    make.refused(fourth, 429, "too-many-requests")
    assert await asked(worker.client("manager", "192.0.2.2"), 3) == [200] * 3


async def test_an_address_that_may_ask_no_more_uses_up_no_token(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, token=3, address=2)
    refused = await asked(worker.client("reader"), 5)

    elsewhere = await asked(worker.client("reader", "192.0.2.2"), 2)

    assert refused == [200, 200, 429, 429, 429]
    assert elsewhere == [200, 429]


async def test_a_session_is_limited_by_itself(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, token=2)
    browsers = [await browser(newsroom), newsroom.client()]
    await make.said(await sign_in(browsers[1], "browsing"), 200)
    one, other = (worker.client(Cookie=f"{COOKIE}={here.cookies[COOKIE]}") for here in browsers)

    assert await asked(one, 3) == [200, 200, 429]
    assert await asked(other, 2) == [200, 200]


async def test_retry_after_is_when_one_may_ask_again(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(monotonic=lambda: now))
    client = Worker(newsroom, token=1).client("reader")
    await client.get("/v1/me")
    now += 12.5

    refused = await client.get("/v1/me")
    waits = int(refused.headers["Retry-After"])
    now += waits - 1
    too_soon = await asked(client, 1)
    now += 1

    assert waits == 48
    assert "wait 48 seconds" in refused.json()["detail"]
    assert (too_soon, await asked(client, 1)) == ([429], [200])


async def test_who_asks_too_often_costs_the_database_nothing(
    newsroom: Newsroom, statements: list[str]
) -> None:
    client = Worker(newsroom, token=1).client("reader")
    await client.get("/v1/me")
    statements.clear()

    refused = await client.get("/v1/projects")

    assert (refused.status_code, statements) == (429, [])


async def test_who_watches_stet_is_not_limited(newsroom: Newsroom) -> None:
    client = Worker(newsroom, token=1, address=1).client("reader")
    await client.get("/v1/me")

    answers = [await client.get(path) for path in ("/healthz", "/readyz", "/metrics")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


async def test_only_a_trusted_proxy_is_believed_about_addresses(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, address=1)

    def behind(peer: str, number: int) -> httpx.AsyncClient:
        return worker.client("reader", peer, **{"X-Forwarded-For": f"198.51.100.{number}"})

    through_it = [await asked(behind("192.0.2.80", number), 2) for number in range(2)]
    by_a_liar = [await asked(behind("192.0.2.66", number), 1) for number in range(2, 4)]

    assert through_it == [[200, 429]] * 2
    assert by_a_liar == [[200], [429]]


async def test_what_a_caller_claims_before_the_proxy_adds_its_address_is_not_believed(
    newsroom: Newsroom,
) -> None:
    worker = Worker(newsroom, address=1)

    def claiming(claimed: str) -> httpx.AsyncClient:
        added = f"{claimed}, 198.51.100.9"
        return worker.client("reader", "192.0.2.80", **{"X-Forwarded-For": added})

    claims = ("203.0.113.1", "192.0.2.80", "nobody")
    assert [await asked(claiming(claim), 1) for claim in claims] == [[200], [429], [429]]


async def test_without_a_limit_all_are_served(newsroom: Newsroom) -> None:
    assert await asked(Worker(newsroom).client("reader"), 30) == [200] * 30
