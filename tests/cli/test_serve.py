"""``stet serve``: what it says, what it refuses, and how it stops."""

import asyncio
import json
import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests import make
from tests.cli.shell import STET, stet
from tests.conftest import TOKENS, Databases
from tests.serving import Server, has_under_way

ANNOTATOR = {"Authorization": f"Bearer {TOKENS['annotator']}"}


def served(database_url: str, folder: Path, *options: str) -> Server:
    command = (STET, "serve", "--port", "{port}", *options)
    return Server(command, folder, ready="/readyz", STET_DATABASE_URL=database_url)


async def test_the_address_and_the_documentation_are_shown(
    database_url: str, dialect: str, tmp_path: Path
) -> None:
    async with served(database_url, tmp_path) as server:
        shown = server.log().partition("{")[0]
        async with httpx.AsyncClient(timeout=30) as client:
            docs = await client.get(f"{server.url}/docs")

    first, *rest = shown.split("\n")
    engine = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[dialect]
    assert first.startswith(f"Stet 0.1.0 on {engine} ")
    assert first.endswith(", one worker. Ctrl-C stops it.")
    assert rest == [
        "",
        f"  address     {server.url}",
        f"  API         {server.url}/docs",
        "",
        "",
    ]
    assert docs.status_code == 200


async def test_the_public_address_is_shown_where_there_is_one(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("STET_PUBLIC_URL=https://stet.example.org\n")

    async with served(database_url, tmp_path) as server:
        shown = server.log()

    assert "  API         https://stet.example.org/docs\n" in shown


async def test_a_request_that_runs_is_finished_before_the_server_stops(
    database_url: str, tmp_path: Path
) -> None:
    body = json.dumps({"title": "A letter", "text": "Late, but whole."}).encode()
    head = (
        "POST /v1/projects/demo/documents HTTP/1.1\r\nHost: stet\r\n"
        f"Authorization: {ANNOTATOR['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with served(database_url, tmp_path) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head.encode() + body[:10])
        await writer.drain()
        await has_under_way(server, 1)

        server.terminate()
        await refuses_connections(server.port)
        writer.write(body[10:])
        answer = await reader.read()
        writer.close()
        status = await server.ended()

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert answer.endswith(b'"text":"Late, but whole."}')
    assert status == 0


async def test_a_request_that_does_not_end_is_cut_off_when_its_time_is_up(
    database_url: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("STET_SHUTDOWN_GRACE_SECONDS=1\n")
    head = (
        "POST /v1/projects/demo/documents HTTP/1.1\r\nHost: stet\r\n"
        f"Authorization: {ANNOTATOR['Authorization']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    )
    async with served(database_url, tmp_path) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head.encode())
        await writer.drain()
        await has_under_way(server, 1)

        server.terminate()
        status = await asyncio.wait_for(server.ended(), 15)
        answer = await reader.read()
        writer.close()

    assert status == 0
    assert not answer.startswith(b"HTTP/1.1 2")


@pytest.mark.parametrize(
    ("proxy", "cookie"), [("127.0.0.1", "__Host-stet_session"), ("10.0.0.1", "stet_session")]
)
async def test_only_a_trusted_proxy_can_say_that_the_caller_came_by_https(
    proxy: str, cookie: str, database_url: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"STET_TRUSTED_PROXIES={proxy}\n")
    password = "nine herons on a grey lake"
    add = ("user", "add", "jo", "--password-stdin")
    stet(*add, url=database_url, folder=tmp_path, stdin=password)

    async with served(database_url, tmp_path) as server, httpx.AsyncClient(timeout=30) as client:
        answer = await client.post(
            f"{server.url}/v1/session",
            json={"username": "jo", "password": password},
            headers={"X-Forwarded-Proto": "https"},
        )

    assert answer.status_code == 200
    assert answer.headers["set-cookie"].partition("=")[0] == cookie


async def refuses_connections(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return
        await asyncio.sleep(0.05)


async def test_ctrl_c_stops_it_and_is_no_failure(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path) as server:
        os.kill(server.pid, signal.SIGINT)
        status = await server.ended()

    assert status == 0
    assert "Traceback" not in server.log()


async def test_a_terminal_that_hangs_up_stops_it_as_sigterm_does(
    database_url: str, tmp_path: Path
) -> None:
    async with served(database_url, tmp_path) as server:
        os.kill(server.pid, signal.SIGHUP)
        status = await asyncio.wait_for(server.ended(), 60)

    assert status == 0


async def test_after_nohup_it_goes_on_when_the_terminal_hangs_up(
    database_url: str, tmp_path: Path
) -> None:
    command = ("sh", "-c", 'trap "" HUP; exec "$0" serve', STET)
    async with Server(command, tmp_path, ready="/readyz", STET_DATABASE_URL=database_url) as server:
        os.kill(server.pid, signal.SIGHUP)
        async with httpx.AsyncClient(timeout=30) as client:
            answer = await client.get(f"{server.url}/readyz")

    assert answer.status_code == 200


async def test_it_serves_where_nobody_reads_its_log(database_url: str, tmp_path: Path) -> None:
    command = ("sh", "-c", 'exec "$0" serve 2>&-', STET)
    async with Server(command, tmp_path, ready="/readyz", STET_DATABASE_URL=database_url) as server:
        async with httpx.AsyncClient(timeout=30) as client:
            measured = await client.get(f"{server.url}/metrics")
        server.terminate()
        status = await server.ended()

    assert float(measured.text.partition("\nstet_log_lines_lost_total ")[2].split()[0]) > 0
    assert status == 0


async def test_a_second_ctrl_c_waits_for_nobody_and_shows_no_traceback(
    database_url: str, tmp_path: Path
) -> None:
    head = b"POST /v1/session HTTP/1.1\r\nHost: stet\r\nContent-Length: 1000\r\n\r\n{"
    async with served(database_url, tmp_path) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(head)
        await writer.drain()
        await has_under_way(server, 1)

        os.kill(server.pid, signal.SIGINT)
        await refuses_connections(server.port)
        os.kill(server.pid, signal.SIGINT)
        await asyncio.wait_for(server.ended(), 15)
        writer.close()

    assert "Traceback" not in server.log()


def test_sqlite_is_served_by_one_worker_only(tmp_path: Path) -> None:
    refused = stet("serve", "--workers", "2", url="sqlite:///stet.db", folder=tmp_path, status=2)

    assert refused.stderr == (
        "stet: SQLite has one writer, so one worker serves it. For more workers, use PostgreSQL.\n"
    )


async def test_several_workers_serve_postgresql_and_count_together(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.furnished("postgresql")
    async with served(url, tmp_path, "--workers", "2") as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            for _ in range(20):
                # A connection each, so that either worker may take it.
                await client.get("/healthz", headers={"Connection": "close"})
            measured = (await client.get("/metrics")).text
        server.terminate()
        status = await server.ended()
    databases.drop(url)

    assert 'stet_requests_total{method="GET",route="/healthz",status="200"} 20.0' in measured
    assert "2 workers." in server.log()
    assert status == 0


def test_a_port_that_is_taken_is_named(database_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = stet("serve", "--port", str(port), url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == (
        f"stet: Cannot listen on 127.0.0.1, port {port}: Address already in use.\n"
    )


async def test_the_shell_writes_beside_a_server_that_writes(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        served(database_url, tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=ANNOTATOR, timeout=30) as client,
    ):
        document = await make.document(client)
        done = asyncio.Event()

        async def annotate() -> int:
            count = 0
            while not done.is_set():
                await make.annotation(client, document["id"])
                count += 1
            return count

        annotating = asyncio.create_task(annotate())
        add = ("user", "add", "jo", "--project", "demo", "--role", "reader")
        await asyncio.to_thread(stet, *add, url=database_url, folder=tmp_path)
        create = ("token", "create", "jo", "--name", "laptop")
        made = await asyncio.to_thread(stet, *create, url=database_url, folder=tmp_path)
        done.set()
        count = await annotating

        headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        seen = await make.said(
            await client.get(f"/v1/documents/{document['id']}", headers=headers), 200
        )
    assert seen["counts"]["pending"] == count > 0
