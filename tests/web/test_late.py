"""What comes late or not at all, what one may do meanwhile, and the way back to where one was."""

import asyncio
import json
import re

from playwright.async_api import Page, Request, Route, ViewportSize, expect

from tests import make
from tests.web.conftest import Room

WIDE: ViewportSize = {"width": 1280, "height": 800}


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

    def finished(request: Request) -> None:
        if "cursor=" in request.url:
            answered.set()

    page.on("requestfinished", finished)
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

    async def becomes(role: str, version: int) -> None:
        answer = await manager.put(member, json={"role": role}, headers=make.seen(version))
        await make.said(answer, 200)

    await becomes("annotator", 1)
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

    # What is approved, reviewers alone may withdraw: who has become one meanwhile, too.
    await page.locator(".text").focus()
    await page.keyboard.press("n")
    withdraw = page.get_by_role("button", name="Withdraw")
    await expect(withdraw).to_be_enabled()
    await make.decision(room.client("reviewer"), stored["id"], "approve")
    await expect(withdraw).to_be_disabled()
    await becomes("reviewer", 2)
    await expect(withdraw).to_be_enabled()
    await becomes("annotator", 3)
    await expect(withdraw).to_be_disabled()

    await becomes("manager", 4)
    await page.get_by_role("link", name="Manage").click()
    await page.get_by_role("button", name="Remove reader").click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("You are no member of")).to_be_visible()
    await expect(page.get_by_role("heading", name="Add a member")).to_have_count(0)
    await expect(page.get_by_role("link", name="Manage")).to_have_count(0)


async def _top(page: Page, at_least: float) -> float:
    """How far the page is scrolled, once it is that far and has come to rest."""
    await page.wait_for_function("(top) => scrollY >= top", arg=at_least)
    # The place is kept once the page has stood still.
    await page.wait_for_function("() => Math.abs((history.state?.top ?? -1) - scrollY) < 1")
    top: float = await page.evaluate("scrollY")
    return top


async def test_going_back_and_a_reload_lead_to_where_one_was(room: Room) -> None:
    lines = [json.dumps({"title": f"Number {n}", "text": "Words."}) for n in range(1, 61)]
    path = f"/v1/projects/{room.project}/import?format=jsonl"
    await make.said(await room.client("manager").post(path, content="\n".join(lines)), 200)
    long = await room.document(title="A long one")
    claim = await room.annotation(long, "150 mercenaries Moscow")
    gone = await room.annotation(long, "Chinese denial", "denial")
    address = f"/v1/annotations/{gone['id']}"
    answer = await room.client("annotator").delete(address, headers=make.seen(1))
    assert answer.status_code == 204
    page = await room.open("annotator", viewport=WIDE)
    rows = page.locator(".documents li")

    await page.get_by_role("button", name="More", exact=True).click()
    await expect(rows).to_have_count(61)
    await page.get_by_role("link", name="Number 58").focus()
    before = await _top(page, 1000)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Number 58")).to_be_visible()
    assert await page.evaluate("scrollY") == 0
    await expect(page.locator("main")).to_be_focused()
    for again in (page.go_back, page.reload):
        await again()
        await expect(rows).to_have_count(61)
        assert await _top(page, before - 1) == before

    # A text is found at the words that stood at the top of the window, and what was chosen in it.
    await page.get_by_role("link", name="A long one").click()
    await expect(page.get_by_role("heading", name="of 1")).to_be_visible()
    await page.locator(".text").focus()
    await page.keyboard.press("n")
    await expect(page).to_have_url(re.compile(f"annotation={claim['id']}$"))
    height = await page.evaluate("document.documentElement.scrollHeight")
    await page.mouse.move(400, 400)
    await page.mouse.wheel(0, 900)
    await _top(page, 900)
    first = "document.caretPositionFromPoint(300, 150).offsetNode.textContent"
    words = await page.evaluate(first)
    await page.reload()
    await expect(page.get_by_role("region", name="The chosen annotation")).to_be_visible()
    await page.wait_for_function(f"(words) => {first} === words", arg=words)
    # What is not laid out yet is estimated, and the scroll bar right from the beginning.
    await page.mouse.wheel(0, 90_000)
    await _top(page, 1500)
    assert abs(await page.evaluate("document.documentElement.scrollHeight") / height - 1) < 0.1

    await page.goto(f"/#/projects/{room.project}/documents/{long['id']}?annotation={gone['id']}")
    await page.get_by_role("button", name="Show its history").click()
    await expect(page.get_by_text("annotator withdrew it")).to_be_visible()
    await page.goto(f"/#/projects/{room.project}/documents/nonsense")
    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await expect(page).to_have_title(re.compile("There is no such page"))


async def test_one_is_led_to_the_next_document_without_one_s_own_annotations(room: Room) -> None:
    first, second, third = [
        await room.document(make.TEXT, title=title) for title in ("First", "Second", "Third")
    ]
    # What others have annotated waits for oneself all the same.
    for document in (first, third):
        await make.annotation(room.client("annotator-b"), document["id"])
    page = await room.open("annotator")
    await page.get_by_role("link", name="to annotate").click()
    await expect(page.get_by_role("heading", name="First")).to_be_visible()
    await expect(page.get_by_role("heading", name="of 1")).to_be_visible()
    await page.locator(".text").focus()
    await page.keyboard.press("s")
    await page.keyboard.press("1")
    await expect(page.locator(".outstanding")).to_have_text("")
    await page.keyboard.press("Alt+Enter")
    await expect(page.get_by_role("heading", name="Second")).to_be_visible()
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    await page.keyboard.press("Alt+Enter")
    await expect(page.get_by_role("heading", name="Third")).to_be_visible()
    await expect(page.get_by_text("You have marked nothing: it is set aside.")).to_be_visible()
    await page.get_by_role("link", name="Documents").click()
    await expect(page.get_by_role("link", name="to annotate")).to_contain_text("Third")
    await page.get_by_role("button", name="Offer 1 set aside again").click()
    await expect(page.get_by_role("link", name="to annotate")).to_contain_text("Second")
    await expect(page.get_by_role("button", name="set aside")).to_have_count(0)
    assert second["id"] in str(
        await page.get_by_role("link", name="to annotate").get_attribute("href")
    )


async def test_the_next_document_is_found_behind_all_that_one_may_set_aside(room: Room) -> None:
    first = await room.document(make.TEXT, title="First")
    await room.document(make.TEXT, title="Second")
    page = await room.open("reviewer")
    aside = [f"00000000-0000-7000-8000-{number:012}" for number in range(998)] + [first["id"]]
    name = f"stet.aside.reviewer/{room.project}"
    await page.evaluate(
        "([name, aside]) => localStorage.setItem(name, aside)", [name, json.dumps(aside)]
    )
    await page.reload()
    await expect(page.get_by_role("link", name="to annotate")).to_contain_text("Second")

    # However many come in one answer.
    async def one_a_page(route: Route) -> None:
        await route.continue_(url=re.sub(r"limit=\d+", "limit=1", route.request.url))

    await page.context.route("**/documents?*annotated=false*", one_a_page)
    await page.reload()
    await page.get_by_role("link", name="to annotate").click()
    await expect(page.get_by_role("heading", name="Second")).to_be_visible()
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    await page.keyboard.press("Alt+Enter")
    await expect(page.get_by_text("No other document waits for you.")).to_be_visible()
