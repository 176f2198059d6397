"""Files beside an SQLite database that another user has made: root, by one command of its own."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests import make
from tests.conftest import TOKENS
from tests.forking import environment
from tests.serving import STET, Server

ANNOTATOR = {"Authorization": f"Bearer {TOKENS['annotator']}"}
# Root may open anything, unless that right is taken away.
WITHOUT_PRIVILEGE = (
    ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
)


@pytest.fixture
def lock(database_url: str, tmp_path: Path) -> Path:
    """What whoever writes locks, beside a copy of the newsroom that is this user's."""
    folder = tmp_path / "database"
    folder.mkdir()
    shutil.copyfile(database_url.removeprefix("sqlite:///"), folder / "stet.db")
    lock = folder / "stet.db-lock"
    lock.touch()
    return lock


def url_of(lock: Path) -> str:
    return f"sqlite:///{lock.with_name('stet.db')}"


def served(lock: Path, folder: Path, ready: str) -> Server:
    command = (*WITHOUT_PRIVILEGE, *STET)
    return Server(command, folder, ready=ready, STET_DATABASE_URL=url_of(lock))


def allow(lock: Path, mode: int) -> None:
    lock.chmod(mode)


def examined(lock: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = (*WITHOUT_PRIVILEGE, STET[0], "doctor")
    given = environment(url_of(lock))
    return subprocess.run(
        command, env=given, cwd=folder, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_lock_that_one_may_only_read_keeps_nobody_from_writing(
    lock: Path, tmp_path: Path
) -> None:
    allow(lock, 0o444)

    async with (
        served(lock, tmp_path, "/readyz") as server,
        httpx.AsyncClient(base_url=server.url, headers=ANNOTATOR, timeout=30) as client,
    ):
        await make.document(client)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_lock_that_one_may_not_open_is_told_by_all_who_are_asked(
    lock: Path, tmp_path: Path
) -> None:
    allow(lock, 0)
    said = "Permission denied: stet.db-lock, which whoever writes has to open."

    async with (
        served(lock, tmp_path, "/healthz") as server,
        httpx.AsyncClient(base_url=server.url, headers=ANNOTATOR, timeout=30) as client,
    ):
        body = {"title": "A", "text": make.TEXT}
        refused = await client.post("/v1/projects/demo/documents", json=body)
        unready = await client.get("/readyz")
        looked = await asyncio.to_thread(examined, lock, tmp_path)
        allow(lock, 0o600)
        mended = [await client.get("/readyz")]
        mended.append(await client.post("/v1/projects/demo/documents", json=body))

    for answer in (refused, unready):
        assert make.refused(answer, 503, "unavailable")["detail"] == said
    assert f"ILL   lock: {said}" in looked.stdout.splitlines()
    assert looked.returncode == 1
    assert [answer.status_code for answer in mended] == [200, 201]
