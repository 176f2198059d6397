"""What comes late, or not at all, or changes what one may do while one is there."""

import asyncio
import json

from playwright.async_api import Route, expect

from tests import make
from tests.web.conftest import Room

WIDE = {"width": 1280, "height": 800}


async def test_a_page_of_another_list_and_a_view_that_did_not_come_change_nothing_else(
    room: Room,
) -> None:
    lines = [json.dumps({"title": f"Number {n}", "text": "Words."}) for n in range(1, 54)]
    path = f"/v1/projects/{room.project}/import?format=jsonl"
    await make.said(await room.client("manager").post(path, content="\n".join(lines)), 200)
    page = await room.open("annotator")
    asked, answered = asyncio.Event(), asyncio.Event()
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)
        asked.set()

    more = "**/documents?*cursor=*"
    await page.context.route(more, hold)
    await page.get_by_role("button", name="More", exact=True).click()
    await asked.wait()
    await page.get_by_label("Search").fill("Number 7")
    await expect(page.get_by_text("1 document found")).to_be_visible()
    page.on("requestfinished", lambda request: "cursor=" in request.url and answered.set())
    await held[0].continue_()
    await answered.wait()
    # Behind what the page does with the answer.
    await page.evaluate("() => new Promise((done) => setTimeout(done))")
    await expect(page.get_by_text("1 document found")).to_be_visible()
    await expect(page.locator(".documents li")).to_have_count(1)

    module = "**/views/overview.js"
    await page.context.route(module, lambda route: route.abort())
    await page.get_by_role("link", name="Overview").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    await expect(page).to_have_title("Stet")
    await page.context.unroute(module)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_role_that_is_given_or_taken_is_one_s_own_at_once(room: Room) -> None:
    # Without a line end behind it, the browser selects past its last paragraph.
    document = await room.document(make.TEXT.strip())
    page = await room.open("reader", f"/documents/{document['id']}", viewport=WIDE)
    await expect(page.get_by_text("You may read here.")).to_be_visible()
    await expect(page.get_by_role("toolbar")).to_have_count(0)
    manager = room.client("manager")
    member = f"/v1/projects/{room.project}/members/reader"
    as_annotator = {"json": {"role": "annotator"}, "headers": make.seen(1)}
    await make.said(await manager.put(member, **as_annotator), 200)
    await expect(page.get_by_text("You are annotator in")).to_be_visible()
    await expect(page.get_by_role("toolbar").first).to_be_visible()

    # A paragraph is selected up to what comes behind the text, and the caret goes on from there.
    box = await page.locator(".text p").last.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + 20, box["y"] + 10, click_count=3)
    outside = "() => !document.querySelector('.text').contains(getSelection().focusNode)"
    assert await page.evaluate(outside)
    await page.keyboard.press("Shift+ArrowLeft")
    await page.keyboard.press("Shift+ArrowRight")
    await page.keyboard.press("1")
    await expect(page.get_by_text("Marked as claim.")).to_be_visible()
    await expect(page.locator(".outstanding")).to_have_text("")
    (stored,) = await room.stored(document)
    assert stored["quote"] == make.TEXT.strip().split("\n")[-1]

    as_manager = {"json": {"role": "manager"}, "headers": make.seen(2)}
    await make.said(await manager.put(member, **as_manager), 200)
    await page.get_by_role("link", name="Manage").click()
    await page.get_by_role("button", name="Remove reader").click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("You are no member of")).to_be_visible()
    await expect(page.get_by_role("heading", name="Add a member")).to_have_count(0)
    await expect(page.get_by_role("link", name="Manage")).to_have_count(0)
