"""The doctor looks at settings and database, and finds nothing wrong where nothing is."""

import datetime as dt
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from app.core.database import Database
from app.core.database.connect import connect
from app.core.settings import Settings
from app.core.timestamps import now
from app.operations.doctor import examination as doctor
from app.operations.doctor.stored import Finding
from tests import make
from tests.conftest import Newsroom, settings
from tests.operations.patient import findings, furnished, ill, spoil


async def test_a_database_that_is_well(newsroom: Newsroom, dialect: str) -> None:
    await furnished(newsroom)

    found = await findings(newsroom.app.state.database)

    assert [finding for finding in found if not finding.ok] == []
    looked_at = list(dict.fromkeys(finding.what for finding in found))
    of_engine = {"sqlite": ["database", "file"], "postgresql": ["database", "clock", "connections"]}
    # PostgreSQL itself sees to what a row names and holds, and to its own index of words.
    named = {"sqlite": ["references", "columns"], "postgresql": []}
    words = {"sqlite": ["words"], "postgresql": []}
    read = ["schemes", "spans", "relations", "projects", "documents"]
    agree = ["releases", "json", "annotations", "history", "decisions", "changes"]
    of_people = ["users", "tokens", "audit"]
    of_tables = ["migrations", "tables", "indexes", *named[dialect]]
    of_rows = ["texts", *words[dialect], *read, *agree, *of_people]
    assert looked_at == ["settings", *of_engine[dialect], *of_tables, *of_rows]
    # Four annotations, of which one was decided on, one edited and one withdrawn.
    assert "7 versions of annotations stand where they say." in [f.detail for f in found]


async def test_the_version_of_the_database_is_told(newsroom: Newsroom, dialect: str) -> None:
    found = await findings(newsroom.app.state.database)

    engine = next(finding.detail for finding in found if finding.what == "database")
    assert engine.startswith({"sqlite": "SQLite 3.", "postgresql": "PostgreSQL 1"}[dialect])


async def test_a_sqlite_that_can_corrupt_its_file_is_told(newsroom: Newsroom, dialect: str) -> None:
    database: Database = newsroom.app.state.database
    found = await findings(database)

    engine = next(finding for finding in found if finding.what == "database")
    number = engine.detail.split()[1].rstrip(".").split(".")
    affected = dialect == "sqlite" and (3, 7, 0) <= tuple(map(int, number)) <= (3, 51, 2)
    assert engine.ok
    assert ("walresetbug" in engine.detail) is affected


async def test_a_database_without_tables(empty_url: str) -> None:
    database = connect(settings(empty_url))

    assert await ill(database) == [
        ("migrations", "The database has no tables of Stet; run stet migrate.")
    ]
    await database.dispose()


async def test_a_database_that_is_not_at_this_releases_revision(newsroom: Newsroom) -> None:
    database = await spoil(newsroom, text("UPDATE alembic_version SET version_num = '0000_old'"))

    ((what, detail),) = await ill(database)

    assert what == "migrations"
    assert "0000_old" in detail


async def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    for url in (
        f"sqlite:///{tmp_path / 'no such folder' / 'stet.db'}",
        "postgresql://nobody@127.0.0.1:9/nothing",
    ):
        database = connect(settings(url))

        ((what, detail),) = await ill(database)

        assert what == "database"
        assert detail.startswith("It cannot be used: ")
        await database.dispose()


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        (
            {"database_url": "sqlite:///stet.db", "workers": 2},
            "SQLite has one writer, so STET_WORKERS must be 1.",
        ),
        (
            {"max_body_bytes": 1024},
            "A text of STET_MAX_TEXT_CHARS does not fit into STET_MAX_BODY_BYTES.",
        ),
    ],
)
async def test_settings_that_do_not_agree(
    newsroom: Newsroom, given: dict[str, Any], detail: str
) -> None:
    chosen = settings("").model_copy(update={"database_pool_size": 4, **given})

    assert await ill(newsroom.app.state.database, chosen) == [("settings", detail)]


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_workers_that_want_more_connections_than_there_are(newsroom: Newsroom) -> None:
    chosen = settings("postgresql://", workers=50, database_pool_size=50)

    ((what, detail),) = await ill(newsroom.app.state.database, chosen)

    assert what == "connections"
    assert detail.startswith("Each Stet with 50 workers takes up to 7500, and several add up; the ")


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_connections_that_are_kept_for_superusers_are_no_worker_s(newsroom: Newsroom) -> None:
    """Of PostgreSQL's hundred that is three."""
    database = newsroom.app.state.database

    [wanting] = await ill(database, settings("postgresql://", database_pool_size=33))
    enough = await ill(database, settings("postgresql://", database_pool_size=32))

    what, detail = wanting
    assert what == "connections"
    said, _, rest = detail.partition(" allows 97, of which ")
    assert said == "Each Stet with one worker takes up to 99, and several add up; the server"
    # Its own at least, and what other tests have open.
    assert 0 < int(rest.removesuffix(" are open.")) <= 100
    assert enough == []


@pytest.mark.parametrize("dialect", ["postgresql"])
@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-7200, "7200 s behind the database's"), (60, "60 s ahead of the database's")],
)
async def test_a_clock_that_is_not_the_database_s(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, seconds: int, said: str
) -> None:
    monkeypatch.setattr(doctor, "now", lambda: now() + dt.timedelta(seconds=seconds))

    assert await ill(newsroom.app.state.database) == [
        ("clock", f"This machine's is {said}: let NTP set both.")
    ]


@pytest.mark.parametrize("dialect", ["postgresql"])
@pytest.mark.parametrize(
    ("replica", "said"),
    [
        ("postgresql://nobody@127.0.0.1:9/nothing", "It cannot be used: "),
        (None, "It follows no server."),
    ],
)
async def test_a_replica_that_cannot_stand_in_for_the_database(
    newsroom: Newsroom, database_url: str, replica: str | None, said: str
) -> None:
    chosen = settings(database_url, database_replica_url=replica or database_url)

    ((what, detail),) = await ill(newsroom.app.state.database, chosen)

    assert what == "replica"
    assert detail.startswith(said)


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_role_that_may_not_write(newsroom: Newsroom, database_url: str) -> None:
    name = (await asked(database_url, "SELECT current_database()"))[0]
    role = f"reader_of_{name}"
    # Nor does it matter what else it has been given.
    for sql in (
        f'CREATE ROLE "{role}" LOGIN',
        f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{role}"',
        f'GRANT INSERT ON audit_events TO "{role}"',
        f'ALTER ROLE "{role}" SET quote_all_identifiers = on',
        f'ALTER ROLE "{role}" SET default_transaction_isolation = serializable',
    ):
        await asked(database_url, sql)
    stet = newsroom.beside(database_url=database_url.replace("//postgres:", f"//{role}:"))
    database = stet.app.state.database

    async with database.session(writes=True) as db:
        isolation = (await db.execute(text("SHOW transaction_isolation"))).scalar_one()
    ready = await stet["nobody"].get("/readyz")
    found = await ill(database)
    await database.dispose()
    await asked(database_url, f'DROP OWNED BY "{role}"')
    await asked(database_url, f'DROP ROLE "{role}"')

    assert isolation == "read committed"
    assert "may not write" in make.refused(ready, 503, "unavailable")["detail"]
    [(what, detail)] = found
    assert what == "rights"
    assert "INSERT annotations; UPDATE annotations; " in detail
    assert "audit_events" not in detail


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_pooler_s_connections_on_which_nothing_has_an_end(database_url: str) -> None:
    chosen = settings(database_url, database_pooler=True)
    without = await _limits(chosen)
    name = (await asked(database_url, "SELECT current_database()"))[0]
    for limit in ("lock_timeout", "statement_timeout"):
        await asked(database_url, f'ALTER DATABASE "{name}" SET {limit} = 10000')
    with_two = await _limits(chosen)
    await asked(
        database_url, f'ALTER DATABASE "{name}" SET idle_in_transaction_session_timeout = 10000'
    )
    with_all = await _limits(chosen)
    for setting in ("isolation = serializable", "read_only = on"):
        await asked(database_url, f'ALTER DATABASE "{name}" SET default_transaction_{setting}')
    unfit = await _limits(chosen)
    # The database is another test's next.
    await asked(database_url, f'ALTER DATABASE "{name}" RESET ALL')

    assert not without.ok
    assert without.detail.endswith(
        " no idle_in_transaction_session_timeout, lock_timeout, statement_timeout."
    )
    assert with_two.detail.endswith(" no idle_in_transaction_session_timeout.")
    assert with_all.ok
    assert unfit.detail == (
        "The role has default_transaction_isolation = serializable, default_transaction_read_only "
        "= on, and behind a pooler Stet cannot set another."
    )


async def asked(url: str, sql: str) -> list[Any]:
    """What PostgreSQL answers, the first column of it."""
    writes = {"default_transaction_read_only": "off"}
    connection = await asyncpg.connect(url, server_settings=writes)
    found = await connection.fetch(sql)
    await connection.close()
    return [row[0] for row in found]


async def _limits(chosen: Settings) -> Finding:
    database = connect(chosen)
    [finding] = [each for each in await findings(database, chosen) if each.what == "limits"]
    await database.dispose()
    return finding
