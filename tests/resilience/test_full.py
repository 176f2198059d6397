"""A server with no place left, over connections of which a test sees every byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.database.connect import connect
from tests.conftest import TOKENS, settings
from tests.http.test_admission import DOCUMENT, DOCUMENTS, nobody_writes
from tests.resilience.conftest import rows
from tests.resilience.wire import Answer, Wire, head
from tests.serving import Server, has_under_way, stet

JSON = {
    "Authorization": f"Bearer {TOKENS['annotator']}",
    "Content_Type": "application/json",
    "Content_Length": str(len(DOCUMENT)),
}


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    """One that works on one request at once, while another waits."""
    async with stet(database_url, tmp_path, max_requests_at_once=1) as running:
        yield running


async def creating(server: Server, name: str) -> Wire:
    """A connection on which a document is being created."""
    wire = await Wire.to(server)
    await wire.send(head("POST", DOCUMENTS, **JSON, X_Request_ID=name), DOCUMENT)
    return wire


async def test_a_connection_on_which_one_was_turned_away_serves_the_next(
    server: Server, database_url: str
) -> None:
    database = connect(settings(database_url))
    answers: list[Answer] = []

    async def answered(wire: Wire) -> Answer:
        answer = await wire.answer()
        answers.append(answer)
        return answer

    async with nobody_writes(database):
        wires = [await creating(server, f"request-{number}") for number in range(5)]
        waiting = [asyncio.create_task(answered(wire)) for wire in wires]
        while len(answers) < 3:
            await asyncio.wait(
                [task for task in waiting if not task.done()],
                return_when=asyncio.FIRST_COMPLETED,
            )
        early = answers[:3]
    await asyncio.gather(*waiting)
    await database.dispose()
    await wires[0].send(head("GET", DOCUMENTS, Authorization=JSON["Authorization"]))
    listed = json.loads((await wires[0].answer()).body)["items"]
    for wire in wires[1:]:
        await wire.send(head("POST", DOCUMENTS, **JSON), DOCUMENT)
        again = await wire.answer()
        assert again.status == 201
        await wire.close()
    await wires[0].close()

    assert [(answer.status, answer.code) for answer in early] == [(503, "unavailable")] * 3
    assert all(answer.headers["retry-after"] == "1" for answer in early)
    made = [answer for answer in answers if answer.status == 201]
    # The one in line may have waited too long, where the machine is slow.
    assert len(made) in {1, 2}
    assert len(listed) == len(made)


@pytest.mark.parametrize("parts", [[DOCUMENT], [DOCUMENT[:20], DOCUMENT[20:]]])
async def test_who_hangs_up_in_the_line_is_not_worked_for(
    server: Server, database_url: str, parts: list[bytes]
) -> None:
    before = await rows(database_url)
    database = connect(settings(database_url))
    async with nobody_writes(database):
        first = await creating(server, "first")
        await has_under_way(server, 1)
        gone = await Wire.to(server)
        await gone.send(head("POST", DOCUMENTS, **JSON, X_Request_ID="gone"))
        for part in parts:
            await gone.send(part)
            await asyncio.sleep(0.1)
        await has_under_way(server, 2)
        await gone.close()
        await has_under_way(server, 1)
    assert (await first.answer()).status == 201
    await has_under_way(server, 0)
    await first.close()
    await database.dispose()

    [line] = [line for line in server.log().splitlines() if '"request_id":"gone"' in line]
    # It was over, or its turn came in vain.
    assert json.loads(line)["status"] in {499, 503}
    assert (await rows(database_url))["documents"] == before["documents"] + 1


async def test_a_body_that_is_not_whole_keeps_any_request_from_its_turn(server: Server) -> None:
    wire = await Wire.to(server)
    asked = {"Authorization": JSON["Authorization"], "Content_Length": "2"}
    await wire.send(head("GET", DOCUMENTS, **asked), b"{")
    answer = asyncio.create_task(wire.answer())
    await has_under_way(server, 1)
    await asyncio.sleep(0.2)
    early = answer.done()
    await wire.send(b"}")

    assert not early
    assert (await answer).status == 200
    await wire.close()


async def test_a_caller_who_waits_to_be_told_so_is_told_to_send_the_body(server: Server) -> None:
    wire = await Wire.to(server)
    await wire.send(head("POST", DOCUMENTS, **JSON, Expect="100-continue"))
    told = await wire.told()
    await wire.send(DOCUMENT)
    answer = await wire.answer()
    await wire.close()

    assert told.startswith("HTTP/1.1 100 ")
    assert answer.status == 201
