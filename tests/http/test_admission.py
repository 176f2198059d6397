"""A worker takes so many requests at once, lets as many wait, and turns away one too many."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.database import Database
from app.core.errors import Unavailable
from app.core.http.admission import Admission, Slots
from app.main import wrapped
from tests import make
from tests.conftest import TOKENS, Newsroom
from tests.log import head

DOCUMENTS = "/v1/projects/demo/documents"
CHANGES = "/v1/projects/demo/changes"
DOCUMENT = b'{"title": "An article", "text": "Kyiv spoke of 155 people."}'
JSON = {"Content-Type": "application/json"}


class Worker:
    """Another worker on the newsroom's database, with these settings, and one client of it."""

    def __init__(self, newsroom: Newsroom, name: str = "annotator", **given: Any) -> None:
        self.app: ASGIApp = wrapped(newsroom.beside(**given).app)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://stet.test",
            headers={"Authorization": f"Bearer {TOKENS[name]}"},
            timeout=60,
        )
        newsroom.stack.push_async_callback(self.client.aclose)

    def creates(self) -> asyncio.Task[httpx.Response]:
        """A document that is being created."""
        return asyncio.create_task(self.client.post(DOCUMENTS, content=DOCUMENT, headers=JSON))

    async def measured(self, name: str, kind: str) -> float:
        """What ``/metrics`` says now."""
        exposed = (await self.client.get("/metrics")).text
        (value,) = (
            sample.value
            for family in text_string_to_metric_families(exposed)
            for sample in family.samples
            if (sample.name, sample.labels) == (name, {"kind": kind})
        )
        return value

    async def has_under_way(self, count: int, kind: str = "short") -> None:
        """Wait until there are so many requests."""
        for _ in range(1000):
            if await self.measured("stet_requests_under_way", kind) == count:
                return
            await asyncio.sleep(0.01)
        raise TimeoutError


@asynccontextmanager
async def nobody_writes(database: Database) -> AsyncIterator[None]:
    """Whoever creates a document waits."""
    async with database.session(writes=True) as db:
        await db.begin()
        if database.dialect == "postgresql":
            await db.execute(text("LOCK TABLE documents IN EXCLUSIVE MODE"))
        yield


class Body:
    """A document whose second half is sent when it is told so."""

    def __init__(self) -> None:
        self.begun, self.ends = asyncio.Event(), asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.begun.set()
        yield DOCUMENT[:20]
        await self.ends.wait()
        yield DOCUMENT[20:]


async def test_one_too_many_is_turned_away_while_the_others_are_served(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever is not turned away at once is to be served, also on a machine that is busy.
    monkeypatch.setattr("app.core.http.admission._PATIENCE", 60)
    worker = Worker(newsroom, max_requests_at_once=2)

    async with nobody_writes(newsroom.app.state.database):
        tasks = [worker.creates() for _ in range(10)]
        refused = await _those_done(tasks, 6)
    answers = await asyncio.gather(*tasks)
    afterwards = await worker.client.get(DOCUMENTS)

    for answer in refused:
        make.refused(answer, 503, "unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert "Connection" not in answer.headers
    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert len(made) == 4
    assert {document["id"] for document in afterwards.json()["items"]} == set(made)


async def _those_done(
    tasks: list[asyncio.Task[httpx.Response]], count: int
) -> list[httpx.Response]:
    """The first answers, once there are so many."""
    while len(done := [task for task in tasks if task.done()]) < count:
        await asyncio.wait(set(tasks) - set(done), return_when=asyncio.FIRST_COMPLETED)
    return [task.result() for task in done]


@pytest.mark.parametrize("body", [[], [DOCUMENT], [DOCUMENT[:20], b"", DOCUMENT[20:]]])
async def test_who_waits_in_vain_is_turned_away(newsroom: Newsroom, body: list[bytes]) -> None:
    worker = Worker(newsroom, max_requests_at_once=1)

    async def parts() -> AsyncIterator[bytes]:
        for part in body:
            yield part

    async with nobody_writes(newsroom.app.state.database):
        taken = worker.creates()
        await worker.has_under_way(1)
        if body:
            answer = await worker.client.post(DOCUMENTS, content=parts(), headers=JSON)
        else:
            answer = await worker.client.get("/v1/me")
        still = not taken.done()
    first = await taken
    afterwards = await worker.client.get(DOCUMENTS)

    make.refused(answer, 503, "unavailable")
    assert "Connection" not in answer.headers
    assert still
    assert first.status_code == 201
    assert [document["id"] for document in afterwards.json()["items"]] == [first.json()["id"]]


async def test_who_waits_gets_the_next_place_in_the_order_of_coming() -> None:
    slots = Slots("short", 1, line=3)
    served = []

    async def waits(number: int) -> None:
        if await slots.take():
            served.append(number)
            await asyncio.sleep(0)
            slots.release()

    await asyncio.gather(*map(waits, range(4)))

    assert served == [0, 1, 2, 3]


async def test_a_full_house_answers_those_who_watch_it(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, max_requests_at_once=1)
    before = await worker.measured("stet_requests_turned_away_total", "short")

    async with nobody_writes(newsroom.app.state.database):
        taken = worker.creates()
        await worker.has_under_way(1)
        turned_away = await worker.client.head("/v1/me")
        watched = [await worker.client.get(path) for path in ("/healthz", "/readyz", "/metrics")]
    await taken

    assert (turned_away.status_code, turned_away.content) == (503, b"")
    assert [answer.status_code for answer in watched] == [200, 200, 200]
    assert await worker.measured("stet_requests_turned_away_total", "short") == before + 1
    assert await worker.measured("stet_requests_under_way", "short") == 0


class Crowd:
    """Callers of eight places and a line of eight, behind which eight at a time are answered."""

    def __init__(self) -> None:
        self.load = Admission(self._work, max_requests=8, max_streams=1)
        self._batch: list[asyncio.Future[None]] = []

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._batch.append(done)
        if len(self._batch) == 8:
            for each in self._batch:
                each.set_result(None)
            self._batch = []
        await done
        await PlainTextResponse("done")(scope, receive, send)

    async def ask(self, *body: bytes) -> bool:
        """Whether there was a place for a request whose body comes in these parts."""
        statuses: list[int] = []
        messages = [{"type": "http.request", "body": part, "more_body": True} for part in body[:-1]]
        messages.append({"type": "http.request", "body": b"".join(body[-1:]), "more_body": False})

        async def receive() -> Message:
            if not messages:
                await asyncio.Event().wait()
            return messages.pop(0)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        headers = [(b"transfer-encoding", b"chunked")] if body else []
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        try:
            await self.load(scope, receive, send)
        except Unavailable:
            return False
        return statuses == [200]


@pytest.mark.parametrize("body", [[], [b"whole"], [b"in", b"three", b"parts"]])
async def test_who_asks_now_and_then_fares_like_those_who_ask_without_pause(
    monkeypatch: pytest.MonkeyPatch, body: list[bytes]
) -> None:
    monkeypatch.setattr("app.core.http.admission._PAUSE", 0)
    chance = random.Random(20)  # noqa: S311
    monkeypatch.setattr("app.core.http.admission.random", chance)
    crowd = Crowd()
    eager: list[bool] = []

    async def asks_without_pause() -> None:
        while True:
            eager.append(await crowd.ask())
            if not eager[-1]:
                await asyncio.sleep(0)

    asking = [asyncio.create_task(asks_without_pause()) for _ in range(32)]
    seldom = []
    for _ in range(250):
        # Not always as long: it would come at the same point of each batch, and fare accordingly.
        for _ in range(chance.randrange(40)):
            await asyncio.sleep(0)
        seldom.append(await crowd.ask(*body))
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)

    shares = [taken.count(True) / len(taken) for taken in (seldom, eager)]
    assert shares[1] < 0.7
    assert shares[0] > 0.5 * shares[1]


async def test_who_hangs_up_in_the_line_is_not_worked_for() -> None:
    worked_for: list[str] = []
    goes_on = asyncio.Event()

    async def work(scope: Scope, receive: Receive, send: Send) -> None:
        worked_for.append(scope["path"])
        await goes_on.wait()
        await PlainTextResponse("done")(scope, receive, send)

    async def send(_message: Message) -> None:
        pass

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    load = Admission(work, max_requests=1, max_streams=1)
    asking = []
    for path, receive in {"/first": _no_body, "/gone": gone, "/second": _no_body}.items():
        scope = {"type": "http", "method": "GET", "path": path, "headers": []}
        asking.append(asyncio.create_task(load(scope, receive, send)))
        await asyncio.sleep(0)
        if path == "/gone":
            goes_on.set()
    await asyncio.gather(*asking)

    assert worked_for == ["/first", "/second"]


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def test_long_answers_and_short_ones_take_no_place_from_each_other(
    newsroom: Newsroom,
) -> None:
    worker = Worker(newsroom, max_requests_at_once=1, max_streams_at_once=1)
    waits = {"after": await head(newsroom), "wait": 30}
    following = asyncio.create_task(worker.client.get(CHANGES, params=waits))
    await worker.has_under_way(1, "long")

    too_many = [
        await worker.client.get(CHANGES),
        await worker.client.get("/v1/projects/demo/export", params={"format": "jsonl"}),
        await worker.client.post("/v1/projects/demo/import", params={"format": "jsonl"}),
    ]
    body = Body()
    importing = worker.client.post(
        "/v1/projects/demo/import", params={"format": "jsonl"}, content=body
    )
    too_many.append(await importing)
    short = await worker.creates()
    followed = await following
    async with nobody_writes(newsroom.app.state.database):
        taken = worker.creates()
        await worker.has_under_way(1)
        long = await worker.client.get(CHANGES)
    await taken

    for answer in too_many:
        make.refused(answer, 503, "unavailable")
    assert ["Connection" in answer.headers for answer in too_many] == [False, False, False, True]
    assert not body.begun.is_set()
    assert short.status_code == 201
    assert len(followed.text.splitlines()) == 1
    assert long.status_code == 200


async def test_who_sends_slowly_keeps_nobody_out(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, max_requests_at_once=1)
    bodies = [Body() for _ in range(3)]
    sending = [
        asyncio.create_task(worker.client.post(DOCUMENTS, content=body, headers=JSON))
        for body in bodies
    ]
    await worker.has_under_way(3)

    other = await worker.client.get("/v1/me")
    answers = []
    for body, task in zip(bodies, sending, strict=True):
        body.ends.set()
        answers.append(await task)

    assert other.status_code == 200
    assert [answer.status_code for answer in answers] == [201, 201, 201]


async def test_a_body_that_arrives_when_there_is_no_place_is_turned_away(
    newsroom: Newsroom,
) -> None:
    worker = Worker(newsroom, max_requests_at_once=1)
    body = Body()
    sending = asyncio.create_task(worker.client.post(DOCUMENTS, content=body, headers=JSON))
    await body.begun.wait()
    await worker.has_under_way(1)

    async with nobody_writes(newsroom.app.state.database):
        taken = worker.creates()
        await worker.has_under_way(2)
        body.ends.set()
        late = await sending
    first = await taken
    afterwards = await worker.client.get(DOCUMENTS)

    make.refused(late, 503, "unavailable")
    assert first.status_code == 201
    assert [document["id"] for document in afterwards.json()["items"]] == [first.json()["id"]]


async def test_who_reads_slowly_keeps_nobody_out(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, max_requests_at_once=1)
    begun, reads_on = asyncio.Event(), asyncio.Event()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            begun.set()
            await reads_on.wait()

    reading = asyncio.create_task(_page(worker.app, send))
    await begun.wait()
    other = await worker.client.get("/v1/me")
    reads_on.set()
    await reading

    assert other.status_code == 200
    assert (await worker.client.get("/v1/me")).status_code == 200


async def _page(app: ASGIApp, send: Callable[[Message], Awaitable[None]]) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "scheme": "http",
        "headers": [],
        "client": ("192.0.2.1", 50_000),
        "server": ("stet.test", 80),
    }
    await app(scope, receive, send)


async def test_who_is_cancelled_in_the_line_leaves_it() -> None:
    slots = Slots("short", 1, line=2)
    assert await slots.take()

    gone = asyncio.create_task(slots.take())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    another = asyncio.create_task(slots.take())
    await asyncio.sleep(0)
    slots.release()

    assert gone.cancelled()
    assert await another


async def test_who_is_cancelled_when_a_place_is_given_passes_it_on() -> None:
    slots = Slots("short", 1, line=2)
    assert await slots.take()
    gone, another = (asyncio.create_task(slots.take()) for _ in range(2))
    await asyncio.sleep(0)

    slots.release()
    gone.cancel()
    await asyncio.wait({gone, another})

    assert gone.cancelled()
    assert another.result()


async def test_who_hangs_up_leaves_the_place(newsroom: Newsroom) -> None:
    worker = Worker(newsroom, max_requests_at_once=1, max_streams_at_once=1)
    async with nobody_writes(newsroom.app.state.database):
        tasks = [worker.creates()]
        await worker.has_under_way(1)
        waits = {"after": await head(newsroom), "wait": 30}
        tasks.append(asyncio.create_task(worker.client.get(CHANGES, params=waits)))
        await worker.has_under_way(1, "long")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    assert (await worker.client.get("/v1/me")).status_code == 200
    assert (await worker.client.get(CHANGES)).status_code == 200
