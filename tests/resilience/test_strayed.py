"""The files of an SQLite database, moved or removed under the server that has them open."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.database.connect import connect
from app.core.errors import Unavailable
from app.operations.sqlite import backup
from tests import make
from tests.conftest import Newsroom, settings
from tests.operations.patient import findings

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


def remove_log(path: Path) -> None:
    """What a careless admin does to make room."""
    for suffix in ("wal", "shm"):
        path.with_name(f"{path.name}-{suffix}").unlink()


def replace(path: Path) -> None:
    """What a careless admin does instead of `stet restore`."""
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    copy.rename(path)


@pytest.mark.parametrize("stray", [remove_log, replace])
async def test_nothing_is_acknowledged_that_nobody_will_find(
    newsroom: Newsroom, database_url: str, stray: Callable[[Path], None]
) -> None:
    annotator = newsroom["annotator"]
    document = await make.document(annotator)
    path = Path(database_url.removeprefix("sqlite:///"))
    stray(path)

    written = await annotator.post(
        f"/v1/documents/{document['id']}/annotations", json={"label": "claim", "quote": "Beijing"}
    )
    ready = await annotator.get("/readyz")

    for answer in (written, ready):
        assert "SIGTERM" in make.refused(answer, 503, "unavailable")["detail"]
    assert (await annotator.get(f"/v1/documents/{document['id']}")).json() == document


async def test_without_its_log_a_database_is_neither_copied_nor_well(
    newsroom: Newsroom, database_url: str, tmp_path: Path
) -> None:
    document = await make.document(newsroom["annotator"])
    remove_log(Path(database_url.removeprefix("sqlite:///")))
    chosen = settings(database_url)
    other = connect(chosen)

    with pytest.raises(Unavailable, match="-wal was moved or removed"):
        backup.write(chosen, tmp_path / "backup.db")
    ill = [finding for finding in await findings(other, chosen) if not finding.ok]

    assert [finding.what for finding in ill] == ["log"]
    assert not (tmp_path / "backup.db").exists()
    # As the server does when it ends.
    await newsroom.app.state.database.dispose()
    assert (await newsroom["annotator"].get(f"/v1/documents/{document['id']}")).json() == document
    assert [finding for finding in await findings(other, chosen) if not finding.ok] == []
    await other.dispose()
