"""Each path answers its own methods, HEAD and OPTIONS, and says so to any other."""

from collections import defaultdict

from tests import make
from tests.conftest import Newsroom
from tests.desk import Desk, Request
from tests.uses import ROUTES, TABLE

METHODS: dict[str, set[str]] = defaultdict(lambda: {"OPTIONS"})
"""What each path answers."""
for _route in ROUTES:
    _method, _path = _route.split(" ")
    METHODS[_path] |= {"GET", "HEAD"} if _method == "GET" else {_method}


async def test_a_method_that_a_path_lacks_is_refused_naming_those_it_has(
    newsroom: Newsroom,
) -> None:
    desk = Desk(newsroom)

    for path, methods in METHODS.items():
        method = min(methods - {"HEAD", "OPTIONS"})
        request = await desk.request(f"{method} {path}")
        for other in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - methods:
            answer = await newsroom["nobody"].request(other, request.path)
            make.refused(answer, 405, "method-not-allowed")
            assert answer.headers["Allow"] == ", ".join(sorted(methods))


async def test_options_lists_the_methods_of_a_path(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for path, methods in METHODS.items():
        method = min(methods - {"HEAD", "OPTIONS"})
        request = await desk.request(f"{method} {path}")
        answer = await newsroom["nobody"].options(request.path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Allow"] == ", ".join(sorted(methods))


async def test_head_answers_what_get_does_without_the_body(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)
    same = ("Content-Type", "Content-Length", "ETag", "Link", "Stet-Snapshot")

    for route in TABLE:
        # Measurements change by being asked for.
        if not route.startswith("GET ") or route == "GET /metrics":
            continue
        request = await desk.request(route)
        got = await request.send(newsroom["admin"])
        head = await Request("HEAD", request.path, request.query, {}, None).send(newsroom["admin"])
        assert (head.status_code, head.content) == (got.status_code, b"")
        for name in same:
            assert head.headers.get(name) == got.headers.get(name), (route, name)


async def test_head_of_what_is_refused_is_refused(newsroom: Newsroom) -> None:
    unknown = await newsroom["nobody"].head("/v1/me")
    hidden = await newsroom["stranger"].head("/v1/projects/demo")
    none = await newsroom["reader"].head("/v1/session")

    assert [answer.status_code for answer in (unknown, hidden, none)] == [401, 404, 405]
    assert [answer.content for answer in (unknown, hidden, none)] == [b"", b"", b""]
