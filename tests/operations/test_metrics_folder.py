"""The folder that workers measure into: removed for those who were killed, for nobody else."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.operations.server import metrics_folder
from tests.conftest import Databases
from tests.serving import STET, Server, answers


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def abandoned(temporary: Path) -> Path:
    """The folder of a server that ended without a word."""
    folder = temporary / "stet-metrics-killed"
    folder.mkdir()
    for name in ("held", "counter_1.db"):
        (folder / name).touch()
    return folder


def test_what_a_server_that_was_killed_left_goes_before_the_next_begins(abandoned: Path) -> None:
    with metrics_folder.made() as folder:
        assert folder.path != abandoned
        assert not abandoned.exists()


def test_what_somebody_holds_stays(abandoned: Path) -> None:
    held = metrics_folder.hold(abandoned)
    with metrics_folder.made():
        assert abandoned.exists()

    os.close(held)
    with metrics_folder.made() as one, metrics_folder.made():
        assert one.path.exists()
        assert not abandoned.exists()


def test_what_nobody_has_come_to_hold_yet_stays(abandoned: Path) -> None:
    (abandoned / "held").unlink()

    with metrics_folder.made():
        assert abandoned.exists()


def test_what_another_user_made_stays(abandoned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: abandoned.stat().st_uid + 1)

    with metrics_folder.made():
        assert abandoned.exists()


def test_what_a_link_leads_to_stays(abandoned: Path, temporary: Path) -> None:
    elsewhere = abandoned.rename(temporary / "elsewhere")
    abandoned.symlink_to(elsewhere)

    with metrics_folder.made():
        assert (abandoned / "counter_1.db").exists()


def test_one_that_was_removed_is_made_anew_and_held(temporary: Path) -> None:
    with metrics_folder.made() as folder:
        assert not folder.mend()

        shutil.rmtree(folder.path)
        assert folder.mend()

        assert not folder.mend()
        assert folder.path.stat().st_mode & 0o777 == 0o700
        with metrics_folder.made():
            assert folder.path.exists()
    assert folders(temporary) == []


def test_what_somebody_else_put_in_its_place_is_not_taken(temporary: Path) -> None:
    with metrics_folder.made() as folder:
        shutil.rmtree(folder.path)
        folder.path.symlink_to(temporary)

        with pytest.raises(FileExistsError):
            folder.mend()


async def test_a_server_whose_folder_is_removed_goes_on_and_its_workers_have_successors(
    databases: Databases, temporary: Path
) -> None:
    url = databases.furnished("postgresql")
    given = {"STET_DATABASE_URL": url, "STET_WORKERS": "2", "TMPDIR": str(temporary)}
    async with (
        Server(STET, temporary, ready="/readyz", **given) as server,
        httpx.AsyncClient(
            base_url=server.url, headers={"Connection": "close"}, timeout=60
        ) as client,
        asyncio.timeout(120),
    ):
        [folder] = folders(temporary)
        shutil.rmtree(folder)
        workers = set(server.workers())
        while not await answers(client, "/metrics"):  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.05)
        for worker in workers:
            with suppress(ProcessLookupError):
                # On a busy machine one may have been replaced by now.
                os.kill(worker, signal.SIGKILL)
        while workers & set(server.workers()):  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)
        while not await answers(client, "/metrics"):  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)
        measured = await client.get("/metrics")

    assert "stet_workers_started_total" in measured.text
    assert [line["level"] for line in removals(server)] == ["error"]
    databases.drop(url)


async def test_a_server_whose_folder_is_another_s_now_stops(
    databases: Databases, temporary: Path
) -> None:
    url = databases.furnished("postgresql")
    given = {"STET_DATABASE_URL": url, "STET_WORKERS": "2", "TMPDIR": str(temporary)}
    async with Server(STET, temporary, ready="/readyz", **given) as server:
        [folder] = folders(temporary)
        folder.rename(temporary / "elsewhere")
        folder.mkdir()
        status = await asyncio.wait_for(server.ended(), 60)

    # Whoever starts a server that has failed again is told so.
    assert status == 1
    assert '"event":"metrics folder lost"' in server.log()
    databases.drop(url)


def removals(server: Server) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "metrics folder removed"]


async def test_workers_that_outlive_their_server_keep_its_folder(
    databases: Databases, temporary: Path
) -> None:
    url = databases.furnished("postgresql")
    given = {"STET_DATABASE_URL": url, "STET_WORKERS": "2", "TMPDIR": str(temporary)}
    async with Server(STET, temporary, ready="/readyz", **given) as server:
        [left] = folders(temporary)
        workers = server.workers()
        os.kill(server.pid, signal.SIGKILL)
        await server.ended()

        with metrics_folder.made():
            assert left.exists()
        async with httpx.AsyncClient(timeout=30) as client:
            measured = await client.get(f"{server.url}/metrics")
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        # They hold it until the last of their threads has ended.
        while left.exists():
            with metrics_folder.made():
                await asyncio.sleep(0.05)

    assert measured.status_code == 200
    databases.drop(url)


def folders(temporary: Path) -> list[Path]:
    """Those of servers, killed or not."""
    return list(temporary.glob("stet-metrics-*"))
