"""Lists of quotes as long as texts: what a page takes of memory does not grow with their number."""

from pathlib import Path

import httpx
import pytest

from tests import make
from tests.bench.bulk import watched
from tests.conftest import TOKENS
from tests.serving import Forked

LENGTH = 4_100_000
COUNT = 24
TEXT = ("😀" + "Kyiv spoke. " * (LENGTH // 12 + 1))[:LENGTH]


async def _fill(annotator: httpx.AsyncClient) -> tuple[str, str]:
    """A document whose quotes are as long as it is, and one of them that has as many versions."""
    document = (await make.document(annotator, TEXT))["id"]
    made = [
        await make.annotation(annotator, document, quote=TEXT, start=0, end=LENGTH)
        for _ in range(COUNT)
    ]
    path = f"/v1/annotations/{made[0]['id']}"
    for version in range(1, COUNT):
        answer = await annotator.patch(
            path, json={"note": f"{version}"}, headers=make.seen(version)
        )
        await make.said(answer, 200)
    return f"/v1/documents/{document}/annotations", f"{path}/history"


@pytest.mark.parametrize("unit", ["code_points", "utf16"])
async def test_a_page_takes_no_more_memory_than_a_few_of_its_quotes(
    database_url: str, tmp_path: Path, unit: str
) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['annotator']}"}
    async with (
        Forked(database_url, tmp_path) as server,
        httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as annotator,
    ):
        listed, history = await _fill(annotator)
        grown = {}
        for path in (listed, "/v1/projects/demo/annotations", history):
            # What is taken once is kept for the next time.
            await make.said(await annotator.get(f"{path}?offset_unit={unit}&limit=1"), 200)
            with watched(server.pid) as more:
                answer = await annotator.get(f"{path}?offset_unit={unit}&limit=1000")
            page = await make.said(answer, 200)
            assert len(page.get("items") or page["versions"]) == 1
            assert page["next"]
            [grown[path]] = more

    # Some times a quote; and SQLite keeps up to 64 MiB of its file.
    assert max(grown.values()) < 12 * LENGTH + 64 * 1024 * 1024, grown
