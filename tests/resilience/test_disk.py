"""A disk that takes no more: writes are refused and say so, nothing is lost, and it passes."""

import asyncio
import os
import resource
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from app.models import User
from tests import make
from tests.cli.shell import stet as run_stet
from tests.conftest import TOKENS, Databases, Newsroom, in_thread
from tests.resilience.kept import check, kept
from tests.resilience.shift import Shift
from tests.resilience.test_database_away import Cluster, ready
from tests.serving import STET, Server, stet

MIB = 1024 * 1024
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def size(path: str) -> int:
    return Path(path).stat().st_size


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_full_disk_refuses_writes_alone_and_needs_no_restart(
    database_url: str, tmp_path: Path
) -> None:
    """As its files may not grow, the operating system refuses to write on, as if it were full."""
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
    shift = Shift()
    async with (
        stet(database_url, tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client,
    ):
        document = await make.document(client)
        path = f"/v1/documents/{document['id']}/annotations"
        body = {"label": "claim", "quote": "Beijing"}
        await make.said(await client.post(path, json=body))
        most = size(f"{database_url.removeprefix('sqlite:///')}-wal") + 100_000

        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        statuses = [(await client.post(path, json=body)).status_code for _ in range(30)]
        refused = await client.post(path, json=body)
        listed = await make.said(await client.get(path), 200)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        again = await client.post(path, json=body)

        assert set(statuses) == {201, 503}
        make.refused(refused, 503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert len(listed["items"]) == 1 + statuses.count(201)
        await make.said(again)
        # And whatever comes after that, to its sudden end.
        await shift.work(server, 40, end=server.kill)

    found = await kept(database_url)
    written = [id for id in found.annotations if id not in shift.told]
    assert len(written) == 2 + statuses.count(201)
    for id in written:
        del found.annotations[id], found.log[id]
    check(shift, found)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, in memory, with room for a database and little more."""
    with tempfile.TemporaryDirectory(prefix="stet-disk-") as folder:
        mount = ("mount", "-t", "tmpfs", "-o", "size=256m,mode=755", "tmpfs", folder)
        mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
        if mounted.returncode:
            pytest.skip(f"No file system could be mounted: {mounted.stderr.strip()}")
        yield Path(folder)
        unmount = ("umount", "--lazy", folder)
        subprocess.run(unmount, check=True)


@pytest.fixture
def url_on_small_disk(dialect: str, small_disk: Path) -> Iterator[str]:
    """The newsroom on that disk; PostgreSQL with all that is its own."""
    if dialect == "sqlite":
        yield Databases(small_disk, small_disk, "disk").furnished(dialect)
        return
    cluster = Cluster(small_disk)
    yield cluster.url
    cluster.close()


async def test_a_disk_without_room_loses_nothing_and_is_written_again_once_there_is_some(
    small_disk: Path, url_on_small_disk: str, tmp_path: Path
) -> None:
    """What is too much for the disk is refused and leaves nothing, whatever the database does."""
    written: list[str] = []
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}

    async def add(client: httpx.AsyncClient, length: int) -> httpx.Response:
        # Nothing that a database could make shorter.
        body = {"text": secrets.token_hex(length // 2), "title": "A"}
        answer = await client.post("/v1/projects/demo/documents", json=body)
        if answer.status_code == 201:
            written.append(answer.json()["id"])
        return answer

    async with stet(url_on_small_disk, tmp_path) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
            await make.said(await add(client, 10))
            ballast = small_disk / "ballast"
            with ballast.open("wb") as file:
                room = shutil.disk_usage(small_disk).free - 2 * MIB
                os.posix_fallocate(file.fileno(), 0, room)

            filled = [await add(client, MIB // 4) for _ in range(16)]
            read = await client.get(f"/v1/documents/{written[0]}")
            ballast.unlink()
            deadline = time.monotonic() + 60
            while (again := await add(client, MIB // 4)).status_code == 503:
                assert time.monotonic() < deadline
        await server.kill()

    refused = [answer for answer in filled if answer.status_code != 201]
    assert refused
    for answer in refused:
        make.refused(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert read.status_code == 200
    await make.said(again)
    async with (
        stet(url_on_small_disk, tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client,
    ):
        found = (await client.get("/v1/projects/demo/documents?limit=100")).json()["items"]
    assert sorted(document["id"] for document in found) == sorted(written)
    run_stet("doctor", url=url_on_small_disk, folder=tmp_path)


@pytest.fixture(params=["no lock either", "the lock still"])
def locked(request: pytest.FixtureRequest) -> bool:
    """Whether what locks the database cannot be written either, as a server may have it open."""
    return bool(request.param == "no lock either")


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_read_only_disk_refuses_writes_alone_and_needs_no_restart(
    database_url: str, tmp_path: Path, locked: bool
) -> None:
    """As nobody may write its files, which root may unless that right is taken away."""
    folder = tmp_path / "disk"
    folder.mkdir()
    database = folder / "stet.db"
    shutil.copyfile(database_url.removeprefix("sqlite:///"), database)
    for name in ("stet.db-lock", "stet.db-open"):
        (folder / name).touch()
    # Whoever only reads makes no log beside the file, but needs one.
    with closing(sqlite3.connect(database)) as beside:
        beside.execute("PRAGMA journal_mode = WAL")
        beside.execute("SELECT count(*) FROM users").fetchall()
        for one in (*folder.iterdir(), folder):
            if locked or one.name != "stet.db-lock":
                one.chmod(0o555)
        command = (*_WITHOUT_PRIVILEGE, *STET)
        address = f"sqlite:///{database}"
        headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
        async with (
            Server(command, tmp_path, ready="/readyz", STET_DATABASE_URL=address) as server,
            httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client,
        ):
            refused = [await _add(client) for _ in range(3)]
            read = await client.get("/v1/projects/demo/documents")
            folder.chmod(0o755)
            for one in folder.iterdir():
                one.chmod(0o644)
            # The first may find that its connection was opened before; the next has another.
            last = await _add(client)
            again = await _add(client)

    for answer in refused:
        make.refused(answer, 503, "unavailable")
        assert "takes no writes" in answer.json()["detail"]
    assert (await make.said(read, 200))["items"] == []
    assert last.status_code in {201, 503}
    await make.said(again)


class FailingDisk:
    """A file system that the kernel makes read-only, as it does when the disk below it fails.

    What was not yet on the disk by then is lost.
    """

    def __init__(self, folder: Path) -> None:
        """Makes it in a file of the folder."""
        self.folder = folder / "disk"
        self._file = folder / "file"
        self.folder.mkdir()
        with self._file.open("wb") as file:
            file.truncate(512 * MIB)
        _run("mkfs.ext4", "-q", "-F", str(self._file))
        self._mount()
        self.folder.chmod(0o755)

    def _mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._file), str(self.folder))

    def fail(self) -> None:
        """Take no writes from now on."""
        _run("mount", "-o", "remount,abort", str(self.folder))

    def mend(self) -> None:
        """Take writes again; nobody may have anything open on it."""
        _run("umount", str(self.folder))
        self._mount()

    def close(self) -> None:
        """Leave nothing of it."""
        _run("umount", "--lazy", str(self.folder))


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


@pytest.fixture
def failing_disk() -> Iterator[FailingDisk]:
    # Not below pytest's own folder, which PostgreSQL's user may not enter.
    with tempfile.TemporaryDirectory(prefix="stet-disk-") as folder:
        Path(folder).chmod(0o755)
        try:
            made = FailingDisk(Path(folder))
        except OSError as error:
            pytest.skip(f"No file system could be made and mounted: {error}")
        yield made
        made.close()


@pytest.fixture
def cluster_on_failing_disk(failing_disk: FailingDisk) -> Iterator[Cluster]:
    """A PostgreSQL with all that is its own on that disk."""
    cluster = Cluster(failing_disk.folder)
    yield cluster
    # The note of who uses it was on the disk too; without it, to close it would not stop it.
    in_thread(cluster.crash())
    cluster.close()


async def test_a_disk_that_becomes_read_only_under_postgresql_loses_nothing(
    failing_disk: FailingDisk, cluster_on_failing_disk: Cluster, tmp_path: Path
) -> None:
    """PostgreSQL ends with it, and has to be started on what there is; Stet does not."""
    shift, cluster = Shift(), cluster_on_failing_disk
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
    answered: list[int] = []
    async with (
        stet(cluster.url, tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client,
    ):

        async def end() -> None:
            failing_disk.fail()
            async with asyncio.timeout(30):
                while 503 not in answered:
                    answered.append((await _add(client)).status_code)

        await shift.work(server, 40, end=end)
        refused = await _add(client)
        # If it has not ended by itself.
        with suppress(FileNotFoundError, ProcessLookupError):
            await cluster.kill()
        failing_disk.mend()
        await cluster.revive()
        while (await ready(server)).status_code != 200:
            pass
        await shift.ask_again(server)
        check(shift, await kept(cluster.url))
        await shift.work(server, 40, end=server.kill)

    assert answered == [503]
    make.refused(refused, 503, "unavailable")
    assert int(refused.headers["retry-after"]) > 0
    check(shift, await kept(cluster.url))


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_was_lent_while_the_disk_was_read_only_is_not_lent_again(
    newsroom: Newsroom,
) -> None:
    database = newsroom.app.state.database
    failure = sqlite3.OperationalError("attempt to write a readonly database")
    failure.sqlite_errorcode = sqlite3.SQLITE_READONLY
    async with database.snapshot() as db:
        await db.execute(select(User.id))
    before = _open_files()
    async with database.snapshot() as db:
        await db.execute(select(User.id))
        # As if it had happened to another.
        database._connections.open_anew_after(failure)  # noqa: SLF001

    assert _open_files() < before


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_file_that_another_program_writes_is_waited_for_and_not_for_long(
    newsroom: Newsroom,
) -> None:
    hurried = newsroom.beside(database_timeout_seconds=0.5)
    path = hurried.app.state.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = await _add(hurried["annotator"])

    again = await _add(hurried["annotator"])

    make.refused(refused, 503, "unavailable")
    await make.said(again)


async def _add(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/v1/projects/demo/documents", json={"text": make.TEXT, "title": "A"})


_WITHOUT_PRIVILEGE = (
    ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
)
