"""A thousand connections on which nobody says anything, and a shell that allows few open files."""

import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import make
from tests.conftest import TOKENS
from tests.resilience.wire import Wire
from tests.serving import STET, Server

IDLE = 1000
FEW = 256


@pytest.fixture
def many_files() -> Iterator[None]:
    """The test needs as many files as it opens connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(2 * IDLE, hard)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
async def test_a_thousand_idle_connections_keep_nobody_out(
    database_url: str, tmp_path: Path
) -> None:
    command = ("bash", "-c", f"ulimit -S -n {FEW} && exec {' '.join(STET)}")
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
    async with (
        Server(command, tmp_path, ready="/readyz", STET_DATABASE_URL=database_url) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client,
    ):
        wires = await asyncio.gather(*(Wire.to(server) for _ in range(IDLE)))

        document = await make.document(client)
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as another:
            await make.annotation(another, document["id"])

        # The last to come is served like any other, and so had been taken.
        await wires[-1].send(b"GET /healthz HTTP/1.1\r\nHost: stet\r\n\r\n")
        assert (await wires[-1].answer()).status == 200
        for wire in wires:
            await wire.close()
