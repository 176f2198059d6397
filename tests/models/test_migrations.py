"""The migrations make exactly the tables of the models, and take them away again."""

import ast
import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.models import Base
from app.operations.queries import alembic_config
from app.text.words import LONGEST
from tests import make
from tests.conftest import Databases, Newsroom, migrate


async def on(url: str, work: Any) -> Any:
    """What ``work`` makes of a connection to the database, which it may write to."""
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.begin() as connection:
            found = work(connection)
        engine.dispose()
        return found
    async_engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:", 1))
    async with async_engine.begin() as async_connection:
        found = await async_connection.run_sync(work)
    await async_engine.dispose()
    return found


def described(connection: Connection) -> dict[str, Any]:
    """Everything that the database knows of each table, in a form that can be compared."""
    inspector = inspect(connection)
    tables = {
        name: {
            "columns": {
                column["name"]: (
                    str(column["type"]),
                    column["nullable"],
                    column["default"],
                    column.get("autoincrement"),
                )
                for column in inspector.get_columns(name)
            },
            "primary key": inspector.get_pk_constraint(name),
            "checks": _by_name(inspector.get_check_constraints(name)),
            "foreign keys": _by_name(inspector.get_foreign_keys(name)),
            "unique": _by_name(inspector.get_unique_constraints(name)),
            "indexes": _by_name(inspector.get_indexes(name)),
            "options": inspector.get_table_options(name),
        }
        for name in inspector.get_table_names()
        if name != "alembic_version"
    }
    if connection.dialect.name == "postgresql":
        options = text("SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL")
        tables["stored with"] = {row.relname: row.reloptions for row in connection.execute(options)}
    return tables


def _by_name(found: Any) -> dict[str, Any]:
    return {str(one["name"]): _plain(one) for one in found}


def _plain(value: Any) -> Any:
    """The same without objects that are only equal to themselves."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return str(value)


async def test_they_make_the_tables_of_the_models(
    databases: Databases, dialect: str, empty_url: str
) -> None:
    migrate(empty_url)
    by_models = databases.empty(dialect)
    await on(by_models, Base.metadata.create_all)

    migrated, modelled = await on(empty_url, described), await on(by_models, described)

    # Alembic's own comparison does not look at the words that a CHECK allows.
    assert migrated == modelled
    assert set(migrated) >= set(Base.metadata.tables)
    databases.drop(by_models)


async def test_alembic_finds_nothing_to_add(empty_url: str) -> None:
    migrate(empty_url)
    config = alembic_config()
    config.attributes["database_url"] = empty_url

    # Raises when it finds something.
    await asyncio.to_thread(command.check, config)


async def test_they_go_down_to_nothing_and_up_again(empty_url: str) -> None:
    migrate(empty_url)
    first = await on(empty_url, described)

    migrate(empty_url, "base", down=True)
    emptied = await on(empty_url, described)
    migrate(empty_url)

    assert {name for name in emptied if name != "stored with"} == set()
    assert await on(empty_url, described) == first


def test_what_goes_without_a_transaction_goes_alone() -> None:
    """Else what stands before it would be done again when the migration is tried again."""
    folder = Path(alembic_config().get_main_option("script_location") or "") / "versions"
    without = [
        (file.name, [type(statement) for statement in part.body])
        for file in folder.glob("*.py")
        for part in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(part, ast.FunctionDef) and "autocommit_block" in ast.dump(part)
    ]

    assert without
    assert [name for name, statements in without if statements != [ast.With]] == []


def test_every_constraint_has_a_name_that_says_its_table() -> None:
    for table in Base.metadata.tables.values():
        names = [str(constraint.name) for constraint in table.constraints]
        names += [str(index.name) for index in table.indexes]
        for name in names:
            kind, _, rest = name.partition("_")
            assert kind in {"pk", "uq", "fk", "ck", "ix"}, name
            assert rest.startswith(table.name), name
            # PostgreSQL cuts longer names off, and then two may be one.
            assert len(name) <= 63, name


async def test_a_second_time_changes_nothing(empty_url: str) -> None:
    migrate(empty_url)
    first = await on(empty_url, described)

    migrate(empty_url)

    assert await on(empty_url, described) == first


WORD = "x" * LONGEST + "y" * 50


async def test_documents_of_which_a_word_was_cut_are_known_afterwards(
    newsroom: Newsroom, database_url: str
) -> None:
    for text_ in ("Short words.", f"A {WORD} b."):
        await make.document(newsroom["annotator"], text_)
    whose = text("SELECT cut FROM document_words ORDER BY id")

    def cut(connection: Connection) -> list[bool]:
        return [bool(found) for found in connection.execute(whose).scalars()]

    before = await on(database_url, cut)
    migrate(database_url, "0006_add_audit_events", down=True)
    migrate(database_url)

    assert before[-2:] == [False, True]
    assert await on(database_url, cut) == before


async def test_words_that_say_nothing_of_a_cut_are_looked_into(
    newsroom: Newsroom, database_url: str
) -> None:
    """So it is with those that workers of the release before write while the tables change."""
    document = await make.document(newsroom["annotator"], f"A {WORD} b.")
    await make.annotation(newsroom["annotator"], document["id"], quote=f"{WORD} b")
    before = """
        INSERT INTO document_words (document_id, project_id, title, text, keys)
        SELECT document_id, project_id, title, text, keys FROM taken"""

    def write(connection: Connection) -> None:
        for statement in (
            "CREATE TEMP TABLE taken AS SELECT * FROM document_words",
            "DELETE FROM document_words",
            before,
        ):
            connection.execute(text(statement))

    await on(database_url, write)

    path = f"/v1/projects/demo/annotations?quote_contains={WORD[-40:]} b"
    found = await make.said(await newsroom["reader"].get(path), 200)
    assert [item["document_id"] for item in found["items"]] == [document["id"]]


async def test_those_who_were_removed_before_go_on_from_what_the_log_has(
    newsroom: Newsroom, database_url: str
) -> None:
    manager, path = newsroom["manager"], "/v1/projects/demo/members"
    await manager.put(f"{path}/reader", json={"role": "annotator"}, headers=make.seen(1))
    for name, version in (("reader", 2), ("reviewer", 1)):
        await manager.delete(f"{path}/{name}", headers=make.seen(version))
    await make.member(manager, "reviewer", "reviewer")

    migrate(database_url, "0009_index_cut_words", down=True)
    migrate(database_url)

    assert (await make.member(manager, "reader", "reader"))["version"] == 4
    noted = text("SELECT count(*) FROM former_memberships")
    assert await on(database_url, lambda connection: connection.scalar(noted)) == 0
