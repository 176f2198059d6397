"""What the index of words is asked for, of all that a text must have in which a part occurs."""

import pytest
from sqlalchemy import text

from app.annotations.selectivity import look_up, telling
from app.core.database import Database
from tests import make
from tests.annotations.test_search_quotes import quotes
from tests.conftest import Newsroom

PART = "the rare ministry said"


@pytest.mark.parametrize(
    ("frequencies", "expected"),
    [
        # Nothing is known of any.
        ({}, ["a", "b", "c", "d", "e"]),
        ({"z": 0.1}, ["a", "b", "c", "d", "e"]),
        # What is known of none but the common ones.
        ({"a": 1.0, "c": 0.7}, ["b", "d", "e"]),
        # The rarest come first, and more than some say no more.
        ({"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1, "e": 0.05}, ["e", "d", "c", "b"]),
        # All are common.
        ({"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6, "e": 1.0}, ["d", "c"]),
    ],
)
def test_the_rarest_keys_are_asked_for(frequencies: dict[str, float], expected: list[str]) -> None:
    assert telling(["a", "b", "c", "d", "e"], frequencies) == expected


async def test_the_database_says_how_rare_keys_are(
    newsroom: Newsroom, dialect: str, statements: list[str]
) -> None:
    annotator = newsroom["annotator"]
    for number in range(60):
        await make.document(annotator, f"In report {number} the ministry said.")
    rare = await make.document(annotator, "Then the rare ministry said no.")
    await make.annotation(annotator, rare["id"], quote=PART)
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.begin()
        await db.execute(text("ANALYZE"))

    statements.clear()
    async with database.session(writes=False) as db:
        first, second = await look_up(db, PART), await look_up(db, PART)

    assert first == second
    assert first.keys == ["rare"]
    # PostgreSQL plans with the keys; of SQLite's documents, one has them all.
    assert (first.few and len(first.few)) == (None if dialect == "postgresql" else 1)
    # PostgreSQL's statistics are read once a minute, SQLite's index each time.
    asked = [one for one in statements if "pg_stats" in one or "json_each" in one]
    assert len(asked) == (1 if dialect == "postgresql" else 2)
    assert await quotes(newsroom["reader"], quote_contains=PART) == [PART]
    assert await quotes(newsroom["reader"], quote_contains="the rare ministry sat") == []


async def test_what_was_common_in_the_first_documents_may_be_rare(newsroom: Newsroom) -> None:
    annotator = newsroom["annotator"]
    for agency in ("Xinhua",) * 55 + ("Reuters",) * 65:
        await make.document(annotator, f"It was {agency} said the ministry.")
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.begin()
        await db.execute(text("ANALYZE"))

    async with database.session(writes=False) as db:
        assert (await look_up(db, "s Xinhua said t")).keys == ["xinhua"]
        assert (await look_up(db, "s Reuters said t")).keys[0] == "reuters"
