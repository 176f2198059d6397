"""No token, cookie or password, nor what is stored of one, where others could read it.

That no route tells one to any role is tested in ``test_contract.py``, that no command line shows
one in ``cli/test_command_lines.py``, that the database keeps none in ``users`` and ``audit``, and
what is logged when Stet fails in ``operations/test_log.py``.
"""

import asyncio
import base64
import hashlib
import io
import random
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet
from sqlalchemy import select, text

from app.formats.codecs import Format
from app.models import BrowserSession, Token
from app.operations.server.head import MAX_HEAD_BYTES
from tests import make
from tests.cli.test_export_import import reviewed
from tests.clients import SAME_SITE, minted, sign_in
from tests.conftest import TOKENS, Newsroom
from tests.desk import Desk
from tests.heard import Heard, all_secrets, secrets_of
from tests.operations.test_traces import Collector, served
from tests.uses import PASSWORD, ROUTES

TOKEN = TOKENS["reader"]
WRONG = f"{TOKEN[:-1]}y"
"""It looks like a token, and nothing says that it is none."""


async def in_a_browser(newsroom: Newsroom) -> httpx.AsyncClient:
    """A browser in which the newsroom's admin is signed in."""
    given = await newsroom["admin"].patch(
        "/v1/users/admin", json={"password": PASSWORD}, headers=make.seen(1)
    )
    await make.said(given, 200)
    browser = newsroom.client(**SAME_SITE)
    await make.said(await sign_in(browser, "admin", PASSWORD), 200)
    return browser


async def test_no_answer_to_a_browser_holds_its_cookie_or_another_secret(
    newsroom: Newsroom,
) -> None:
    browser = await in_a_browser(newsroom)
    cookie = browser.cookies["stet_session"]
    heard, desk = Heard(browser, newsroom["admin"]), Desk(newsroom)

    # Last of all the browser signs out, and in as another.
    for route in sorted(ROUTES, key=lambda route: (route.endswith("/session"), route)):
        request = await desk.request(route)
        assert (await request.send(browser)).is_success
    for listed in ("/v1/audit?limit=200", "/v1/tokens?limit=200", "/metrics"):
        assert (await newsroom["admin"].get(listed)).is_success

    secrets = await all_secrets(newsroom, heard)
    assert len(heard.told) > 2
    assert heard.holding(secrets | secrets_of(cookie)) == []


def astray(secret: str, spans: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests with a secret where it gets to by mistake; none of them is lawful.

    But for names: a refusal says which field, label or user it is about, as the caller wrote it.
    """
    documents, json = "/v1/projects/demo/documents", {"Content-Type": "application/json"}
    new = {"label": "claim", "quote": "Kyiv"}
    for path in (
        f"/{secret}", f"/static/{secret}", f"/problems/{secret}", f"/v1/projects/{secret}",
        f"/v1/documents/{secret}", f"/v1/tokens/{secret}", f"/v1/users/{secret}",
        f"/v1/projects/demo/releases/{secret}", f"/v1/me?token={secret}",
        f"/v1/me?access_token={secret}", f"{documents}?cursor={secret}",
        f"{documents}?limit={secret}", f"{spans}?status={secret}",
        f"/v1/projects/demo/export?format={secret}", f"/v1/projects/demo/changes?after={secret}",
    ):  # fmt: skip
        yield "GET", path, {}
    yield "PUT", f"/v1/me?token={secret}", {}
    for header in (f"Bearer {secret}", f"Bearer {secret}y", f"Basic {secret}", secret):
        yield "GET", f"{documents}?token={secret}", {"headers": {"Authorization": header}}
    for field in ("cursor", "token"):
        yield "GET", f"{documents}?{field}=", {"headers": {"Cookie": f"stet_session={secret}"}}
    yield "POST", "/v1/session", {"json": {"username": secret, "password": secret}}
    yield "POST", "/v1/session", {"content": f"username=reader&password={secret}"}
    yield "POST", "/v1/tokens", {"json": {"name": "ci", "role": secret}}
    yield "POST", "/v1/tokens", {"json": {"name": "ci", "project": secret, "expires_at": secret}}
    yield "POST", "/v1/users", {"json": {"name": secret.upper(), "password": [secret]}}
    yield "POST", spans, {"json": {**new, "token": secret}}
    yield "POST", spans, {"json": {**new, "id": secret, "start": secret}}
    yield "POST", spans, {"json": {**new, "attributes": {"polarity": secret}}}
    yield "POST", spans, {"json": {**new, "quote": secret}}
    yield "POST", spans, {"json": {**new, "note": secret * 1_000}}
    yield "POST", spans, {"content": f'{{"token": "{secret}", NaN', "headers": json}
    yield "POST", spans, {"content": secret, "headers": {"Content-Type": f"text/{secret}"}}
    yield "POST", "/v1/projects/demo/import?format=jsonl", {"content": f'{{"title": {secret}}}'}


async def test_no_error_repeats_a_secret_that_was_sent_astray(newsroom: Newsroom) -> None:
    browser = await in_a_browser(newsroom)
    document = await make.document(newsroom["annotator"])
    spans = f"/v1/documents/{document['id']}/annotations"
    sent = (TOKEN, WRONG, browser.cookies["stet_session"])
    narrow = newsroom.beside(max_body_bytes=10_000, login_attempts_per_minute=1_000)
    clients = [narrow[name] for name in ("annotator", "reader", "admin", "nobody")]
    heard = Heard(*clients)

    for client in clients:
        for secret in sent:
            for method, path, given in astray(secret, spans):
                assert not (await client.request(method, path, **given)).is_success, (method, path)

    assert heard.statuses == {400, 401, 403, 404, 405, 413, 415, 422}
    assert (await clients[0].get("/metrics")).is_success
    assert heard.holding(secrets_of(*sent) | await all_secrets(newsroom, heard)) == []


def unpacked(format: Format, exported: bytes) -> bytes:
    """What an export says, where its bytes are compressed."""
    if format is Format.PARQUET:
        return str(pyarrow.parquet.read_table(io.BytesIO(exported)).to_pylist()).encode()
    if format is Format.SPACY:
        return zlib.decompress(exported)
    if zipfile.is_zipfile(io.BytesIO(exported)):
        with zipfile.ZipFile(io.BytesIO(exported)) as archive:
            return b"\n".join(archive.read(name) for name in archive.namelist())
    return exported


async def test_no_export_holds_a_secret(newsroom: Newsroom) -> None:
    await reviewed(newsroom)
    secrets = await all_secrets(newsroom, Heard())

    for format in Format:
        answer = await newsroom["manager"].get(f"/v1/projects/demo/export?format={format}")
        assert answer.status_code == 200
        said = unpacked(format, answer.content)

        assert b"Chinese" in said, "It is not read as it should be."
        assert [secret for secret in secrets if secret in said] == [], format


async def test_what_is_stored_of_tokens_and_cookies_is_the_sha_256_of_256_random_bits(
    newsroom: Newsroom,
) -> None:
    browser = await in_a_browser(newsroom)
    texts = []
    for _ in range(3):
        # Nothing of it comes from a generator whose state could be known.
        random.seed(1)
        client, _ = await minted(newsroom, "admin")
        await make.said(await sign_in(browser, "admin", PASSWORD), 200)
        texts += [client.headers["Authorization"], browser.cookies["stet_session"]]

    async with newsroom.app.state.database.session(writes=False) as db:
        kept = {
            row
            for column in (Token.secret_hash, BrowserSession.secret_hash)
            for row in (await db.execute(select(column))).scalars()
        }
    secrets = secrets_of(*texts)
    assert len(secrets) == len(texts)
    assert {len(base64.urlsafe_b64decode(secret + b"=")) for secret in secrets} == {32}
    # A session that another sign-in took the place of is gone; the tokens and the last one are not.
    assert len({hashlib.sha256(secret).digest() for secret in secrets} & kept) >= 4


async def test_nothing_that_a_server_logs_or_traces_holds_a_secret(
    newsroom: Newsroom, database_url: str, tmp_path: Path
) -> None:
    password = "a-password-of-the-database"
    url = database_url.replace("postgresql://postgres:@", f"postgresql://postgres:{password}@")
    browser = await in_a_browser(newsroom)
    document = await make.document(newsroom["annotator"])
    spans = f"/v1/documents/{document['id']}/annotations"
    basic = base64.b64encode(f"reader:{TOKEN}".encode())
    sent = (TOKEN, WRONG, browser.cookies["stet_session"])
    with Collector() as collector:
        given = {
            "STET_LOG_LEVEL": "debug",
            # Every request is slow, so each is logged with its statements.
            "STET_SLOW_REQUEST_SECONDS": "1e-9",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        }
        async with served(url, tmp_path, **given) as client:
            await make.said(await sign_in(client, "admin", PASSWORD), 200)
            secrets = await all_secrets(newsroom, Heard()) | {basic, password.encode()}
            secrets |= secrets_of(*sent, client.cookies["stet_session"])
            await client.get("/v1/me", auth=("reader", TOKEN))
            client.headers["Authorization"] = f"Bearer {TOKENS['annotator']}"
            for secret in sent:
                for method, path, more in astray(secret, spans):
                    await client.request(method, path, **more)
                await malformed(client, f"GET /{secret} {secret}\r\n{secret}\r\n\r\n")
                await malformed(
                    client, f"GET / HTTP/1.1\r\nX: {(secret * 2_000)[:MAX_HEAD_BYTES]}\r\n\r\n"
                )
            async with newsroom.app.state.database.session(writes=True) as db:
                await db.begin()
                for table in ("tokens", "browser_sessions", "users"):
                    await db.execute(text(f"ALTER TABLE {table} RENAME TO no_{table}"))
            del client.headers["Authorization"]
            failed = [
                await client.get("/v1/me", headers={"Authorization": f"Bearer {TOKEN}"}),
                await client.get("/v1/me"),
                await sign_in(client, "admin", PASSWORD),
            ]

    log = (tmp_path / "server.log").read_bytes()
    traced = b"".join(body for _, body in collector.requests)
    assert [answer.status_code for answer in failed] == [503, 503, 503]
    assert log.count(b'"event":"answered"') > len(sent) * len([*astray("", "")])
    assert log.count(b'"event":"unavailable"') == len(failed)
    assert b'"sql":"SELECT' in log
    assert b"SELECT" in traced
    assert [secret for secret in secrets if secret in log or secret in traced] == []


async def malformed(client: httpx.AsyncClient, head: str) -> None:
    """Send a head that cannot be taken, which is refused."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(head.encode())
    answer = await reader.readline()
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    writer.close()
    with suppress(ConnectionResetError):
        await writer.wait_closed()
