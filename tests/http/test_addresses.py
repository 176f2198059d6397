"""Paths and queries: what is unknown, repeated or no text is refused, on every route."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from app.core.http.routing import MAX_PARAMETERS
from tests import make
from tests.conftest import Newsroom
from tests.desk import Desk, rows
from tests.uses import ROUTES

OURS = [route for route in ROUTES if " /v1/" in route]
"""Browsers, probes and scrapers may add what they like to the routes of operations."""


def _query_parameters(newsroom: Newsroom, route: str) -> dict[str, dict[str, Any]]:
    """The schemas of a route's query parameters, as the API describes them."""
    method, path = route.split(" ")
    operation = newsroom.app.openapi()["paths"][path][method.lower()]
    return {
        parameter["name"]: parameter["schema"]
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    }


async def test_an_unknown_query_parameter_is_refused(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in OURS:
        request = await desk.request(route)
        before = await rows(newsroom)
        answer = await replace(request, query="surprise=1").send(newsroom["admin"])
        problem = make.refused(answer, 422, "invalid-parameter")
        assert [error["parameter"] for error in problem["errors"]] == ["surprise"]
        assert await rows(newsroom) == before, route


async def test_a_query_that_is_no_text_is_refused(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in OURS:
        request = await desk.request(route)
        before = await rows(newsroom)
        for name in ("surprise", *_query_parameters(newsroom, route)):
            for value in ("%00", "a%00b", "%1B", "%C2%80", "%ED%A0%80", "%FF", "%C3", "%F0%9F%98"):
                answer = await replace(request, query=f"{name}={value}").send(newsroom["admin"])
                problem = make.refused(answer, 422, "invalid-parameter")
                assert [error["parameter"] for error in problem["errors"]] == [name], value
        answer = await replace(request, query="%00=1").send(newsroom["admin"])
        make.refused(answer, 422, "invalid-parameter")
        assert await rows(newsroom) == before, route


async def test_a_parameter_that_has_one_value_is_not_repeated(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)
    asked = []

    for route in OURS:
        request = await desk.request(route)
        for name, schema in _query_parameters(newsroom, route).items():
            if schema.get("type") != "array":
                answer = await replace(request, query=f"{name}=1&{name}=1").send(newsroom["admin"])
                problem = make.refused(answer, 422, "invalid-parameter")
                assert [error["parameter"] for error in problem["errors"]] == [name]
                asked.append(name)

    assert {"limit", "cursor", "offset_unit", "order", "q", "revision", "document"} <= set(asked)


WRITTEN_OTHERWISE = {
    "integer": ("1_0", "%2B1", "1.0", "1e1", "01", "%201", "1%20", "%D9%A1", ""),
    "boolean": ("1", "0", "t", "yes", "on", "off", "True", "TRUE", "%20true", ""),
}


async def test_numbers_and_flags_are_written_in_one_way(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)
    asked = set()

    for route in OURS:
        request = await desk.request(route)
        for name, schema in _query_parameters(newsroom, route).items():
            for value in WRITTEN_OTHERWISE.get(schema.get("type", ""), ()):
                others = [part for part in request.query.split("&") if part]
                query = "&".join(
                    [*(it for it in others if not it.startswith(f"{name}=")), f"{name}={value}"]
                )
                answer = await replace(request, query=query).send(newsroom["admin"])
                problem = make.refused(answer, 422, "invalid-parameter")
                assert [error["parameter"] for error in problem["errors"]] == [name], value
                asked.add(name)

    assert asked >= {"limit", "after", "wait", "start", "end", "revision", "annotated", "dry_run"}


async def test_a_query_has_so_many_parameters_and_no_more(newsroom: Newsroom) -> None:
    path = "/v1/projects/demo/annotations"
    most = "&".join(f"label=label-{number}" for number in range(MAX_PARAMETERS))

    taken = await newsroom["reader"].get(f"{path}?{most}")
    refused = await newsroom["reader"].get(f"{path}?{most}&label=claim")

    assert (await make.said(taken, 200))["items"] == []
    make.refused(refused, 422, "invalid-parameter")


async def test_as_many_filters_on_attributes_as_a_query_has_are_answered(
    newsroom: Newsroom,
) -> None:
    most = "&".join(f"attribute.speaker={number}" for number in range(MAX_PARAMETERS))

    answer = await newsroom["reader"].get(f"/v1/projects/demo/annotations?{most}")

    assert (await make.said(answer, 200))["items"] == []


async def test_a_filter_on_an_attribute_of_an_odd_name_is_refused(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    await make.annotation(newsroom["annotator"], document["id"], attributes={"speaker": "Ukraine"})

    for name in ('a"b', "a'b", "a\\b", "a.b", "a[0]", "$", "", "a b", "%", "😀", "speaker.x"):
        answer = await newsroom["reader"].get(
            f"/v1/projects/demo/annotations?attribute.{quote(name)}=Ukraine"
        )
        problem = make.refused(answer, 422, "invalid-parameter")
        assert [error["parameter"] for error in problem["errors"]] == [f"attribute.{name}"]


ODD = (
    *("%00", "a%00", "%1B", "%0A", "%7F", "%ED%A0%80", "%FF", "%C3", "%F0%9F%98%80", "%25"),
    *("%2E%2E", "%2F", "%5C", "%27", "%22", "%E2%80%8B", "a" * 3000),
)


async def test_a_path_of_odd_characters_names_nothing(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in ROUTES:
        if "{" not in route:
            continue
        request = await desk.request(route)
        template = route.partition(" ")[2]
        before = await rows(newsroom)
        for value in ODD:
            path = template
            for name in ("{project}", "{id}", "{name}", "{code}", "{file}"):
                path = path.replace(name, value)
            answer = await replace(request, path=path).send(newsroom["admin"])
            refused_by_form = answer.status_code == 422
            code = "invalid-parameter" if refused_by_form else "not-found"
            make.refused(answer, 422 if refused_by_form else 404, code)
        assert await rows(newsroom) == before, route


async def test_a_newline_at_the_end_of_a_path_is_not_overlooked(newsroom: Newsroom) -> None:
    desk = Desk(newsroom)

    for route in OURS:
        request = await desk.request(route)
        before = await rows(newsroom)
        answer = await replace(request, path=f"{request.path}%0A").send(newsroom["admin"])
        problem = make.refused(answer, 422, "invalid-parameter")
        assert [error["parameter"] for error in problem["errors"]] == ["path"]
        assert await rows(newsroom) == before, route


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/nothing", "/v2/me", "/v1/me/", "/v1/documents", "//v1/me"]
)
async def test_a_path_that_is_none_is_not_found(newsroom: Newsroom, path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = await newsroom["admin"].request(method, f"http://stet.test{path}")
        make.refused(answer, 404, "not-found")
