"""What comes over the wire cut off, too long, too slow or garbled is refused and leaves nothing."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import TOKENS
from tests.resilience.conftest import Served, rows
from tests.resilience.wire import Wire, head
from tests.serving import Forked

DOCUMENTS = "/v1/projects/demo/documents"
BODY = json.dumps({"title": "A letter", "text": "Nothing of this must stay."}).encode()
JSON = {"Authorization": f"Bearer {TOKENS['annotator']}", "Content_Type": "application/json"}


@pytest.fixture(autouse=True)
async def unharmed(served: Served) -> AsyncIterator[None]:
    before = await rows(served.database_url)
    yield
    async with httpx.AsyncClient(base_url=served.server.url, timeout=30) as client:
        assert (await client.get("/readyz")).status_code == 200
    assert await rows(served.database_url) == before
    assert '"event":"failed"' not in served.server.log()
    assert "Traceback" not in served.server.log()


@pytest.fixture
async def wire(served: Served) -> AsyncIterator[Wire]:
    connection = await Wire.to(served.server)
    yield connection
    await connection.close()


async def test_a_body_that_is_cut_off_is_not_taken(served: Served, wire: Wire) -> None:
    announced = head(
        "POST", DOCUMENTS, **JSON, Content_Length=str(len(BODY) + 1), X_Request_ID="cut-off"
    )

    await wire.send(announced, BODY)
    await wire.close()

    line = await logged(served, "cut-off")
    assert (line["event"], line["status"]) == ("closed", 499)


async def logged(served: Served, request_id: str) -> dict[str, object]:
    """The request's line in the log, once it is there; it must be the only one."""
    while True:
        lines = served.server.log().splitlines()
        if found := [text for text in lines if f'"request_id":"{request_id}"' in text]:
            [line] = map(json.loads, found)
            told: dict[str, object] = line
            return told
        await asyncio.sleep(0.02)


async def test_a_chunked_body_that_is_cut_off_is_not_taken(served: Served, wire: Wire) -> None:
    announced = head(
        "POST", DOCUMENTS, **JSON, Transfer_Encoding="chunked", X_Request_ID="cut-off-chunk"
    )

    await wire.send(announced, chunk(BODY))
    await wire.close()

    line = await logged(served, "cut-off-chunk")
    assert (line["event"], line["status"]) == ("closed", 499)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("length", ["65537", "9999999999999999999"])
async def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(
    served: Served, wire: Wire, length: str
) -> None:
    await wire.send(head("POST", DOCUMENTS, **JSON, Content_Length=length))
    answer = await wire.answer()

    assert (answer.status, answer.code) == (413, "too-large")
    assert (answer.problem["limit"], answer.problem["unit"]) == (65_536, "bytes")
    assert await wire.ended()


async def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(
    served: Served, wire: Wire
) -> None:
    await wire.send(head("POST", DOCUMENTS, **JSON, Transfer_Encoding="chunked"))
    await wire.send(chunk(b" " * 65_536), b"1\r\n \r\n")
    answer = await wire.answer()

    assert (answer.status, answer.code) == (413, "too-large")
    assert (answer.problem["limit"], answer.problem["unit"]) == (65_536, "bytes")
    assert await wire.ended()


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data"])
async def test_a_body_of_another_media_type_is_refused(
    served: Served, wire: Wire, kind: str
) -> None:
    headers = {**JSON, "Content_Type": kind, "Content_Length": str(len(BODY))}

    await wire.send(head("POST", DOCUMENTS, **headers), BODY)
    answer = await wire.answer()

    assert (answer.status, answer.code) == (415, "unsupported-media-type")


async def test_a_body_that_comes_too_slowly_is_refused_however_steadily_it_comes(
    served: Served,
    wire: Wire,
) -> None:
    await wire.send(head("POST", DOCUMENTS, **JSON, Content_Length=str(len(BODY))))

    began = time.monotonic()
    trickle = asyncio.create_task(bytes_one_by_one(wire))
    answer = await wire.answer()
    waited = time.monotonic() - began
    trickle.cancel()

    assert (answer.status, answer.code) == (408, "request-timeout")
    assert answer.headers["connection"] == "close"
    assert 0.9 < waited < 10


async def bytes_one_by_one(wire: Wire) -> None:
    # At this pace the whole body would take four seconds, and no single byte long.
    for byte in BODY:
        await wire.send(bytes([byte]))
        await asyncio.sleep(0.06)


async def test_a_body_that_nobody_waits_for_cuts_no_stream(served: Served, wire: Wire) -> None:
    path = "/v1/projects/demo/changes"
    asked = {"Authorization": JSON["Authorization"]}
    async with httpx.AsyncClient(base_url=served.server.url, headers=asked) as client:
        last = (await client.get(path)).headers["Stet-Snapshot"]
    path = f"{path}?after={last}&wait=2"
    await wire.send(head("GET", path, **asked, Content_Length="1", X_Request_ID="patient"))
    told = await wire.told()

    line = await logged(served, "patient")

    assert told.startswith("HTTP/1.1 200 ")
    assert (line["event"], line["status"]) == ("answered", 200)


async def test_a_head_that_does_not_end_is_refused_in_time(served: Served, wire: Wire) -> None:
    began = time.monotonic()

    await wire.send(b"GET /v1/me HTTP/1.1\r\nHost: stet\r\nAccept")
    answer = await wire.answer()

    assert (answer.status, answer.code) == (408, "request-timeout")
    assert await wire.ended()
    assert 0.9 < time.monotonic() - began < 10


async def test_a_second_head_that_does_not_end_is_refused_in_time(
    served: Served, wire: Wire
) -> None:
    await wire.send(head("GET", "/healthz"))
    first = await wire.answer()

    await wire.send(b"GET /healthz HTT")
    second = await wire.answer()

    assert (first.status, second.status, second.code) == (200, 408, "request-timeout")
    assert await wire.ended()


async def test_a_connection_on_which_nothing_comes_is_closed(served: Served, wire: Wire) -> None:
    began = time.monotonic()

    assert await wire.ended()
    assert 0.9 < time.monotonic() - began < 10


async def test_a_connection_on_which_only_blank_lines_come_is_closed(wire: Wire) -> None:
    await wire.send(head("GET", "/healthz"))
    await wire.answer()

    await wire.send(b"\r\n")

    async with asyncio.timeout(30):
        assert await wire.ended()


async def test_a_connection_may_rest_for_longer_than_a_client_lets_it(wire: Wire) -> None:
    for rest in (6, 0):
        await wire.send(head("GET", "/healthz"))
        assert (await wire.answer()).status == 200
        await asyncio.sleep(rest)


async def test_a_hundred_half_open_connections_keep_nobody_waiting(
    served: Served, tmp_path: Path
) -> None:
    headers = {"Authorization": JSON["Authorization"]}
    announced = head("POST", DOCUMENTS, **JSON, Content_Length=str(len(BODY)))
    async with (
        Forked(served.database_url, tmp_path, body_timeout_seconds=60) as patient,
        httpx.AsyncClient(base_url=patient.url, headers=headers, timeout=30) as client,
    ):
        wires = [await Wire.to(patient) for _ in range(100)]
        for wire in wires:
            await wire.send(announced, BODY[:10])

        answer = await client.get("/v1/me")

        assert answer.status_code == 200
        for wire in wires:
            await wire.close()


GARBAGE = {
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "no request line": b"hello, is anybody there?\r\n\r\n",
    "no such version": b"GET /healthz HTTP/3.7\r\nHost: stet\r\n\r\n",
    "a space in a header's name": b"GET /healthz HTTP/1.1\r\nHo st: stet\r\n\r\n",
    "a control character in a header": b"GET /healthz HTTP/1.1\r\nHost: st\x00et\r\n\r\n",
    "a length that is none": head("POST", DOCUMENTS, **JSON, Content_Length="-1"),
    "a length past counting": head("POST", DOCUMENTS, **JSON, Content_Length="9" * 20),
    "two lengths": head("POST", DOCUMENTS, **JSON, Content_Length="2", content_length="3"),
    "a length and chunks": head(
        "POST", DOCUMENTS, **JSON, Content_Length="2", Transfer_Encoding="chunked"
    ),
    "a chunk without a size": head("POST", DOCUMENTS, **JSON, Transfer_Encoding="chunked")
    + b"many\r\n",
    "an address without a path": b"GET http://stet HTTP/1.1\r\nHost: stet\r\n\r\n",
    "a port past counting": b"GET http://stet:99999/ HTTP/1.1\r\nHost: stet\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": head("GET", "/healthz", host="stet"),
    "two hosts in one": b"GET /healthz HTTP/1.1\r\nHost: stet, stet\r\n\r\n",
    "a host with a blank": b"GET /healthz HTTP/1.1\r\nHost: st et\r\n\r\n",
    "a host with a path": b"GET /healthz HTTP/1.1\r\nHost: stet/healthz\r\n\r\n",
    "a host with a name": b"GET /healthz HTTP/1.1\r\nHost: a@stet\r\n\r\n",
    "a host's port that is none": b"GET /healthz HTTP/1.1\r\nHost: stet:http\r\n\r\n",
    "an old version with a host that is none": b"GET /healthz HTTP/1.0\r\nHost: st et\r\n\r\n",
    "what proxies are asked": b"CONNECT stet:443 HTTP/1.1\r\nHost: stet\r\n\r\n",
    "what proxies are asked, with a path": head("CONNECT", "/healthz", Content_Length="2"),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
async def test_what_is_not_http_is_answered_with_a_problem(
    served: Served, wire: Wire, garbage: bytes
) -> None:
    await wire.send(garbage)
    answer = await wire.answer()

    assert (answer.status, answer.code) == (400, "invalid-http")
    assert answer.headers["connection"] == "close"
    assert len(answer.headers["x-request-id"]) == 36
    assert await wire.ended()


@pytest.mark.parametrize(
    "host",
    ["", "stet", "stet.example:8000", "my_stet:", "127.0.0.1", "[::1]:8000", "st%C3%A9t", " stet "],
)
async def test_any_host_is_taken(wire: Wire, host: str) -> None:
    await wire.send(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    assert (await wire.answer()).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/v1/projects/demo/export?format=jsonl"])
@pytest.mark.parametrize("host", [b"", b"Host: stet\r\n"])
async def test_who_speaks_http_1_0_is_answered_without_chunks(
    served: Served, wire: Wire, path: str, host: bytes
) -> None:
    who = {"Authorization": JSON["Authorization"], "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(base_url=served.server.url, headers=who) as client:
        whole = (await client.get(path)).content

    authorization = f"Authorization: {who['Authorization']}\r\n".encode()
    await wire.send(f"GET {path} HTTP/1.0\r\n".encode(), host, authorization, b"\r\n")
    told = await wire.told()
    body = await wire.rest()

    assert told.startswith("HTTP/1.1 200 ")
    assert "\r\nconnection: close\r\n" in told
    assert "transfer-encoding" not in told
    assert body == whole


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip,chunked", "deflate, gzip, chunked"])
async def test_a_body_in_a_coding_that_is_not_known_is_not_taken_as_it_is(
    wire: Wire, coding: str
) -> None:
    asked = head("POST", DOCUMENTS, **JSON, Transfer_Encoding=coding)
    await wire.send(asked, chunk(BODY), b"0\r\n\r\n")
    answer = await wire.answer()

    assert (answer.status, answer.code) == (501, "unknown-transfer-coding")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "chunked "])
async def test_a_body_in_chunks_is_taken(wire: Wire, coding: str) -> None:
    asked = head("POST", "/v1/session", Content_Type="application/json", Transfer_Encoding=coding)
    await wire.send(asked, chunk(NOBODY), b"0\r\n\r\n")

    assert (await wire.answer()).code == "bad-credentials"


@pytest.mark.parametrize("protocol", ["h2c", "websocket"])
async def test_a_body_behind_an_offer_of_another_protocol_is_no_request(
    wire: Wire, protocol: str
) -> None:
    offer = {"Connection": "Upgrade", "Upgrade": protocol, "Content_Type": "application/json"}
    for body, code in ((NOBODY, "bad-credentials"), (head("GET", "/v1/me"), "invalid-json")):
        await wire.send(head("POST", "/v1/session", **offer, Content_Length=str(len(body))))
        await wire.send(body)
        assert (await wire.answer()).code == code

    await wire.send(head("GET", "/healthz", Connection="close"))
    assert (await wire.answer()).status == 200
    assert await wire.ended()


@pytest.mark.parametrize("method", [b"get", b"FOO", b"Post"])
async def test_who_sends_an_unknown_method_is_told_so(wire: Wire, method: bytes) -> None:
    await wire.send(method + b" /healthz HTTP/1.1\r\nHost: stet\r\n\r\n")
    answer = await wire.answer()

    assert (answer.status, answer.code) == (400, "invalid-http")
    assert "method" in answer.problem["detail"]


async def test_garbage_of_any_length_is_answered_once(wire: Wire) -> None:
    await wire.send(head("GET", "/healthz")[:-2], b"Ho st: stet\r\n", b"x" * 70_000)
    answer = await wire.answer()

    assert (answer.status, answer.code) == (400, "invalid-http")
    assert await wire.ended()


BROKEN = {
    "no request line": b"garbage\r\n\r\n",
    "a broken body": head("POST", DOCUMENTS, **JSON, Transfer_Encoding="chunked") + b"many\r\n",
    "a broken body behind an offer": head(
        "POST", DOCUMENTS, **JSON, Connection="Upgrade", Upgrade="x", Transfer_Encoding="chunked"
    )
    + b"many\r\n",
    "no path": b"GET http://stet HTTP/1.1\r\nHost: stet\r\n\r\n",
}
NOBODY = json.dumps({"username": "nobody", "password": "nothing"}).encode()
AHEAD = {
    "in one piece with it": (
        head(
            "POST", "/v1/session", Content_Type="application/json", Content_Length=str(len(NOBODY))
        )
        + NOBODY,
        401,
        0.0,
    ),
    "answered already": (head("GET", "/v1/me", **JSON), 200, 0.3),
}


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_a_request_before_garbage_is_answered_first(
    served: Served, wire: Wire, broken: bytes, ahead: str
) -> None:
    request, status, pause = AHEAD[ahead]

    if pause:
        await wire.send(request)
        await asyncio.sleep(pause)
        await wire.send(broken)
    else:
        await wire.send(request + broken)
    first, second = await wire.answer(), await wire.answer()

    assert first.status == status
    assert (second.status, second.code) == (400, "invalid-http")
    assert await wire.ended()


CHUNKED = {"Transfer_Encoding": "chunked"}
BREAKING_OFF = {
    "before it is read": (DOCUMENTS, JSON, None),
    "while a file is read": ("/v1/projects/demo/import?format=jsonl", JSON, "annotator"),
}


@pytest.mark.parametrize("ahead", [b"", head("GET", "/healthz")], ids=["alone", "behind another"])
@pytest.mark.parametrize("pause", [0, 0.1])
@pytest.mark.parametrize("case", BREAKING_OFF)
async def test_a_body_that_breaks_off_is_answered_and_logged_once_under_the_caller_s_id(
    served: Served, wire: Wire, case: str, pause: float, ahead: bytes
) -> None:
    path, headers, caller = BREAKING_OFF[case]
    name = f"broken-off-{case.replace(' ', '-')}-{pause}-{len(ahead)}"

    await wire.send(ahead, head("POST", path, **headers, **CHUNKED, X_Request_ID=name), chunk(BODY))
    await asyncio.sleep(pause)
    await wire.send(b"ZZ\r\n")
    if ahead:
        assert (await wire.answer()).status == 200
    answer = await wire.answer()

    assert (answer.status, answer.code) == (400, "invalid-http")
    assert answer.headers["x-request-id"] == name
    assert await wire.ended()
    line = await logged(served, name)
    assert (line["method"], line["status"]) == ("POST", 400)
    assert line["caller"] == caller


async def test_a_body_that_breaks_off_behind_its_answer_gets_no_other(wire: Wire) -> None:
    path = "/v1/projects/demo/import?format=jsonl"
    await wire.send(head("POST", path, **CHUNKED))
    answer = await wire.answer()
    await wire.send(b"ZZ\r\n")

    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert await wire.ended()


@pytest.mark.parametrize("path", ["/healthz", "/v1/projects/demo/export?format=jsonl"])
async def test_a_body_that_nobody_reads_may_break_off(
    served: Served, wire: Wire, path: str
) -> None:
    name = f"broken-off-unread-{len(path)}"
    headers = {"Authorization": JSON["Authorization"], **CHUNKED, "X_Request_ID": name}
    await wire.send(head("GET", path, **headers), b"ZZ\r\n")
    told = await wire.told()
    body = await wire.rest()

    assert told.startswith("HTTP/1.1 200 ")
    assert body.endswith((b"}", b"0\r\n\r\n"))
    line = await logged(served, name)
    assert (line["event"], line["status"]) == ("answered", 200)


@pytest.mark.parametrize("behind", [b"garbage\r\n\r\n", head("GET", "/healthz")])
async def test_who_hangs_up_with_a_request_behind_another_is_no_failure(
    served: Served, behind: bytes
) -> None:
    # Whether the answer or the end comes first is up to chance.
    for number in range(20):
        name = f"hung-up-{len(behind)}-{number}"
        wire = await Wire.to(served.server)
        export = head("GET", "/v1/projects/demo/export?format=jsonl", **JSON, X_Request_ID=name)
        await wire.send(export, behind)
        await wire.close()

        assert (await logged(served, name))["event"] in {"answered", "closed"}


LONG = {
    "a path": head("GET", "/v1/" + "x" * 70_000),
    "a query": head("GET", "/v1/me?x=" + "x" * 70_000),
    "a header": head("GET", "/v1/me", Cookie="x" * 70_000),
    "many headers": head("GET", "/v1/me", **{f"x{n}": "y" * 100 for n in range(700)}),
}


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("request_head", LONG.values(), ids=LONG)
async def test_a_head_that_is_too_long_is_refused(
    served: Served, wire: Wire, request_head: bytes, pieces: int
) -> None:
    size = len(request_head) // pieces + 1
    for start in range(0, len(request_head), size):
        await wire.send(request_head[start : start + size])
        await asyncio.sleep(0.01)
    answer = await wire.answer()

    assert (answer.status, answer.code) == (431, "head-too-large")
    assert answer.problem["limit"] == 65_536


@pytest.mark.parametrize("pause", [0, 0.1])
async def test_a_head_that_is_too_long_is_answered_and_logged_under_the_caller_s_id(
    served: Served, wire: Wire, pause: float
) -> None:
    name = f"too-long-{pause}"
    sent = head("GET", "/v1/me", X_Request_ID=name, Cookie="x" * 70_000)

    await wire.send(sent[:100])
    await asyncio.sleep(pause)
    # Too long already. The rest could meet a connection that is closed, and the answer be lost.
    await wire.send(sent[100:66_000])
    answer = await wire.answer()

    assert (answer.status, answer.code) == (431, "head-too-large")
    assert answer.headers["x-request-id"] == name
    line = await logged(served, name)
    assert (line["method"], line["status"]) == ("GET", 431)


async def test_a_head_that_does_not_end_is_answered_under_the_caller_s_id(wire: Wire) -> None:
    await wire.send(head("GET", "/v1/me", X_Request_ID="too-late", Accept="*/*")[:-2])
    answer = await wire.answer()

    assert (answer.status, answer.headers["x-request-id"]) == (408, "too-late")


async def test_a_long_head_within_the_limit_is_taken(served: Served, wire: Wire) -> None:
    await wire.send(head("GET", "/healthz", Cookie="x" * 60_000))
    answer = await wire.answer()

    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})
