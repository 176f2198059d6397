"""What keeps people out of a page, as far as a program can tell: axe, by WCAG 2.2 AA."""

from functools import cache
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.async_api import Page

_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


async def none_found(page: Page) -> None:
    """Assert that axe finds nothing on the page as it stands now."""
    if not await page.evaluate("() => 'axe' in globalThis"):
        # By the debugger, which the page's policy does not bind as it binds the page.
        session = await page.context.new_cdp_session(page)
        await session.send("Runtime.evaluate", {"expression": _axe()})
        await session.detach()
    asked = {"runOnly": _RULES, "resultTypes": ["violations"]}
    found: dict[str, Any] = await page.evaluate("(asked) => axe.run(document, asked)", asked)
    said = [
        f"{violation['id']}: {node['html']}\n  {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
    assert not said, "\n".join(said)


async def none_found_in_either_theme(page: Page) -> None:
    """Assert it of the light theme and of the dark one."""
    for theme in ("light", "dark"):
        await page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
        await none_found(page)
