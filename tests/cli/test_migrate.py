"""``stet migrate``."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.cli.shell import STET, stet
from tests.cli.test_refusals import set_revision
from tests.conftest import migrate
from tests.forking import environment


def test_an_empty_database_gets_its_tables_from_any_directory(
    empty_url: str, tmp_path: Path
) -> None:
    refused = stet("serve", "--port", "0", url=empty_url, folder=tmp_path, status=1)

    migrated = stet("migrate", url=empty_url, folder=tmp_path)

    assert refused.stderr == "stet: The database has no tables of Stet; run stet migrate.\n"
    assert migrated.stdout.startswith("The database is at revision 00")
    assert migrated.stdout.endswith(" now.\n")
    stet("user", "add", "first", "--admin", url=empty_url, folder=tmp_path)


def test_migrating_twice_changes_nothing(empty_url: str, tmp_path: Path) -> None:
    first = stet("migrate", url=empty_url, folder=tmp_path)

    second = stet("migrate", url=empty_url, folder=tmp_path)

    assert second.stdout == first.stdout.replace(" now.", " already.")


async def test_two_that_migrate_at_once_take_turns(empty_url: str, tmp_path: Path) -> None:
    both = await asyncio.gather(
        *(asyncio.to_thread(stet, "migrate", url=empty_url, folder=tmp_path) for _ in range(2))
    )

    after = stet("migrate", url=empty_url, folder=tmp_path)
    revision = after.stdout.removesuffix(" already.\n")
    for migrated in both:
        assert migrated.stderr == ""
        assert migrated.stdout in {f"{revision} now.\n", after.stdout}


def test_the_database_of_the_defaults_is_a_file_in_the_working_directory(tmp_path: Path) -> None:
    stet("migrate", url=None, folder=tmp_path)

    assert (tmp_path / "stet.db").stat().st_size > 0


def test_a_database_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    stet("migrate", url=None, folder=tmp_path)
    stet("user", "add", "jo", url=None, folder=tmp_path)

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("stet.db*")}
    # The two that are locked hold nothing.
    assert modes == {"stet.db": 0o600, "stet.db-lock": 0o644, "stet.db-open": 0o644}


@pytest.mark.parametrize("suffix", ["wal", "journal"])
def test_a_log_that_lost_its_database_is_kept_for_it(suffix: str, tmp_path: Path) -> None:
    path, log = tmp_path / "stet.db", tmp_path / f"stet.db-{suffix}"
    log.write_bytes(b"What was acknowledged.")

    refused = stet("migrate", url=None, folder=tmp_path, status=1)

    assert refused.stderr.startswith(f"stet: There is no database at {path}, but {log.name} holds")
    assert list(tmp_path.iterdir()) == [log]
    log.rename(tmp_path / "away")
    stet("migrate", url=None, folder=tmp_path)


@pytest.mark.parametrize(
    "command",
    [
        ("doctor",),
        ("serve", "--port", "0"),
        ("user", "add", "jo"),
        ("export", "demo"),
    ],
)
def test_where_there_is_no_database_nothing_but_a_migration_makes_one(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    refused = stet(*command, url=None, folder=tmp_path, status=1)

    said = f"cannot be used: there is no database at {tmp_path}/stet.db; run stet migrate."
    lines = (refused.stdout + refused.stderr).splitlines()
    assert lines[-1] in {
        f"stet: The database that STET_DATABASE_URL names {said}",
        f"ILL   database: It {said}",
    }
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_settings_beside_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("STET_DATABASE_URL=sqlite:///named.db\nOTHER=1\n")

    stet("migrate", url=None, folder=tmp_path)

    assert (tmp_path / "named.db").exists()
    assert not (tmp_path / "stet.db").exists()


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_connection_that_is_lost_is_told_in_one_line(
    empty_url: str, tmp_path: Path
) -> None:
    other = await asyncpg.connect(empty_url)
    await other.execute(f"SELECT pg_advisory_lock({_TURN})")
    migrating = asyncio.create_task(
        asyncio.to_thread(stet, "migrate", url=empty_url, folder=tmp_path, status=1)
    )

    ended = 0
    while not ended and not migrating.done():
        await asyncio.sleep(0.05)
        ended = await other.fetchval(_END_WHO_WAITS)
    refused = await migrating

    await other.close()
    assert refused.stdout == ""
    assert refused.stderr.startswith("stet: The database that STET_DATABASE_URL names cannot be")
    assert refused.stderr.count("\n") == 1


_TURN = 7338516
# Whoever waits asks for the turn, in a transaction that is over at once, and then asks again.
_END_WHO_WAITS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND (query LIKE '%advisory%' OR query = 'COMMIT;')
"""


async def test_a_database_of_a_later_release_has_nothing_to_do(
    database_url: str, tmp_path: Path
) -> None:
    """So a release can be taken back, and whatever migrates before it starts goes on."""
    await set_revision(database_url, "9999_later")

    migrated = stet("migrate", url=database_url, folder=tmp_path)

    assert migrated.stdout == (
        "The database is at revision 9999_later, of a later release; nothing is to do.\n"
    )


@asynccontextmanager
async def waiting_for_an_export(
    url: str, tmp_path: Path, *, limit: str = "0"
) -> (
    "AsyncIterator[tuple[asyncpg.Connection[Any], asyncpg.Connection[Any], subprocess.Popen[str]]]"
):
    """Who reads one moment, who watches, and ``stet migrate``, which waits in an index for both."""
    migrate(url, "0004_fill_document_words")
    reader, other = await asyncpg.connect(url), await asyncpg.connect(url)
    name = await other.fetchval("SELECT current_database()")
    await other.execute(f"ALTER DATABASE {name} SET lock_timeout = '{limit}'")
    await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM annotations")
    migrating = await asyncio.to_thread(
        subprocess.Popen,
        (STET, "migrate"),
        cwd=tmp_path,
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        async with asyncio.timeout(60):
            while not await other.fetchval(_BUILDS):
                assert migrating.poll() is None, migrating.communicate()
                await asyncio.sleep(0.05)
        yield reader, other, migrating
    finally:
        migrating.kill()
        await asyncio.to_thread(migrating.communicate)
        for connection in (reader, other):
            await connection.close()


_BUILDS = """
    SELECT max(pid) FROM pg_stat_activity WHERE datname = current_database()
    AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'
    AND now() - query_start > '1.5 s'
"""
_INVALID = "SELECT array_agg(indexrelid::regclass::text) FROM pg_index WHERE NOT indisvalid"


async def done(migrating: subprocess.Popen[str]) -> tuple[int, str, str]:
    stdout, stderr = await asyncio.to_thread(migrating.communicate)
    return migrating.returncode, stdout, stderr


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_an_index_waits_for_an_export_longer_than_the_role_lets_others_wait(
    empty_url: str, tmp_path: Path
) -> None:
    async with waiting_for_an_export(empty_url, tmp_path, limit="1s") as (reader, other, migrating):
        await reader.execute("ROLLBACK")
        status, stdout, stderr = await done(migrating)

        assert (status, stderr) == (0, "")
        assert stdout.endswith(" now.\n")
        assert await other.fetchval(_INVALID) is None


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_an_index_that_was_left_unfinished_is_made_again(
    empty_url: str, tmp_path: Path
) -> None:
    async with waiting_for_an_export(empty_url, tmp_path) as (reader, other, migrating):
        await other.execute(f"SELECT pg_cancel_backend(({_BUILDS}))")
        cut_off, _, _ = await done(migrating)
        left = await other.fetchval(_INVALID)
        await reader.execute("ROLLBACK")

        again = await asyncio.to_thread(stet, "migrate", url=empty_url, folder=tmp_path)

        assert (cut_off, left) == (1, ["ix_annotations_document_id_place"])
        assert again.stdout.endswith(" now.\n")
        assert again.stderr == f"The index {left[0]} was left unfinished; making it again.\n"
        assert await other.fetchval(_INVALID) is None


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_an_index_that_a_migration_of_before_left_unfinished_is_made_again(
    database_url: str, tmp_path: Path
) -> None:
    """It said that all was done; and a second one was left where the first was to be replaced."""
    other = await asyncpg.connect(database_url)
    await other.execute(
        "CREATE INDEX ix_annotations_document_id_place_ccnew ON annotations (document_id);"
        " CREATE INDEX somebody_s ON annotations (document_id);"
        " UPDATE pg_index SET indisvalid = false WHERE indexrelid IN"
        " ('ix_annotations_document_id_place'::regclass,"
        " 'ix_annotations_document_id_place_ccnew'::regclass, 'somebody_s'::regclass)"
    )

    migrated = await asyncio.to_thread(stet, "migrate", url=database_url, folder=tmp_path)

    assert migrated.stdout.endswith(" already.\n")
    assert await other.fetchval(_INVALID) == ["somebody_s"]
    assert (
        await other.fetchval("SELECT to_regclass('ix_annotations_document_id_place_ccnew')") is None
    )
    await other.close()


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_the_tables_may_be_in_a_schema_of_any_name(empty_url: str) -> None:
    other = await asyncpg.connect(empty_url)
    await other.execute(
        'CREATE SCHEMA "The desk\'s"; DO $$BEGIN EXECUTE format('
        " 'ALTER DATABASE %I SET search_path = %I', current_database(), 'The desk''s'); END$$"
    )

    for _ in range(2):
        migrate(empty_url)

    found = await other.fetchval("SELECT schemaname FROM pg_tables WHERE tablename = 'annotations'")
    assert found == "The desk's"
    await other.close()


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_who_stops_it_is_told_nothing_more(empty_url: str, tmp_path: Path) -> None:
    async with waiting_for_an_export(empty_url, tmp_path) as (_, other, migrating):
        migrating.send_signal(signal.SIGINT)
        status, stdout, stderr = await done(migrating)

        assert (status, stdout, stderr) == (130, "", "")
        assert await other.fetchval(_BUILDS) is None
