"""What clients were answered, to look for secrets in: tokens, cookies, passwords, their hashes."""

import base64
from collections.abc import Iterable

import httpx
from sqlalchemy import select

from app.models import BrowserSession, Token, User
from tests.conftest import TOKENS, Newsroom
from tests.uses import PASSWORD

_SECRET_CHARS = 43
"""What a token and a cookie end with; before it stands the id of a row."""


class Heard:
    """Every answer to these clients, but for the secret that one has the right to tell."""

    def __init__(self, *clients: httpx.AsyncClient) -> None:
        """From now on."""
        self._answers: list[tuple[str, bytes]] = []
        self.told: list[str] = []
        """The new tokens and cookies, each told once."""
        self.statuses: set[int] = set()
        for client in clients:
            client.event_hooks = {"response": [self._note]}

    async def _note(self, answer: httpx.Response) -> None:
        whole = b"\n".join(map(b": ".join, answer.headers.raw)) + b"\n\n" + await answer.aread()
        asked = f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
        told = None
        if asked == "POST /v1/tokens 201":
            told = answer.json()["token"]
        elif asked == "POST /v1/session 200":
            told = answer.cookies["stet_session"]
        if told is not None:
            self.told.append(told)
            whole = whole.replace(told.encode(), b"", 1)
        self._answers.append((asked, whole))
        self.statuses.add(answer.status_code)

    def holding(self, secrets: Iterable[bytes]) -> list[str]:
        """What was asked where an answer holds one of them."""
        sought = [*secrets]
        return [asked for asked, whole in self._answers if any(each in whole for each in sought)]


def secrets_of(*texts: str) -> set[bytes]:
    """What is secret of tokens and cookies; whatever holds the whole of one holds this."""
    return {one[-_SECRET_CHARS:].encode() for one in texts}


async def all_secrets(newsroom: Newsroom, heard: Heard) -> set[bytes]:
    """All that nobody may be told: of everybody's, and what the database holds of it."""
    hashes: list[bytes] = []
    async with newsroom.app.state.database.session(writes=False) as db:
        for column in (Token.secret_hash, BrowserSession.secret_hash):
            hashes += (await db.execute(select(column))).scalars()
        given = select(User.password_hash).where(User.password_hash.is_not(None))
        passwords = [str(value) for value in (await db.execute(given)).scalars()]
    assert len(hashes) >= len(TOKENS) + len(heard.told)
    # An argon2id hash, and what stands in it behind the parameters and the salt.
    found = {part.encode() for whole in passwords for part in (whole, whole.rpartition("$")[2])}
    for value in hashes:
        coded = base64.b64encode(value).rstrip(b"="), base64.urlsafe_b64encode(value).rstrip(b"=")
        found |= {value, value.hex().encode(), value.hex().upper().encode(), *coded}
    return found | secrets_of(*TOKENS.values(), *heard.told) | {PASSWORD.encode()}
