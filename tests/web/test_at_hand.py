"""What can be read, reached and pressed: by the mouse, by keys, and on a narrow screen."""

from playwright.async_api import FloatRect, Page, ViewportSize, expect

from tests import make
from tests.web import barriers
from tests.web.conftest import Room

CARD = "The chosen annotation"
NARROW: ViewportSize = {"width": 390, "height": 844}


async def test_the_keys_on_buttons_can_be_read(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    await page.locator(".text").focus()
    await page.keyboard.press("b")
    await expect(page.get_by_role("button", name="Take the selection Enter")).to_be_visible()
    await barriers.none_found_in_either_theme(page)


async def test_what_one_may_not_change_says_so_to_every_key(room: Room) -> None:
    document = await room.document(make.TEXT)
    theirs = await room.annotation(document, "Chinese nationals fight", by="annotator-b")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={theirs['id']}")
    announced = page.locator(".announcement")
    await page.locator(".text").focus()
    for key in ("2", "Delete", "b", "f"):
        await expect(announced).to_have_text("")
        await page.keyboard.press(key)
        await expect(announced).to_have_text("Only annotator-b or a reviewer can change this.")
        # What it covers can be pressed meanwhile.
        assert await announced.evaluate(
            """(shown) => {
                const { x, y, width, height } = shown.getBoundingClientRect();
                return document.elementFromPoint(x + width / 2, y + height / 2) !== shown;
            }"""
        )
        await page.reload()
        await expect(page.get_by_role("region", name=CARD)).to_be_visible()
        await page.locator(".text").focus()
    (stored,) = await room.stored(document)
    assert (stored["label"], stored["version"]) == ("claim", 1)


async def test_a_relation_is_made_by_keys_alone(room: Room) -> None:
    document = await room.document(make.TEXT)
    claim = await room.annotation(document, "Chinese nationals fight")
    other = await room.annotation(document, "155 people")
    page = await room.open("annotator", f"/documents/{document['id']}?annotation={claim['id']}")
    relation = page.get_by_role("region", name=CARD).get_by_label("this one")
    await relation.focus()
    # Each arrow chooses another type.
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(relation).to_have_value("repeats")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="155 people").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator(".announcement")).to_have_text("Related by repeats.")
    await expect(page.locator(".text")).to_be_focused()
    await expect(page.locator(".outstanding")).to_have_text("")
    path = f"/v1/documents/{document['id']}/relations"
    (joined,) = (await make.said(await room.client("reader").get(path), 200))["items"]
    assert (joined["type"], joined["target"]) == ("repeats", other["id"])


async def test_what_is_chosen_far_down_the_list_is_told_of_in_sight(room: Room) -> None:
    document = await room.document()
    for label in ("claim", "denial", "quote") * 6:
        await room.annotation(document, "150 mercenaries Moscow", label)
    last = await room.annotation(document, "Chinese denial")
    page = await room.open(
        "annotator", f"/documents/{document['id']}", viewport={"width": 1280, "height": 600}
    )
    row = page.locator(".in-sight").get_by_role("button", name=last["quote"])
    await row.click()
    card = page.get_by_role("region", name=CARD)
    await expect(card.locator(".where")).to_be_in_viewport(ratio=0.99)
    # Who goes by keys stays where they are.
    await page.keyboard.press("Escape")
    await row.focus()
    await page.keyboard.press("Enter")
    await expect(card).to_be_visible()
    await expect(row).to_be_focused()
    await expect(row).to_be_in_viewport()


async def _top(page: Page, words: str) -> float:
    box = await page.get_by_text(words).bounding_box()
    assert box is not None
    return box["y"]


async def test_what_is_wide_can_be_used_on_a_narrow_screen(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("admin", f"/documents/{document['id']}", viewport=NARROW)
    # Nothing of the tools shows behind the button that stays.
    behind = await page.locator(".tools .bar").first.evaluate(
        """(bar) => {
            const { right, y, height } = bar.getBoundingClientRect();
            return document.elementFromPoint(right - 2, y + height / 2).textContent;
        }"""
    )
    assert behind == "List"

    await page.get_by_role("link", name="Documents").click()
    await expect(page.get_by_label("Search")).to_be_visible()
    # An edge behind which there are more views looks otherwise than the end.
    nav = page.get_by_role("navigation", name=room.project)
    box = await nav.bounding_box()
    assert box is not None
    edge: FloatRect = {"x": box["x"] + box["width"] - 2, "y": box["y"] + 1, "width": 2, "height": 2}
    before = await page.screenshot(clip=edge)
    await nav.evaluate("(nav) => { nav.scrollLeft = nav.scrollWidth }")
    assert await page.screenshot(clip=edge) != before
    assert await _top(page, "All of these words") < await _top(page, "Progress")

    # What is done to a row is at hand, however wide the row is.
    await page.goto(f"/#/projects/{room.project}/manage/members")
    await expect(page.get_by_role("button", name="Remove reader", exact=True)).to_be_in_viewport(
        ratio=0.99
    )
    await page.goto("/#/users")
    change = page.get_by_role("button", name="Change reader", exact=True)
    await expect(change).to_be_in_viewport(ratio=0.99)
    await change.click()
    dialog = page.get_by_role("dialog")
    widths = [
        await box.evaluate("(box) => box.offsetWidth")
        for box in await dialog.get_by_role("checkbox").all()
    ]
    assert len(widths) == 3
    assert len(set(widths)) == 1
    await barriers.none_found_in_either_theme(page)


async def test_a_notice_stays_until_it_can_have_been_read(room: Room) -> None:
    page = await room.open("annotator", "")
    announced = page.locator(".announcement")
    # No time passes but what is said here.
    await page.clock.install(time=0)
    await page.clock.pause_at(600_000)
    for words, seconds in (("Saved.", 6), ("Not saved: somebody else has changed it. " * 5, 16)):
        await page.evaluate(
            "(said) => import('/static/parts/announce.js').then(({ announce }) => announce(said))",
            words,
        )
        await page.clock.run_for(1000 * (seconds - 1))
        await expect(announced).to_have_text(words)
        await page.clock.run_for(2000)
        await expect(announced).to_have_text("")
