"""A database that is put back to what it was, under servers that go on.

So it is after a restore into the same name, and where a server that takes over has lost something:
numbers that were given out are given again, for something else.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import delete, insert, select

from app.core.cache import RecentCache
from app.core.database import Session
from app.models import Base
from tests import make
from tests.conftest import Newsroom


@pytest.fixture
def forgotten(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Puts the database back, after what was done in it; that takes longer than a second."""
    now = RecentCache.moment

    @asynccontextmanager
    async def forgotten() -> AsyncIterator[None]:
        async with newsroom.app.state.database.session(writes=False) as db:
            rows = await _rows(db)
        yield
        async with newsroom.app.state.database.session(writes=True) as db:
            await db.begin()
            for table in reversed(Base.metadata.sorted_tables):
                await db.execute(delete(table))
            for table in Base.metadata.sorted_tables:
                if rows[table.name]:
                    await db.execute(insert(table), rows[table.name])
        monkeypatch.setattr(RecentCache, "moment", staticmethod(lambda: now() + 2))

    return forgotten


async def _rows(db: Session) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: [row._asdict() for row in await db.execute(select(*table.c))]
        for table in Base.metadata.sorted_tables
    }


async def test_a_scheme_of_the_same_number_is_another(
    newsroom: Newsroom, forgotten: Callable[[], Any]
) -> None:
    annotator, manager = newsroom["annotator"], newsroom["manager"]
    document = await make.document(annotator)
    spans = f"/v1/documents/{document['id']}/annotations"

    async def add(label: str) -> None:
        scheme = (await manager.get("/v1/projects/demo/scheme")).json()
        assert scheme.pop("version") == 1
        scheme["labels"].append({"name": label})
        added = await manager.put("/v1/projects/demo/scheme", json=scheme, headers=make.seen(1))
        await make.said(added, 200)

    async def post(label: str) -> httpx.Response:
        return await annotator.post(spans, json={"label": label, "quote": "Beijing"})

    async with forgotten():
        await add("rumour")
        await make.said(await post("rumour"))
    await add("gossip")

    make.refused(await post("rumour"), 422, "unknown-label")
    await make.said(await post("gossip"))


async def test_a_text_of_the_same_document_is_another(
    newsroom: Newsroom, forgotten: Callable[[], Any]
) -> None:
    annotator, reader, id = newsroom["annotator"], newsroom["reader"], str(uuid4())
    before, after = "🦊 and 🦊, and a bridge.", "A fox 🦊, and then a bridge."
    path = f"/v1/documents/{id}"

    async def check(text: str, quote: str) -> None:
        """Whatever has offsets has them as they are in this text."""
        answer = await annotator.post(
            f"{path}/annotations", json={"label": "claim", **make.span(text, quote)}
        )
        span = f"/v1/annotations/{(await make.said(answer))['id']}"
        assert (await reader.get(f"{path}/text")).text == text
        assert (await reader.get(path)).json()["text"] == text
        for unit in make.UNITS:
            edit = {**make.span(text, quote, unit), "note": unit}
            query = {"offset_unit": unit}
            seen = {"If-Match": (await reader.get(span)).headers["ETag"]}
            found = [(await annotator.patch(span, json=edit, params=query, headers=seen)).json()]
            stale = await annotator.patch(span, json=edit, params=query, headers=make.seen(1))
            found += [stale.json()["current"], (await reader.get(span, params=query)).json()]
            found += (await reader.get(f"{span}/history", params=query)).json()["versions"]
            for listed in (f"{path}/annotations", "/v1/projects/demo/annotations"):
                found += (await reader.get(listed, params=query)).json()["items"]
            within = {**query, "start": edit["start"], "end": edit["end"]}
            found += (await reader.get(f"{path}/annotations", params=within)).json()["items"]
            log = await reader.get("/v1/projects/demo/changes", params={**query, "after": 0})
            states = [json.loads(line)["state"] for line in log.text.splitlines()]
            assert [state["text"] for state in states if state and "text" in state] == [text]
            found += [state for state in states if state and "quote" in state]
            assert len(found) > 8
            assert {make.cut(text, one["start"], one["end"], unit) for one in found} == {quote}

    async with forgotten():
        await make.document(annotator, before, id=id)
        await check(before, "bridge")
    await make.document(annotator, after, id=id)

    old = {"label": "claim", **make.span(before, "bridge")}
    make.refused(await annotator.post(f"{path}/annotations", json=old), 422, "quote-mismatch")
    await check(after, "bridge")


async def test_a_page_that_is_kept_is_of_the_text_that_there_was(
    newsroom: Newsroom, forgotten: Callable[[], Any]
) -> None:
    id, moment = str(uuid4()), "2026-11-23T09:00:00.000000Z"
    listed = f"/v1/documents/{id}/annotations?offset_unit=utf16"

    async def place(text: str) -> int:
        """Where the same words are in UTF-16, in a file that says when they were marked."""
        said = {"id": str(uuid4()), "label": "claim", "updated_at": moment}
        span = {**said, **make.span(text, "bridge")}
        line = {"id": id, "title": "An article", "text": text, "annotations": [span]}
        path = "/v1/projects/demo/import?format=jsonl"
        report = await newsroom["manager"].post(path, content=json.dumps(line))
        assert (await make.said(report, 200))["created"] != 0
        [item] = (await newsroom["reader"].get(listed)).json()["items"]
        return int(item["start"])

    async with forgotten():
        assert await place("🦊 and a bridge.") == 9

    assert await place("X and a bridge.") == 8
