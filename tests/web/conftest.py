"""The page in a real browser: Chromium, driven by Playwright, on a served Stet.

One server a database serves all tests of a worker; each test has a project of its own there, with
the example's article and the annotations that it asks for.
"""

import itertools
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from app.core.database.connect import connect
from app.users.credentials import hash_password
from tests import make
from tests.conftest import PEOPLE, TOKENS, Databases, migrate, settings
from tests.serving import Forked

PASSWORD = "the same for everybody here"
ARTICLE = json.loads((Path(__file__).parents[2] / "seeds" / "document.json").read_text())
ARTICLE_TEXT = (Path(__file__).parents[2] / "seeds" / "article.txt").read_text()
# The shell is Chromium without the windows that nobody sees here, and does it in three quarters of
# the time.
CHROMIUM = (
    shutil.which("chromium-headless-shell")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("chrome")
)

# The machine's own network is asked for nothing.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium."""
    if CHROMIUM is None:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail("There is no Chromium, and the browser tests are required.")
        pytest.skip("There is no Chromium.")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        await browser.close()


class Site:
    """A served Stet with the newsroom's people."""

    def __init__(self, url: str, browser: Browser) -> None:
        """``url`` is where it is served."""
        self.url = url
        self.browser = browser
        self.numbers = itertools.count(1)


async def _people(database_url: str) -> None:
    database = connect(settings(database_url))
    password_hash = await hash_password(PASSWORD)
    for number, name in enumerate(PEOPLE, 1):
        await make.user(
            database, name, number=number, admin=name == "admin", password_hash=password_hash
        )
    await database.dispose()


_sites: dict[str, Site] = {}


@pytest.fixture(scope="session")
async def sites() -> AsyncIterator[AsyncExitStack]:
    """What ends with the last test."""
    async with AsyncExitStack() as stack:
        yield stack
    _sites.clear()


@pytest.fixture
async def site(
    dialect: str,
    databases: Databases,
    chromium: Browser,
    sites: AsyncExitStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Site:
    """The Stet on this database."""
    if dialect not in _sites:
        url = databases.empty(dialect)
        sites.callback(databases.drop, url)
        migrate(url)
        await _people(url)
        server = Forked(url, tmp_path_factory.mktemp("site"))
        await sites.enter_async_context(server)
        _sites[dialect] = Site(server.url, chromium)
    return _sites[dialect]


class Room:
    """A test's own project, with a member in each role, and browsers for its members."""

    def __init__(self, site: Site, stack: AsyncExitStack) -> None:
        """Named by a number that no other test of the site has."""
        self.site = site
        self.stack = stack
        self.project = f"room-{next(site.numbers)}"
        self._clients: dict[str, httpx.AsyncClient] = {}

    def client(self, name: str) -> httpx.AsyncClient:
        """A client of the API for somebody of ``PEOPLE``."""
        if name not in self._clients:
            headers = {"Authorization": f"Bearer {TOKENS[name]}"}
            client = httpx.AsyncClient(base_url=self.site.url, headers=headers, timeout=60)
            self.stack.push_async_callback(client.aclose)
            self._clients[name] = client
        return self._clients[name]

    async def document(self, text: str = ARTICLE_TEXT, **fields: Any) -> dict[str, Any]:
        """A document; the example's article if nothing else is said."""
        fields = {"title": ARTICLE["title"], "language": "en", **fields}
        return await make.document(self.client("manager"), text, project=self.project, **fields)

    async def annotation(
        self,
        document: dict[str, Any],
        quote: str,
        label: str = "claim",
        *,
        by: str = "annotator",
        **fields: Any,
    ) -> dict[str, Any]:
        """An annotation on words that occur once."""
        return await make.annotation(self.client(by), document["id"], label, quote, **fields)

    async def stored(self, document: dict[str, Any]) -> list[dict[str, Any]]:
        """The annotations of a document as the API has them, in UTF-16."""
        path = f"/v1/documents/{document['id']}/annotations?offset_unit=utf16&limit=1000"
        items: list[dict[str, Any]] = (
            await make.said(await self.client("manager").get(path), 200)
        )["items"]
        return items

    async def browser(self, name: str, **options: Any) -> BrowserContext:
        """A browser of its own in which somebody is signed in."""
        context = await self.site.browser.new_context(base_url=self.site.url, **options)
        self.stack.push_async_callback(context.close)
        # Chromium says that it hands requests to a route before its pages do. Of a context that has
        # had one from the start they do, so what a test adds later misses no request. The browser's
        # own cache is off in it.
        await context.route("**/nothing-is-here", lambda route: route.abort())
        answer = await context.request.post(
            "/v1/session",
            data={"username": name, "password": PASSWORD},
            headers={"Origin": self.site.url},
        )
        assert answer.status == 200, await answer.text()
        return context

    async def open(self, name: str, place: str = "", **options: Any) -> Page:
        """A page on which somebody has opened a place inside the project.

        What the page complains of, in its console or by an error, fails the test at its end.
        """
        page = await (await self.browser(name, **options)).new_page()
        watch(page, self.stack)
        await page.goto(f"/#/projects/{self.project}{place}")
        await expect(page.locator("main h1").first).to_be_visible()
        if "/documents/" in place:
            # All its annotations are there, and so are the keys.
            await expect(page.locator(".side h2").last).to_have_text(
                re.compile("Nothing is marked yet|of \\d+$")
            )
        return page


def watch(page: Page, stack: AsyncExitStack) -> None:
    """Fail when the stack closes if the page had an uncaught error or broke its own policy."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            errors.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )

    def check() -> None:
        assert errors == []

    stack.callback(check)


async def sign_in_instead(page: Page, name: str) -> None:
    """Sign out, and somebody else in, from whom no route of the page keeps anything."""
    # A page that keeps its place in the history navigates too, but is loaded only anew.
    async with page.expect_event("load"):
        await page.get_by_role("button", name="Sign out").click()
    await page.unroute_all(behavior="ignoreErrors")
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


@pytest.fixture
async def room(site: Site) -> AsyncIterator[Room]:
    """A project with a member in each role."""
    async with AsyncExitStack() as stack:
        made = Room(site, stack)
        await make.project(made.client("admin"), made.project)
        for name, role in PEOPLE.items():
            if role is not None:
                await make.member(made.client("admin"), name, role, made.project)
        yield made
