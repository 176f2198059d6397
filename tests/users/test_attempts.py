"""How often one may fail to sign in."""

import asyncio

import httpx

from app.main import wrapped
from tests import make
from tests.conftest import Newsroom

PASSWORD = "correct horse battery"


async def _try(
    client: httpx.AsyncClient, username: str = "browsing", *, rightly: bool = False
) -> httpx.Response:
    password = PASSWORD if rightly else "wrong"
    return await client.post("/v1/session", json={"username": username, "password": password})


async def _limited(newsroom: Newsroom) -> Newsroom:
    """Three attempts a minute, and a user with a password."""
    for name in ("browsing", "another"):
        await make.said(
            await newsroom["admin"].post("/v1/users", json={"name": name, "password": PASSWORD})
        )
    return newsroom.beside(login_attempts_per_minute=3)


def _from(newsroom: Newsroom, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(wrapped(newsroom.app), client=(address, 50_000))
    client = httpx.AsyncClient(transport=transport, base_url="http://stet.test")
    newsroom.stack.push_async_callback(client.aclose)
    return client


async def test_after_three_failures_even_the_right_password_waits(newsroom: Newsroom) -> None:
    client = (await _limited(newsroom)).client()

    failed = [await _try(client) for _ in range(3)]
    fourth = await _try(client, rightly=True)

    for answer in failed:
        make.refused(answer, 401, "bad-credentials")
    make.refused(fourth, 429, "too-many-requests")
    assert 1 <= int(fourth.headers["Retry-After"]) <= 60


async def test_of_ten_failures_at_once_three_are_looked_at(newsroom: Newsroom) -> None:
    client = (await _limited(newsroom)).client()

    answers = await asyncio.gather(*(_try(client) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [*[401] * 3, *[429] * 7]


async def test_an_address_is_limited_whatever_the_name(newsroom: Newsroom) -> None:
    client = _from(await _limited(newsroom), "192.0.2.1")

    answers = [await _try(client, f"name-{number}") for number in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


async def test_a_name_is_limited_whatever_the_address(newsroom: Newsroom) -> None:
    limited = await _limited(newsroom)

    answers = [await _try(_from(limited, f"192.0.2.{number}")) for number in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


async def test_who_may_try_no_more_does_not_use_up_another_s_attempts(newsroom: Newsroom) -> None:
    limited = await _limited(newsroom)
    refused = [await _try(_from(limited, "192.0.2.1"), "another") for _ in range(3)]
    refused += [await _try(_from(limited, "192.0.2.1"), "browsing") for _ in range(5)]

    theirs = await _try(_from(limited, "192.0.2.2"), "browsing", rightly=True)

    assert [answer.status_code for answer in refused] == [401] * 3 + [429] * 5
    assert theirs.status_code == 200


async def test_signing_in_rightly_is_not_limited(newsroom: Newsroom) -> None:
    client = (await _limited(newsroom)).client()

    answers = [await _try(client, rightly=True) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 5


async def test_failures_still_count_after_a_success(newsroom: Newsroom) -> None:
    client = (await _limited(newsroom)).client()
    await _try(client)
    await _try(client)

    succeeded = await _try(client, rightly=True)
    third, fourth = await _try(client), await _try(client)

    assert succeeded.status_code == 200
    make.refused(third, 401, "bad-credentials")
    make.refused(fourth, 429, "too-many-requests")
