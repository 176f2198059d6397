"""From nothing to head and back, on both databases, and head is what the code expects."""

import asyncio
import re
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import (
    CheckConstraint,
    Connection,
    create_engine,
    inspect,
    text,
)
from sqlalchemy.ext.asyncio import create_async_engine

from app.models import Base
from app.operations.queries import alembic_config
from tests.conftest import in_thread, migrate


def looked_at(url: str, look: Any) -> Any:
    """What ``look`` sees of the database through a synchronous connection."""
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.connect() as connection:
            found = look(connection)
        engine.dispose()
        return found
    answers: list[Any] = []

    async def run() -> None:
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url)
        )
        async with engine.connect() as connection:
            answers.append(await connection.run_sync(look))
        await engine.dispose()

    in_thread(run())
    return answers[0]


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_up_makes_every_table_and_down_leaves_none(empty_url: str) -> None:
    migrate(empty_url)
    after_up = looked_at(empty_url, tables)
    migrate(empty_url, "base")
    after_down = looked_at(empty_url, tables)
    migrate(empty_url)
    again = looked_at(empty_url, tables)

    assert after_up == {*Base.metadata.tables, "alembic_version"}
    assert after_down == {"alembic_version"}
    assert again == after_up


def test_the_models_hold_nothing_that_the_migrations_do_not_make(empty_url: str) -> None:
    migrate(empty_url)
    config = alembic_config()
    config.attributes["database_url"] = empty_url

    async def check() -> None:
        # In a thread, for on PostgreSQL alembic runs a loop of its own.
        await asyncio.to_thread(command.check, config)

    in_thread(check())


def test_a_model_that_differs_would_be_noticed(empty_url: str) -> None:
    """The test above could fail: one column less in the database, and it does."""
    migrate(empty_url)
    _execute(empty_url, "ALTER TABLE projects DROP COLUMN description")
    config = alembic_config()
    config.attributes["database_url"] = empty_url

    async def check() -> None:
        await asyncio.to_thread(command.check, config)

    with pytest.raises(CommandError, match="New upgrade operations detected"):
        in_thread(check())


def _execute(url: str, sql: str) -> None:
    def run(connection: Connection) -> None:
        connection.execute(text(sql))
        connection.commit()

    looked_at(url, run)


def test_there_is_one_head() -> None:
    script = ScriptDirectory.from_config(alembic_config())

    assert len(script.get_heads()) == 1


def checks(connection: Connection) -> dict[str, str]:
    """The text of each CHECK by its name, as the database wrote it down."""
    inspector = inspect(connection)
    return {
        check["name"] or "": check["sqltext"]
        for table in Base.metadata.tables
        for check in inspector.get_check_constraints(table)
    }


def test_every_check_lists_the_words_that_the_code_knows(empty_url: str) -> None:
    """Alembic compares no CHECKs, so a word that is new in an enum must be missed here."""
    migrate(empty_url)
    stored = looked_at(empty_url, checks)
    expected = {
        str(constraint.name): str(constraint.sqltext)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }

    assert stored.keys() == expected.keys()
    for name, sql in expected.items():
        words = set(re.findall(r"'([a-z_.]+)'", sql))
        assert set(re.findall(r"'([a-z_.]+)'", stored[name])) == words, name


def constraints(connection: Connection) -> list[str | None]:
    inspector = inspect(connection)
    names: list[str | None] = []
    for table in Base.metadata.tables:
        names.append(inspector.get_pk_constraint(table)["name"])
        names += [item["name"] for item in inspector.get_foreign_keys(table)]
        names += [item["name"] for item in inspector.get_unique_constraints(table)]
        names += [item["name"] for item in inspector.get_check_constraints(table)]
        names += [item["name"] for item in inspector.get_indexes(table)]
    return names


def test_every_constraint_has_a_name_by_the_convention(empty_url: str) -> None:
    migrate(empty_url)

    names = looked_at(empty_url, constraints)

    assert names
    for name in names:
        assert name is not None
        assert re.match(r"(pk|fk|uq|ck|ix)_", name), name
