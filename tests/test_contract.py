"""What holds for every route, asked of every route."""

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.desk import Desk, rows
from tests.heard import Heard, all_secrets
from tests.uses import ROLES, ROUTES, TABLE


def test_the_table_lists_every_route_and_no_other() -> None:
    assert sorted(TABLE) == sorted(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
async def test_each_role_is_answered_as_the_policy_says_and_told_no_secret(
    newsroom: Newsroom, route: str
) -> None:
    heard, desk = Heard(*(newsroom[role] for role in ROLES)), Desk(newsroom)
    answers = {}
    for role in ROLES:
        request = await desk.request(route, role)
        before = await rows(newsroom)
        answer = await request.send(newsroom[role])
        answers[role] = answer.status_code
        if answer.is_error:
            code = {401: "unauthenticated", 403: "forbidden", 404: "not-found"}
            make.refused(answer, answer.status_code, code[answer.status_code])
            assert await rows(newsroom) == before

    assert answers == dict(zip(ROLES, TABLE[route].answers, strict=True))
    assert heard.holding(await all_secrets(newsroom, heard)) == []


async def test_what_is_hidden_is_answered_like_what_is_not_there(newsroom: Newsroom) -> None:
    # A manager, but of another project.
    await make.project(newsroom["admin"], "other")
    await make.member(newsroom["admin"], "stranger", "manager", "other")
    desk = Desk(newsroom)

    for route, use in TABLE.items():
        if use.of("stranger") != 404:
            continue
        request = await desk.request(route)
        template = route.partition(" ")[2]
        absent = request.path.replace("/demo", "/nowhere")
        if "{id}" in template:
            absent = template.format(id=make.id_of(999_999))
        hidden = await request.send(newsroom["stranger"])
        missing = await replace(request, path=absent).send(newsroom["stranger"])
        assert make.refused(hidden, 404, "not-found") == make.refused(missing, 404, "not-found")


async def test_no_route_opens_an_address(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what a caller sends, and no other. The databases of the tests are not asked over TCP."""
    reached: list[Any] = []

    def noted(method: Callable[..., Any]) -> Callable[..., Any]:
        def reach(connection: socket.socket, address: Any) -> Any:
            if connection.family != socket.AF_UNIX:
                reached.append(address)
            return method(connection, address)

        return reach

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, noted(getattr(socket.socket, name)))
    desk = Desk(newsroom)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = listening.getsockname()
        url = f"http://127.0.0.1:{ours[1]}/"
        headers = {"Host": ours[0], "Referer": url, "X_Forwarded_Host": ours[0]}

        for route in ROUTES:
            request = await desk.request(route)
            if "source_url" in (request.body or ()):
                request = replace(request, body={**request.body, "source_url": url})
            assert (await request.send(newsroom["admin"], **headers)).is_success, route
        before = reached[:]
        socket.create_connection(ours).close()

    assert (before, reached) == ([], [ours])
