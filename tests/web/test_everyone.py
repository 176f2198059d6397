"""For everyone: by finger, on a small screen, in both themes, read aloud."""

import pytest
from playwright.async_api import Page, expect

from tests import make
from tests.web import barriers
from tests.web.conftest import Room

THEMES = ("light", "dark")


async def _fits(page: Page) -> bool:
    """Whether nothing of the page lies beyond the window's side."""
    fits: bool = await page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return fits


@pytest.mark.parametrize("theme", THEMES)
async def test_the_document_view_has_no_barriers(room: Room, theme: str) -> None:
    document = await room.document()
    claim = await room.annotation(document, "Chinese denial", "denial")
    place = f"/documents/{document['id']}?annotation={claim['id']}"
    page = await room.open("annotator", place, color_scheme=theme)
    await expect(page.get_by_role("region", name="The chosen annotation")).to_be_visible()
    await barriers.none_found(page)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await barriers.none_found(page)


@pytest.mark.parametrize("theme", THEMES)
async def test_signing_in_and_projects_have_no_barriers(room: Room, theme: str) -> None:
    page = await room.open("annotator", color_scheme=theme)
    await page.get_by_role("link", name="Stet").click()
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    await barriers.none_found(page)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    await barriers.none_found(page)


async def test_a_finger_marks_words_on_a_small_screen(room: Room) -> None:
    document = await room.document(make.TEXT)
    small = {"width": 320, "height": 640}
    page = await room.open(
        "annotator", f"/documents/{document['id']}", viewport=small, has_touch=True
    )
    # A long press is the browser's own: what it leaves is a selection.
    await page.locator(".text").evaluate(
        "(text) => getSelection().setBaseAndExtent(text.firstChild.firstChild, 0, "
        "text.firstChild.firstChild, 7)"
    )
    await page.get_by_role("button", name="claim").first.tap()
    await expect(page.locator(".outstanding")).to_have_text("")

    (stored,) = await room.stored(document)
    assert (stored["label"], stored["quote"]) == ("claim", "Ukraine")
    assert await _fits(page)


async def test_a_text_never_becomes_markup(room: Room) -> None:
    text = "<img src=x onerror=\"document.title='broken'\"> <script>alert(1)</script> & &amp; end."
    document = await room.document(text, title="<b>bold</b>")
    await room.annotation(document, "&amp; end", note="<i>note</i>", attributes={"speaker": "<u>"})
    page = await room.open("annotator", f"/documents/{document['id']}")

    assert await page.locator(".text").inner_text() == text
    await expect(page.get_by_role("heading", level=1)).to_have_text("<b>bold</b>")
    assert await page.locator("main :is(b, i, u, img, script)").count() == 0
    # Nor could a slip of ours make any: the browser itself would refuse.
    unwatched = await page.context.new_page()
    await unwatched.goto("/")
    refused = await unwatched.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return ''; } "
        "catch (error) { return error.name; } }"
    )
    assert refused == "TypeError"


async def test_the_page_is_sent_with_a_strict_policy(room: Room) -> None:
    for path, kind in (("/", "text/html"), ("/static/main.js", "text/javascript")):
        answer = await room.client("reader").get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
        again = await room.client("reader").get(
            path, headers={"If-None-Match": answer.headers["ETag"]}
        )
        assert again.status_code == 304
    for path in ("/static/../pages.py", "/static/none.js", "/static/%2e%2e/pages.py"):
        make.refused(await room.client("reader").get(path), 404, "not-found")


async def test_keys_without_ctrl_can_be_turned_off(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    await page.keyboard.press("?")
    await page.get_by_label("Keys without Ctrl or Alt work").uncheck()
    await page.keyboard.press("Escape")
    await page.locator(".text").focus()
    await page.keyboard.press("Control+Shift+ArrowRight")
    await page.keyboard.press("1")
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    assert await room.stored(document) == []


async def test_going_from_view_to_view_asks_for_nothing_that_is_not_there(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    refused: list[str] = []
    page.on("response", lambda one: refused.append(one.url) if one.status >= 400 else None)

    # Below it, some views have another one.
    menu = page.get_by_role("banner").get_by_role("navigation")
    for name in ("Came back", "Review", "Overview", "Data", "Documents"):
        await menu.get_by_role("link", name=name, exact=True).click()
        await expect(menu.locator("[aria-current]")).to_have_text(name)
        await expect(page.locator(".text")).to_have_count(0)
        await page.go_back()
        await expect(page.locator(".text")).to_be_visible()

    assert refused == []
