"""``stet migrate``."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tests.cli.shell import stet


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

    said = f"There is no database at {tmp_path}/stet.db; run stet migrate."
    lines = (refused.stdout + refused.stderr).splitlines()
    assert lines[-1] in {f"stet: {said}", f"ILL   database: {said}"}
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
