"""The files of an SQLite database, moved or removed under the server that has them open."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.core.database.connect import connect
from app.core.errors import Unavailable
from app.operations.sqlite import backup
from app.operations.sqlite.files import keep_looking
from app.operations.sqlite.restoring import restore
from tests import make
from tests.conftest import Newsroom, settings
from tests.operations.patient import ill

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def path(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


def remove_log(path: Path) -> None:
    """What a careless admin does to make room."""
    for suffix in ("wal", "shm"):
        path.with_name(f"{path.name}-{suffix}").unlink()


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


STRAYS = [remove_log, replace, move, remove_all]


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

    if stray is not remove_log:
        [saved] = path.parent.glob(f"{path.stem}-*.db")
        assert saved.name in caplog.text
        assert saved.stat().st_mode & 0o777 == 0o600
        restore(settings(database_url), saved, replace=True)
    assert (await newsroom["annotator"].get(f"/v1/documents/{document['id']}")).json() == document
    await make.document(newsroom["annotator"], "Kyiv said so.")


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
