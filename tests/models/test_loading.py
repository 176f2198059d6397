"""Many rows at once: whatever a column can hold is there as it was given."""

import asyncio
import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    Interval,
    MetaData,
    Table,
    Text,
    Uuid,
    delete,
    func,
    select,
)
from sqlalchemy.schema import CreateTable

from app.core.database import Database, Moved
from app.core.database.columns import Json, Time, Word
from app.core.database.connect import connect
from app.core.database.copy_format import binary
from app.core.settings import Settings
from app.core.vocabulary import Status

EVERYTHING = Table(
    "everything",
    MetaData(),
    Column("place", Integer, primary_key=True),
    Column("integer", Integer),
    Column("bigint", BigInteger),
    Column("double", Float),
    Column("boolean", Boolean),
    Column("text", Text),
    Column("word", Word(Status)),
    Column("uuid", Uuid),
    Column("json", Json),
    Column("moment", Time),
    Column("day", Date),
)
MOMENTS = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC))  # noqa: DTZ001  # Hypothesis gives them the zone
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "text": TEXTS,
    "word": st.sampled_from(Status),
    "uuid": st.uuids(),
    "json": st.dictionaries(TEXTS, st.none() | st.booleans() | TEXTS | st.lists(st.integers())),
    "moment": MOMENTS,
    "day": st.dates(),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | value for name, value in VALUES.items()}),
    min_size=1,
    max_size=5,
)


async def loaded(database: Database, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as they are read after they were loaded."""
    async with database.session(writes=True) as db:
        await db.begin()
        await db.execute(delete(EVERYTHING))
        await db.load(EVERYTHING, db.packed(EVERYTHING, rows))
    async with database.session(writes=False) as db:
        found = await db.execute(select(EVERYTHING).order_by(EVERYTHING.c.place))
        return [row._asdict() for row in found]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=ROWS, times=st.integers(1, 3))
async def test_what_is_loaded_is_read_as_it_was(
    database: Database, rows: list[dict[str, Any]], times: int
) -> None:
    # Some rows that share all their objects, as those of an import share people and moments.
    numbered = [{"place": place, **row} for place, row in enumerate(rows * times)]

    assert await loaded(database, numbered) == numbered


async def test_more_than_one_piece_of_rows_is_loaded(database: Database) -> None:
    nothing = dict.fromkeys(VALUES)
    rows = [{**nothing, "place": place, "text": f"{place}é" * 100_000} for place in range(5)]

    assert await loaded(database, rows) == rows


async def test_a_key_that_was_written_meanwhile_is_to_be_looked_at_anew(
    database: Database,
) -> None:
    row = {**dict.fromkeys(VALUES), "place": 1}

    with pytest.raises(Moved):
        await loaded(database, [row, row])


async def test_what_is_left_in_the_midst_leaves_nothing_and_nobody_in_the_way(
    database: Database,
) -> None:
    rows = [{**dict.fromkeys(VALUES), "place": place} for place in range(100_000)]
    begun = asyncio.Event()

    async def load() -> None:
        async with database.session(writes=True) as db:
            await db.begin()
            packed = db.packed(EVERYTHING, rows)
            begun.set()
            await db.load(EVERYTHING, packed)
            await asyncio.Event().wait()

    loading = asyncio.ensure_future(load())
    await begun.wait()
    # Long enough for some rows, and on no machine for all that the thread would write.
    await asyncio.sleep(0.03)
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    # What a thread that was left behind would still write.
    await asyncio.sleep(0.2)

    async with database.session(writes=False) as db:
        assert (await db.execute(select(func.count()).select_from(EVERYTHING))).scalar_one() == 0
    assert await loaded(database, rows[:2]) == rows[:2]


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_loop_that_ends_leaves_no_thread_that_goes_on_writing(empty_url: str) -> None:
    """PostgreSQL has no thread."""
    rows = [{**dict.fromkeys(VALUES), "place": place} for place in range(100_000)]
    here = Settings(_env_file=None, database_url=empty_url)
    begun: list[asyncio.Task[None]] = []

    async def load(database: Database) -> None:
        async with database.session(writes=True) as db:
            await db.begin()
            await db.load(EVERYTHING, db.packed(EVERYTHING, rows))
            await asyncio.Event().wait()

    async def leave_it() -> None:
        database = connect(here)
        async with database.session(writes=True) as db:
            await db.begin()
            await db.execute(CreateTable(EVERYTHING))
        begun.append(asyncio.ensure_future(load(database)))
        await asyncio.sleep(0.3)

    await asyncio.to_thread(asyncio.run, leave_it())

    assert begun[0].cancelled()
    database = connect(here)
    async with database.session(writes=False) as db:
        assert (await db.execute(select(func.count()).select_from(EVERYTHING))).scalar_one() == 0
    await database.dispose()


def test_a_column_of_another_type_is_a_mistake_in_the_program() -> None:
    table = Table("lasting", MetaData(), Column("time", Interval))

    with pytest.raises(TypeError, match="Interval"):
        binary(table, [{"time": dt.timedelta(1)}])


def test_a_uuid_is_sixteen_bytes_as_they_are_written() -> None:
    table = Table("named", MetaData(), Column("id", Uuid))

    packed = binary(table, [{"id": UUID("00112233-4455-6677-8899-aabbccddeeff")}])

    assert packed.endswith(b"\0\x01\0\0\0\x10" + bytes(range(0, 256, 17)) + b"\xff\xff")


@pytest.fixture
async def database(empty_url: str) -> Any:
    """A database with a table that has a column of every type."""
    database = connect(Settings(_env_file=None, database_url=empty_url))
    async with database.session(writes=True) as db:
        await db.begin()
        await db.execute(CreateTable(EVERYTHING))
    yield database
    await database.dispose()
