"""Waiting for what comes: long polls, server-sent events, and followers that are cut off."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update
from starlette.types import Message, Scope

from app.core.timing import measured
from app.exports import log
from app.main import wrapped
from app.models import ChangeHead
from tests import make
from tests.conftest import Newsroom
from tests.log import head

PATH = "/v1/projects/demo/changes"
EVENTS = {"Accept": "text/event-stream"}


def events_of(text: str) -> list[dict[str, str]]:
    """The events of a stream, as the HTML standard reads them; comments are none."""
    found = []
    for block in text.split("\n\n"):
        fields = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
        event = {name: value for name, _, value in fields}
        if "data" in event:
            found.append(event)
    return found


async def one_waits(newsroom: Newsroom) -> None:
    """Return once somebody waits for a log to grow."""
    async with asyncio.timeout(30):
        while not newsroom.app.state.log_heads._waiting:  # noqa: ASYNC110, SLF001  # nobody says
            await asyncio.sleep(0.01)


async def tell(
    newsroom: Newsroom, accept: str, query: str, send: Callable[[Message], Awaitable[None]]
) -> bool:
    """Tell the reader the log, piece by piece; whether the connection was cut off behind it."""

    async def receive() -> Message:
        await asyncio.sleep(60)
        raise AssertionError

    scope: Scope = {"type": "http", "method": "GET", "path": PATH, "raw_path": PATH.encode()}
    scope.update(http_version="1.1", scheme="http", query_string=query.encode())
    token = newsroom["reader"].headers["Authorization"]
    scope["headers"] = [(b"authorization", token.encode()), (b"accept", accept.encode())]
    cut_off: list[bool] = []
    scope["state"] = {"hang_up": lambda: cut_off.append(True)}
    await wrapped(newsroom.app)(scope, receive, send)
    return cut_off == [True]


async def test_a_request_waits_until_something_comes(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    end = await head(newsroom)
    began = time.monotonic()
    waiting = asyncio.create_task(newsroom["reader"].get(PATH, params={"after": end, "wait": 30}))
    await one_waits(newsroom)

    made = await make.annotation(newsroom["annotator"], document["id"])
    answer = await waiting

    assert time.monotonic() - began < 10
    assert [json.loads(line)["state"] for line in answer.text.splitlines()] == [made]
    assert answer.headers["Stet-Snapshot"] == str(end + 1)


async def test_a_request_that_waits_in_vain_is_answered_with_nothing(newsroom: Newsroom) -> None:
    end = await head(newsroom)

    answer = await newsroom["reader"].get(PATH, params={"after": end, "wait": 1})

    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["Stet-Snapshot"] == str(end)


@pytest.mark.parametrize("headers", [{}, EVENTS])
async def test_head_waits_for_nothing(newsroom: Newsroom, headers: dict[str, str]) -> None:
    await make.document(newsroom["annotator"])
    end = await head(newsroom)

    async with asyncio.timeout(20):
        answer = await newsroom["reader"].head(
            PATH, params={"after": end, "wait": 60}, headers=headers
        )

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Stet-Snapshot"] == str(end)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (PATH, {"changes", "documents"}),
        ("/v1/projects/demo/export?format=jsonl", {"documents", "revisions", "annotations"}),
    ],
)
async def test_head_reads_none_of_what_it_does_not_send(
    newsroom: Newsroom, statements: list[str], path: str, content: set[str]
) -> None:
    await make.document(newsroom["annotator"])
    # What is remembered for a moment is asked for by the first.
    await newsroom["reader"].get(path)
    statements.clear()
    await newsroom["reader"].get(path)
    whole = _tables(statements)
    statements.clear()

    await newsroom["reader"].head(path)

    assert content <= whole
    assert statements
    assert content.isdisjoint(_tables(statements))


def _tables(statements: list[str]) -> set[str]:
    """All that they read."""
    return set(re.findall(r"\b(?:FROM|JOIN) (\w+)", " ".join(statements)))


@pytest.mark.parametrize("headers", [{}, EVENTS])
async def test_a_log_that_ends_above_its_last_entry_is_waited_for(
    newsroom: Newsroom, statements: list[str], headers: dict[str, str]
) -> None:
    """A race that was refused may have taken the last number."""
    document = await make.document(newsroom["annotator"])
    last = await head(newsroom)
    async with newsroom.app.state.database.session(writes=True) as db:
        await db.begin()
        await db.execute(update(ChangeHead).values(sequence=ChangeHead.sequence + 1))
    reader = newsroom["reader"]
    statements.clear()
    began = time.monotonic()

    nothing = await reader.get(PATH, params={"after": last, "wait": 1}, headers=headers)

    assert time.monotonic() - began >= 1
    assert [it for it in nothing.text.splitlines() if it.startswith(("{", "data"))] == []
    # Who asks, where the log ends and its last entry, and each fifth of a second whether it grew.
    assert len(statements) < 25
    waiting = asyncio.create_task(
        reader.get(PATH, params={"after": last, "wait": 2}, headers=headers)
    )
    await one_waits(newsroom)
    made = await make.annotation(newsroom["annotator"], document["id"])
    assert made["id"] in (await waiting).text


async def test_what_is_asked_for_all_who_wait_is_part_of_no_request(newsroom: Newsroom) -> None:
    spent = measured()

    await newsroom.app.state.log_heads.beyond(uuid4(), 0, seconds=0.5)

    assert spent == []


async def test_what_another_project_does_wakes_nobody(
    newsroom: Newsroom, statements: list[str]
) -> None:
    await make.project(newsroom["admin"], "other")
    end = await head(newsroom)
    waiting = asyncio.create_task(newsroom["reader"].get(PATH, params={"after": end, "wait": 60}))
    await one_waits(newsroom)
    await make.document(newsroom["admin"], project="other")
    statements.clear()
    # Once it was asked a second time after that, the answer to the first has woken whom it may.
    async with asyncio.timeout(30):
        while len(statements) < 3:  # noqa: ASYNC110  # nobody says
            await asyncio.sleep(0.01)
    still = not waiting.done()
    newsroom.app.state.log_heads.stop()
    answer = await waiting

    assert still
    assert (answer.status_code, answer.text) == (200, "")


async def test_events_carry_the_log_and_go_on_from_the_last_id(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    end = await head(newsroom)
    one, two = [await make.annotation(newsroom["annotator"], document["id"]) for _ in range(2)]

    whole = await newsroom["reader"].get(PATH, params={"after": end, "wait": 0}, headers=EVENTS)
    rest = await newsroom["reader"].get(
        PATH, params={"after": 0, "wait": 0}, headers={**EVENTS, "Last-Event-ID": str(end + 1)}
    )

    assert whole.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert whole.text.startswith("retry: ")
    events = events_of(whole.text)
    assert [(event["id"], event["event"]) for event in events] == [
        (str(end + 1), "annotation.created"),
        (str(end + 2), "annotation.created"),
    ]
    assert [json.loads(event["data"])["state"] for event in events] == [one, two]
    assert events_of(rest.text) == events[1:]


@pytest.mark.parametrize(
    ("accept", "events"),
    [
        ("Text/Event-Stream", True),
        ("text/html, text/event-stream ; charset=utf-8; Q=0.5", True),
        ("*/*, text/event-stream", True),
        ("text/event-stream;q=0", False),
        ("text/event-stream;q=0.5, application/x-ndjson", False),
        ("text/event-stream;q=0.5, */*;q=0.6", False),
        ("text/event-stream;q=x", False),
        ("text/event-streams", False),
        ("*/*", False),
    ],
)
async def test_events_come_to_whoever_accepts_them_and_likes_lines_no_better(
    newsroom: Newsroom, accept: str, events: bool
) -> None:
    answer = await newsroom["reader"].get(PATH, params={"wait": 0}, headers={"Accept": accept})

    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/event-stream") is events
    assert answer.headers["Vary"] == "Accept"


async def test_an_event_comes_while_the_stream_lasts(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    end = await head(newsroom)
    pieces: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(message: Message) -> None:
        await pieces.put(message.get("body", b""))

    streaming = asyncio.create_task(tell(newsroom, EVENTS["Accept"], f"after={end}&wait=60", send))
    await one_waits(newsroom)
    made = await make.annotation(newsroom["annotator"], document["id"])

    # Sooner than who was not woken looks again.
    async with asyncio.timeout(10):
        while not (events := events_of((await pieces.get()).decode())):
            pass
    newsroom.app.state.log_heads.stop()
    await streaming

    assert [json.loads(event["data"])["subject"] for event in events] == [made["id"]]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "01", "+1", "1_0", str(2**63), "1" * 5000])
async def test_a_last_id_that_is_none_is_refused(newsroom: Newsroom, last: str) -> None:
    answer = await newsroom["reader"].get(PATH, headers={**EVENTS, "Last-Event-ID": last})

    make.refused(answer, 422, "invalid-parameter")


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
async def test_a_follower_that_is_cut_off_again_and_again_misses_nothing(
    newsroom: Newsroom, accept: str
) -> None:
    document = await make.document(newsroom["annotator"])
    begin = await head(newsroom)
    writing = 0

    async def write(client: httpx.AsyncClient) -> None:
        nonlocal writing
        writing += 1
        for place in range(15):
            made = await make.annotation(client, document["id"])
            path = f"/v1/annotations/{made['id']}"
            await make.said(
                await client.patch(path, json={"note": f"{place}"}, headers=make.seen(1)), 200
            )
            if place % 3 == 0:
                await client.delete(path, headers=make.seen(2))
            await asyncio.sleep(0)
        writing -= 1

    told: list[dict[str, Any]] = []
    cut = 0
    writers = asyncio.gather(*(write(newsroom["annotator"]) for _ in range(6)))
    while True:
        last = told[-1]["sequence"] if told else begin
        done = writers.done()
        # As a script that is killed: what came whole is kept, the rest is lost with it.
        answer = await newsroom["reader"].get(
            PATH, params={"after": last, "wait": 0}, headers={"Accept": accept}
        )
        text = answer.text
        if not done:
            text = text[: len(text) * 2 // 3]
            cut += 1
        told += _whole(text, accept)
        if done:
            break
        await asyncio.sleep(0)
    await writers

    sequences = [entry["sequence"] for entry in told]
    assert sequences == sorted(set(sequences))
    subjects = {entry["subject"] for entry in told}
    assert len(subjects) == 90
    kinds = [entry["kind"] for entry in told]
    assert [kinds.count(f"annotation.{kind}") for kind in ("created", "updated", "withdrawn")] == [
        90,
        90,
        30,
    ]
    assert all(entry["state"] is None for entry in told if entry["kind"].endswith("withdrawn"))
    assert cut > 3


def _whole(text: str, accept: str) -> list[dict[str, Any]]:
    """The entries that came whole."""
    if accept == "text/event-stream":
        whole = text[: text.rfind("\n\n") + 2]
        return [json.loads(event["data"]) for event in events_of(whole)]
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


async def test_a_browser_that_has_seen_nothing_begins_where_it_says(newsroom: Newsroom) -> None:
    end = await head(newsroom)

    answer = await newsroom["reader"].get(
        PATH, params={"after": end, "wait": 0}, headers={**EVENTS, "Last-Event-ID": ""}
    )

    assert answer.status_code == 200
    assert events_of(answer.text) == []


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
async def test_who_may_no_longer_read_is_told_nothing_more(newsroom: Newsroom, accept: str) -> None:
    document = await make.document(newsroom["annotator"])
    end = await head(newsroom)
    following = asyncio.create_task(
        newsroom["reader"].get(PATH, params={"after": end, "wait": 60}, headers={"Accept": accept})
    )
    await one_waits(newsroom)
    member = await newsroom["manager"].get("/v1/projects/demo/members/reader")
    removed = await newsroom["manager"].delete(
        "/v1/projects/demo/members/reader", headers={"If-Match": member.headers["ETag"]}
    )
    await make.annotation(newsroom["annotator"], document["id"])

    answer = await following

    assert removed.status_code == 204
    if accept == "text/event-stream":
        assert (answer.status_code, events_of(answer.text)) == (200, [])
    else:
        make.refused(answer, 404, "not-found")


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
async def test_who_may_no_longer_read_is_told_no_further_page_however_slowly_they_read(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    monkeypatch.setattr(log, "_ENTRIES_A_PAGE", 2)
    monkeypatch.setattr(log, "_PAGE", log._PAGE.limit(2))  # noqa: SLF001
    for number in range(5):
        await make.document(newsroom["annotator"], title=f"Title {number}")
    after = await head(newsroom) - 5
    body = b""
    ended = False

    async def send(message: Message) -> None:
        nonlocal body, ended
        if b"Title 0" in message.get("body", b""):
            path = "/v1/projects/demo/members/reader"
            removed = await newsroom["manager"].delete(path, headers=make.seen(1))
            assert removed.status_code == 204
            await make.document(newsroom["annotator"], title="Later")
        body += message.get("body", b"")
        ended = message["type"] == "http.response.body" and not message.get("more_body")

    cut_off = await tell(newsroom, accept, f"wait=0&after={after}", send)

    # What is not whole must not look so; of events, nobody expects an end.
    assert (ended, cut_off) == ((True, False) if accept == "text/event-stream" else (False, True))
    assert re.findall(r"Title \d|Later", body.decode()) == ["Title 0", "Title 1"]
