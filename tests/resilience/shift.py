"""People at work on a server that may die at any moment, and what they remember of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from app.core.vocabulary import ChangeKind
from tests import make
from tests.conftest import TOKENS
from tests.serving import Server

TITLE = "Read on a shift"
"""What the documents are called that are posted or imported."""
NOTE = "On second thoughts."
"""What an edit adds."""

AGAIN = {"POST": {200, 201}, "PATCH": {200, 412}, "DELETE": {204, 410}}
"""What a request may be answered when it is sent again: it had happened, or happens now."""

Clients = dict[str, httpx.AsyncClient]


class Entry(NamedTuple):
    """An entry of the log: what happened to which subject, and the version that this made."""

    kind: ChangeKind
    subject: UUID
    version: int


@dataclass
class Request:
    """What somebody asks for, and the entries that it makes: it happens wholly or not at all."""

    who: str
    method: str
    path: str
    sent: dict[str, Any]
    """Headers and body, as ``httpx`` takes them."""
    makes: list[Entry]
    happened: bool | None = None
    """What it was answered: that it has, or by 503 that it has not; None for no such answer."""

    async def send(self, clients: Clients) -> httpx.Response:
        """The answer."""
        return await clients[self.who].request(self.method, self.path, **self.sent)


Story = Callable[[], Iterator[Request]]


class _Away(Exception):
    """The server says that its database is away."""


class Shift:
    """Eight people who post, annotate, join, edit, review, withdraw and import."""

    def __init__(self) -> None:
        """They remember across servers."""
        self.requests: list[Request] = []
        """All that was asked for; of one subject in the order in which it was."""
        self.told: dict[UUID, dict[str, Any]] = {}
        """The subjects, and what their rows say unless something was changed since."""
        self._document = UUID(int=0)
        self._numbers = count(1)
        self._wanted = 0
        self._enough = asyncio.Event()
        self._over = asyncio.Event()

    async def work(
        self, server: Server, answers: int, end: Callable[[], Awaitable[object]]
    ) -> None:
        """Let them work, and ``end`` it as soon as so many requests were answered.

        Who is left without an answer, or told 503, begins another story. They go home when nobody
        listens any more, or when ``end`` has returned, each with an answer to the last request.

        Raises:
            ExceptionGroup: of AssertionErrors, when an answer was neither 2xx nor 503.
        """
        stories = [self._alone] * 3 + [self._together] * 2 + [self._joined] * 2 + [self._imported]
        posted = self._post()
        self._document = posted.makes[0].subject
        self.requests.append(posted)
        await self.ask_again(server)
        self._wanted, self._enough, self._over = answers, asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as people:
            for story in stories:
                people.create_task(self._at_work(story, server))
            await self._enough.wait()
            await end()
            self._over.set()

    async def _at_work(self, story: Story, server: Server) -> None:
        async with _clients(server) as clients:
            while not self._over.is_set():
                try:
                    for request in story():
                        await self._ask(request, clients)
                        if self._over.is_set():
                            break
                except httpx.ConnectError:
                    break
                except (httpx.NetworkError, httpx.RemoteProtocolError, _Away):
                    await asyncio.sleep(0.05)
        # If everything died by itself, there is nothing to wait for.
        self._enough.set()

    async def _ask(self, request: Request, clients: Clients) -> None:
        self.requests.append(request)
        response = await request.send(clients)
        if response.status_code == 503:
            is_unknown = "unknown" in response.json()["detail"]
            request.happened = None if is_unknown else False
            raise _Away
        assert response.is_success, f"{response.status_code} {response.text}"
        request.happened = True
        self._wanted -= 1
        if not self._wanted:
            self._enough.set()

    async def ask_again(self, server: Server) -> int:
        """Send what was not acknowledged, as often as it takes; how many requests that were."""
        left = [request for request in self.requests if not request.happened]
        async with _clients(server) as clients, asyncio.timeout(60):
            for request in left:
                while (response := await request.send(clients)).status_code == 503:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                assert response.status_code in AGAIN[request.method], response.text
                request.happened = True
        return len(left)

    def _alone(self) -> Iterator[Request]:
        """A claim from its first version to its last."""
        yield (created := self._annotate(self._document, "claim"))
        id = created.makes[0].subject
        path, updated = f"/v1/annotations/{id}", Entry(ChangeKind.ANNOTATION_UPDATED, id, 2)
        sent = {"json": {"note": NOTE}, "headers": make.seen(1)}
        yield Request("annotator", "PATCH", path, sent, [updated])
        decided = Entry(ChangeKind.ANNOTATION_DECIDED, id, 3)
        sent = {"json": {"verdict": "approve"}, "headers": make.seen(2)}
        yield Request("reviewer", "POST", f"{path}/decisions", sent, [decided])
        yield _withdraw(id, seen=3)

    def _together(self) -> Iterator[Request]:
        """Ten claims that are decided on in one request."""
        ids = []
        for _ in range(10):
            yield (created := self._annotate(self._document, "claim"))
            ids.append(created.makes[0].subject)
        verdicts = [{"annotation": str(id), "version": 1, "verdict": "approve"} for id in ids]
        decided = [Entry(ChangeKind.ANNOTATION_DECIDED, id, 2) for id in ids]
        sent = {"json": {"decisions": verdicts}}
        yield Request("reviewer", "POST", "/v1/projects/demo/decisions", sent, decided)

    def _joined(self) -> Iterator[Request]:
        """A document with a claim and its denial, which is withdrawn with what joins them."""
        yield (posted := self._post())
        document = posted.makes[0].subject
        yield (claimed := self._annotate(document, "claim"))
        yield (denied := self._annotate(document, "denial"))
        claim, denial = claimed.makes[0].subject, denied.makes[0].subject
        body, created = self._relation(document, denial, claim)
        path = f"/v1/documents/{document}/relations"
        yield Request("annotator", "POST", path, {"json": body}, [created])
        with_it = Entry(ChangeKind.RELATION_WITHDRAWN, created.subject, 2)
        yield _withdraw(denial, with_it, seen=1)

    def _imported(self) -> Iterator[Request]:
        """Four documents in a file, each with a claim, its denial and what joins them."""
        lines, made = [], []
        for _ in range(4):
            line, posted = self._new_document()
            document = posted.subject
            claim, claimed = self._annotation(document, "claim")
            denial, denied = self._annotation(document, "denial")
            relation, joined = self._relation(document, denied.subject, claimed.subject)
            line |= {"annotations": [claim, denial], "relations": [relation]}
            lines.append(json.dumps(line))
            made += [posted, claimed, denied, joined]
        path = "/v1/projects/demo/import?format=jsonl"
        yield Request("annotator", "POST", path, {"content": "\n".join(lines)}, made)

    def _post(self) -> Request:
        body, created = self._new_document()
        path = "/v1/projects/demo/documents"
        return Request("annotator", "POST", path, {"json": body}, [created])

    def _annotate(self, document: UUID, label: str) -> Request:
        body, created = self._annotation(document, label)
        path = f"/v1/documents/{document}/annotations"
        return Request("annotator", "POST", path, {"json": body}, [created])

    def _new_document(self) -> tuple[dict[str, Any], Entry]:
        """A document as it is sent, alone or in a file, and the entry of its creation."""
        said = {"title": TITLE, "text": make.TEXT}
        return self._created(ChangeKind.DOCUMENT_CREATED, said, {**said, "is_indexed": True})

    def _annotation(self, document: UUID, label: str) -> tuple[dict[str, Any], Entry]:
        said = {"label": label, "quote": "Beijing"}
        return self._created(ChangeKind.ANNOTATION_CREATED, said, {**said, "document_id": document})

    def _relation(self, document: UUID, source: UUID, target: UUID) -> tuple[dict[str, Any], Entry]:
        said = {"type": "denies", "source": str(source), "target": str(target)}
        ends = {"source_id": source, "target_id": target}
        row = {"type": "denies", "document_id": document, **ends}
        return self._created(ChangeKind.RELATION_CREATED, said, row)

    def _created(
        self, kind: ChangeKind, said: dict[str, Any], row: dict[str, Any]
    ) -> tuple[dict[str, Any], Entry]:
        id = make.id_of(next(self._numbers))
        self.told[id] = row
        return {"id": str(id), **said}, Entry(kind, id, 1)


def _withdraw(id: UUID, *before: Entry, seen: int) -> Request:
    withdrawn = Entry(ChangeKind.ANNOTATION_WITHDRAWN, id, seen + 1)
    sent = {"headers": make.seen(seen)}
    return Request("reviewer", "DELETE", f"/v1/annotations/{id}", sent, [*before, withdrawn])


@asynccontextmanager
async def _clients(server: Server) -> AsyncIterator[Clients]:
    """An annotator's and a reviewer's."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=server.url,
                    headers={"Authorization": f"Bearer {TOKENS[name]}"},
                    timeout=30,
                )
            )
            for name in ("annotator", "reviewer")
        }
