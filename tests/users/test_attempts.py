"""How often one may fail to sign in."""

import asyncio
from typing import Any

import httpx
import pytest

from app.main import wrapped
from app.users import credentials
from app.users.addresses import source_of
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


async def test_a_name_is_limited_whatever_the_address_once_ten_have_used_up_theirs(
    newsroom: Newsroom,
) -> None:
    limited = await _limited(newsroom)

    answers = [await _try(_from(limited, f"192.0.2.{number // 3}")) for number in range(31)]

    assert [answer.status_code for answer in answers] == [*[401] * 30, 429]


async def test_one_address_keeps_nobody_from_signing_in_elsewhere(newsroom: Newsroom) -> None:
    limited = await _limited(newsroom)
    guesses = [await _try(_from(limited, "192.0.2.1")) for _ in range(40)]

    theirs = await _try(_from(limited, "192.0.2.2"), rightly=True)

    assert [answer.status_code for answer in guesses] == [401] * 3 + [429] * 37
    assert theirs.status_code == 200


async def test_who_may_try_no_more_does_not_use_up_another_s_attempts(newsroom: Newsroom) -> None:
    limited = await _limited(newsroom)
    refused = [await _try(_from(limited, "192.0.2.1"), "another") for _ in range(3)]
    refused += [await _try(_from(limited, "192.0.2.1"), "browsing") for _ in range(30)]

    theirs = await _try(_from(limited, "192.0.2.2"), "browsing", rightly=True)

    assert [answer.status_code for answer in refused] == [401] * 3 + [429] * 30
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


async def test_whoever_has_one_address_of_ipv6_has_its_network(newsroom: Newsroom) -> None:
    limited = await _limited(newsroom)

    failed = [
        await _try(_from(limited, f"2001:db8::{number:x}"), f"nobody-{number}")
        for number in range(4)
    ]
    beside = await _try(_from(limited, "2001:db8:0:1::1"), "somebody")

    assert [answer.status_code for answer in failed] == [401, 401, 401, 429]
    assert beside.status_code == 401


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_address_stands_for_whoever_has_it(address: str, source: str) -> None:
    assert source_of(address) == source


async def test_who_waits_for_a_password_to_be_compared_holds_no_connection(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = await _limited(newsroom)
    fits = credentials.password_fits
    held: list[int] = []

    async def noted(*given: Any) -> bool:
        held.append(limited.app.state.database.pool_in_use())
        return await fits(*given)

    monkeypatch.setattr(credentials, "password_fits", noted)
    answer = await _try(limited.client(), rightly=True)

    assert answer.status_code == 200
    assert held == [0]


async def test_who_waits_for_a_password_to_be_made_holds_no_connection(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = credentials.hash_password
    held: list[int] = []

    async def noted(password: str) -> str:
        held.append(newsroom.app.state.database.pool_in_use())
        return await hashed(password)

    monkeypatch.setattr(credentials, "hash_password", noted)
    admin, new = newsroom["admin"], {"password": PASSWORD}
    await make.said(await admin.post("/v1/users", json={"name": "new", **new}))
    changed = await admin.patch("/v1/users/new", json=new, headers=make.seen(1))

    assert changed.status_code == 200
    assert held == [0, 0]
