"""What stands while the session ends, the window is narrow, the page is loaded again."""

from playwright.async_api import Dialog, Page, ViewportSize, expect

from tests import make
from tests.web import barriers
from tests.web.conftest import PASSWORD, Room

SMALL: ViewportSize = {"width": 320, "height": 640}


async def _sign_in_again(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="Your session has ended")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(dialog).to_have_count(0)


async def _fits(page: Page) -> bool:
    """Whether nothing of the page lies beyond the window's side."""
    fits: bool = await page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return fits


async def _height(page: Page, selector: str) -> float:
    box = await page.locator(selector).bounding_box()
    assert box is not None
    return box["height"]


async def test_what_is_typed_stands_while_an_ended_session_is_renewed(room: Room) -> None:
    page = await room.open("annotator")
    await page.get_by_role("button", name="Add a document").click()
    await page.get_by_label("Title").fill("Typed before")
    await page.get_by_label("Text", exact=True).fill(make.TEXT)

    # As when the session has run out, or ended in another window.
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    await expect(dialog.get_by_label("Password")).to_be_focused()
    await expect(dialog.get_by_label("Name")).to_have_value("annotator")
    for _ in range(3):
        await page.keyboard.press("Escape")
    await expect(dialog).to_be_visible()
    await barriers.none_found_in_either_theme(page)
    await dialog.get_by_label("Password").fill("not this one")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await _sign_in_again(page)

    await expect(page.get_by_label("Title")).to_have_value("Typed before")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("heading", name="Typed before")).to_be_visible()

    # A view that could not be loaded is loaded then.
    await page.context.clear_cookies()
    await page.get_by_role("link", name="Overview").click()
    await _sign_in_again(page)
    await expect(page.get_by_role("heading", name="Documents without annotations")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.context.clear_cookies()
    await page.get_by_role("link", name="Review", exact=True).click()
    await _sign_in_again(page)
    await expect(page.get_by_text("Nothing here is pending.")).to_be_visible()

    # Somebody else begins anew.
    await page.get_by_role("link", name="Documents").click()
    await page.get_by_role("button", name="Add a document").click()
    await page.get_by_label("Title").fill("Typed after")
    await page.keyboard.press("Escape")
    await page.context.clear_cookies()
    await page.get_by_role("link", name="Overview").click()
    # What it says of what was typed is so.
    await dialog.get_by_role("button", name="Leave: what was typed waits in this tab").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    assert "Typed after" in await page.evaluate("JSON.stringify({...sessionStorage})")
    await page.get_by_label("Name").fill("reader")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="reader", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Came back")).to_have_count(0)


async def test_a_chosen_annotation_is_at_hand_on_a_narrow_screen(room: Room) -> None:
    document = await room.document()
    claim = await room.annotation(document, "150 mercenaries Moscow")
    place = f"/documents/{document['id']}"
    page = await room.open("annotator", place, viewport=SMALL, has_touch=True)
    drawer = page.locator(".drawer")
    card = page.get_by_role("region", name="The chosen annotation")
    assert await _height(page, ".tools") <= 60
    assert await _height(page, ".frame") <= 100

    # The list is behind the text, and still says what stood on the screen.
    words = page.get_by_role("button", name="150 mercenaries Moscow")
    await page.get_by_role("button", name="List").tap()
    await expect(words).to_be_in_viewport()
    await words.tap()
    await expect(card).to_be_in_viewport()
    assert await _height(page, ".drawer") <= 0.6 * SMALL["height"]
    top = (await drawer.bounding_box() or {"y": 0})["y"]
    chosen: float = await page.evaluate(
        "[...CSS.highlights.get('stet-chosen')].map((one) => { const range = new Range(); "
        "range.setStart(one.startContainer, one.startOffset); "
        "range.setEnd(one.endContainer, one.endOffset); "
        "return range.getBoundingClientRect().bottom; })[0]"
    )
    assert 0 < chosen < top
    await barriers.none_found_in_either_theme(page)
    await card.get_by_label("note").fill("On a phone.")
    await page.keyboard.press("Escape")
    await expect(card).to_have_count(0)
    await expect(drawer).not_to_be_visible()
    await page.locator(".text").focus()
    await page.keyboard.press("n")
    await expect(card.get_by_label("note")).to_have_value("On a phone.")

    # Words above it are selected for the chosen one, and every tool comes into sight by keys.
    await page.keyboard.press("b")
    await page.keyboard.press("Shift+Control+ArrowLeft")
    for _ in range(20):
        await page.keyboard.press("Shift+ArrowDown")
    caret: float = await page.evaluate(
        "() => { const { focusNode, focusOffset } = getSelection(); const range = new Range(); "
        "range.setStart(focusNode, focusOffset); return range.getBoundingClientRect().bottom; }"
    )
    assert 0 < caret < (await drawer.bounding_box() or {"y": 0})["y"]
    await page.get_by_role("button", name="Take the selection").tap()
    await expect(page.locator(".outstanding")).to_have_text("")
    (stored,) = await room.stored(document)
    assert stored["note"] == "On a phone."
    assert stored["quote"] != claim["quote"]
    redo = page.get_by_role("button", name="Redo")
    await page.get_by_role("button", name="Undo").focus()
    await expect(page.get_by_role("button", name="Undo")).to_be_in_viewport(ratio=0.99)
    await expect(redo).to_be_disabled()
    await drawer.get_by_role("button", name="Close").tap()
    await expect(card).to_have_count(0)
    assert await _fits(page)


async def test_the_header_takes_two_rows_on_a_narrow_screen(room: Room) -> None:
    page = await room.open("manager", "/manage", viewport=SMALL)
    await expect(page.get_by_role("link", name="Manage")).to_be_in_viewport(ratio=0.99)
    menu = page.get_by_role("button", name="Menu")
    keys = page.get_by_role("button", name="Keys")
    await expect(keys).not_to_be_visible()
    await menu.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(keys).to_be_focused()
    await barriers.none_found_in_either_theme(page)
    await page.keyboard.press("Escape")
    await expect(menu).to_be_focused()
    await expect(keys).not_to_be_visible()
    await menu.click()
    await keys.click()
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(menu).to_be_focused()
    await menu.click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    assert await _fits(page)


async def test_a_decision_refused_before_a_reload_is_typed_in_its_form(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await make.annotation(room.client("annotator"), document["id"])
    page = await room.open("reviewer", "/review")
    await page.context.route("**/decisions*", lambda route: route.abort())
    await expect(page.get_by_text("1 pending.")).to_be_visible()
    await page.keyboard.press("r")
    await page.keyboard.type("Not in the source.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".outstanding")).to_contain_text("1 change on its way")

    edit = {"note": "Changed meanwhile."}
    address = f"/v1/annotations/{claim['id']}"
    answer = await room.client("annotator").patch(address, json=edit, headers=make.seen(1))
    await make.said(answer, 200)
    page.on("dialog", _accept)
    await page.goto(f"/#/projects/{room.project}/overview")
    # Not before: the page that goes would be answered, and take what it had sent with it.
    await page.reload()
    await page.context.unroute("**/decisions*")
    await expect(page.get_by_role("button", name="1 change refused")).to_be_visible()

    await page.get_by_role("link", name="Review", exact=True).click()
    await expect(page.get_by_label("Comment")).to_have_value("Not in the source.")
    await expect(page.get_by_role("button", name="Reject", exact=False).first).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(page.get_by_role("article").get_by_role("alert")).to_be_visible()
    await expect(page.get_by_role("button", name="1 change refused")).to_have_count(0)
    await page.get_by_role("button", name="Reject and go on").click()
    await expect(page.get_by_text("Nothing here is pending.")).to_be_visible()
    (stored,) = await room.stored(document)
    assert stored["status"] == "rejected"


async def _accept(dialog: Dialog) -> None:
    await dialog.accept()


async def test_a_scheme_s_preview_counts_what_it_would_break(room: Room) -> None:
    document = await room.document(make.TEXT)
    await make.annotation(room.client("annotator"), document["id"])
    page = await room.open("manager", "/manage/scheme")
    risk = page.locator(".at-risk")
    preview = page.get_by_role("button", name="Preview")

    await page.locator("summary", has_text="claim").first.click()
    label = page.locator("details[open]")
    await label.get_by_role("button", name="Remove the attribute").first.click()
    await preview.click()
    await expect(risk).to_contain_text("There is no attribute “speaker” any more (label “claim”)")
    await expect(risk).to_contain_text("It may touch the 1 annotation of the label")
    await label.get_by_label("Name", exact=True).first.fill("assertion")
    await expect(risk).to_have_count(0)
    await preview.click()
    await expect(risk).to_contain_text("There is no label “claim” any more")
    await expect(risk).to_contain_text("1 annotation has it")
    listed = f"#/projects/{room.project}/review?label=claim&status=pending"
    await expect(risk.get_by_role("link", name="1 pending")).to_have_attribute("href", listed)
    await barriers.none_found_in_either_theme(page)
    await page.set_viewport_size(SMALL)
    assert await _fits(page)

    # What nothing uses breaks nothing.
    await page.get_by_role("button", name="Discard the edits").click()
    await page.locator("summary", has_text="quote").first.click()
    await page.get_by_role("button", name="Remove the label quote").click()
    await preview.click()
    await expect(page.get_by_text("No annotation uses what goes away.")).to_be_visible()
