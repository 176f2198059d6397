"""Each answer has an id: the caller's if it is sane, else one of ours; the log has it too."""

import re

import pytest

from tests.conftest import Newsroom
from tests.operations.conftest import Log

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.mark.parametrize("given", ["a", "7f0c", "a.b_c:d-e", "0" * 64])
async def test_a_sane_request_id_is_kept(log: Log, newsroom: Newsroom, given: str) -> None:
    answer = await newsroom["nobody"].get("/healthz", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] == given
    assert log.lines()[0]["request_id"] == given


@pytest.mark.parametrize("given", [None, "", "0" * 65, "a b", 'a"b', "a\tb", "é", "a,b", "<a>"])
async def test_any_other_request_id_is_replaced(
    log: Log, newsroom: Newsroom, given: str | None
) -> None:
    headers = {} if given is None else {"X-Request-ID": given.encode()}

    answer = await newsroom["nobody"].get("/healthz", headers=headers)  # type: ignore[arg-type]

    assert UUID7.fullmatch(answer.headers["x-request-id"])
    assert log.lines()[0]["request_id"] == answer.headers["x-request-id"]


async def test_every_answer_has_a_request_id(newsroom: Newsroom) -> None:
    for method, path in (
        ("GET", "/"),
        ("GET", "/no/such/path"),
        ("PUT", "/healthz"),
        ("GET", "/v1/me"),
        ("POST", "/v1/session"),
        ("GET", "/docs/static/docs.js"),
    ):
        answer = await newsroom["nobody"].request(method, path)
        assert UUID7.fullmatch(answer.headers["x-request-id"]), path
        assert answer.headers["x-content-type-options"] == "nosniff"
