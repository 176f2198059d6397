"""Clients that somebody uses: a browser that is signed in, a script with a token."""

from typing import Any

import httpx

from tests import make
from tests.conftest import Newsroom

PASSWORD = "correct horse battery"
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


async def browser(newsroom: Newsroom, name: str = "browsing") -> httpx.AsyncClient:
    """A browser in which a new reader of ``demo`` is signed in."""
    await make.said(
        await newsroom["admin"].post("/v1/users", json={"name": name, "password": PASSWORD})
    )
    await make.member(newsroom["admin"], name, "reader")
    client = newsroom.client(**SAME_SITE)
    await make.said(await sign_in(client, name), 200)
    return client


async def sign_in(
    client: httpx.AsyncClient, username: str, password: str = PASSWORD
) -> httpx.Response:
    """The answer to signing in."""
    return await client.post("/v1/session", json={"username": username, "password": password})


async def minted(newsroom: Newsroom, name: str, **fields: Any) -> tuple[httpx.AsyncClient, str]:
    """A new token of somebody's, as a client that uses it, and its id."""
    made = await make.said(await newsroom[name].post("/v1/tokens", json={"name": "ci", **fields}))
    return newsroom.client(Authorization=f"Bearer {made['token']}"), made["id"]
