"""Signing in and out, and what a page shows to nobody."""

from playwright.async_api import expect

from tests import make
from tests.web.conftest import PASSWORD, Room, sign_in_instead, watch


async def test_a_person_signs_in_with_a_password_and_out_again(room: Room) -> None:
    page = await room.site.browser.new_page(base_url=room.site.url)
    watch(page, room.stack)
    room.stack.push_async_callback(page.close)

    await page.goto(f"/#/projects/{room.project}")
    await page.get_by_label("Name").fill("annotator")
    await page.get_by_label("Password").fill("not this one")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()

    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("link", name="annotator", exact=True)).to_be_visible()

    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password")).to_be_visible()


async def test_the_page_has_its_keys_after_signing_in_by_the_keyboard(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.site.browser.new_page(base_url=room.site.url)
    watch(page, room.stack)
    room.stack.push_async_callback(page.close)
    sheet = page.get_by_role("dialog", name="Keys")

    await page.goto(f"/#/projects/{room.project}/documents/{document['id']}")
    await page.get_by_label("Name").fill("annotator")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    await page.keyboard.press("?")
    await expect(sheet).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)

    # Nothing had the focus when the session ended.
    await page.evaluate("document.activeElement.blur()")
    await page.context.clear_cookies()
    await page.keyboard.press("Alt+Enter")
    again = page.get_by_role("dialog", name="Your session has ended")
    await expect(again.get_by_label("Password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(again).to_have_count(0)
    await expect(page.locator("main")).to_be_focused()
    await page.keyboard.press("?")
    await expect(sheet).to_be_visible()


async def test_projects_are_listed(room: Room) -> None:
    page = await room.open("annotator")
    await page.get_by_role("link", name="Stet").click()
    await expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    await page.locator(f'a[href="#/projects/{room.project}"]').click()
    await expect(page.get_by_role("navigation", name=room.project)).to_be_visible()


async def test_a_page_writes_nothing_as_who_signed_in_in_another(room: Room) -> None:
    name = f"pull of {room.project}"
    page = await room.open("annotator")
    await page.goto("/#/tokens")
    await page.get_by_label("Name", exact=True).fill(name)
    other = await page.context.new_page()
    await other.goto(f"/#/projects/{room.project}")
    await sign_in_instead(other, "manager")

    told = page.get_by_role("alert").filter(has_text="manager has signed in in another window")
    await expect(told).to_be_visible()
    await page.get_by_role("button", name="Make it").click()
    await expect(page.get_by_role("alert").last).to_contain_text("nothing was sent as annotator")
    for person in ("annotator", "manager"):
        tokens = (await room.client(person).get("/v1/tokens")).json()["items"]
        assert name not in [one["name"] for one in tokens]

    # Nor is the other's session ended from here: one sees at most that it is theirs.
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("link", name="manager", exact=True)).to_be_visible()
    await expect(told).to_have_count(0)
    assert (await page.context.request.get("/v1/me")).status == 200


async def test_a_page_shows_nothing_of_who_signed_in_in_another(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    other = await page.context.new_page()
    await other.goto(f"/#/projects/{room.project}")
    # The log that it follows is left, too.
    async with page.expect_event("requestfailed", lambda request: "/changes" in request.url):
        await sign_in_instead(other, "manager")
    told = page.get_by_role("alert").filter(has_text="it loads and sends nothing any more")
    await expect(told).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for view in ("Overview", "Review", "Data", "Documents"):
        await page.get_by_role("link", name=view, exact=True).click()
        refused = page.get_by_role("alert").filter(has_text="nothing was sent as annotator")
        await expect(refused.first).to_be_visible()
    assert [one for one in asked if "/v1/" in one] == []


async def test_a_page_hears_again_of_others_when_its_user_is_back(room: Room) -> None:
    document = await room.document(make.TEXT)
    page = await room.open("annotator", f"/documents/{document['id']}")
    other = await page.context.new_page()
    await other.goto(f"/#/projects/{room.project}")
    await sign_in_instead(other, "manager")
    await expect(page.get_by_role("alert")).to_contain_text("manager has signed in")
    await room.annotation(document, "155 people", by="annotator-b")
    await expect(page.get_by_role("heading", name="Nothing is marked yet")).to_be_visible()
    await sign_in_instead(other, "annotator")
    await expect(page.get_by_role("button", name="155 people")).to_be_visible()


async def test_a_page_goes_on_when_its_user_is_signed_in_again_in_another(room: Room) -> None:
    page = await room.open("annotator")
    other = await page.context.new_page()
    await other.goto(f"/#/projects/{room.project}")
    for name in ("reader", "annotator"):
        await sign_in_instead(other, name)
        told = page.get_by_role("alert").filter(has_text="has signed in in another window")
        await expect(told).to_have_count(1 if name == "reader" else 0)

    await page.get_by_role("button", name="Add a document").click()
    await page.get_by_label("Title").fill("Mine")
    await page.get_by_label("Text", exact=True).fill("Kyiv said so.")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("heading", name="Mine")).to_be_visible()
