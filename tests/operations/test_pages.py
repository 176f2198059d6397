"""The pages that Stet serves itself: the API's documentation, and one for each problem."""

import re
from html import unescape

import pytest

from app.core.errors import catalogue
from tests import make
from tests.conftest import Newsroom


def policy(header: str) -> dict[str, list[str]]:
    """A Content-Security-Policy by directive."""
    directives = (part.split() for part in header.split(";"))
    return {name: sources for name, *sources in directives}


@pytest.mark.parametrize("path", ["/docs", "/problems/quote-mismatch"])
async def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(
    newsroom: Newsroom, path: str
) -> None:
    page = await newsroom["nobody"].get(path)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    allowed = policy(page.headers["content-security-policy"])
    assert allowed.pop("default-src") == ["'none'"]
    sources = {source for listed in allowed.values() for source in listed}
    assert sources == {"'self'", "'none'", "data:"}
    assert allowed["script-src"] == allowed["style-src"] == ["'self'"]
    assert allowed["frame-ancestors"] == ["'none'"]


@pytest.mark.parametrize("path", ["/docs", "/problems/quote-mismatch"])
async def test_what_a_page_loads_is_there(newsroom: Newsroom, path: str) -> None:
    page = await newsroom["nobody"].get(path)
    loaded = re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', page.text)

    for address in loaded:
        # An address without a slash in front is beside the page.
        answer = await newsroom["nobody"].get(f"/{address.removeprefix('/')}")
        assert answer.status_code == 200, address
        assert answer.headers["content-type"].split("/")[0] in {"text", "image"}
    assert loaded


@pytest.mark.parametrize(
    "file", ["no-such-file.js", "../routes.py", "%2e%2e/routes.py", "..%2froutes.py", "", "."]
)
async def test_nothing_else_is_served(newsroom: Newsroom, file: str) -> None:
    answer = await newsroom["nobody"].get(f"/docs/static/{file}")

    make.refused(answer, 404, "not-found")


@pytest.mark.parametrize("path", ["/docs", "/docs/static/docs.js"])
@pytest.mark.parametrize("part", ["bytes=0-3", "bytes=9-1", "bytes=99999999-", "x"])
async def test_who_asks_for_a_part_is_answered_the_whole(
    newsroom: Newsroom, path: str, part: str
) -> None:
    whole = await newsroom["nobody"].get(path)

    answer = await newsroom["nobody"].get(path, headers={"Range": part})

    assert (answer.status_code, answer.content) == (200, whole.content)


async def test_a_problems_page_says_what_happened_and_what_to_do(newsroom: Newsroom) -> None:
    for code, problem in catalogue().items():
        page = (await newsroom["nobody"].get(f"/problems/{code}")).text

        first = (problem.__doc__ or "").split("\n\n")[0].split("``")[0]
        assert " ".join(first.split()) in unescape(page)
        # What stands between double backquotes is set as code, and everything is escaped.
        assert "``" not in page
        assert "<token>" not in page


async def test_there_is_no_page_for_what_is_no_problem(newsroom: Newsroom) -> None:
    answer = await newsroom["nobody"].get("/problems/no-such-problem")

    make.refused(answer, 404, "not-found")
