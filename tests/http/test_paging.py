"""Lists: every item once, in one order, page by page, whatever is written meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests import make
from tests.conftest import PEOPLE, Newsroom
from tests.uses import ROUTES

QUOTES = ("Ukraine says that", "Chinese nationals", "in Beijing", "totally unfounded", "Kyiv spoke")


class Lists:
    """Every list with five items or more, and a way to write another."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._made = 0
        self.document = self.annotation = self.target = ""

    async def fill(self) -> None:
        """Put five items in each list."""
        self.document = await self._document()
        for _ in range(5):
            await self._annotation()
        self.target = self.annotation
        for write in self.paths().values():
            for _ in range(5):
                await write()

    def paths(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        """The path of each list, and what adds to it."""
        return {
            "/v1/tokens": self._token,
            "/v1/users": self._user,
            "/v1/audit": self._user,
            "/v1/projects": self._project,
            "/v1/projects/demo/members": self._member,
            "/v1/projects/demo/documents": self._document,
            f"/v1/documents/{self.document}/annotations": self._annotation,
            f"/v1/documents/{self.document}/relations": self._relation,
            "/v1/projects/demo/annotations": self._annotation,
            "/v1/projects/demo/releases": self._release,
            f"/v1/annotations/{self.target}/decisions": self._decision,
        }

    def _name(self) -> str:
        # Names that fall between one another, so that new ones come before and after a page.
        self._made += 1
        return f"{'mbqfzd'[self._made % 6]}-{self._made}"

    async def _token(self) -> None:
        await make.said(await self._newsroom["admin"].post("/v1/tokens", json={"name": "ci"}))

    async def _user(self) -> str:
        name = self._name()
        await make.said(await self._newsroom["admin"].post("/v1/users", json={"name": name}))
        return name

    async def _project(self) -> None:
        await make.project(self._newsroom["admin"], self._name())

    async def _member(self) -> None:
        await make.member(self._newsroom["admin"], await self._user(), "reader")

    async def _document(self) -> str:
        return str((await make.document(self._newsroom["annotator"]))["id"])

    async def _annotation(self) -> None:
        self._made += 1
        made = await make.annotation(
            self._newsroom["annotator"],
            self.document,
            "claim" if self._made % 2 else "denial",
            QUOTES[self._made % 5],
        )
        self.annotation = made["id"]

    async def _relation(self) -> None:
        annotator = self._newsroom["annotator"]
        ends = [
            (await make.annotation(annotator, self.document, label, quote))["id"]
            for label, quote in (("denial", QUOTES[3]), ("claim", QUOTES[1]))
        ]
        await make.relation(annotator, self.document, "denies", *ends)

    async def _release(self) -> None:
        await make.release(self._newsroom["manager"], self._name())

    async def _decision(self) -> None:
        path = f"/v1/annotations/{self.target}"
        version = (await self._newsroom["reviewer"].get(path)).json()["version"]
        verdict = "approve" if version % 2 else "request_changes"
        await make.decision(
            self._newsroom["reviewer"], self.target, verdict, version=version, comment="See."
        )


@pytest.fixture
async def lists(newsroom: Newsroom) -> Lists:
    """All lists, filled."""
    filled = Lists(newsroom)
    await filled.fill()
    return filled


async def pages(client: httpx.AsyncClient, path: str, query: str) -> list[dict[str, Any]]:
    """A list's pages, walked by the ``Link`` of each to the next."""
    walked = []
    url = f"{path}?{query}"
    while url:
        answer = await client.get(url)
        page = await make.said(answer, 200)
        walked.append(page)
        link = answer.headers.get("Link")
        assert (link is None) == (page["next"] is None)
        url = "" if link is None else link.removeprefix("<").removesuffix('>; rel="next"')
        assert page["next"] is None or page["next"] in url
    return walked


async def test_every_list_is_tried(newsroom: Newsroom) -> None:
    listed = {route.removeprefix("GET ") for route in ROUTES if route.startswith("GET /v1/")}
    streams = {f"/v1/projects/{{project}}/{name}" for name in ("changes", "export")}
    streams.add("/v1/projects/{project}/releases/{name}/export")
    single = {"/v1/me", "/v1/projects/{project}/progress", *streams}
    single |= {path for path in listed if path.endswith(("}", "/scheme", "/text", "/history"))}

    tried = {path.replace("demo", "{project}") for path in Lists(newsroom).paths()}
    assert tried == {path.replace("{id}", "") for path in listed - single}


async def test_the_pages_of_a_list_are_the_list(newsroom: Newsroom, lists: Lists) -> None:
    for path in lists.paths():
        whole = await make.said(await newsroom["admin"].get(f"{path}?limit=1000"), 200)
        assert whole["next"] is None
        assert len(whole["items"]) >= 5, path
        for limit in (1, 2, len(whole["items"]) - 1, len(whole["items"])):
            walked = await pages(newsroom["admin"], path, f"limit={limit}")
            sizes = [len(page["items"]) for page in walked]
            assert [item for page in walked for item in page["items"]] == whole["items"], path
            assert set(sizes[:-1]) <= {limit}
            assert 1 <= sizes[-1] <= limit


async def test_a_page_has_a_hundred_items_if_nothing_is_said(newsroom: Newsroom) -> None:
    document = await make.document(newsroom["annotator"])
    for _ in range(101):
        await make.annotation(newsroom["annotator"], document["id"])

    page = await make.said(await newsroom["reader"].get("/v1/projects/demo/annotations"), 200)

    assert len(page["items"]) == 100
    assert page["next"]


async def test_nothing_is_skipped_or_repeated_while_others_write(
    newsroom: Newsroom, lists: Lists
) -> None:
    for path, write in lists.paths().items():
        whole = await make.said(await newsroom["admin"].get(f"{path}?limit=1000"), 200)
        before = [_identity(item) for item in whole["items"]]
        walked: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            answer = await newsroom["admin"].get(f"{path}?limit=2{cursor and f'&cursor={cursor}'}")
            page = await make.said(answer, 200)
            walked += [_identity(item) for item in page["items"]]
            cursor = page["next"]
            if len(walked) < len(before):
                await write()
        assert len(walked) == len(set(walked)), path
        assert [item for item in walked if item in set(before)] == before, path


def _identity(item: dict[str, Any]) -> str:
    return str(item.get("id") or item.get("slug") or item["name"])


async def test_a_walk_beside_concurrent_writers_meets_everything_that_was_there(
    newsroom: Newsroom,
) -> None:
    there = [(await make.document(newsroom["annotator"]))["id"] for _ in range(20)]

    async def write() -> None:
        for _ in range(10):
            await make.document(newsroom["annotator"])

    writers = [asyncio.create_task(write()) for _ in range(4)]
    walked = await pages(newsroom["reader"], "/v1/projects/demo/documents", "limit=3")
    await asyncio.gather(*writers)

    ids = [item["id"] for page in walked for item in page["items"]]
    assert len(ids) == len(set(ids))
    assert ids[:20] == there


async def test_a_limit_is_a_number_from_1_to_1000(newsroom: Newsroom, lists: Lists) -> None:
    for path in lists.paths():
        for limit in ("0", "1001", "-1", "abc", "", "1.5", "10000000000000000000000", "%201%20x"):
            answer = await newsroom["admin"].get(f"{path}?limit={limit}")
            problem = make.refused(answer, 422, "invalid-parameter")
            assert [error["parameter"] for error in problem["errors"]] == ["limit"], limit


async def test_a_cursor_that_the_list_has_not_given_is_refused(
    newsroom: Newsroom, lists: Lists
) -> None:
    given = {}
    for path in lists.paths():
        given[path] = (await newsroom["admin"].get(f"{path}?limit=1")).json()["next"]
    made_up = ["", "x", "!", "W10", "bnVsbA", "WzFd", "ImEi", "_" * 100, "A" * 3000, "%C3%A9"]

    for path, own in given.items():
        foreign = [cursor for other, cursor in given.items() if other != path]
        for cursor in (*made_up, *foreign, own[:-1], own + "A", own + "=", own.swapcase()):
            answer = await newsroom["admin"].get(f"{path}?cursor={cursor}")
            problem = make.refused(answer, 422, "invalid-parameter")
            assert [error["parameter"] for error in problem["errors"]] == ["cursor"], cursor


async def test_a_cursor_belongs_to_the_filters_that_it_came_with(newsroom: Newsroom) -> None:
    for _ in range(3):
        await make.document(newsroom["annotator"])
    path = "/v1/projects/demo/documents"
    first = (await newsroom["reader"].get(f"{path}?q=article&order=newest&limit=1")).json()

    same = await newsroom["reader"].get(
        f"{path}?cursor={first['next']}&order=newest&limit=2&q=article"
    )
    other = await newsroom["reader"].get(f"{path}?cursor={first['next']}&order=oldest&q=article")

    assert len((await make.said(same, 200))["items"]) == 2
    make.refused(other, 422, "invalid-parameter")


async def test_a_link_keeps_the_filters(newsroom: Newsroom) -> None:
    annotator = newsroom["annotator"]
    document = (await make.document(annotator, title="Ça & là"))["id"]
    for quote in QUOTES:
        await make.annotation(annotator, document, "claim", quote)
        await make.annotation(annotator, document, "quote", quote)

    walked = await pages(
        newsroom["reader"], f"/v1/documents/{document}/annotations", "label=claim&label=x&limit=2"
    )
    titled = await pages(
        newsroom["reader"], "/v1/projects/demo/documents", "q=%C3%A7a%20%26%20l%C3%A0&limit=1"
    )

    assert [item["label"] for page in walked for item in page["items"]] == ["claim"] * 5
    assert [item["id"] for page in titled for item in page["items"]] == [document]


async def test_lists_cost_the_same_however_many_items_they_have(
    newsroom: Newsroom, statements: list[str]
) -> None:
    lists = Lists(newsroom)
    await lists.fill()
    few, many = {}, {}
    for path in lists.paths():
        statements.clear()
        await newsroom["admin"].get(f"{path}?limit=1")
        few[path] = len(statements)
        statements.clear()
        await newsroom["admin"].get(path)
        many[path] = len(statements)

    assert many == few


async def test_a_list_is_answered_whoever_the_request_says_the_host_is(newsroom: Newsroom) -> None:
    for _ in range(2):
        await make.document(newsroom["annotator"])

    for host in ("[", "stet.test:port", "a b", "", "[::1]:80"):
        answer = await newsroom["reader"].get(
            "/v1/projects/demo/documents?limit=1", headers={"Host": host}
        )
        assert (await make.said(answer, 200))["next"], host
        assert answer.headers["Link"].startswith("</v1/projects/demo/documents?limit=1&cursor=")


async def test_names_are_listed_in_one_order_on_every_database(newsroom: Newsroom) -> None:
    for name in ("a.b", "a-b", "ab", "a_b", "a1", "b", "0"):
        await make.said(await newsroom["admin"].post("/v1/users", json={"name": name}))

    page = await make.said(await newsroom["admin"].get("/v1/users"), 200)

    names = [user["name"] for user in page["items"]]
    assert names == sorted(["a.b", "a-b", "ab", "a_b", "a1", "b", "0", *PEOPLE])
