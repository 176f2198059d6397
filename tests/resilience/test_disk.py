"""A disk that takes no more: writes are refused and say so, reading goes on, and it passes."""

import resource
from pathlib import Path

import httpx
import pytest

from tests import make
from tests.conftest import TOKENS
from tests.resilience.shift import Shift
from tests.resilience.test_kill import check, kept
from tests.serving import stet

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def size(path: str) -> int:
    return Path(path).stat().st_size


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_a_full_disk_refuses_writes_alone_and_needs_no_restart(
    database_url: str, tmp_path: Path
) -> None:
    """As its files may not grow, the operating system refuses to write on, as if it were full."""
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
    shift = Shift()
    async with (
        stet(database_url, tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers) as client,
    ):
        document = await make.document(client)
        path = f"/v1/documents/{document['id']}/annotations"
        body = {"label": "claim", "quote": "Beijing"}
        await make.said(await client.post(path, json=body))
        most = size(f"{database_url.removeprefix('sqlite:///')}-wal") + 100_000

        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        statuses = [(await client.post(path, json=body)).status_code for _ in range(30)]
        refused = await client.post(path, json=body)
        listed = await make.said(await client.get(path), 200)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        again = await client.post(path, json=body)

        assert set(statuses) == {201, 503}
        make.refused(refused, 503, "unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert len(listed["items"]) == 1 + statuses.count(201)
        await make.said(again)
        # And whatever comes after that, to its sudden end.
        await shift.work(server, 40, end=server.kill)

    found = await kept(database_url)
    written = [id for id in found.annotations if id not in shift.told]
    assert len(written) == 2 + statuses.count(201)
    for id in written:
        del found.annotations[id], found.log[id]
    check(shift, found)
