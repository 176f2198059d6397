"""A follower of the log may trust its order, whatever the writers do at the same time."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from threading import Lock

import httpx
import pytest
from sqlalchemy import select

from app.changes.commands import lock
from app.core.database import Database
from app.main import create_app
from app.models import Change, Project
from tests import make
from tests.conftest import Newsroom, settings
from tests.crowd import SIZE, crowd
from tests.log import entries_after, head


async def write(client: httpx.AsyncClient, document_id: str, turns: int) -> int:
    """Post, edit, join, withdraw and be refused; answers how many entries that makes."""
    entries = 0
    for turn in range(turns):
        one = await make.annotation(client, document_id)
        two = await make.annotation(client, document_id)
        await make.relation(client, document_id, "supports", one["id"], two["id"])
        path = f"/v1/annotations/{one['id']}"
        edited = await client.patch(path, json={"note": f"{turn}"}, headers=make.seen(1))
        stale = await client.patch(path, json={"note": "x"}, headers=make.seen(1))
        withdrawn = await client.delete(path, headers=make.seen(2))
        decided = await client.post(
            "/v1/projects/demo/decisions",
            json={"decisions": [{"annotation": two["id"], "version": 1, "verdict": "approve"}]},
        )
        assert (edited.status_code, stale.status_code, withdrawn.status_code) == (200, 412, 204)
        # One's own: refused, and nothing is written.
        assert decided.json()["results"][0]["status"] == 403
        # Two posted, joined, edited, and withdrawn with the relation.
        entries += 6
        # On SQLite nothing above has let others have their turn.
        await asyncio.sleep(0)
    return entries


class Follower:
    """Asks, over and over, for what is new, and remembers in which order it came."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.seen: list[int] = []
        self.polls = 0

    async def poll(self) -> None:
        last = self.seen[-1] if self.seen else 0
        query = (
            select(Change.sequence)
            .join(Project, Project.id == Change.project_id)
            .where(Project.slug == "demo", Change.sequence > last)
        )
        async with self._database.session(writes=False) as db:
            found = sorted((await db.execute(query)).scalars())
        self.seen += found
        self.polls += bool(found)

    async def follow(self, writers: "asyncio.Task[list[int]]") -> None:
        while not writers.done():
            await self.poll()
            await asyncio.sleep(0.005)
        await self.poll()


@pytest.mark.parametrize("processes", [1, 2])
async def test_no_lower_sequence_appears_once_a_higher_one_was_seen(
    newsroom: Newsroom, processes: int
) -> None:
    writers = await crowd(newsroom, "reviewer", processes=processes)
    document = await make.document(newsroom["annotator"])
    start = await head(newsroom)
    followers = [Follower(newsroom.app.state.database) for _ in range(2)]

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(write(writer, document["id"], 3) for writer in writers))

    task = asyncio.create_task(all_of_them())
    await asyncio.gather(*(follower.follow(task) for follower in followers))

    made = sum(await task)
    assert made == SIZE * 18
    entries = [entry.sequence for entry in await entries_after(newsroom, 0)]
    assert entries == list(range(1, start + made + 1))
    for follower in followers:
        # What was there at each poll, put after what was there before: all of it, in order.
        assert follower.seen == entries
        assert follower.polls >= 3


async def test_processes_that_know_nothing_of_one_another_write_one_log(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    path = f"/v1/documents/{document['id']}/annotations"
    start = await head(newsroom)
    url = newsroom.app.state.settings.database_url

    one_at_a_time = Lock()

    def elsewhere(name: str) -> list[int]:
        """Twenty spans, from a Stet with an event loop of its own."""

        async def post() -> list[int]:
            async with AsyncExitStack() as stack:
                app = create_app(settings(url))
                stack.push_async_callback(app.state.database.dispose)
                client = Newsroom(app, stack)[name]
                with one_at_a_time:
                    # FastAPI builds a route when it is first used, and not for several threads.
                    await client.post(path, json={})
                body = {"label": "claim", "quote": "Beijing"}
                return [(await client.post(path, json=body)).status_code for _ in range(20)]

        return asyncio.run(post())

    names = ("annotator", "annotator-b", "reviewer", "manager")
    statuses = await asyncio.gather(*(asyncio.to_thread(elsewhere, name) for name in names))

    assert statuses == [[201] * 20] * 4
    entries = await entries_after(newsroom, start)
    assert [entry.sequence for entry in entries] == list(range(start + 1, start + 81))
    assert Counter(entry.actor for entry in entries) == dict.fromkeys(names, 20)


async def test_what_is_not_committed_yet_holds_back_what_comes_after(newsroom: Newsroom) -> None:
    """One writer takes its number and dawdles; another, later, must not be seen before it."""
    document = await make.document(newsroom["annotator"])
    end = await head(newsroom)
    database: Database = newsroom.app.state.database
    async with database.session(writes=True) as db:
        await db.begin()
        project = select(Project.id).where(Project.slug == "demo")
        await lock(db, (await db.execute(project)).scalar_one())
        waiting = asyncio.create_task(make.annotation(newsroom["annotator"], document["id"]))
        await asyncio.sleep(0.2)
        before = await entries_after(newsroom, end)
        done_before = waiting.done()

    await waiting
    after = await entries_after(newsroom, end)

    assert (before, done_before) == ([], False)
    assert [entry.sequence for entry in after] == [end + 1]
