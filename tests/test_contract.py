"""What holds for every route, asked of every route."""

from dataclasses import replace

import pytest

from tests import make
from tests.conftest import Newsroom
from tests.desk import Desk, rows
from tests.uses import ROLES, ROUTES, TABLE


def test_the_table_lists_every_route_and_no_other() -> None:
    assert sorted(TABLE) == sorted(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
async def test_each_role_is_answered_as_the_policy_says(newsroom: Newsroom, route: str) -> None:
    desk = Desk(newsroom)
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
