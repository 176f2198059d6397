"""How fast the page is, measured inside a real browser.

    .venv/bin/python -m tests.bench.page
    .venv/bin/python -m tests.bench.page --database postgresql --rounds 5

The real server, `stet serve` with one worker, and the system's Chromium without a screen, on one
machine. Four figures, each the median of the rounds:

- first view: what comes over the wire, in bytes as they were compressed, until a signed-in person
  with an empty cache sees the list of documents.
- opening: from navigating to a document of 500,000 characters with 5,000 spans until its text is
  there and a key selects a word of it, and until all spans are painted; the cache is as the first
  view left it.
- key to paint: from pressing a label's key on a selection in that document until the frame behind
  the one in which the span is painted, and until the API has confirmed it.
- scrolling: milliseconds from frame to frame, of a hundred while that document moves by half a
  window in each, the slowest five left out; 16.7 is what a screen of 60 Hz can show.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import time
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, async_playwright
from rich.console import Console
from rich.table import Table

from app.core.database.connect import connect
from app.core.settings import Settings
from app.users.credentials import hash_password
from tests import make, serving
from tests.bench import material
from tests.bench.furnish import TOKENS, databases, migrate

_PASSWORD = "measured"  # of a database that is thrown away
_PARAGRAPHS = 1_000
_PARAGRAPH = material.TEXT[:499] + "\n"
_SPANS_A_PARAGRAPH = 5

# From pressing a key to the second frame after it, by which what it did is on the screen.
_PRESS = """
    (key) => new Promise((done) => {
        const began = performance.now();
        const host = document.querySelector('.text');
        const before = document.querySelector('.outstanding').textContent;
        host.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
        requestAnimationFrame(() => requestAnimationFrame(() => {
            const painted = performance.now() - began;
            const look = () => document.querySelector('.outstanding').textContent.trim() === ''
                ? done([painted, performance.now() - began]) : setTimeout(look, 1);
            look();
        }));
    })
"""


# A policy without eval lets no string be asked again and again.
_UNTIL = """
    () => new Promise((done) => {
        const look = () => (%s) ? done() : setTimeout(look, 2);
        look();
    })
"""


async def furnish(url: str, database_url: str) -> str:
    """The project, and in it the large document; its id."""
    database = connect(Settings(_env_file=None, database_url=database_url))
    try:
        password_hash = await hash_password(_PASSWORD)
        await make.user(database, "admin", number=1, admin=True, password_hash=password_hash)
    finally:
        await database.dispose()
    text = _PARAGRAPH * _PARAGRAPHS
    spans = [
        {
            "label": ("claim", "denial", "quote")[number % 3],
            "start": start,
            "end": start + 60,
            "quote": text[start : start + 60],
        }
        for number in range(_PARAGRAPHS * _SPANS_A_PARAGRAPH)
        for start in [number // _SPANS_A_PARAGRAPH * 500 + number % _SPANS_A_PARAGRAPH * 80]
    ]
    line = {"title": "A large document", "text": text, "annotations": spans}
    headers = {"Authorization": f"Bearer {TOKENS['admin']}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as admin:
        await make.project(admin, "bench")
        path = "/v1/projects/bench/import?format=jsonl"
        await make.said(await admin.post(path, content=json.dumps(line)), 200)
        listed = await admin.get("/v1/projects/bench/documents")
        id: str = listed.json()["items"][0]["id"]
        return id


async def signed_in(browser: Browser, url: str) -> Page:
    """A page of a browser with an empty cache, in which the admin is signed in."""
    context = await browser.new_context(base_url=url)
    answer = await context.request.post(
        "/v1/session", data={"username": "admin", "password": _PASSWORD}, headers={"Origin": url}
    )
    if answer.status != 200:
        raise RuntimeError(await answer.text())
    return await context.new_page()


async def first_view(page: Page) -> float:
    """Bytes over the wire, headers included, until the documents are listed."""
    client = await page.context.new_cdp_session(page)
    await client.send("Network.enable")
    received = 0.0

    def add(event: dict[str, float]) -> None:
        nonlocal received
        received += event["encodedDataLength"]

    client.on("Network.loadingFinished", add)
    await page.goto("/#/projects/bench")
    await page.get_by_role("link", name="A large document", exact=True).wait_for()
    await page.wait_for_load_state("networkidle")
    return received


async def opening(page: Page, document: str) -> tuple[float, float]:
    """Milliseconds from going there until a key selects a word, and until all is painted."""
    await page.goto("about:blank")
    began = time.perf_counter()
    await page.goto(f"/#/projects/bench/documents/{document}")
    await page.locator(".text p").first.wait_for()
    await page.keyboard.press("t")
    await page.keyboard.press("w")
    await page.evaluate(_UNTIL % "!getSelection().isCollapsed")
    interactive = time.perf_counter() - began
    await page.evaluate(
        _UNTIL % "[...CSS.highlights.values()].reduce((sum, one) => sum + one.size, 0) >= 5000"
    )
    return interactive * 1000, (time.perf_counter() - began) * 1000


async def keys(page: Page) -> tuple[float, float]:
    """Milliseconds from a label's key to painted and to confirmed, in the middle of twenty."""
    found = []
    for _ in range(20):
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("w")
        found.append(await page.evaluate(_PRESS, "1"))
        await page.keyboard.press("Escape")
    painted, confirmed = zip(*found, strict=True)
    return statistics.median(painted), statistics.median(confirmed)


# The ninety-fifth of a hundred frames, in order of how long they took.
_SCROLL = """
    () => new Promise((done) => {
        const took = [];
        let before = performance.now();
        const step = (now) => {
            took.push(now - before);
            before = now;
            scrollBy(0, innerHeight / 2);
            if (took.length < 101) requestAnimationFrame(step);
            else done(took.slice(1).sort((a, b) => a - b)[94]);
        };
        requestAnimationFrame(step);
    })
"""


async def measure(database_url: str, folder: Path, rounds: int) -> list[tuple[str, str]]:
    """Each figure by its name."""
    migrate(database_url)
    executable = shutil.which("chromium")
    if executable is None:
        raise SystemExit("There is no Chromium.")
    sizes, interactive, whole, painted, confirmed, frames = [], [], [], [], [], []
    async with serving.stet(database_url, folder) as stet, async_playwright() as playwright:
        document = await furnish(stet.url, database_url)
        browser = await playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for _ in range(rounds):
            page = await signed_in(browser, stet.url)
            sizes.append(await first_view(page))
            ready, full = await opening(page, document)
            interactive.append(ready)
            whole.append(full)
            frame, answer = await keys(page)
            painted.append(frame)
            confirmed.append(answer)
            frames.append(await page.evaluate(_SCROLL))
            await page.context.close()
        await browser.close()
    middle = statistics.median
    return [
        ("first view, kB over the wire", f"{middle(sizes) / 1000:.1f}"),
        ("500,000 characters with 5,000 spans: interactive, ms", f"{middle(interactive):.0f}"),
        ("all of them painted, ms", f"{middle(whole):.0f}"),
        ("key to painted, ms", f"{middle(painted):.0f}"),
        ("key to confirmed, ms", f"{middle(confirmed):.0f}"),
        ("frame while scrolling, ms", f"{middle(frames):.1f}"),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with databases(given.database, "stet") as (folder, [url]):
        figures = asyncio.run(measure(url, folder, given.rounds))
    table = Table(title=given.database)
    table.add_column("in the browser")
    table.add_column("median", justify="right")
    for figure in figures:
        table.add_row(*figure)
    Console().print(table)


if __name__ == "__main__":
    main()
