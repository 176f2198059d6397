"""A Stet in a process of its own, for the commands that ask one over HTTP."""

from collections.abc import AsyncIterator

import pytest

from tests import serving
from tests.serving import Server


@pytest.fixture
async def server(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """It serves the newsroom's database."""
    async with serving.stet(database_url, tmp_path_factory.mktemp("server")) as served:
        yield served
