"""The folder that workers measure into: removed for those who were killed, for nobody else."""

import asyncio
import os
import signal
import tempfile
from pathlib import Path

import httpx
import pytest

from app.operations import metrics_folder
from tests.conftest import Databases
from tests.serving import STET, Server


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
        assert folder != abandoned
        assert not abandoned.exists()


def test_what_somebody_holds_stays(abandoned: Path) -> None:
    held = metrics_folder.hold(abandoned)
    with metrics_folder.made():
        assert abandoned.exists()

    os.close(held)
    with metrics_folder.made() as one, metrics_folder.made():
        assert one.exists()
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
