"""The files of an SQLite database, moved or removed under the server that has them open."""

import asyncio
import fcntl
import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from app.core.database.connect import connect
from app.core.database.sqlite_locks import turn_file
from app.core.errors import Unavailable
from app.models import User
from app.operations.sqlite import backup
from app.operations.sqlite.files import barred, keep_looking
from app.operations.sqlite.restoring import restore
from tests import make
from tests.conftest import Newsroom, settings
from tests.operations.patient import ill
from tests.serving import Forked

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def path(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


def remove_log(path: Path) -> None:
    """What a careless admin does to make room."""
    for suffix in ("wal", "shm"):
        path.with_name(f"{path.name}-{suffix}").unlink()


def remove_index(path: Path) -> None:
    """What one does who takes it for a leftover."""
    path.with_name(f"{path.name}-shm").unlink()


def replace(path: Path) -> None:
    """What a careless admin does instead of `stet restore`."""
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copy.rename(path)


def move(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def remove_all(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


STRAYS = [remove_log, remove_index, replace, move, remove_all]


@pytest.mark.parametrize("stray", STRAYS)
async def test_nothing_is_acknowledged_that_nobody_will_find(
    newsroom: Newsroom, path: Path, stray: Callable[[Path], None]
) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    stray(path)

    written = await annotator.post(
        f"/v1/documents/{document['id']}/annotations", json={"label": "claim", "quote": "Beijing"}
    )
    ready = await annotator.get("/readyz")

    for answer in (written, ready):
        assert "SIGTERM" in make.refused(answer, 503, "unavailable")["detail"]
    assert (await annotator.get(f"/v1/documents/{document['id']}")).json() == document


@pytest.mark.parametrize("stray", STRAYS)
async def test_what_a_server_holds_is_whole_once_it_has_ended(
    newsroom: Newsroom,
    database_url: str,
    path: Path,
    stray: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    document = await make.document(newsroom["annotator"])
    stray(path)

    # As the server does when it ends.
    await newsroom.app.state.database.dispose()

    if stray not in {remove_log, remove_index}:
        [saved] = path.parent.glob(f"{path.stem}-*.db")
        assert saved.name in caplog.text
        assert saved.stat().st_mode & 0o777 == 0o600
        restore(settings(database_url), saved, replace=True)
    assert (await newsroom["annotator"].get(f"/v1/documents/{document['id']}")).json() == document
    await make.document(newsroom["annotator"], "Kyiv said so.")


@pytest.mark.parametrize("stray", STRAYS)
async def test_what_others_wrote_is_whole_too_where_a_server_has_only_read(
    newsroom: Newsroom, database_url: str, path: Path, stray: Callable[[Path], None]
) -> None:
    await make.said(await newsroom["reader"].get("/v1/projects/demo"), 200)
    command = connect(settings(database_url))
    await make.user(command, "jo", number=99)
    await command.dispose()
    stray(path)

    await newsroom.app.state.database.dispose()

    whole = (
        path if stray in {remove_log, remove_index} else next(path.parent.glob(f"{path.stem}-*.db"))
    )
    with closing(sqlite3.connect(whole)) as db:
        assert db.execute("SELECT count(*) FROM users WHERE name = 'jo'").fetchone() == (1,)


async def test_a_log_that_was_removed_is_in_the_file_though_others_have_it_open(
    newsroom: Newsroom, path: Path, tmp_path: Path
) -> None:
    document = await make.document(newsroom["annotator"])
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM documents").fetchone()
        remove_log(path)

        await newsroom.app.state.database.dispose()

        shutil.copyfile(path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        ids = copy.execute("SELECT id FROM documents").fetchall()
    assert (document["id"].replace("-", ""),) in ids


async def test_a_log_that_was_removed_and_is_read_cannot_be_saved(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder / "stet.db"
    server = connect(settings(f"sqlite:///{path}", database_timeout_seconds=0.01))
    await make.user(server, "jo", number=98)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM users").fetchone()
        await make.user(server, "ann", number=99)
        remove_log(path)

        with pytest.raises(Unavailable, match="could not be saved: another program reads it"):
            await server.dispose()

    assert "could not be saved" in caplog.text


@pytest.fixture
def folder(path: Path, tmp_path: Path) -> Path:
    """One that holds a copy of the database and nothing else."""
    folder = tmp_path / "of" / "stet"
    folder.mkdir(parents=True)
    shutil.copyfile(path, folder / "stet.db")
    return folder


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder.parent)


def put_a_file_in_its_place(folder: Path) -> None:
    remove_folder(folder)
    folder.parent.touch()


@pytest.mark.parametrize(
    ("remove", "into"), [(remove_folder, "of/stet"), (put_a_file_in_its_place, "temporary")]
)
async def test_where_the_folder_is_gone_the_log_names_another_place(
    remove: Callable[[Path], None],
    into: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    database = connect(settings(f"sqlite:///{folder}/stet.db"))
    async with database.session(writes=False) as db:
        users = list(await db.execute(select(User.name)))
    remove(folder)

    await database.dispose()

    [saved] = (tmp_path / into).glob("stet-*.db")
    assert str(saved) in caplog.text
    with closing(sqlite3.connect(saved)) as db:
        assert db.execute("SELECT name FROM users").fetchall() == users


async def test_a_server_that_cannot_save_what_it_holds_does_not_end_as_if_it_had(
    database_url: str, path: Path, tmp_path: Path
) -> None:
    async with Forked(database_url, tmp_path) as server, httpx.AsyncClient() as client:
        remove_all(path)
        assert (await client.get(f"{server.url}/readyz")).status_code == 503
        # Every disk is full.
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, 0))

        assert await server.stop() == 1


@pytest.mark.parametrize("stray", [remove_log, replace, remove_all])
async def test_what_strayed_is_neither_copied_nor_well(
    newsroom: Newsroom,
    database_url: str,
    path: Path,
    tmp_path: Path,
    stray: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await make.document(newsroom["annotator"])
    stray(path)
    # Somebody looks into the file, which makes a log anew.
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT count(*) FROM sqlite_master").fetchone()
    looking = asyncio.create_task(keep_looking(newsroom.app.state.database))
    await asyncio.sleep(0)
    looking.cancel()
    chosen = settings(database_url)
    other_process = connect(chosen)

    with pytest.raises(Unavailable, match="moved under a server"):
        backup.write(chosen, tmp_path / "backup.db")
    [(what, said)] = await ill(other_process, chosen)

    assert (what, "moved under a server" in said) == ("database", True)
    assert not (tmp_path / "backup.db").exists()
    assert caplog.text.count("under the server") == 1
    await other_process.dispose()


async def test_what_is_put_back_is_written_again(
    newsroom: Newsroom, database_url: str, path: Path, tmp_path: Path
) -> None:
    annotator = newsroom["annotator"]
    await make.document(annotator)
    move(path)
    make.refused(await annotator.get("/readyz"), 503, "unavailable")

    path.with_name("moved.db").rename(path)

    assert (await annotator.get("/readyz")).status_code == 200
    await make.document(annotator, "Kyiv said so.")
    backup.write(settings(database_url), tmp_path / "backup.db")


async def test_who_comes_before_the_server_looks_makes_no_second_index(
    newsroom: Newsroom, database_url: str, path: Path, tmp_path: Path
) -> None:
    await make.document(newsroom["annotator"])
    remove_index(path)
    command = connect(settings(database_url))

    with pytest.raises(Unavailable, match="stop it first"):
        await make.user(command, "jo", number=99)
    with pytest.raises(Unavailable, match="stop it first"):
        backup.write(settings(database_url), tmp_path / "backup.db")

    assert not path.with_name(f"{path.name}-shm").exists()
    await newsroom.app.state.database.dispose()
    await make.user(command, "jo", number=99)
    await command.dispose()


async def test_a_log_that_others_made_and_removed_was_none_of_the_servers(folder: Path) -> None:
    path = folder / "stet.db"
    with closing(sqlite3.connect(path)) as db:
        # As a migration leaves it: it gets a log by the first who writes.
        db.execute("PRAGMA journal_mode=DELETE")
    server, command = (connect(settings(f"sqlite:///{path}")) for _ in range(2))
    async with server.session(writes=False) as db:
        await db.execute(select(User.name))
    await make.user(command, "jo", number=98)
    assert path.with_name("stet.db-wal").exists()
    assert barred(server) is None

    await command.dispose()

    assert not path.with_name("stet.db-wal").exists()
    assert barred(server) is None
    await make.user(server, "ann", number=99)
    await server.dispose()


async def test_a_lock_that_was_removed_is_taken_anew(newsroom: Newsroom, path: Path) -> None:
    lock = path.with_name(f"{path.name}-lock")
    await make.document(newsroom["annotator"])
    lock.unlink()
    other = turn_file(path)
    fcntl.flock(other, fcntl.LOCK_EX)
    # As the server does once a second.
    assert barred(newsroom.app.state.database) is None

    writing = asyncio.create_task(make.document(newsroom["annotator"], "Kyiv said so."))
    done, _ = await asyncio.wait([writing], timeout=0.1)

    assert not done
    os.close(other)
    await writing
