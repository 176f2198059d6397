"""What tests are made of: plain functions with constant defaults.

People are made with the database, everything else through the API, as a caller would.
"""

import datetime as dt
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import insert

from app.core.database import Database
from app.models import Token, User
from app.users.credentials import hash_secret, token_text

MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

TEXT = (
    "Ukraine says that Chinese nationals fight for Russia. Officials in Beijing have called the "
    "allegations “totally unfounded”. Without providing evidence, Kyiv spoke of 155 people.\n"
    "Ukraine says more will follow."
)
"""A document whose quotation marks are outside ASCII."""

ASTRAL = "😀 said: 🇺🇦 and 🇨🇳 — да, cafe\u0301, مرحبا, 👨‍👩‍👧. End."
"""Emoji, flags, Cyrillic, a combining mark, right-to-left, a family joined by ZWJ."""


TYPED_SCHEME: dict[str, Any] = {
    "name": "typed",
    "labels": [
        {
            "name": "mark",
            "attributes": [
                {"name": "text", "type": "string"},
                {"name": "texts", "type": "string[]"},
                {"name": "kind", "type": "enum", "values": ["один", "two"]},
                {"name": "kinds", "type": "enum[]", "values": ["один", "two"]},
                {"name": "sure", "type": "boolean"},
                {"name": "count", "type": "integer"},
                {"name": "score", "type": "number"},
                {"name": "where", "type": "span"},
            ],
        },
        {"name": "strict", "attributes": [{"name": "why", "type": "string", "required": True}]},
        {"name": "plain"},
    ],
    "relations": [{"name": "joins", "source": ["mark", "plain"], "target": ["mark"]}],
}
"""A scheme with an attribute of each type, a label that requires one, and a label without any."""


def id_of(number: int) -> UUID:
    """A constant id."""
    return UUID(int=(0x0198C0DE << 96) | (7 << 76) | (2 << 62) | number)


def secret_of(name: str) -> str:
    """The constant secret of a user's token: 43 characters."""
    return name.replace(".", "-").ljust(43, "x")


async def user(
    database: Database, name: str, *, number: int, admin: bool = False, password_hash: str = ""
) -> None:
    """A user with one token, ``token_of(name, number)``."""
    row = {
        "id": id_of(number),
        "name": name,
        "display_name": None,
        "password_hash": password_hash or None,
        "is_admin": admin,
        "is_active": True,
        "version": 1,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    token = {
        "id": id_of(1000 + number),
        "user_id": id_of(number),
        "name": "test",
        "secret_hash": hash_secret(secret_of(name)),
        "role": None,
        "project_id": None,
        "created_at": MOMENT,
        "expires_at": None,
        "revoked_at": None,
    }
    async with database.session(writes=True) as db:
        await db.begin()
        await db.execute(insert(User).values(row))
        await db.execute(insert(Token).values(token))


def token_of(name: str, number: int) -> str:
    """The bearer token of a user made by ``user``."""
    return token_text(id_of(1000 + number), secret_of(name))


async def said(response: httpx.Response, status: int = 201) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert response.status_code == status, f"{response.status_code} {response.text}"
    body: dict[str, Any] = response.json()
    return body


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer must be, whole as RFC 9457 has it."""
    asked = f"{response.request.method} {response.request.url}"
    seen = f"{asked} {response.status_code} {response.text}"
    assert response.status_code == status, seen
    assert response.headers["Content-Type"] == "application/problem+json", seen
    assert response.headers["X-Request-ID"]
    body: dict[str, Any] = response.json()
    assert (body["type"], body["status"]) == (f"/problems/{code}", status), seen
    assert body["title"]
    assert body["detail"]
    return body


def seen(version: int) -> dict[str, str]:
    """The headers of a caller who has seen that version."""
    return {"If-Match": f'"{version}"'}


_ENCODINGS = {"code_points": ("utf-32-le", 4), "utf16": ("utf-16-le", 2), "utf8": ("utf-8", 1)}
UNITS = tuple(_ENCODINGS)
"""What a caller may count in."""


def measured(text: str, unit: str) -> int:
    """How long the text is in the unit, by Python's own codecs."""
    encoding, width = _ENCODINGS[unit]
    return len(text.encode(encoding)) // width


def cut(text: str, start: int, end: int, unit: str) -> str:
    """What stands between two offsets in the unit, by Python's own codecs."""
    encoding, width = _ENCODINGS[unit]
    return text.encode(encoding)[start * width : end * width].decode(encoding)


def span(text: str, quote: str, unit: str = "code_points") -> dict[str, Any]:
    """The first place of the quote in the text, as a caller who counts in the unit gives it."""
    start = measured(text[: text.index(quote)], unit)
    return {"start": start, "end": start + measured(quote, unit), "quote": quote}


async def second_admin(admin: httpx.AsyncClient) -> dict[str, Any]:
    """A user ``second`` who administers too, so that the first one may cease to."""
    return await said(await admin.post("/v1/users", json={"name": "second", "is_admin": True}))


async def project(client: httpx.AsyncClient, slug: str = "demo", **fields: Any) -> dict[str, Any]:
    """A project."""
    return await said(
        await client.post("/v1/projects", json={"slug": slug, "name": slug, **fields})
    )


async def member(
    client: httpx.AsyncClient, name: str, role: str, project: str = "demo"
) -> dict[str, Any]:
    """A member of a project."""
    path = f"/v1/projects/{project}/members/{name}"
    return await said(await client.put(path, json={"role": role}))


async def typed_project(admin: httpx.AsyncClient) -> dict[str, Any]:
    """The project ``typed`` under ``TYPED_SCHEME``, with a member in each role but manager."""
    made = await project(admin, "typed", scheme=TYPED_SCHEME)
    for role in ("reader", "annotator", "reviewer"):
        await member(admin, role, role, "typed")
    return made


async def document(
    client: httpx.AsyncClient, text: str = TEXT, *, project: str = "demo", **fields: Any
) -> dict[str, Any]:
    """A document."""
    body = {"title": "An article", "text": text, **fields}
    return await said(await client.post(f"/v1/projects/{project}/documents", json=body))


async def annotation(
    client: httpx.AsyncClient,
    document_id: str,
    label: str = "claim",
    quote: str | None = "Chinese nationals fight for Russia",
    **fields: Any,
) -> dict[str, Any]:
    """A span, found by its quote."""
    body = {"label": label, "quote": quote, **fields}
    return await said(await client.post(f"/v1/documents/{document_id}/annotations", json=body))


async def relation(
    client: httpx.AsyncClient, document_id: str, type: str, source: str, target: str
) -> dict[str, Any]:
    """A relation."""
    body = {"type": type, "source": source, "target": target}
    return await said(await client.post(f"/v1/documents/{document_id}/relations", json=body))


async def release(
    client: httpx.AsyncClient, name: str = "r1", project: str = "demo", **chosen: Any
) -> dict[str, Any]:
    """A release of what the filter means."""
    body = {"name": name, "filter": chosen}
    return await said(await client.post(f"/v1/projects/{project}/releases", json=body))


async def decision(
    client: httpx.AsyncClient,
    annotation_id: str,
    verdict: str = "approve",
    *,
    version: int = 1,
    comment: str | None = None,
) -> dict[str, Any]:
    """A decision."""
    return await said(
        await client.post(
            f"/v1/annotations/{annotation_id}/decisions",
            json={"verdict": verdict, "comment": comment},
            headers=seen(version),
        )
    )
