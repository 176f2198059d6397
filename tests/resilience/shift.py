"""People at work on a server that may die at any moment, and what they remember of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import httpx

from tests import make
from tests.conftest import TOKENS
from tests.serving import Server

ALONE = ("created", "updated", "decided", "withdrawn")
"""What happens to most annotations; each step makes a version."""
TOGETHER = ("created", "decided")
"""What happens to those that are decided on ten at a time, in one request."""


@dataclass
class Told:
    """How far an annotation was brought."""

    story: tuple[str, ...]
    document: str
    asked: int = 0
    """Steps that were asked for."""
    answered: int = 0
    """Steps that were answered, and so must have been kept."""


class _Away(Exception):
    """The server says that its database is away."""


class Shift:
    """Eight people who annotate, edit, review and withdraw until the server is gone."""

    def __init__(self) -> None:
        """They remember across servers."""
        self.told: dict[UUID, Told] = {}
        self.groups: list[list[UUID]] = []
        """Annotations that are decided on together."""
        self._document = ""
        self._numbers = count(1)
        self._wanted = 0
        self._enough = asyncio.Event()

    async def work(
        self, server: Server, answers: int, end: Callable[[], Awaitable[object]]
    ) -> None:
        """Let them work, and ``end`` it as soon as so many requests were answered.

        Raises:
            AssertionError: when an answer was neither 2xx nor 503.
        """
        async with _client(server, "annotator") as annotator:
            self._document = (await make.document(annotator))["id"]
        self._wanted = answers
        self._enough = asyncio.Event()
        enough = asyncio.create_task(self._enough.wait())
        people = [
            asyncio.create_task(self._until_it_is_gone(work, server))
            for work in [self._alone] * 6 + [self._together] * 2
        ]
        await asyncio.wait([enough, *people], return_when=asyncio.FIRST_COMPLETED)
        enough.cancel()
        await end()
        await asyncio.gather(*people)

    async def _until_it_is_gone(
        self,
        work: Callable[[httpx.AsyncClient, httpx.AsyncClient], Awaitable[None]],
        server: Server,
    ) -> None:
        async with (
            _client(server, "annotator") as annotator,
            _client(server, "reviewer") as reviewer,
        ):
            try:
                await work(annotator, reviewer)
            except (httpx.TransportError, _Away):
                return

    async def _alone(self, annotator: httpx.AsyncClient, reviewer: httpx.AsyncClient) -> None:
        while True:
            id = self._new(ALONE)
            path = f"/v1/annotations/{id}"
            await self._step([id], self._create(annotator, id))
            change = {"note": "On second thoughts."}
            await self._step([id], annotator.patch(path, json=change, headers=make.seen(1)))
            await self._step([id], _decide(reviewer, id, seen=2))
            await self._step([id], reviewer.delete(path, headers=make.seen(3)))

    async def _together(self, annotator: httpx.AsyncClient, reviewer: httpx.AsyncClient) -> None:
        while True:
            group = [self._new(TOGETHER) for _ in range(10)]
            self.groups.append(group)
            for id in group:
                await self._step([id], self._create(annotator, id))
            verdicts = [{"annotation": str(id), "version": 1, "verdict": "approve"} for id in group]
            decisions = reviewer.post("/v1/projects/demo/decisions", json={"decisions": verdicts})
            await self._step(group, decisions)

    def _new(self, story: tuple[str, ...]) -> UUID:
        id = make.id_of(next(self._numbers))
        self.told[id] = Told(story, self._document)
        return id

    def _create(self, client: httpx.AsyncClient, id: UUID) -> Awaitable[httpx.Response]:
        body = {"id": str(id), "label": "claim", "quote": "Chinese nationals fight for Russia"}
        return client.post(f"/v1/documents/{self.told[id].document}/annotations", json=body)

    async def _step(self, ids: list[UUID], request: Awaitable[httpx.Response]) -> None:
        for id in ids:
            self.told[id].asked += 1
        response = await request
        if response.status_code == 503:
            raise _Away
        assert response.is_success, f"{response.status_code} {response.text}"
        for id in ids:
            self.told[id].answered += 1
        self._wanted -= 1
        if self._wanted == 0:
            self._enough.set()

    async def ask_again(self, server: Server) -> int:
        """Send again what had no answer, where that is safe: creating and deciding; how many."""
        sent = 0
        async with (
            _client(server, "annotator") as annotator,
            _client(server, "reviewer") as reviewer,
        ):
            for id, told in self.told.items():
                if told.answered == told.asked:
                    continue
                step = told.story[told.answered]
                if step == "created":
                    response = await self._create(annotator, id)
                elif step == "decided":
                    response = await _decide(reviewer, id, seen=told.answered)
                else:
                    continue
                # 201 if it had not been written, 200 if it had.
                assert response.status_code in {200, 201}, response.text
                told.answered += 1
                sent += 1
        return sent


def _client(server: Server, name: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {TOKENS[name]}"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30)


def _decide(client: httpx.AsyncClient, id: UUID, *, seen: int) -> Awaitable[httpx.Response]:
    path = f"/v1/annotations/{id}/decisions"
    return client.post(path, json={"verdict": "approve"}, headers=make.seen(seen))
