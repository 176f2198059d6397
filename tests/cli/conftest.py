"""A Stet in a process of its own, for the commands that ask one over HTTP."""

from collections.abc import AsyncIterator

import pytest

from tests.serving import Forked


@pytest.fixture
async def server(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Forked]:
    """It serves the newsroom's database."""
    async with Forked(database_url, tmp_path_factory.mktemp("server")) as served:
        yield served
