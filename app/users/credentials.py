"""Secrets: how tokens, cookies and passwords are made and checked. No I/O.

A token or cookie is ``<id>`` and ``<secret>``: the row is found by the id, the secret's SHA-256 is
compared in constant time. 256 random bits need no slow hash; passwords do, and get argon2id
(RFC 9106), in a thread and two at a time, for each takes 64 MiB and a tenth of a second.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.users import passwords


class CredentialKind(StrEnum):
    """What a caller shows."""

    TOKEN = "token"  # noqa: S105  # a word, not a secret
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a caller shows, taken apart."""

    kind: CredentialKind
    id: UUID
    secret: str

    def fits(self, secret_hash: bytes) -> bool:
        """Whether this is the secret of that hash, compared in constant time."""
        return hmac.compare_digest(hash_secret(self.secret), secret_hash)


def hash_secret(secret: str) -> bytes:
    """What is stored of a token's or cookie's secret."""
    return hashlib.sha256(secret.encode()).digest()


def new_secret() -> str:
    """256 random bits, in 43 characters that need no quoting anywhere."""
    return secrets.token_urlsafe(32)


def token_text(id: UUID, secret: str) -> str:
    """A token as its user sees it, once."""
    return f"stet_{id.hex}_{secret}"


def cookie_text(session: Credential) -> str:
    """A session cookie's value."""
    return f"{session.id.hex}.{session.secret}"


_TOKEN = re.compile(r"stet_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_COOKIE = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


def parse_token(text: str) -> Credential | None:
    """The token that the text is; None when it is none."""
    match = _TOKEN.fullmatch(text)
    return match and Credential(CredentialKind.TOKEN, UUID(hex=match[1]), match[2])


def parse_cookie(text: str) -> Credential | None:
    """The session that the cookie is of; None when it is none."""
    match = _COOKIE.fullmatch(text)
    return match and Credential(CredentialKind.SESSION, UUID(hex=match[1]), match[2])


_hasher = PasswordHasher()
_turns = asyncio.Semaphore(2)


@cache
def _nobodys() -> str:
    """What an unknown name's password is held against, so that it takes as long as a known one's.

    Made with the first sign-in of all, whose name does not matter: a shell command signs nobody in.
    """
    return _hasher.hash(secrets.token_urlsafe(16))


async def hash_password(password: str) -> str:
    """The argon2id hash, with its own salt and parameters."""
    async with _turns:
        return await asyncio.to_thread(_hasher.hash, password)


async def hash_new(password: str, name: str) -> str:
    """The hash of a new password of the user of this name.

    Raises:
        InvalidValue: when it is too easily guessed.
    """
    passwords.check(password, name)
    return await hash_password(password)


async def password_fits(password: str, password_hash: str | None) -> bool:
    """Whether this is the password; takes as long when there is none."""
    async with _turns:
        return await asyncio.to_thread(_verify, password, password_hash)


def _verify(password: str, password_hash: str | None) -> bool:
    nobodys = _nobodys()
    try:
        _hasher.verify(password_hash or nobodys, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None
