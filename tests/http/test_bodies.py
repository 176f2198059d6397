"""A body that is not JSON in one meaning, not an object or too large is refused, on every route."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.desk import Desk, rows
from tests.strings import spoilt
from tests.uses import TABLE

WITH_BODY = [
    route
    for route, use in TABLE.items()
    # A file is no body: what is wrong in it is told by its line.
    if use.body is not None and not route.endswith("/import")
]
# Of many decisions each is refused on its own: see ``tests/reviews/test_bulk.py``.
REFUSED_WHOLE = [route for route in WITH_BODY if route != "POST /v1/projects/{project}/decisions"]

NOT_JSON = {
    "nothing": b"",
    "words": b"nonsense",
    "cut off": b'{"name": "a',
    "two values": b"{} {}",
    "single quotes": b"{'name': 1}",
    "a raw newline in a string": b'{"x": "\n"}',
    "NaN": b'{"x": NaN}',
    "Infinity": b'{"x": -Infinity}',
    "1e400": b'{"x": 1e400}',
    "an integer of 5000 digits": b'{"x": ' + b"7" * 5000 + b"}",
    "a lone surrogate": rb'{"x": "\ud800"}',
    "surrogates the wrong way round": rb'{"x": "\udc00\ud800"}',
    "a lone surrogate in a key": rb'{"\udfff": 1}',
    "a lone surrogate far inside": rb'{"x": [{"y": ["\ud83d!"]}]}',
    "a surrogate in UTF-8": b'{"x": "\xed\xa0\x80"}',
    "Latin-1": '{"x": "é"}'.encode("latin-1"),
    "UTF-16": '{"x": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"x": 1}'.encode("utf-16-le"),
    "UTF-32": '{"x": 1}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"x": 1}',
    "a key twice": b'{"x": 1, "x": 1}',
    "a key twice far inside": b'{"x": [{"y": 1, "y": 2}]}',
    "a key twice, once escaped": rb'{"x": 1, "\u0078": 2}',
    "nesting 101 deep": b'{"x": ' + b"[" * 100 + b"]" * 100 + b"}",
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"x": ' * 100_000,
}


async def test_what_is_not_json_in_one_meaning_is_refused(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in WITH_BODY:
        request = await desk.request(route)
        before = await rows(newsroom)
        for name, content in NOT_JSON.items():
            answer = await request.send(newsroom["admin"], content)
            assert make.refused(answer, 400, "invalid-json"), name
        assert await rows(newsroom) == before, route


async def test_a_body_nested_100_deep_is_json(newsroom: Newsroom) -> None:
    nested: Any = "the deepest"
    for _ in range(98):
        nested = [nested]
    metadata = {"nested": nested}
    request = await Desk(newsroom).request("PATCH /v1/documents/{id}")

    answer = await request.send(newsroom["admin"], json.dumps({"metadata": metadata}).encode())

    assert (await make.said(answer, 200))["metadata"] == metadata


async def test_json_that_is_no_object_is_refused(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in WITH_BODY:
        request = await desk.request(route)
        before = await rows(newsroom)
        for content in ("[]", "[{}]", '"words"', "1", "0.5", "true", "null"):
            answer = await request.send(newsroom["admin"], content.encode())
            problem = make.refused(answer, 422, "invalid-value")
            [error] = problem["errors"]
            assert (error["pointer"], error["detail"]) == ("", "Input should be an object.")
        assert await rows(newsroom) == before, route


async def test_a_field_that_the_resource_lacks_is_refused(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in WITH_BODY:
        request = await desk.request(route)
        before = await rows(newsroom)
        body = json.dumps({**request.body, "surprise/~": 1}).encode()
        answer = await request.send(newsroom["admin"], body)
        problem = make.refused(answer, 422, "unknown-field")
        assert [error["pointer"] for error in problem["errors"]] == ["/surprise~1~0"]
        assert await rows(newsroom) == before, route


async def test_no_string_takes_nul_and_nothing_takes_a_huge_number(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in REFUSED_WHOLE:
        request = await desk.request(route)
        before = await rows(newsroom)
        for place in _leaves(request.body):
            odd: list[Any] = ["with \x00 inside", ["\x00"], {"\x00": "\x00"}]
            if place[0] != "metadata":
                odd += [10**23, 10**400]
            for value in odd:
                body = json.dumps(_with(request.body, place, value)).encode()
                answer = await request.send(newsroom["admin"], body)
                # A password that nobody could have is wrong, not malformed.
                code = answer.json()["type"].removeprefix("/problems/")
                make.refused(answer, 401 if code == "bad-credentials" else 422, code)
        assert await rows(newsroom) == before, route
        lawful = await request.send(newsroom["admin"])
        assert lawful.status_code == TABLE[route].of("admin"), lawful.text


@pytest.mark.parametrize("route", REFUSED_WHOLE)
async def test_no_string_that_a_body_may_have_takes_nul(newsroom: Newsroom, route: str) -> None:
    """Also of the fields that the lawful request leaves out."""
    request = await Desk(newsroom).request(route)
    method, path = route.lower().split(" ")
    document = newsroom.app.openapi()
    content = document["paths"][path][method]["requestBody"]["content"]
    names = document["components"]["schemas"]
    before = await rows(newsroom)
    taken = []

    for place, body in spoilt(content["application/json"]["schema"], names, request.body, "a\x00b"):
        answer = await request.send(newsroom["admin"], json.dumps(body).encode())
        if answer.status_code not in {401, 422}:
            taken.append((place, answer.status_code))

    assert taken == []
    assert await rows(newsroom) == before


def _leaves(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, (dict, list)):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _leaves(item, (*place, key))
    else:
        yield place


def _with(value: Any, place: tuple[str | int, ...], leaf: Any) -> Any:
    if not place:
        return leaf
    copy = value.copy()
    copy[place[0]] = _with(value[place[0]], place[1:], leaf)
    return copy


NOT_CALLED_JSON = (
    None,
    "text/plain",
    "text/json",
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/ld+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
)


async def test_another_media_type_or_coding_is_refused(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in WITH_BODY:
        request = await desk.request(route)
        before = await rows(newsroom)
        for kind in NOT_CALLED_JSON:
            answer = await request.send(newsroom["admin"], Content_Type=kind)
            make.refused(answer, 415, "unsupported-media-type")
        packed = gzip.compress(json.dumps(request.body).encode())
        answer = await request.send(newsroom["admin"], packed, Content_Encoding="gzip")
        make.refused(answer, 415, "unsupported-media-type")
        assert await rows(newsroom) == before, route


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", 'Application/JSON;Charset="UTF-8"']
)
async def test_the_name_of_json_may_be_written_in_other_ways(newsroom: Newsroom, kind: str) -> None:
    request = await Desk(newsroom).request("PATCH /v1/documents/{id}")

    answer = await request.send(newsroom["admin"], Content_Type=kind)

    assert (await make.said(answer, 200))["title"] == "Retitled"


async def test_a_body_past_the_limit_is_refused(newsroom: Newsroom) -> None:
    small = newsroom.beside(max_body_bytes=4096)
    desk = Desk(newsroom)
    filled = b'{"x": "' + b"y" * 5000 + b'"}'

    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(filled), 1000):
            yield filled[start : start + 1000]

    for route in WITH_BODY:
        request = await desk.request(route)
        before = await rows(newsroom)
        announced = await request.send(small["admin"], filled)
        chunked = await request.send(small["admin"], in_chunks())
        lying = await request.send(small["admin"], b"{}", Content_Length="9" * 5000)
        for answer in (announced, chunked, lying):
            problem = make.refused(answer, 413, "too-large")
            assert (problem["limit"], problem["unit"]) == (4096, "bytes")
            assert answer.headers["Connection"] == "close"
        assert await rows(newsroom) == before, route


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/v1/projects/import"),
        ("PATCH", "/v1/users/import"),
        ("PUT", "/v1/projects/demo/members/import"),
        ("POST", "/v1/projects/demo/annotations/import"),
    ],
)
async def test_what_is_only_called_import_is_no_file(
    newsroom: Newsroom, method: str, path: str
) -> None:
    small = newsroom.beside(max_body_bytes=4096)

    answer = await small["nobody"].request(method, path, content=b"[" + b" " * 5000 + b"]")

    assert make.refused(answer, 413, "too-large")["limit"] == 4096


FULL = {
    "lists": b"[" + b"[]," * 100_000 + b"[]]",
    "keys": b"{" + b",".join(b'"%d":1' % number for number in range(100_002)) + b"}",
    "strings": b"[" + b'"",' * 300_000 + b'""]',
    "escaped": b"[" + b'"\\"",' * 100_001 + b'""]',
}


@pytest.mark.parametrize("body", FULL.values(), ids=FULL)
async def test_more_values_than_any_request_needs_are_not_read(
    newsroom: Newsroom, body: bytes
) -> None:
    headers = {"Content-Type": "application/json", "Origin": "http://stet.test"}
    answer = await newsroom["nobody"].post("/v1/session", content=body, headers=headers)

    problem = make.refused(answer, 413, "too-large")
    assert (problem["limit"], problem["unit"]) == (100_000, "values")


async def test_a_text_may_hold_what_stands_between_values(newsroom: Newsroom) -> None:
    text = '[{,"\\' * 100_000

    document = await make.document(newsroom["annotator"], text)

    assert document["text"] == text


async def test_more_that_is_wrong_than_can_be_listed_is_counted(newsroom: Newsroom) -> None:
    few = {"name": "a", **{f"{number}": 1 for number in range(4000)}}
    many = {"name": "a", **{f"{number}": 1 for number in range(5001)}}
    listed = await newsroom["annotator"].post("/v1/tokens", json=few)
    counted = await newsroom["annotator"].post("/v1/tokens", json=many)

    assert len(make.refused(listed, 422, "invalid-body")["errors"]) == 4000
    [error] = make.refused(counted, 422, "invalid-body")["errors"]
    assert error["code"] == "invalid-value"
    assert error["detail"] == "5001 things are refused, too many to be listed."


async def test_more_that_is_wrong_with_an_attribute_than_can_be_listed_is_counted(
    newsroom: Newsroom,
) -> None:
    document = await make.document(newsroom["annotator"])
    attributes = {"speaker_span": {f"{number}": 1 for number in range(5001)}}
    body = {"label": "claim", "quote": "Beijing", "attributes": attributes}

    answer = await newsroom["annotator"].post(
        f"/v1/documents/{document['id']}/annotations", json=body
    )

    errors = make.refused(answer, 422, "invalid-body")["errors"]
    assert [error["pointer"] for error in errors] == ["/attributes/speaker_span"]
