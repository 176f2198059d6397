"""A server in a process of its own, to which tests are unkind."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from app.core.database.connect import connect
from tests.conftest import DIALECTS, Databases, settings
from tests.desk import rows_in
from tests.serving import Server, stet


@dataclass(frozen=True)
class Served:
    """A server that waits one second for a request and takes 64 KiB of body, and its database."""

    server: Server
    database_url: str


@pytest.fixture(scope="module", params=DIALECTS)
async def served(
    request: pytest.FixtureRequest,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Served]:
    """One server for all tests of a module; it has to survive them."""
    url = databases.furnished(request.param)
    folder = tmp_path_factory.mktemp("served")
    async with stet(
        url, folder, database_pool_size=8, body_timeout_seconds=1, max_body_bytes=65_536
    ) as server:
        yield Served(server, url)
    databases.drop(url)


async def rows(database_url: str) -> dict[str, int]:
    """How many rows each table has."""
    database = connect(settings(database_url))
    counted = await rows_in(database)
    await database.dispose()
    return counted
