"""A page that is longer than a value of the database may be."""

from typing import Any

import pytest
from sqlalchemy import Select, Text, func, literal_column, select
from sqlalchemy.exc import DBAPIError

from app.core.database import Database
from app.core.errors import InvalidParameter
from app.core.rowjson import read_page
from tests.conftest import Newsroom

TOO_LONG: dict[str, Select[Any]] = {
    "postgresql": select(func.repeat(literal_column("'x'", Text), literal_column("2000000000"))),
    "sqlite": select(func.hex(func.zeroblob(literal_column("600000000")))),
}


async def test_a_page_that_is_too_long_is_refused_with_the_parameter_that_cures_it(
    newsroom: Newsroom, dialect: str
) -> None:
    database: Database = newsroom.app.state.database
    with pytest.raises(InvalidParameter, match="too long"):
        async with database.session(writes=False) as db:
            await read_page(db, TOO_LONG[dialect], {})

    # What else may be wrong is not called so.
    with pytest.raises(DBAPIError):
        async with database.session(writes=False) as db:
            await read_page(db, select(func.no_such_function()), {})
