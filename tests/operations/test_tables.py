"""The doctor knows the tables of its release, and what SQLite takes of others and nobody reads."""

import sqlite3
from contextlib import closing

import asyncpg
import pytest

from tests.conftest import Newsroom
from tests.operations.patient import furnished, ill

UNMADE = "Not as this release made them: "
UNREAD = "Rows that cannot be read, so the rest is not looked at: "


async def do(database_url: str, *statements: str) -> None:
    """Change a database as whoever runs it may, each statement by itself."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as file:
            for statement in statements:
                file.execute(statement)
                file.commit()
        return
    server = await asyncpg.connect(database_url)
    for statement in statements:
        await server.execute(statement)
    await server.close()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            "DROP INDEX uq_annotations_document_id_external_id",
            "index uq_annotations_document_id_external_id: CREATE UNIQUE INDEX",
        ),
        ("DROP INDEX ix_document_words_cut", "index ix_document_words_cut: CREATE INDEX"),
    ],
)
async def test_an_index_that_is_gone_is_told_with_what_makes_it_again(
    newsroom: Newsroom, database_url: str, damage: str, told: str
) -> None:
    await do(database_url, damage)

    ((what, detail),) = await ill(newsroom.app.state.database)
    mend = detail.removeprefix(UNMADE).removesuffix(".").partition(": ")[2]
    await do(database_url, mend)

    assert what == "indexes"
    assert detail.startswith(UNMADE + told)
    assert await ill(newsroom.app.state.database) == []


async def test_an_index_over_something_else_is_told(newsroom: Newsroom, database_url: str) -> None:
    name = "ix_memberships_user_id"
    again = f"CREATE INDEX {name} ON memberships (version)"
    await do(database_url, f"DROP INDEX {name}", again)

    ((what, detail),) = await ill(newsroom.app.state.database)

    assert what == "indexes"
    assert detail.startswith(f"{UNMADE}index {name} is another: DROP INDEX {name}; CREATE INDEX")


async def test_indexes_of_others_are_no_matter(newsroom: Newsroom, database_url: str) -> None:
    await do(database_url, "CREATE INDEX mine ON annotations (label)")

    assert await ill(newsroom.app.state.database) == []


@pytest.mark.parametrize("dialect", ["postgresql"])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            (
                "UPDATE pg_index SET indisvalid = false"
                " WHERE indexrelid = 'ix_annotations_document_id_place'::regclass"
            ),
            "index ix_annotations_document_id_place is not in use: REINDEX INDEX CONCURRENTLY",
        ),
        (
            (
                "UPDATE pg_index SET indisvalid = false"
                " WHERE indexrelid = 'ix_document_words_keys'::regclass"
            ),
            "index ix_document_words_keys is not in use: REINDEX INDEX CONCURRENTLY",
        ),
        ("DROP INDEX ix_document_words_keys", "index ix_document_words_keys"),
        (
            "ALTER TABLE annotations DROP CONSTRAINT ck_annotations_status_known",
            "constraint ck_annotations_status_known",
        ),
        (
            (
                "UPDATE pg_constraint SET convalidated = false"
                " WHERE conname = 'ck_annotations_status_known'"
            ),
            "constraint ck_annotations_status_known holds of new rows alone: ALTER TABLE",
        ),
        (
            "ALTER TABLE tokens DROP CONSTRAINT fk_tokens_user_id_users",
            "constraint fk_tokens_user_id_users",
        ),
        ("ALTER TABLE users ALTER name DROP NOT NULL", "users.name may be null"),
        ("ALTER TABLE users ALTER version TYPE bigint", "users.version is of type bigint"),
    ],
)
async def test_what_postgresql_no_longer_holds_to_is_told(
    newsroom: Newsroom, database_url: str, damage: str, told: str
) -> None:
    await do(database_url, damage)

    ((what, detail),) = await ill(newsroom.app.state.database)

    assert what == "indexes"
    assert detail.startswith(UNMADE + told)


@pytest.mark.parametrize("dialect", ["postgresql"])
async def test_a_word_that_nobody_knows_ends_the_looking(
    newsroom: Newsroom, database_url: str
) -> None:
    await do(
        database_url,
        "ALTER TABLE memberships DROP CONSTRAINT ck_memberships_role_known",
        "UPDATE memberships SET role = 'mine' WHERE role = 'reader'",
    )

    said = await ill(newsroom.app.state.database)

    assert said == [
        ("indexes", f"{UNMADE}constraint ck_memberships_role_known."),
        ("columns", f"{UNREAD}memberships.role 1."),
    ]


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    ("damage", "what", "told"),
    [
        (
            "DROP TRIGGER document_words_added",
            "indexes",
            f"{UNMADE}trigger document_words_added.",
        ),
        (
            "UPDATE documents SET metadata = '{'",
            "columns",
            f"{UNREAD}documents 1, the first in row 1.",
        ),
        (
            "UPDATE documents SET published_on = '2026-02-31'",
            "columns",
            f"{UNREAD}documents 1, the first in row 1.",
        ),
        (
            "UPDATE documents SET published_on = '0000-01-01'",
            "columns",
            f"{UNREAD}documents 1, the first in row 1.",
        ),
        (
            'UPDATE documents SET metadata = \'{"deep": ' + "[" * 900 + "]" * 900 + "}'",
            "columns",
            f"{UNREAD}documents 1, the first in row 1.",
        ),
        (
            "UPDATE annotations SET note = CAST(x'c328' AS TEXT) WHERE rowid = 2",
            "columns",
            f"{UNREAD}annotations 1, the first in row 2.",
        ),
        (
            "UPDATE annotations SET created_at = 'yesterday' WHERE rowid = 2",
            "columns",
            f"{UNREAD}annotations 1, the first in row 2.",
        ),
        (
            "UPDATE annotations SET updated_at = '2026-02-30T10:00:00.000000Z' WHERE rowid = 2",
            "columns",
            f"{UNREAD}annotations 1, the first in row 2.",
        ),
        (
            "UPDATE annotations SET warnings = '{' WHERE rowid = 2",
            "columns",
            f"{UNREAD}annotations 1, the first in row 2.",
        ),
        (
            "UPDATE changes SET at = 'garbage' WHERE rowid = 1",
            "columns",
            f"{UNREAD}changes 1, the first in row 1.",
        ),
        (
            "UPDATE changes SET state = '{' WHERE rowid = 1",
            "columns",
            f"{UNREAD}changes 1, the first in row 1.",
        ),
        (
            "UPDATE scheme_versions SET definition = '{x'",
            "columns",
            f"{UNREAD}scheme_versions 1, the first in row 1.",
        ),
        (
            "UPDATE projects SET allow_self_review = 7",
            "columns",
            f"{UNREAD}projects 1, the first in row 1.",
        ),
        (
            "UPDATE change_heads SET sequence = sequence + 50",
            "changes",
            "Projects whose log has gaps, or ends before its head: 1 (demo).",
        ),
        (
            "DELETE FROM changes WHERE kind = 'member.set' AND sequence = 3",
            "changes",
            "Projects whose log has gaps, or ends before its head: 1 (demo).",
        ),
        (
            (
                "INSERT INTO document_index (document_index, rowid, keys)"
                " SELECT 'delete', id, project_id || title || keys FROM document_words"
            ),
            "words",
            "Documents that the index of words has not, or has though they are none: 1 (",
        ),
        (
            (
                "INSERT INTO document_index (rowid, keys)"
                " SELECT id + 7, project_id || title || keys FROM document_words"
            ),
            "words",
            "Documents that the index of words has not, or has though they are none: 1.",
        ),
    ],
)
async def test_what_sqlite_takes_of_others_is_found(
    newsroom: Newsroom, database_url: str, damage: str, what: str, told: str
) -> None:
    await furnished(newsroom)
    await do(database_url, damage)

    said = await ill(newsroom.app.state.database)

    assert [found for found in said if found[0] == what and found[1].startswith(told)], said


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_row_without_its_place_in_an_index_is_found(
    newsroom: Newsroom, database_url: str
) -> None:
    file = sqlite3.connect(database_url.removeprefix("sqlite:///"))
    with closing(file):
        # The index is of other columns now than what is in it.
        file.execute("PRAGMA writable_schema = ON")
        file.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'user_id, id', 'id, user_id')"
            " WHERE name = 'ix_tokens_user_id_id'"
        )
        file.commit()

    said = await ill(newsroom.app.state.database)

    assert [detail for what, detail in said if what == "file"]


async def test_a_table_that_is_gone_ends_the_looking(newsroom: Newsroom, database_url: str) -> None:
    await do(database_url, "DROP TABLE released_relations")

    assert await ill(newsroom.app.state.database) == [
        ("tables", "Not there: table released_relations. Restore a backup.")
    ]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_moment_that_is_nearly_the_next_second_is_well(
    newsroom: Newsroom, database_url: str
) -> None:
    await do(database_url, "UPDATE users SET updated_at = '2026-12-31T23:59:59.999999Z'")

    assert await ill(newsroom.app.state.database) == []
