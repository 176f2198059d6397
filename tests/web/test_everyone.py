"""For everyone: by finger, on a small screen, in both themes, read aloud."""

import pytest
from playwright.async_api import Page, expect

from tests import make
from tests.web import barriers
from tests.web.conftest import Room, watch

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


async def test_a_browser_that_cannot_paint_spans_says_so_and_marks_them_all_the_same(
    room: Room,
) -> None:
    document = await room.document(make.TEXT)
    context = await room.browser("annotator")
    await context.add_init_script("delete globalThis.Highlight")
    page = await context.new_page()
    watch(page, room.stack)
    await page.goto(f"/#/projects/{room.project}/documents/{document['id']}")
    await expect(page.get_by_role("alert")).to_contain_text("This browser cannot paint spans")

    await page.keyboard.press("t")
    await page.keyboard.press("w")
    await page.keyboard.press("1")
    await expect(page.locator(".outstanding")).to_have_text("")
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["quote"]) == ("claim", "Ukraine")
    card = page.get_by_role("region", name="The chosen annotation")
    await page.keyboard.press("Escape")
    await expect(card).to_have_count(0)
    await page.locator(".text p").first.click(position={"x": 10, "y": 10})
    await expect(card).to_contain_text("Ukraine")


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


async def test_long_names_fit_and_forced_colours_show_what_is_chosen(room: Room) -> None:
    word = "long_" * 20
    label, other = f"{word}label"[-100:], f"other_{word}"[:48]
    scheme = {"name": "long", "labels": [{"name": label}, {"name": other}], "relations": []}
    place = f"/v1/projects/{room.project}"
    manager = room.client("manager")
    await make.said(await manager.patch(place, json={"name": word}, headers=make.seen(1)), 200)
    await make.said(await manager.put(f"{place}/scheme", json=scheme, headers=make.seen(1)), 200)
    document = await room.document(make.TEXT, title=word * 4)
    claim = await make.annotation(room.client("annotator"), document["id"], label)
    inside = f"/documents/{document['id']}"
    page = await room.open(
        "manager", viewport={"width": 320, "height": 640}, forced_colors="active"
    )
    for view in (
        "",
        f"{inside}?annotation={claim['id']}",
        "/review",
        "/manage/scheme",
        "/manage/export",
        f"/compare/{document['id']}",
    ):
        await page.goto(f"/#/projects/{room.project}{view}")
        await expect(page.locator("main").get_by_text(word[:20]).first).to_be_attached()
        assert await _fits(page), view
    await page.goto("/#/")
    await expect(page.get_by_text(word).first).to_be_visible()
    assert await _fits(page)

    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.goto(f"/#/projects/{room.project}{inside}?annotation={claim['id']}")
    await expect(page.get_by_role("region", name="The chosen annotation")).to_be_visible()
    assert await _fits(page)
    # The tools end before what is beside the text.
    ends = """(one) => { const box = document.querySelector(one).getBoundingClientRect();
        return [box.left, box.right]; }"""
    assert (await page.evaluate(ends, ".tools"))[1] <= (await page.evaluate(ends, ".side"))[0]
    # Each label has its own line, and the chosen words a ground that the others have not.
    styled = """(way) => { const found = getComputedStyle(document.querySelector('.text p'),
        `::highlight(stet-${way})`);
        return [found.backgroundColor, found.textDecorationStyle]; }"""
    await expect(page.get_by_text("On the screen: 1 of 1")).to_be_visible()
    assert await page.evaluate("CSS.highlights.get('stet-chosen').size") == 1
    chosen = await page.evaluate(styled, "chosen")
    first = await page.evaluate(styled, "label-0-0")
    second = await page.evaluate(styled, "label-1-0")
    assert first[0] == second[0] == "rgba(0, 0, 0, 0)" != chosen[0]
    assert first[1] != second[1]
    ground = "(link) => getComputedStyle(link).backgroundColor"
    menu = page.get_by_role("banner").get_by_role("navigation")
    here, there = [
        await menu.get_by_role("link", name=name).evaluate(ground)
        for name in ("Documents", "Review")
    ]
    assert here != there
