"""ETag, If-None-Match and If-Match: on every single resource, and every change of one."""

import re
from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.desk import Desk, Request, rows
from tests.uses import ROUTES, TABLE

SINGLE = (
    "/v1/tokens/{id}",
    "/v1/users/{name}",
    "/v1/projects/{project}",
    "/v1/projects/{project}/members/{name}",
    "/v1/projects/{project}/scheme",
    "/v1/documents/{id}",
    "/v1/annotations/{id}",
    "/v1/relations/{id}",
)
"""Every resource that has a version."""

CHANGES = [
    route
    for route in ROUTES
    if route.split(" ")[0] in {"PUT", "PATCH", "DELETE"} and route != "DELETE /v1/session"
] + ["POST /v1/annotations/{id}/decisions"]
"""Every change of something that the caller must have seen."""


async def _change(desk: Desk, newsroom: Newsroom, route: str) -> Request:
    """The change, of what is there: a PUT makes a member if there is none."""
    request = await desk.request(route)
    if "If-Match" not in request.headers:
        await make.member(newsroom["admin"], request.path.rpartition("/")[2], "reader")
    return request


def _looked_at(request: Request) -> str:
    return request.path.removesuffix("/decisions")


async def test_every_single_resource_is_answered_with_a_strong_tag_of_its_version(
    newsroom: Newsroom,
) -> None:
    desk = Desk(newsroom)

    for path in SINGLE:
        request = await desk.request(f"GET {path}")
        answer = await request.send(newsroom["admin"])
        told = await make.said(answer, 200)
        # A document's tag also tells of its annotations, which are no change of the document.
        beside = "-2.0.0.0.[0-9]+" if path == "/v1/documents/{id}" else ""
        tag = answer.headers["ETag"]
        assert re.fullmatch(f'"{told["version"]}{beside}"', tag)
        assert told.get("etag", tag) == tag


async def test_who_has_the_current_state_is_not_sent_it_again(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for path in SINGLE:
        request = await desk.request(f"GET {path}")
        tag = (await request.send(newsroom["admin"])).headers["ETag"]
        for known in (tag, f"W/{tag}", f'"zero", {tag}', f'"zero",{tag} , "one"', "*", f" {tag} "):
            answer = await request.send(newsroom["admin"], If_None_Match=known)
            assert (answer.status_code, answer.content) == (304, b""), known
            assert answer.headers["ETag"] == tag
            head = Request("HEAD", request.path, "", {"If-None-Match": known}, None)
            assert (await head.send(newsroom["admin"])).status_code == 304


@pytest.mark.parametrize("path", ["/", "/static/main.js"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_of_the_page_too_nothing_is_sent_again(
    newsroom: Newsroom, path: str, encoding: str
) -> None:
    nobody = newsroom.client(**{"Accept-Encoding": encoding})
    first = await nobody.get(path)
    tag = first.headers["ETag"]

    for known in (tag, f"W/{tag}", f'"zero", W/{tag}', f'"zero",{tag} , "one"', "*", f" {tag} "):
        for method in ("GET", "HEAD"):
            answer = await nobody.request(method, path, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b""), known
            same = ("ETag", "Cache-Control", "Vary")
            assert [answer.headers[it] for it in same] == [first.headers[it] for it in same]
    lines = [("If-None-Match", '"zero"'), ("If-None-Match", tag)]
    assert (await nobody.get(path, headers=lines)).status_code == 304
    for unknown in ('"zero"', "nonsense", "", tag[1:-1], tag[:-1]):
        answer = await nobody.get(path, headers={"If-None-Match": unknown})
        assert (answer.status_code, answer.content) == (200, first.content), unknown


async def test_who_has_another_state_is_sent_the_current_one(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for path in SINGLE:
        request = await desk.request(f"GET {path}")
        current = (await request.send(newsroom["admin"])).json()
        for known in ('"999"', '"1-9.9.9.9"', 'W/"999"', "nonsense", '""'):
            answer = await request.send(newsroom["admin"], If_None_Match=known)
            assert await make.said(answer, 200) == current, known


async def test_a_change_names_the_version_that_was_seen(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in CHANGES:
        request = await _change(desk, newsroom, route)
        before = await rows(newsroom)
        for unnamed in (None, "*", " * "):
            answer = await request.send(newsroom["admin"], If_Match=unnamed)
            make.refused(answer, 428, "precondition-required")
        assert await rows(newsroom) == before, route


@pytest.mark.parametrize("role", ["reader", "stranger", "nobody"])
async def test_who_may_not_change_it_is_not_asked_for_the_version(
    newsroom: Newsroom, role: str
) -> None:
    desk = Desk(newsroom)

    for route in CHANGES:
        expected = TABLE[route].of(role)
        if expected < 400:
            continue
        request = await desk.request(route, role)
        for unnamed in (None, "*", "malformed"):
            answer = await request.send(newsroom[role], If_Match=unnamed)
            assert answer.status_code == expected, route


async def test_a_malformed_condition_is_refused(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in CHANGES:
        request = await _change(desk, newsroom, route)
        before = await rows(newsroom)
        for malformed in ("1", '"1', '1"', "", "''", "'1'", '"1", "2"', 'w/"1"', '"1" "2"', "W/1"):
            answer = await request.send(newsroom["admin"], If_Match=malformed)
            problem = make.refused(answer, 422, "invalid-parameter")
            assert [error["parameter"] for error in problem["errors"]] == ["If-Match"], malformed
        assert await rows(newsroom) == before, route


async def test_a_tag_that_was_never_answered_names_no_version(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in CHANGES:
        request = await _change(desk, newsroom, route)
        seen = (await newsroom["admin"].get(_looked_at(request))).headers["ETag"].strip('"')
        before = await rows(newsroom)
        # Beside a document's version its tag has counts, which matter to who deletes it alone.
        others = [f"0{seen}"] if "-" in seen else [f"0{seen}", f"{seen}-", f"{seen}-1"]
        for other in others:
            answer = await request.send(newsroom["admin"], If_Match=f'"{other}"')
            make.refused(answer, 412, "stale-version")
        assert await rows(newsroom) == before, route


@pytest.mark.parametrize("beside", ["*", '"1"', '"999"'])
async def test_no_second_condition_of_a_change_is_passed_over(
    newsroom: Newsroom, beside: str
) -> None:
    desk = Desk(newsroom)

    for route in CHANGES:
        request = await _change(desk, newsroom, route)
        seen = (await newsroom["admin"].get(_looked_at(request))).headers["ETag"]
        before = await rows(newsroom)
        answer = await request.send(newsroom["admin"], If_Match=seen, If_None_Match=beside)
        problem = make.refused(answer, 422, "invalid-parameter")
        assert [error["parameter"] for error in problem["errors"]] == ["If-None-Match"]
        assert await rows(newsroom) == before, route


async def test_of_two_versions_in_two_lines_none_is_taken_as_of_two_in_one(
    newsroom: Newsroom,
) -> None:
    desk = Desk(newsroom)

    for route in CHANGES:
        request = await _change(desk, newsroom, route)
        seen = (await newsroom["admin"].get(_looked_at(request))).headers["ETag"]
        before = await rows(newsroom)
        for tags in ((seen, '"999"'), ('"999"', seen), (seen, seen), (seen, "*")):
            headers = [("If-Match", tag) for tag in tags]
            answer = await newsroom["admin"].request(
                request.method, request.path, json=request.body, headers=headers
            )
            problem = make.refused(answer, 422, "invalid-parameter")
            assert [error["parameter"] for error in problem["errors"]] == ["If-Match"], tags
        assert await rows(newsroom) == before, route


async def test_tags_that_are_known_may_stand_in_several_lines(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for path in SINGLE:
        request = await desk.request(f"GET {path}")
        tag = (await request.send(newsroom["admin"])).headers["ETag"]
        for known in (('"zero"', tag), (tag, '"zero"'), ('"zero", "one"', f'"two", {tag}')):
            headers = [("If-None-Match", tags) for tags in known]
            answer = await newsroom["admin"].get(request.path, headers=headers)
            assert answer.status_code == 304, known


async def test_a_stale_version_is_answered_with_the_current_state(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in CHANGES:
        request = await _change(desk, newsroom, route)
        seen = await newsroom["admin"].get(_looked_at(request))
        before = await rows(newsroom)
        # A weak tag never matches (RFC 9110, section 13.1.1), nor does one that Stet never gave.
        for stale in ('"999"', 'W/"1"', '"0"', '"01"', '"-1"', '"abc"', '""', f'"{"9" * 5000}"'):
            answer = await request.send(newsroom["admin"], If_Match=stale)
            problem = make.refused(answer, 412, "stale-version")
            assert problem["current"] == _without_text(seen.json()), (route, stale)
            assert answer.headers["ETag"] == seen.headers["ETag"]
        assert await rows(newsroom) == before, route


def _without_text(state: dict[str, Any]) -> dict[str, Any]:
    """A problem leaves out a document's text: it may be long, and can't have changed."""
    return {name: value for name, value in state.items() if name != "text"}


async def test_the_version_that_was_seen_may_be_changed_once(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in CHANGES:
        request = await _change(desk, newsroom, route)
        seen = (await newsroom["admin"].get(_looked_at(request))).headers["ETag"]
        first = await request.send(newsroom["admin"], If_Match=seen)
        success = 200 if route.startswith("PUT ") else TABLE[route].of("admin")
        assert first.status_code == success, first.text
        if first.status_code != 204:
            now = (await newsroom["admin"].get(_looked_at(request))).headers["ETag"]
            # Of a decision, the tag is the annotation's.
            assert first.headers["ETag"] == now != seen
        second = await request.send(newsroom["admin"], If_Match=seen)
        # What is deleted is gone, and a decision that is sent again is the one that stands.
        again = {"DELETE": {404, 410}, "POST": {200}}.get(request.method, {412})
        assert second.status_code in again, second.text
